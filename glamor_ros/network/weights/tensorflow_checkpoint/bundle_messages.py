"""The two messages of a bundle's index: BundleHeaderProto and BundleEntryProto.

Format: tensorflow/core/protobuf/tensor_bundle.proto, tensorflow/core/framework/types.proto.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .wire import WireFormatError, iterate_fields

LITTLE_ENDIAN = 0

_NUMPY_DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    8: "complex64",
    9: "int64",
    10: "bool",
    17: "uint16",
    18: "complex128",
    19: "float16",
    22: "uint32",
    23: "uint64",
}
_OTHER_DTYPES = {7: "string", 14: "bfloat16", 20: "resource", 21: "variant"}


@dataclass(frozen=True)
class VariableInfo:
    """The index entry of one variable, as far as it describes the values.

    Attributes:
        name: Its name in the checkpoint.
        shape: Its dimensions.
        dtype: TensorFlow's name of its type.
        shard: The number of the shard that holds it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    shard: int

    @property
    def numpy_dtype(self) -> np.dtype | None:
        """The type of the stored bytes; None for a type that NumPy lacks."""
        if self.dtype not in _NUMPY_DTYPES.values():
            return None
        return np.dtype(self.dtype).newbyteorder("<")


@dataclass(frozen=True)
class BundleHeader:
    """The number of shards, and what a reader must be able to do.

    Attributes:
        shard_count: The number of data files.
        endianness: 0 for little endian.
        min_reader_version: The oldest version of a reader that understands the bundle.
    """

    shard_count: int
    endianness: int
    min_reader_version: int


@dataclass(frozen=True)
class BundleEntry:
    """The place of a variable's bytes.

    Attributes:
        info: What is stored there.
        offset_bytes: Where it begins in its shard.
        size_bytes: How long it is.
        masked_crc32c: Its checksum; see `masked_crc32c`.
        is_sliced: Whether the variable is stored in several pieces.
    """

    info: VariableInfo
    offset_bytes: int
    size_bytes: int
    masked_crc32c: int
    is_sliced: bool


def parse_header(message: bytes) -> BundleHeader:
    """The header in a BundleHeaderProto.

    num_shards = 1, endianness = 2, version = 3 {min_consumer = 2}.
    """
    fields = dict(iterate_fields(message))
    version = dict(iterate_fields(_as_bytes(fields.get(3, b""))))
    return BundleHeader(
        shard_count=_as_int(fields.get(1, 0)),
        endianness=_as_int(fields.get(2, 0)),
        min_reader_version=_as_int(version.get(2, 0)),
    )


def parse_entry(name: str, message: bytes) -> BundleEntry:
    """The entry in a BundleEntryProto.

    dtype = 1, shape, shard_id, offset, size, crc32c, slices = 7.
    """
    fields = dict(iterate_fields(message))
    dtype_number = _as_int(fields.get(1, 0))
    dtypes = _NUMPY_DTYPES | _OTHER_DTYPES
    return BundleEntry(
        info=VariableInfo(
            name=name,
            shape=_parse_shape(_as_bytes(fields.get(2, b""))),
            dtype=dtypes.get(dtype_number, f"number {dtype_number} of types.proto"),
            shard=_as_int(fields.get(3, 0)),
        ),
        offset_bytes=_as_int(fields.get(4, 0)),
        size_bytes=_as_int(fields.get(5, 0)),
        masked_crc32c=_as_int(fields.get(6, 0)),
        is_sliced=7 in fields,
    )


def _parse_shape(message: bytes) -> tuple[int, ...]:
    """The dimensions in a TensorShapeProto: repeated dim = 2 {size = 1}."""
    return tuple(
        _as_int(dict(iterate_fields(_as_bytes(dimension))).get(1, 0))
        for number, dimension in iterate_fields(message)
        if number == 2
    )


def _as_int(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise WireFormatError("a string is stored where a number was expected")
    return value


def _as_bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise WireFormatError("a number is stored where a message was expected")
    return value
