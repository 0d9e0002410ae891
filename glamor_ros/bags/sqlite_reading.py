"""Recordings in SQLite files, as rosbag2's `sqlite3` storage writes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import quote

from .records import BagError, Loss, RecordedMessage, Topic, unique_topics

# How far ahead of a damaged page to go on looking, at most, in ids of messages.
_MAX_STRIDE = 1 << 24


class SqliteFile:
    """One SQLite file of a recording.

    Args:
        path: The file.

    Attributes:
        losses: What could not be read; grows while messages are read.
        message_count: Of all messages; None where it cannot be counted.

    Raises:
        BagError: It is no recording, or its list of topics cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.losses: list[Loss] = []
        self._path = path
        database = self._open()
        try:
            self._topics = _read_topics(database)
            self.message_count = _message_count(database)
        except sqlite3.Error as error:
            raise BagError(f"{path} cannot be read as a recording: {error}") from error
        finally:
            database.close()

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics of the file."""
        return unique_topics(self._topics.values())

    def messages(self, names: Collection[str] | None = None) -> Iterator[RecordedMessage]:
        """The messages in the order of their log times.

        Args:
            names: Of the topics wanted; None: all.
        """
        wanted = {
            number: topic
            for number, topic in self._topics.items()
            if names is None or topic.name in names
        }
        database = self._open()
        marks = ",".join("?" * len(wanted))
        last = (-1, -1)
        try:
            rows = database.execute(
                "SELECT timestamp, id, topic_id, data FROM messages "
                f"WHERE topic_id IN ({marks}) ORDER BY timestamp, id",
                tuple(wanted),
            )
            for time_ns, number, topic, data in rows:
                last = (time_ns, number)
                yield RecordedMessage(wanted[topic], time_ns, time_ns, bytes(data))
        except sqlite3.Error as error:
            self.losses.append(Loss(f"{self._path} is damaged: {error}"))
            yield from self._messages_after(database, last, wanted)
        finally:
            database.close()

    def _messages_after(
        self, database: sqlite3.Connection, last: tuple[int, int], wanted: dict[int, Topic]
    ) -> Iterator[RecordedMessage]:
        """What is left of the messages in a file with damaged pages, read one by one."""
        found = sorted(
            (time_ns, number, topic)
            for number, time_ns, topic in _intact_rows(database)
            if topic in wanted and (time_ns, number) > last
        )
        unreadable = []
        for time_ns, number, topic in found:
            try:
                (data,) = database.execute(
                    "SELECT data FROM messages WHERE id = ?", (number,)
                ).fetchone()
            except sqlite3.Error:
                unreadable.append(time_ns)
            else:
                yield RecordedMessage(wanted[topic], time_ns, time_ns, bytes(data))
        if unreadable:
            self.losses.append(
                Loss(
                    f"{self._path}: messages on damaged pages",
                    len(unreadable),
                    unreadable[0],
                    unreadable[-1],
                )
            )

    def _open(self) -> sqlite3.Connection:
        # Without a write-ahead log nothing beside the file is read or made, so that a recording
        # on a read-only medium can be read.
        has_log = self._path.with_name(self._path.name + "-wal").exists()
        options = "mode=ro" if has_log else "mode=ro&immutable=1"
        try:
            address = f"file:{quote(str(self._path.resolve()))}?{options}"
            # A thread that reads ahead may leave the closing to another.
            database = sqlite3.connect(address, uri=True, check_same_thread=False)
            # Without this SQLite reads nothing of a file that is shorter than it should be.
            database.execute("PRAGMA writable_schema = ON")
            return database
        except sqlite3.Error as error:
            raise BagError(f"{self._path} cannot be opened: {error}") from error


def _columns(database: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in database.execute(f"PRAGMA table_info({table})")}


def _read_topics(database: sqlite3.Connection) -> dict[int, Topic]:
    """The topics by their ids. The columns and tables of later versions may be missing."""
    columns = _columns(database, "topics")
    qos = "offered_qos_profiles" if "offered_qos_profiles" in columns else "''"
    type_hash = "type_description_hash" if "type_description_hash" in columns else "''"
    definitions: dict[str, tuple[str, str]] = {}
    if _columns(database, "message_definitions"):
        definitions = {
            name: (encoding, text)
            for name, encoding, text in database.execute(
                "SELECT topic_type, encoding, encoded_message_definition FROM message_definitions"
            )
        }
    rows = database.execute(
        f"SELECT id, name, type, serialization_format, {qos}, {type_hash} FROM topics ORDER BY id"
    ).fetchall()
    topics = {}
    for number, name, type_name, serialization_format, qos_profiles, digest in rows:
        encoding, text = definitions.get(type_name, ("", ""))
        topics[number] = Topic(
            name, type_name, text, encoding, serialization_format, qos_profiles, digest
        )
    return topics


def _message_count(database: sqlite3.Connection) -> int | None:
    try:
        return int(database.execute("SELECT count(*) FROM messages").fetchone()[0])
    except sqlite3.Error:
        return None


def _intact_rows(database: sqlite3.Connection) -> Iterator[tuple[int, int, int]]:
    """Id, timestamp and topic of the rows that can be found, beyond damaged pages, too."""
    failed, begin, stride = 0, 0, 1
    while stride <= _MAX_STRIDE:
        try:
            for row in _rows(database, "id >= ? ORDER BY id", begin):
                if stride > 1:
                    yield from _rows_back_to(database, row[0], failed)
                yield row
                begin, stride = row[0] + 1, 1
            return
        except sqlite3.Error:
            failed, begin, stride = (begin if stride == 1 else failed), begin + stride, stride * 2


def _rows_back_to(
    database: sqlite3.Connection, end: int, begin: int
) -> Iterator[tuple[int, int, int]]:
    """The rows from `end`, which is not included, back to a damaged page after `begin`."""
    try:
        yield from _rows(database, "id < ? AND id >= ? ORDER BY id DESC", end, begin)
    except sqlite3.Error:
        return


def _rows(
    database: sqlite3.Connection, condition: str, *values: int
) -> Iterator[tuple[int, int, int]]:
    yield from database.execute(
        f"SELECT id, timestamp, topic_id FROM messages NOT INDEXED WHERE {condition}", values
    )
