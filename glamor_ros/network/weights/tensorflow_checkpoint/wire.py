"""The bytes of a checkpoint: varints, protocol buffer fields and checksums.

Format: https://protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator

import google_crc32c

from ....errors import GlamorError

_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5

# LevelDB masks what it stores, since the checksum of data that hold checksums is weak.
_MASK_DELTA = 0xA282EAD8


class TensorFlowCheckpointError(GlamorError, ValueError):
    """A checkpoint that cannot be read; the message names the file or variable and what to do."""


class WireFormatError(GlamorError, ValueError):
    """Bytes that end too early or are no protocol buffer message."""


def masked_crc32c(data: bytes) -> int:
    """The CRC-32C (Castagnoli) of the data, rotated right by 15 bits plus a constant, 32 bits."""
    crc = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """The unsigned 64-bit varint at a position, and the position after it.

    Raises:
        WireFormatError: The data end too early, or the number has more than 64 bits.
    """
    value = 0
    for shift in range(0, 64, 7):
        if position >= len(data):
            raise WireFormatError(f"the data end at byte {position} within a number")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position
    raise WireFormatError(f"a number of more than 64 bits ends at byte {position}")


def take(data: bytes, position: int, length: int) -> tuple[bytes, int]:
    """The next `length` bytes from a position, and the position after them.

    Raises:
        WireFormatError: The data end too early.
    """
    end = position + length
    if end > len(data):
        raise WireFormatError(f"{length} bytes are missing or cut short at byte {position}")
    return data[position:end], end


def iterate_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The (field number, value) pairs of a message, in the order in which they are stored.

    Numbers come as int (unsigned), everything with a length (strings, submessages) as bytes.

    Raises:
        WireFormatError: The message ends too early, or is no protocol buffer message.
    """
    position = 0
    while position < len(message):
        tag, position = read_varint(message, position)
        number, wire_type = tag >> 3, tag & 7
        value: int | bytes
        if wire_type == _VARINT:
            value, position = read_varint(message, position)
        elif wire_type == _LENGTH_DELIMITED:
            length, position = read_varint(message, position)
            value, position = take(message, position, length)
        elif wire_type in (_FIXED32, _FIXED64):
            raw, position = take(message, position, 4 if wire_type == _FIXED32 else 8)
            value = int.from_bytes(raw, "little")
        else:
            raise WireFormatError(f"unknown wire type {wire_type} of field {number}")
        yield number, value
