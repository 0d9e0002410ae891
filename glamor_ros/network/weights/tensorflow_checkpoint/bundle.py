"""TensorFlow's tensor bundle: an index of variables and the data shards beside it.

Format: tensorflow/core/util/tensor_bundle/tensor_bundle.h.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from .bundle_messages import (
    LITTLE_ENDIAN,
    BundleEntry,
    BundleHeader,
    VariableInfo,
    parse_entry,
    parse_header,
)
from .table import read_table
from .wire import TensorFlowCheckpointError, WireFormatError, masked_crc32c

_HEADER_KEY = b""
# The graph that restores Python objects: a string, not a variable, and of no use without them.
_OBJECT_GRAPH_NAME = "_CHECKPOINTABLE_OBJECT_GRAPH"
_READER_VERSION = 1
# Of an array in memory; a dimension of 0 lets others be of any size without needing a byte.
_MAX_DIMENSION = 2**40
_FILE_SUFFIX = re.compile(r"\.(index|data-\d{5}-of-\d{5})$")


class TensorFlowCheckpoint:
    """The variables of a TensorFlow 2 object-based checkpoint.

    Opening reads the index and checks that every shard is there and long enough; `read` verifies
    the checksum of what it reads.

    Args:
        prefix: The path without suffix; the path of the index or of a shard is understood too.

    Raises:
        TensorFlowCheckpointError: A file is missing, of another kind, truncated or damaged.
    """

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix.with_name(_FILE_SUFFIX.sub("", prefix.name))
        if not self.index_path.is_file():
            raise TensorFlowCheckpointError(_describe_missing_index(self.prefix, self.index_path))
        header, entries = _read_index(self.index_path)
        self._shard_count = header.shard_count
        self._check_shards_exist()
        self._check_entries(entries)
        self._entries = {
            entry.info.name: entry for entry in entries if entry.info.name != _OBJECT_GRAPH_NAME
        }

    @property
    def index_path(self) -> Path:
        return self.prefix.with_name(f"{self.prefix.name}.index")

    @property
    def shard_paths(self) -> tuple[Path, ...]:
        return tuple(self._shard_path(shard) for shard in range(self._shard_count))

    @property
    def variables(self) -> Mapping[str, VariableInfo]:
        """All variables by name, in the index's (alphabetical) order."""
        return MappingProxyType({name: entry.info for name, entry in self._entries.items()})

    def read(self, name: str) -> np.ndarray:
        """The values of one variable, read-only, in its shape.

        Raises:
            TensorFlowCheckpointError: There is no such variable, its checksum is wrong, or its type
                is one that NumPy lacks.
        """
        if name not in self._entries:
            examples = ", ".join(list(self._entries)[:3])
            raise TensorFlowCheckpointError(
                f"{self.index_path} has no variable '{name}'; it has {len(self._entries)}, for "
                f"example {examples}"
            )
        entry = self._entries[name]
        dtype = entry.info.numpy_dtype
        if dtype is None or entry.is_sliced:
            what = "partitioned into slices" if entry.is_sliced else f"of type {entry.info.dtype}"
            raise TensorFlowCheckpointError(
                f"{self.index_path}: variable '{name}' is {what}, which cannot be read without "
                "TensorFlow: save it there as one variable of type float32"
            )
        shard_path = self._shard_path(entry.info.shard)
        with shard_path.open("rb") as shard:
            shard.seek(entry.offset_bytes)
            data = shard.read(entry.size_bytes)
        if masked_crc32c(data) != entry.masked_crc32c:
            raise TensorFlowCheckpointError(
                f"{shard_path}: wrong checksum of variable '{name}' ({entry.size_bytes} bytes at "
                f"byte {entry.offset_bytes}): the file is damaged or belongs to another index; "
                "copy both again"
            )
        return np.frombuffer(data, dtype).reshape(entry.info.shape)

    def _shard_path(self, shard: int) -> Path:
        name = f"{self.prefix.name}.data-{shard:05d}-of-{self._shard_count:05d}"
        return self.prefix.with_name(name)

    def _check_shards_exist(self) -> None:
        # One by one, up to the first that is missing: the index may claim any number of them.
        for shard in range(self._shard_count):
            path = self._shard_path(shard)
            if not path.is_file():
                raise TensorFlowCheckpointError(
                    f"shard {shard + 1} of {self._shard_count} is missing: {path} is not there; "
                    f"all shards must lie beside {self.index_path.name} under these names (if "
                    "there are not that many, the index is damaged: copy it again)"
                )

    def _check_entries(self, entries: list[BundleEntry]) -> None:
        shard_sizes_bytes = [path.stat().st_size for path in self.shard_paths]
        for entry in entries:
            info = entry.info
            if info.shard >= self._shard_count:
                raise TensorFlowCheckpointError(
                    f"{self.index_path}: variable '{info.name}' lies in shard {info.shard + 1} of "
                    f"{self._shard_count}: save the checkpoint again with TensorFlow"
                )
            end = entry.offset_bytes + entry.size_bytes
            if end > shard_sizes_bytes[info.shard]:
                raise TensorFlowCheckpointError(
                    f"{self._shard_path(info.shard)} is truncated: it has "
                    f"{shard_sizes_bytes[info.shard]} bytes, but variable '{info.name}' ends at "
                    f"byte {end}; copy it again"
                )
            dtype = info.numpy_dtype
            if dtype is None or entry.is_sliced:
                continue
            expected_bytes = math.prod(info.shape) * dtype.itemsize
            if entry.size_bytes != expected_bytes or max(info.shape, default=0) > _MAX_DIMENSION:
                raise TensorFlowCheckpointError(
                    f"{self.index_path}: variable '{info.name}' has {entry.size_bytes} bytes, but "
                    f"its shape {list(info.shape)} of {info.dtype} needs {expected_bytes}: save "
                    "the checkpoint again with TensorFlow"
                )


def _read_index(index_path: Path) -> tuple[BundleHeader, list[BundleEntry]]:
    table = read_table(index_path)
    if _HEADER_KEY not in table:
        raise TensorFlowCheckpointError(
            f"{index_path} is a table, but not the index of a TensorFlow 2 checkpoint (it has no "
            "bundle header): check which file this is"
        )
    try:
        header = parse_header(table.pop(_HEADER_KEY))
        entries = [parse_entry(key.decode(), value) for key, value in table.items()]
    except (WireFormatError, UnicodeDecodeError) as error:
        raise TensorFlowCheckpointError(
            f"{index_path} holds an entry that cannot be understood ({error}): save the checkpoint "
            "again with TensorFlow 2"
        ) from error
    if header.min_reader_version > _READER_VERSION:
        raise TensorFlowCheckpointError(
            f"{index_path} needs a reader of format version {header.min_reader_version}, this one "
            f"knows {_READER_VERSION}: save the checkpoint with TensorFlow 2"
        )
    if header.endianness != LITTLE_ENDIAN:
        raise TensorFlowCheckpointError(
            f"{index_path} was written on a big-endian machine, which is not supported: load it "
            "with TensorFlow on a little-endian one and save it there"
        )
    return header, entries


def _describe_missing_index(prefix: Path, index_path: Path) -> str:
    advice = (
        "give the checkpoint's path without suffix, with NAME.index and NAME.data-?????-of-????? "
        "side by side"
    )
    if prefix.is_dir():
        found = ", ".join(sorted(path.stem for path in prefix.glob("*.index")))
        return f"{prefix} is a directory (checkpoints in it: {found or 'none'}): {advice}"
    return f"there is no TensorFlow checkpoint {prefix}: {index_path} is missing; {advice}"
