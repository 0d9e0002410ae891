from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from mcap.reader import make_reader
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from glamor_ros.bags.recording import Recording, find_recordings
from glamor_ros.bags.records import BagError, RecordedMessage

from .made_bags import FRAME_NS, START_NS, Sent, words, write_bag

MCAP, SQLITE = StoragePlugin.MCAP, StoragePlugin.SQLITE3
MODES = [
    pytest.param(MCAP, CompressionMode.NONE, id="mcap"),
    pytest.param(MCAP, CompressionMode.STORAGE, id="mcap-zstd-chunks"),
    pytest.param(MCAP, CompressionMode.FILE, id="mcap-zstd-file"),
    pytest.param(SQLITE, CompressionMode.NONE, id="sqlite3"),
    pytest.param(SQLITE, CompressionMode.MESSAGE, id="sqlite3-zstd-messages"),
    pytest.param(SQLITE, CompressionMode.FILE, id="sqlite3-zstd-file"),
]


def _tuples(messages: list[RecordedMessage]) -> list[tuple[str, int, bytes]]:
    return [(message.topic.name, message.log_time_ns, message.data) for message in messages]


def _sent(sent: list[Sent]) -> list[tuple[str, int, bytes]]:
    return [(one.topic, one.time_ns, one.data) for one in sent]


def _storage_file(bag: Path) -> Path:
    return next(path for path in bag.iterdir() if path.name != "metadata.yaml")


@pytest.mark.parametrize(("storage", "compression"), MODES)
def test_every_storage_gives_the_bytes_and_times_that_were_recorded(
    tmp_path: Path, storage: StoragePlugin, compression: CompressionMode
) -> None:
    sent = words(30)
    write_bag(tmp_path / "bag", sent, storage=storage, compression=compression)
    with Recording(tmp_path / "bag") as recording:
        assert _tuples(list(recording.messages())) == _sent(sent)
        assert recording.message_count == 30
        assert recording.losses == ()
        (topic,) = recording.topics
    assert topic.type_name == "std_msgs/msg/String"
    assert "string data" in topic.definition
    assert "best_effort" in topic.qos_profiles


def test_the_parts_of_a_split_recording_follow_one_another(tmp_path: Path) -> None:
    sent = words(24)
    for part in range(12):
        write_bag(tmp_path / f"part{part}", sent[2 * part : 2 * part + 2])
    bag = tmp_path / "bag"
    bag.mkdir()
    for part in range(12):
        _storage_file(tmp_path / f"part{part}").rename(bag / f"bag_{part}.mcap")
    with Recording(bag) as recording:
        assert _tuples(list(recording.messages())) == _sent(sent)


def test_a_missing_part_is_counted(tmp_path: Path) -> None:
    write_bag(tmp_path / "bag", words(5))
    _storage_file(tmp_path / "bag").rename(tmp_path / "bag" / "bag_0.mcap")
    metadata = tmp_path / "bag" / "metadata.yaml"
    text = metadata.read_text().replace("bag.mcap", "bag_0.mcap")
    text = text.replace("  - bag_0.mcap", "  - bag_0.mcap\n  - bag_1.mcap").replace(
        "  files:",
        "  files:\n  - path: bag_1.mcap\n    starting_time: {nanoseconds_since_epoch: 0}\n"
        "    duration: {nanoseconds: 0}\n    message_count: 7",
    )
    metadata.write_text(text)
    with Recording(tmp_path / "bag") as recording:
        assert len(list(recording.messages())) == 5
        (loss,) = recording.losses
    assert loss.messages == 7
    assert "bag_1.mcap is missing" in loss.what


@pytest.mark.parametrize("compression", [CompressionMode.NONE, CompressionMode.STORAGE])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_of_a_truncated_mcap_file_the_beginning_is_read_to_the_last_whole_message(
    tmp_path: Path, compression: CompressionMode, kept: float
) -> None:
    sent = words(400, 10_000)
    write_bag(tmp_path / "bag", sent, compression=compression)
    path = _storage_file(tmp_path / "bag")
    content = path.read_bytes()
    shutil.rmtree(tmp_path / "bag")
    path = tmp_path / "cut.mcap"
    path.write_bytes(content[: int(len(content) * kept)])
    with Recording(path) as recording:
        assert [topic.name for topic in recording.topics] == ["/words"]
        messages = _tuples(list(recording.messages()))
        losses = recording.losses
    assert messages == _sent(sent)[: len(messages)]
    # zstd gives what it has in blocks of at most 128 KiB.
    assert len(messages) >= 400 * kept - (2 if compression == CompressionMode.NONE else 32)
    assert any("cut off" in loss.what for loss in losses)


def _checked_mcap(path: Path, sent: list[Sent], *, chunked: bool = True) -> None:
    """A file with checksums, as rosbag2's own storage writes it."""
    with path.open("wb") as file:
        writer = McapWriter(
            file, chunk_size=20_000, compression=CompressionType.ZSTD, use_chunking=chunked
        )
        writer.start(profile="ros2")
        schema = writer.register_schema("std_msgs/msg/String", "ros2msg", b"string data")
        channel = writer.register_channel("/words", "cdr", schema)
        for index, one in enumerate(sent):
            writer.add_message(channel, one.time_ns, one.data, one.time_ns - 5, index + 1)
        writer.finish()


def test_damage_inside_an_mcap_file_costs_its_chunk_and_says_how_many_messages(
    tmp_path: Path,
) -> None:
    sent = words(200)
    path = tmp_path / "damaged.mcap"
    _checked_mcap(path, sent)
    with path.open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    chunks = summary.chunk_indexes
    hit = chunks[len(chunks) // 2]
    content = bytearray(path.read_bytes())
    content[hit.chunk_start_offset + hit.chunk_length // 2] ^= 0xFF
    path.write_bytes(content)
    with Recording(path) as recording:
        messages = _tuples(list(recording.messages()))
        (loss,) = recording.losses
    gone = [one for one in _sent(sent) if one not in messages]
    assert messages == [one for one in _sent(sent) if one in messages]
    assert loss.messages == len(gone) > 0
    assert (loss.start_ns, loss.end_ns) == (gone[0][1], gone[-1][1])


def test_after_a_broken_length_the_index_at_the_end_finds_the_next_chunk(tmp_path: Path) -> None:
    sent = words(200)
    path = tmp_path / "damaged.mcap"
    _checked_mcap(path, sent)
    with path.open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    hit = summary.chunk_indexes[2]
    content = bytearray(path.read_bytes())
    content[hit.chunk_start_offset + 1 : hit.chunk_start_offset + 9] = b"\xff" * 8
    path.write_bytes(content)
    with Recording(path) as recording:
        messages = _tuples(list(recording.messages()))
        assert recording.losses
    gone = [one[1] for one in _sent(sent) if one not in messages]
    assert gone
    assert min(gone) >= hit.message_start_time
    assert max(gone) <= hit.message_end_time


def test_publish_times_and_sequences_of_an_mcap_file_are_kept(tmp_path: Path) -> None:
    sent = words(3)
    _checked_mcap(tmp_path / "a.mcap", sent)
    with Recording(tmp_path / "a.mcap") as recording:
        first, *_ = recording.messages()
    assert (first.log_time_ns, first.publish_time_ns, first.sequence) == (START_NS, START_NS - 5, 1)


def test_messages_outside_chunks_are_read_in_the_order_of_their_times(tmp_path: Path) -> None:
    sent = words(50)
    _checked_mcap(tmp_path / "a.mcap", sent[::-1], chunked=False)
    with Recording(tmp_path / "a.mcap") as recording:
        assert _tuples(list(recording.messages())) == _sent(sent)


def test_overlapping_chunks_are_merged_by_time(tmp_path: Path) -> None:
    sent = words(60)
    mixed = sent[0::3] + sent[1::3] + sent[2::3]
    _checked_mcap(tmp_path / "a.mcap", mixed)
    with Recording(tmp_path / "a.mcap") as recording:
        assert _tuples(list(recording.messages())) == _sent(sent)


def test_of_a_truncated_sqlite_file_most_messages_come_out_and_the_others_are_counted(
    tmp_path: Path,
) -> None:
    sent = words(300, 3000)
    write_bag(tmp_path / "bag", sent, storage=SQLITE)
    path = _storage_file(tmp_path / "bag")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.7)])
    with Recording(tmp_path / "bag") as recording:
        messages = _tuples(list(recording.messages()))
        assert recording.losses
    everything = _sent(sent)
    assert messages == [one for one in everything if one in messages]
    assert len(messages) >= 195


def test_a_damaged_page_of_an_sqlite_file_costs_the_messages_on_it(tmp_path: Path) -> None:
    sent = words(300, 300)
    write_bag(tmp_path / "bag", sent, storage=SQLITE)
    path = _storage_file(tmp_path / "bag")
    content = bytearray(path.read_bytes())
    text = sent[150].message.data.encode()
    page = content.index(text) // 4096
    assert page > 3
    content[page * 4096 : page * 4096 + 4096] = bytes(4096)
    path.write_bytes(content)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(path).execute("SELECT data FROM messages ORDER BY id").fetchall()
    with Recording(tmp_path / "bag") as recording:
        messages = _tuples(list(recording.messages()))
        assert recording.losses
    everything = _sent(sent)
    assert messages == [one for one in everything if one in messages]
    assert everything[150] not in messages
    assert len(messages) >= 300 - 16


@pytest.mark.parametrize("name", ["a.mcap", "a.db3", "a.mcap.zstd"])
@pytest.mark.parametrize("content", [b"", b"not a recording at all, but text"])
def test_a_file_that_is_no_recording_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BagError, match=name), Recording(path):
        pass


def test_metadata_that_is_none_is_named(tmp_path: Path) -> None:
    write_bag(tmp_path / "bag", words(1))
    (tmp_path / "bag" / "metadata.yaml").write_text("something: else")
    with pytest.raises(BagError, match=r"metadata\.yaml cannot be read"):
        Recording(tmp_path / "bag")


def test_recordings_are_found_in_folders(tmp_path: Path) -> None:
    for name in ("monday/one", "tuesday", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_bag(tmp_path / name, words(1))
    for name in ("run_0.mcap", "run_1.mcap"):
        (tmp_path / "split").mkdir(exist_ok=True)
        _checked_mcap(tmp_path / "split" / name, words(1))
    for name in ("a.mcap", "b.mcap"):
        (tmp_path / "single").mkdir(exist_ok=True)
        _checked_mcap(tmp_path / "single" / name, words(1))
    found = [str(path.relative_to(tmp_path)) for path in find_recordings(tmp_path)]
    assert found == ["monday/one", "single/a.mcap", "single/b.mcap", "split", "tuesday"]


def test_times_are_those_of_the_log(tmp_path: Path) -> None:
    write_bag(tmp_path / "bag", words(2))
    with Recording(tmp_path / "bag") as recording:
        first, second = recording.messages(["/words"])
        assert list(recording.messages(["/other"])) == []
    assert second.log_time_ns - first.log_time_ns == FRAME_NS
