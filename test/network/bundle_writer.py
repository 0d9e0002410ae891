"""TensorFlow checkpoints written for the tests, with correct checksums unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import google_crc32c
import numpy as np

from glamor_ros.network.weights.tensorflow_checkpoint import TensorFlowCheckpoint

DTYPE_NUMBERS = {"float32": 1, "int32": 3, "string": 7, "int64": 9, "bfloat16": 14, "float16": 19}
LITTLE_ENDIAN, BIG_ENDIAN = 0, 1
_BLOCK_ENTRIES, _RESTART_INTERVAL = 10, 4
_TABLE_MAGIC = 0xDB4775248B80FB57


def masked_crc32c(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(encoded + bytes([value]))


def number_field(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value) if value else b""


def bytes_field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def header(shards: int, endianness: int = LITTLE_ENDIAN, min_consumer: int = 0) -> bytes:
    version = number_field(1, 1) + number_field(2, min_consumer)
    return number_field(1, shards) + number_field(2, endianness) + bytes_field(3, version)


def entry(
    data: bytes, dtype: str, shape: tuple[int, ...], shard: int = 0, offset: int = 0
) -> bytes:
    dimensions = b"".join(bytes_field(2, number_field(1, size)) for size in shape)
    return (
        number_field(1, DTYPE_NUMBERS[dtype])
        + bytes_field(2, dimensions)
        + number_field(3, shard)
        + number_field(4, offset)
        + number_field(5, len(data))
        + varint(6 << 3 | 5)
        + masked_crc32c(data).to_bytes(4, "little")
    )


def _block(entries: list[tuple[bytes, bytes]]) -> bytes:
    content, restarts, last_key = bytearray(), [], b""
    for number, (key, value) in enumerate(entries):
        shared = 0
        if number % _RESTART_INTERVAL == 0:
            restarts.append(len(content))
        else:
            while shared < min(len(key), len(last_key)) and key[shared] == last_key[shared]:
                shared += 1
        content += varint(shared) + varint(len(key) - shared) + varint(len(value))
        content += key[shared:] + value
        last_key = key
    restarts = restarts or [0]
    for restart in [*restarts, len(restarts)]:
        content += restart.to_bytes(4, "little")
    return bytes(content)


def write_table(path: Path, entries: Mapping[bytes, bytes], compression: int = 0) -> None:
    """A LevelDB table of a few entries a block, keys sorted."""
    content = bytearray()

    def append(block: bytes) -> bytes:
        handle = varint(len(content)) + varint(len(block))
        checksummed = block + bytes([compression])
        content.extend(checksummed + masked_crc32c(checksummed).to_bytes(4, "little"))
        return handle

    pairs = sorted(entries.items())
    blocks = [pairs[i : i + _BLOCK_ENTRIES] for i in range(0, len(pairs), _BLOCK_ENTRIES)]
    index = [(block[-1][0], append(_block(block))) for block in blocks]
    handles = append(_block([])) + append(_block(index))
    content += handles.ljust(40, b"\0") + _TABLE_MAGIC.to_bytes(8, "little")
    path.write_bytes(content)


def write_checkpoint(prefix: Path, variables: Mapping[str, np.ndarray], shards: int = 1) -> None:
    """Variables dealt out to the shards in turn."""
    contents = [bytearray() for _ in range(shards)]
    entries = {b"": header(shards)}
    for number, (name, values) in enumerate(variables.items()):
        shard = number % shards
        data = np.ascontiguousarray(values).tobytes()
        entries[name.encode()] = entry(
            data, values.dtype.name, values.shape, shard, len(contents[shard])
        )
        contents[shard] += data
    write_table(prefix.with_name(f"{prefix.name}.index"), entries)
    for shard, content in enumerate(contents):
        prefix.with_name(f"{prefix.name}.data-{shard:05d}-of-{shards:05d}").write_bytes(content)


def read_all(checkpoint: TensorFlowCheckpoint) -> dict[str, np.ndarray]:
    """The values of all variables by name."""
    return {name: checkpoint.read(name) for name in checkpoint.variables}
