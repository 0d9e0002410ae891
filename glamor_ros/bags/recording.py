"""Recordings of rosbag2, whatever their storage and however many files they were split into."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import zstandard

from .bag_metadata import METADATA_FILE, BagMetadata, read_metadata
from .mcap_reading import McapFile
from .records import BagError, Loss, RecordedMessage, Topic, unique_topics
from .sqlite_reading import SqliteFile

STORAGE_SUFFIXES = (".mcap", ".db3")
_COMPRESSED_SUFFIX = ".zstd"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_PIECE_BYTES = 1 << 20


class _StorageFile(Protocol):
    losses: list[Loss]
    message_count: int | None

    @property
    def topics(self) -> tuple[Topic, ...]: ...

    def messages(self, names: Collection[str] | None = None) -> Iterator[RecordedMessage]: ...


class Recording:
    """One recording, read as far as it can be.

    A recording is a folder with a `metadata.yaml` and the files that it names, such a folder
    without a `metadata.yaml`, or one storage file. Files and messages that rosbag2 has compressed
    (zstd) are decompressed on the way. To be used in a `with` statement.

    Args:
        path: The folder or file.
        scratch: The folder that compressed files are unpacked into; None: the system's.

    Attributes:
        path: The folder or file.
        metadata: What its `metadata.yaml` says.

    Raises:
        BagError: There is no recording, or nothing of it can be read.
    """

    def __init__(self, path: Path, scratch: Path | None = None) -> None:
        self.path = path
        self._scratch = scratch
        self._losses: list[Loss] = []
        self._stack = ExitStack()
        self.metadata, self.files = _files_of(path)
        self._storages: list[_StorageFile] = []

    def __enter__(self) -> Recording:
        try:
            self._storages = [file for path in self.files if (file := self._open(path))]
            if not self._storages:
                reasons = "; ".join(loss.what for loss in self._losses)
                raise BagError(f"nothing of {self.path} can be read: {reasons}")
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._storages = []
        self._stack.close()

    @property
    def topics(self) -> tuple[Topic, ...]:
        """All topics of the recording."""
        return unique_topics(topic for file in self._storages for topic in file.topics)

    @property
    def message_count(self) -> int | None:
        """How many messages there should be; None where no file says so."""
        if len(self.metadata.message_counts) == len(self.files):
            return sum(self.metadata.message_counts.values())
        counts = [file.message_count for file in self._storages]
        return None if None in counts else sum(count for count in counts if count is not None)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What could not be read; complete once all messages have been."""
        return tuple(self._losses + [loss for file in self._storages for loss in file.losses])

    def messages(self, names: Collection[str] | None = None) -> Iterator[RecordedMessage]:
        """The messages, each file's in the order of their log times.

        Args:
            names: Of the topics wanted; None: all.
        """
        for file in self._storages:
            for message in file.messages(names):
                if message.data.startswith(_ZSTD_MAGIC) and _is_cdr(message.topic):
                    unpacked = self._unpacked(message)
                    if unpacked is None:
                        continue
                    message = unpacked
                yield message

    def _open(self, path: Path) -> _StorageFile | None:
        try:
            if path.suffix == _COMPRESSED_SUFFIX:
                path = self._unpack(path)
            return McapFile(path) if path.suffix == ".mcap" else SqliteFile(path)
        except FileNotFoundError:
            self._losses.append(
                Loss(f"{path} is missing", self.metadata.message_counts.get(path.name))
            )
        except BagError as error:
            self._losses.append(Loss(str(error), self.metadata.message_counts.get(path.name)))
        return None

    def _unpack(self, path: Path) -> Path:
        folder = Path(self._stack.enter_context(TemporaryDirectory(dir=self._scratch)))
        unpacked = folder / path.stem
        with path.open("rb") as packed, unpacked.open("wb") as file:
            try:
                with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
                    while piece := reader.read(_PIECE_BYTES):
                        file.write(piece)
            except zstandard.ZstdError as error:
                self._losses.append(Loss(f"{path} is damaged: {error}"))
        return unpacked

    def _unpacked(self, message: RecordedMessage) -> RecordedMessage | None:
        try:
            data = zstandard.ZstdDecompressor().decompressobj().decompress(message.data)
        except zstandard.ZstdError as error:
            time_ns = message.log_time_ns
            self._losses.append(
                Loss(f"a message on {message.topic.name} is damaged: {error}", 1, time_ns, time_ns)
            )
            return None
        return dataclasses.replace(message, data=data)


def find_recordings(path: Path) -> list[Path]:
    """The recordings at a path: itself, or in it and its folders, in the order of their names.

    Folders and files whose names begin with a dot are passed over.
    """
    if _is_storage_file(path) or (path / METADATA_FILE).is_file():
        return [path]
    if not path.is_dir():
        return []
    files: list[Path] = []
    folders: list[Path] = []
    for entry in sorted(path.iterdir()):
        if not entry.name.startswith("."):
            (folders if entry.is_dir() else files).append(entry)
    files = [file for file in files if _is_storage_file(file)]
    below = [found for folder in folders for found in find_recordings(folder)]
    # The parts of one recording are numbered; other files beside each other are one each.
    is_one = len({re.sub(r"_\d+$", "", _stem(file)) for file in files}) == 1
    return [path] if is_one and not below else files + below


def _files_of(path: Path) -> tuple[BagMetadata, Sequence[Path]]:
    if path.is_file():
        if not _is_storage_file(path):
            raise BagError(f"{path} is no recording: its name ends in none of {_KNOWN}")
        return BagMetadata(), [path]
    if not path.is_dir():
        raise BagError(f"there is no recording {path}")
    metadata = read_metadata(path)
    if metadata is not None:
        return metadata, [path / name for name in metadata.files]
    files = sorted(filter(_is_storage_file, path.iterdir()), key=_natural_order)
    if not files:
        raise BagError(f"{path} holds no recording: neither {METADATA_FILE} nor {_KNOWN}")
    return BagMetadata(), files


_KNOWN = ", ".join(
    suffix + packed for packed in ("", _COMPRESSED_SUFFIX) for suffix in STORAGE_SUFFIXES
)


def _is_storage_file(path: Path) -> bool:
    name = path.name.removesuffix(_COMPRESSED_SUFFIX)
    return name.endswith(STORAGE_SUFFIXES) and path.is_file()


def _stem(path: Path) -> str:
    return Path(path.name.removesuffix(_COMPRESSED_SUFFIX)).stem


def _natural_order(path: Path) -> list[tuple[int, str]]:
    """A key that puts `run_10` after `run_9`."""
    return [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)
    ]


def _is_cdr(topic: Topic) -> bool:
    return topic.serialization_format == "cdr"
