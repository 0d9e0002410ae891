"""New recordings, in MCAP or SQLite, as rosbag2 writes them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mcap.writer import CompressionType, Writer

from ..atomic_file import OutputError
from .bag_metadata import METADATA_FILE, WrittenFile, file_text, new_metadata, storage_text
from .records import BagError, RecordedMessage, Topic

STORAGES = ("mcap", "sqlite3")
_CHUNK_BYTES = 1 << 20
# Version 4 of the schema, as rosbag2_storage_sqlite3 of Iron and later has it.
_SQLITE_SCHEMA = """
CREATE TABLE schema(schema_version INTEGER PRIMARY KEY, ros_distro TEXT NOT NULL);
CREATE TABLE metadata(id INTEGER PRIMARY KEY, metadata_version INTEGER NOT NULL,
    metadata TEXT NOT NULL);
CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
    serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL,
    type_description_hash TEXT NOT NULL);
CREATE TABLE message_definitions(id INTEGER PRIMARY KEY, topic_type TEXT NOT NULL,
    encoding TEXT NOT NULL, encoded_message_definition TEXT NOT NULL,
    type_description_hash TEXT NOT NULL);
CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL,
    timestamp INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX timestamp_idx ON messages (timestamp ASC);
"""


class _Storage(Protocol):
    """A storage file that is being written."""

    def add_topic(self, topic: Topic) -> int: ...

    def write(self, number: int, message: RecordedMessage) -> None: ...

    def finish(self, version: int, metadata: str) -> None: ...

    def close(self) -> None: ...


class BagWriter:
    """A recording that is being written into a folder; used in a `with` statement.

    It is complete once `finish` has returned: all of it is then on the disk.

    Args:
        folder: A new folder.
        name: The recording's name, which its file bears.
        storage: One of STORAGES.
        version: Of the metadata; see `new_version`.
        ros_distro: The distribution of ROS that the original was recorded with.

    Raises:
        OutputError: Something cannot be written.
        BagError: The storage is unknown.
    """

    def __init__(
        self, folder: Path, name: str, *, storage: str, version: int, ros_distro: str = ""
    ) -> None:
        if storage not in STORAGES:
            raise BagError(f"unknown storage '{storage}'; known are {', '.join(STORAGES)}")
        self._folder = folder
        self._version, self._ros_distro, self._storage_name = version, ros_distro, storage
        suffix = ".mcap" if storage == "mcap" else ".db3"
        self._path = folder / f"{name}_0{suffix}"
        self._numbers: dict[Topic, int] = {}
        self._counts: dict[Topic, int] = {}
        self._start_ns: int | None = None
        self._end_ns = 0
        with _named_errors(self._path):
            folder.mkdir(parents=True)
            self._storage: _Storage = (
                _McapStorage(self._path)
                if storage == "mcap"
                else _SqliteStorage(self._path, ros_distro)
            )

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._storage.close()

    def add_topic(self, topic: Topic) -> None:
        """Add a topic, also one that will have no messages; nothing where it is there."""
        if topic not in self._numbers:
            with _named_errors(self._path):
                self._numbers[topic] = self._storage.add_topic(topic)
            self._counts[topic] = 0

    def write(self, message: RecordedMessage) -> None:
        """Write a message, with its topic where that is new."""
        self.add_topic(message.topic)
        with _named_errors(self._path):
            self._storage.write(self._numbers[message.topic], message)
        time_ns = message.log_time_ns
        self._start_ns = time_ns if self._start_ns is None else min(self._start_ns, time_ns)
        self._end_ns = max(self._end_ns, time_ns)
        self._counts[message.topic] += 1

    def finish(self, custom: Mapping[str, str]) -> None:
        """Complete the recording.

        Args:
            custom: What to note in its metadata.
        """
        file = WrittenFile(
            self._path.name, self._storage_name, self._counts, self._start_ns or 0, self._end_ns
        )
        metadata = new_metadata(
            file, version=self._version, ros_distro=self._ros_distro, custom=custom
        )
        with _named_errors(self._path):
            self._storage.finish(self._version, storage_text(metadata))
            self._storage.close()
            (self._folder / METADATA_FILE).write_text(file_text(metadata), encoding="utf-8")
            for path in (self._path, self._folder / METADATA_FILE, self._folder):
                sync_to_disk(path)


def sync_to_disk(path: Path) -> None:
    """Wait until a file's content, or a folder's list of files, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _named_errors:  # noqa: N801 (reads as a function)
    """A block whose errors of writing name the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, OutputError):
            reason = error.strerror or error
            raise OutputError(f"cannot write {self._path}: {reason}") from error
        if isinstance(error, sqlite3.Error):
            raise OutputError(f"cannot write {self._path}: {error}") from error


class _McapStorage:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._writer = Writer(self._file, chunk_size=_CHUNK_BYTES, compression=CompressionType.ZSTD)
        self._writer.start(profile="ros2", library="glamor_ros")
        self._schemas: dict[tuple[str, str], int] = {}

    def add_topic(self, topic: Topic) -> int:
        key = topic.type_name, topic.definition
        if key not in self._schemas:
            self._schemas[key] = self._writer.register_schema(
                topic.type_name,
                topic.definition_encoding or "ros2msg",
                topic.definition.encode(),
            )
        return self._writer.register_channel(
            topic.name,
            topic.serialization_format,
            self._schemas[key],
            {"offered_qos_profiles": topic.qos_profiles, "topic_type_hash": topic.type_hash},
        )

    def write(self, number: int, message: RecordedMessage) -> None:
        self._writer.add_message(
            channel_id=number,
            log_time=message.log_time_ns,
            data=message.data,
            publish_time=message.publish_time_ns,
            sequence=message.sequence,
        )

    def finish(self, version: int, metadata: str) -> None:
        self._writer.add_metadata("rosbag2", {"serialized_metadata": metadata})
        self._writer.finish()

    def close(self) -> None:
        self._file.close()


class _SqliteStorage:
    def __init__(self, path: Path, ros_distro: str) -> None:
        self._database = sqlite3.connect(path)
        # A file that is begun anew after a crash needs no journal; it is synchronized at its end.
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SQLITE_SCHEMA)
        self._database.execute("INSERT INTO schema VALUES (4, ?)", (ros_distro or "unknown",))
        self._types: set[str] = set()

    def add_topic(self, topic: Topic) -> int:
        if topic.type_name not in self._types:
            self._types.add(topic.type_name)
            self._database.execute(
                "INSERT INTO message_definitions (topic_type, encoding, "
                "encoded_message_definition, type_description_hash) VALUES (?, ?, ?, ?)",
                (
                    topic.type_name,
                    topic.definition_encoding or "ros2msg",
                    topic.definition,
                    topic.type_hash,
                ),
            )
        cursor = self._database.execute(
            "INSERT INTO topics (name, type, serialization_format, offered_qos_profiles, "
            "type_description_hash) VALUES (?, ?, ?, ?, ?)",
            (
                topic.name,
                topic.type_name,
                topic.serialization_format,
                topic.qos_profiles,
                topic.type_hash,
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def write(self, number: int, message: RecordedMessage) -> None:
        self._database.execute(
            "INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)",
            (number, message.log_time_ns, message.data),
        )

    def finish(self, version: int, metadata: str) -> None:
        self._database.execute(
            "INSERT INTO metadata (metadata_version, metadata) VALUES (?, ?)", (version, metadata)
        )
        self._database.commit()

    def close(self) -> None:
        self._database.close()
