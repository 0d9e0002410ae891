from __future__ import annotations

import math
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from mcap_ros2.reader import read_ros2_messages
from numpy.typing import NDArray
from rclpy.serialization import deserialize_message
from rosbags.rosbag2 import CompressionMode, Reader, StoragePlugin
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from glamor_ros.atomic_file import OutputError
from glamor_ros.bags.annotation import AnnotationChoice, annotate_recording
from glamor_ros.bags.network_journal import JournalError
from glamor_ros.bags.records import BagError
from glamor_ros.messages.camera_info import pinhole_camera_info
from glamor_ros.messages.image_decoding import ImageDecoder
from glamor_ros.messages.people_messages import attention_message, people_message
from glamor_ros.msg import AttentionMapArray, PersonEmotionArray
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.engine import PeopleObserver
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.head_position import FACE_WIDTH_M
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.perception.tracking.detection_choice import policy_maker
from glamor_ros.perception.tracking.follower import PeopleFollower
from glamor_ros.perception.tracking.tracker import PersonIds
from glamor_ros.resources import STARTER_WEIGHTS, shipped_weights

from .made_bags import (
    FRAME_NS,
    START_NS,
    Sent,
    camera_and_words,
    content,
    header,
    jpeg,
    raw,
    shifted,
    write_bag,
)

CHOICE = AnnotationChoice(device="cpu")
RESULTS = ("/front/emotions", "/front/attention")


def _decoded(path: Path, topic: str, message_type: type[Any]) -> list[tuple[int, Any]]:
    return [
        (time_ns, deserialize_message(data, message_type))
        for name, time_ns, data in content(path)
        if name == topic
    ]


def _results(path: Path) -> list[tuple[str, int, bytes]]:
    return [one for one in content(path) if one[0] in RESULTS]


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, picture: NDArray[np.uint8]) -> Path:
    """Twelve images of two people and twelve texts."""
    path = tmp_path_factory.mktemp("recording") / "drive"
    write_bag(path, list(camera_and_words(picture, 12)))
    return path


@pytest.fixture(scope="module")
def annotated(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("annotated") / "drive"
    report = annotate_recording(recording, output, CHOICE)
    count = report.cameras["/front/image_raw"]
    assert (report.messages, report.losses) == (24, ())
    assert (count.images, count.annotated, count.late, len(count.people)) == (12, 12, 0, 2)
    return output


@pytest.mark.parametrize("detection", ["full", "sparse"])
def test_each_image_has_exactly_what_the_library_gives(
    recording: Path,
    annotated: Path,
    tmp_path: Path,
    picture: NDArray[np.uint8],
    detection: str,
) -> None:
    if detection == "sparse":
        annotated = tmp_path / "sparse"
        annotate_recording(recording, annotated, replace(CHOICE, detection="sparse"))
    detector = build_face_detector("mmod")
    observer = PeopleObserver(
        detector, EmotionRecognizer(load_checkpoint(shipped_weights(STARTER_WEIGHTS)))
    )
    follower = PeopleFollower(PersonIds(), policy_maker(detection, detector)())
    emotions = _decoded(annotated, "/front/emotions", PersonEmotionArray)
    attention = _decoded(annotated, "/front/attention", AttentionMapArray)
    assert len(emotions) == len(attention) == 12
    for index in range(12):
        image = raw(picture, index)
        stamp = image.header.stamp
        frame = Frame(ImageDecoder().decode(image), stamp.sec + stamp.nanosec * 1e-9)
        (view,) = observer.observe([(follower, frame)])
        assert view is not None
        time_ns, message = emotions[index]
        assert time_ns == START_NS + index * FRAME_NS
        assert message.header == image.header
        assert math.isnan(message.latency)
        # As text: NaN is not equal to itself.
        assert str(message) == str(people_message(view, image.header, math.nan))
        assert attention[index] == (time_ns, attention_message(view, image.header))
    assert len(emotions[-1][1].people) == 2


def test_positions_follow_the_newest_camera_info(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    sent = list(camera_and_words(picture, 6))
    topic = "/front/camera_info"
    before_3, before_5 = (START_NS + index * FRAME_NS - 1 for index in (3, 5))
    sent.append(Sent(topic, pinhole_camera_info(640, 360, 60.0, header(3)), before_3))
    sent.append(Sent(topic, pinhole_camera_info(320, 180, 60.0, header(5)), before_5))
    # What is beside other images is no matter of these.
    sent.append(Sent("/rear/camera_info", pinhole_camera_info(640, 360, 9.0, header(3)), before_3))
    write_bag(tmp_path / "in", sorted(sent, key=lambda one: one.time_ns))
    report = annotate_recording(tmp_path / "in", tmp_path / "out", CHOICE)

    emotions = _decoded(tmp_path / "out", "/front/emotions", PersonEmotionArray)
    people = [message.people for _, message in emotions]
    assert [len(there) for there in people[2:]] == [2, 2, 2, 2]
    for index, there in enumerate(people):
        assert all(math.isnan(one.position.z) == (index not in (3, 4)) for one in there)
    focal_length_px = 320 / math.tan(math.radians(30))
    for one in (*people[3], *people[4]):
        face, place = one.face, one.position
        z_m = FACE_WIDTH_M * focal_length_px / face.width
        x_m = (face.x_offset + face.width / 2 - 320) / focal_length_px * place.z
        assert place.z == pytest.approx(z_m, rel=0.1)
        assert place.x == pytest.approx(x_m, abs=0.02)

    uncalibrated = sum(bool(there) for there in people[:3])
    unlocated = report.cameras["/front/image_raw"].unlocated
    assert unlocated.pop(f"no CameraInfo on {topic} before them") == uncalibrated
    ((reason, count),) = unlocated.items()
    assert "for images of 320x180, the images have 640x360" in reason
    assert count == 1


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_the_messages_recorded_are_there_byte_for_byte(
    recording: Path, tmp_path: Path, storage: str
) -> None:
    output = tmp_path / "drive"
    annotate_recording(recording, output, replace(CHOICE, storage=storage))
    assert content(output, without=RESULTS) == content(recording)
    with Reader(recording) as before, Reader(output) as after:
        for connection in before.connections:
            (kept,) = after.topics[connection.topic].connections
            assert kept.msgtype == connection.msgtype
            assert kept.ext == connection.ext
            assert kept.msgdef == connection.msgdef
            assert kept.digest == connection.digest
            assert kept.msgcount == connection.msgcount
    assert _files(tmp_path) == ["drive"]


def test_an_independent_reader_knows_the_results_by_their_definitions(annotated: Path) -> None:
    (file,) = annotated.glob("*.mcap")
    found: dict[str, list[Any]] = {}
    for message in read_ros2_messages(str(file)):
        found.setdefault(message.channel.topic, []).append(message)
    assert {topic: len(messages) for topic, messages in found.items()} == {
        "/front/image_raw": 12,
        "/words": 12,
        "/front/emotions": 12,
        "/front/attention": 12,
    }
    last = found["/front/emotions"][-1].ros_msg
    assert (last.image_width, last.image_height) == (640, 360)
    assert [person.person_id for person in last.people] == ["person_1", "person_2"]
    assert sum(last.people[0].probabilities) == pytest.approx(1, abs=1e-5)
    assert len(found["/front/attention"][-1].ros_msg.maps[0].weights) == 49
    # In the order of their times, each result behind its image.
    order = [message.channel.topic for message in read_ros2_messages(str(file))]
    assert order[:4] == ["/front/image_raw", *RESULTS, "/words"]


@pytest.mark.parametrize("version", [8, 9])
def test_qos_profiles_stay_in_the_words_of_their_version(
    tmp_path: Path, picture: NDArray[np.uint8], version: Any
) -> None:
    write_bag(tmp_path / "in", list(camera_and_words(picture, 1)), version=version)
    annotate_recording(tmp_path / "in", tmp_path / "out", CHOICE)
    before, after = (
        yaml.safe_load((tmp_path / name / "metadata.yaml").read_text())[
            "rosbag2_bagfile_information"
        ]
        for name in ("in", "out")
    )
    assert after["version"] == version
    profiles = {
        entry["topic_metadata"]["name"]: entry["topic_metadata"]["offered_qos_profiles"]
        for entry in after["topics_with_message_count"]
    }
    for entry in before["topics_with_message_count"]:
        topic = entry["topic_metadata"]
        expected = topic["offered_qos_profiles"]
        if version == 8:
            assert yaml.safe_load(profiles[topic["name"]]) == yaml.safe_load(expected)
        else:
            assert profiles[topic["name"]] == expected
    ours = profiles["/front/emotions"]
    (ours,) = yaml.safe_load(ours) if version == 8 else ours
    assert ours["reliability"] == (1 if version == 8 else "reliable")
    assert ours["depth"] == 10


def test_two_cameras_and_pictures(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    sent = []
    for index in range(4):
        time_ns = START_NS + index * FRAME_NS
        sent.append(Sent("/front/image_raw", raw(picture, index, "rgb8"), time_ns))
        sent.append(Sent("/rear/image/compressed", jpeg(picture, index), time_ns + 900))
    write_bag(tmp_path / "in", sent, storage=StoragePlugin.SQLITE3)
    choice = replace(CHOICE, pictures=True, namespace="/seen")
    report = annotate_recording(tmp_path / "in", tmp_path / "out", choice)
    assert {name: count.annotated for name, count in report.cameras.items()} == {
        "/front/image_raw": 4,
        "/rear/image/compressed": 4,
    }
    people: dict[str, set[str]] = {}
    for camera in ("front", "rear"):
        emotions = _decoded(tmp_path / "out", f"/seen/{camera}/emotions", PersonEmotionArray)
        people[camera] = {p.person_id for _, message in emotions for p in message.people}
        for name, width in (("annotated_image", 640), ("attention_image", 1280)):
            pictures = _decoded(
                tmp_path / "out", f"/seen/{camera}/{name}/compressed", CompressedImage
            )
            assert [time for time, _ in pictures] == [time for time, _ in emotions]
            assert [p.header for _, p in pictures] == [m.header for _, m in emotions]
            drawn = ImageDecoder().decode(pictures[-1][1]).astype(int)
            assert drawn.shape == (360, width, 3)
            assert np.abs(drawn[:, :640] - shifted(picture, 3)).max() > 100
    assert len(people["front"]) == len(people["rear"]) == 2
    assert not people["front"] & people["rear"]


def test_images_that_cannot_be_used_are_counted_and_the_others_annotated(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    sent = list(camera_and_words(picture, 8))
    strange = raw(picture, 1)
    strange.encoding = "their_own"
    sent[4] = replace(sent[4], message=strange)
    short = raw(picture, 3)
    short.data = short.data[:1000]
    sent[6] = replace(sent[6], message=short)
    early = raw(picture, 4)
    early.header = header(2)
    sent[8] = replace(sent[8], message=early)
    write_bag(tmp_path / "in", sent)
    report = annotate_recording(tmp_path / "in", tmp_path / "out", CHOICE)
    count = report.cameras["/front/image_raw"]
    assert (count.images, count.annotated, count.unusable.total()) == (8, 6, 2)
    assert any("their_own" in reason for reason in count.unusable)
    assert any("1000 came" in reason for reason in count.unusable)
    assert content(tmp_path / "out", without=RESULTS) == content(tmp_path / "in")


def test_a_truncated_recording_is_annotated_as_far_as_it_goes(
    tmp_path: Path, recording: Path
) -> None:
    (file,) = recording.glob("*.mcap")
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(file.read_bytes()[: int(file.stat().st_size * 0.6)])
    report = annotate_recording(cut, tmp_path / "out", CHOICE)
    images = report.cameras["/front/image_raw"].annotated
    assert 6 <= images <= 8
    assert any("cut off" in loss.what for loss in report.losses)
    assert content(tmp_path / "out", without=RESULTS) == content(recording)[: report.messages]


@pytest.mark.parametrize(
    ("sent", "topics", "reason"),
    [
        ([], [], "no topics at all"),
        ([], [("/words", String)], r"its topics are /words \(std_msgs/msg/String\)"),
    ],
    ids=["empty", "without images"],
)
def test_a_recording_without_images_is_refused_with_its_topics(
    tmp_path: Path, sent: list[Sent], topics: list[Any], reason: str
) -> None:
    write_bag(tmp_path / "in", sent, topics=topics)
    with pytest.raises(BagError, match=reason):
        annotate_recording(tmp_path / "in", tmp_path / "out", CHOICE)
    assert _files(tmp_path) == ["in"]


def test_a_camera_that_never_sent_gives_topics_without_messages(tmp_path: Path) -> None:
    write_bag(tmp_path / "in", [], topics=[("/image", Image)])
    report = annotate_recording(tmp_path / "in", tmp_path / "out", CHOICE)
    assert report.cameras["/image"].images == 0
    with Reader(tmp_path / "out") as reader:
        assert sorted(reader.topics) == ["/attention", "/emotions", "/image"]


def test_depth_drawn_pictures_and_the_compressed_twin_are_no_cameras(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    depth = raw(picture, 0)
    depth.encoding, depth.step = "16UC1", 1280
    depth.data = depth.data[: 1280 * 360]
    sent = [
        Sent("/camera/depth/image", depth, START_NS),
        Sent("/camera/color/image_raw", raw(picture, 0), START_NS + 1),
        Sent("/camera/color/image_raw/compressed", jpeg(picture, 0), START_NS + 2),
        Sent("/camera/annotated_image", raw(picture, 0), START_NS + 3),
    ]
    write_bag(tmp_path / "in", sent)
    report = annotate_recording(tmp_path / "in", tmp_path / "out", CHOICE)
    assert list(report.cameras) == ["/camera/color/image_raw"]
    with pytest.raises(BagError, match="/elsewhere"):
        annotate_recording(
            tmp_path / "in", tmp_path / "other", replace(CHOICE, topics=("/elsewhere",))
        )


def test_an_annotated_recording_is_annotated_again_only_under_other_names(
    tmp_path: Path, annotated: Path
) -> None:
    with pytest.raises(BagError, match="/front/attention, /front/emotions already"):
        annotate_recording(annotated, tmp_path / "again", CHOICE)
    assert _files(tmp_path) == []


def test_what_is_done_is_not_done_again_and_what_is_another_s_is_not_touched(
    recording: Path, annotated: Path
) -> None:
    times = [path.stat().st_mtime_ns for path in sorted(annotated.iterdir())]
    assert annotate_recording(recording, annotated, CHOICE).was_done
    with pytest.raises(OutputError, match="exists and is no annotation"):
        annotate_recording(recording, annotated, replace(CHOICE, pictures=True))
    assert [path.stat().st_mtime_ns for path in sorted(annotated.iterdir())] == times


def _start(recording: Path, output: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "glamor_ros.cli.main", "annotate-bag", str(recording)]
    return subprocess.Popen(
        [*command, "-o", str(output), "--device", "cpu"],
        cwd=output.parent,
        stderr=subprocess.PIPE,
    )


def _wait_for_size(path: Path, size: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not (path.exists() and path.stat().st_size >= size):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_run_that_is_killed_goes_on_and_gives_what_one_run_gives(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    recording = tmp_path / "in"
    write_bag(recording, list(camera_and_words(picture, 20)))
    annotate_recording(recording, tmp_path / "at_once", CHOICE)
    output = tmp_path / "out"
    journal = tmp_path / ".out.partial" / "journal"
    process = _start(recording, output)
    _wait_for_size(journal, 4000, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    computed = journal.stat().st_size
    assert not output.exists()
    with journal.open("ab") as file:
        file.write(b"\x40\x00\x00\x00half a record")
    # What is in the journal is not computed again: its records stay as they are.
    beginning = journal.read_bytes()[:computed]
    with _file_size_limit(computed + 2000), pytest.raises(OutputError, match="kept in"):
        annotate_recording(recording, output, CHOICE)
    assert journal.read_bytes().startswith(beginning)
    annotate_recording(recording, output, CHOICE)
    assert content(output) == content(tmp_path / "at_once")
    assert _metadata_without_name(output) == _metadata_without_name(tmp_path / "at_once")
    assert _files(tmp_path) == ["at_once", "in", "out"]


def _metadata_without_name(bag: Path) -> str:
    return (bag / "metadata.yaml").read_text().replace(bag.name, "bag")


@contextmanager
def _file_size_limit(size: int) -> Iterator[None]:
    """A limit that makes writing fail, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_full_disk_is_named_and_the_run_goes_on_later(
    tmp_path: Path, recording: Path, annotated: Path, storage: str
) -> None:
    choice = replace(CHOICE, storage=storage)
    output = tmp_path / "drive"
    with (
        _file_size_limit(2_000_000),
        pytest.raises(OutputError, match=r"drive_0\.(mcap|db3).*goes on from there"),
    ):
        annotate_recording(recording, output, choice)
    assert _files(tmp_path) == [".drive.partial"]
    assert _files(tmp_path / ".drive.partial") == ["journal", "lock"]
    annotate_recording(recording, output, choice)
    assert content(output) == content(annotated)
    assert _files(tmp_path) == ["drive"]


def test_a_journal_of_another_choice_is_refused(tmp_path: Path, recording: Path) -> None:
    output = tmp_path / "drive"
    with _file_size_limit(2_000_000), pytest.raises(OutputError):
        annotate_recording(recording, output, CHOICE)
    with pytest.raises(JournalError, match=r"sparse[\s\S]*remove that folder"):
        annotate_recording(recording, output, replace(CHOICE, detection="sparse"))


def test_two_runs_do_not_write_to_one_place(tmp_path: Path, recording: Path) -> None:
    output = tmp_path / "drive"
    refused = []

    def run_another(done: int, total: int | None) -> None:
        if done == 3:
            with pytest.raises(OutputError, match="another process is annotating into") as error:
                annotate_recording(recording, output, CHOICE)
            refused.append(error)

    annotate_recording(recording, output, CHOICE, run_another)
    assert len(refused) == 1
    assert _results(output)


def test_compressed_recordings_are_unpacked(
    tmp_path: Path, picture: NDArray[np.uint8], annotated: Path
) -> None:
    write_bag(
        tmp_path / "in",
        list(camera_and_words(picture, 12)),
        storage=StoragePlugin.SQLITE3,
        compression=CompressionMode.FILE,
    )
    annotate_recording(tmp_path / "in", tmp_path / "drive", CHOICE)
    assert content(tmp_path / "drive", without=RESULTS) == content(tmp_path / "in")
    assert _results(tmp_path / "drive") == _results(annotated)
