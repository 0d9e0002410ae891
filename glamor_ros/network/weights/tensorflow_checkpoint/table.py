"""LevelDB's sorted string table, the format of a checkpoint's `.index` file.

Format: https://github.com/google/leveldb/blob/main/doc/table_format.md. A file is data blocks, a
meta-index block, an index block and a footer of 48 bytes that points at the last two.
"""

from pathlib import Path

from .wire import TensorFlowCheckpointError, WireFormatError, masked_crc32c, read_varint, take

MAGIC = 0xDB4775248B80FB57
FOOTER_LENGTH = 48
_TRAILER_LENGTH = 5
_NO_COMPRESSION = 0


def read_table(path: Path) -> dict[bytes, bytes]:
    """All entries of a table, in the order of their keys; every checksum is verified.

    Raises:
        TensorFlowCheckpointError: The file is no table, damaged, or compressed.
    """
    data = path.read_bytes()
    if len(data) < FOOTER_LENGTH or int.from_bytes(data[-8:], "little") != MAGIC:
        raise TensorFlowCheckpointError(
            f"{path} is not the index of a TensorFlow 2 checkpoint, or it is cut short "
            f"({len(data)} bytes, no table signature at the end): check which file this is, "
            "or copy it again"
        )
    try:
        return _read_entries(path, data)
    except WireFormatError as error:
        raise TensorFlowCheckpointError(f"{path} is damaged ({error}): copy it again") from error


def _read_entries(path: Path, data: bytes) -> dict[bytes, bytes]:
    footer = data[-FOOTER_LENGTH:]
    _, position = _read_block_handle(footer, 0)
    index_handle, _ = _read_block_handle(footer, position)
    entries: dict[bytes, bytes] = {}
    for _, encoded_handle in _block_entries(_read_block(path, data, index_handle)):
        handle, _ = _read_block_handle(encoded_handle, 0)
        entries.update(_block_entries(_read_block(path, data, handle)))
    return entries


def _read_block_handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    """The offset and size of a block within the file, and the position after the pair."""
    offset, position = read_varint(data, position)
    size, position = read_varint(data, position)
    return (offset, size), position


def _read_block(path: Path, data: bytes, handle: tuple[int, int]) -> bytes:
    offset, size = handle
    checksummed, position = take(data, offset, size + 1)
    stored_crc, _ = take(data, position, _TRAILER_LENGTH - 1)
    if masked_crc32c(checksummed) != int.from_bytes(stored_crc, "little"):
        raise TensorFlowCheckpointError(
            f"{path}: wrong checksum of the block of {size} bytes at byte {offset}: "
            "the file is damaged, copy it again"
        )
    compression = checksummed[-1]
    if compression != _NO_COMPRESSION:
        raise TensorFlowCheckpointError(
            f"{path}: the block at byte {offset} is compressed (type {compression}), which "
            "TensorFlow does not do to a checkpoint's index: save the checkpoint with TensorFlow"
        )
    return checksummed[:-1]


def _block_entries(block: bytes) -> list[tuple[bytes, bytes]]:
    """The entries of a block, each of whose keys shares a prefix with the key before it."""
    restart_count = int.from_bytes(take(block, len(block) - 4, 4)[0], "little")
    end = len(block) - 4 * (restart_count + 1)
    if end < 0:
        raise WireFormatError(f"a block of {len(block)} bytes has {restart_count} restart points")
    entries = []
    key = b""
    position = 0
    while position < end:
        shared, position = read_varint(block, position)
        unshared, position = read_varint(block, position)
        value_length, position = read_varint(block, position)
        suffix, position = take(block, position, unshared)
        value, position = take(block, position, value_length)
        key = key[:shared] + suffix
        entries.append((key, value))
    return entries
