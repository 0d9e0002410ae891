"""Messages are written to recordings as the middleware itself serializes them."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header

from glamor_ros.bags.cdr import COMPRESSED_IMAGE_TYPE, IMAGE_TYPE, CdrCodec
from glamor_ros.bags.records import BagError
from glamor_ros.messages.people_messages import attention_message, people_message
from glamor_ros.msg import AttentionMapArray, PersonEmotionArray
from glamor_ros.perception.geometry import Region
from glamor_ros.perception.people import (
    AttentionMap,
    EmotionEstimate,
    PeopleInView,
    Person,
)
from glamor_ros.resources import share_directory

from .made_bags import header, jpeg, raw


@pytest.fixture(scope="module")
def codec() -> CdrCodec:
    return CdrCodec()


def _person(number: int, rows: int) -> Person:
    random = np.random.default_rng(number)
    probabilities = random.dirichlet(np.ones(7)).astype(np.float32)
    weights = random.dirichlet(np.ones(rows * 7)).astype(np.float32).reshape(rows, 7)
    attention = AttentionMap(weights, Region(3, 4, 100, 90))
    estimate = EmotionEstimate(probabilities, 0.25, 0.75, attention)
    return Person(
        person_id=f"person_{number}",
        face=Region(10, 20, 30, 40),
        detection=None,
        face_score=1.5,
        tracked_for_s=2.25,
        probabilities=probabilities,
        estimate=estimate,
        evaluated=number % 2 == 0,
    )


def assert_as_by_the_middleware(codec: CdrCodec, message: Any) -> None:
    written = np.frombuffer(codec.serialized(message), np.uint8)
    sent = np.frombuffer(serialize_message(message), np.uint8)
    # The middleware pads a message to four bytes, and leaves in the gaps whatever is there.
    assert 0 <= len(sent) - len(written) < 4
    differing = written != sent[: len(written)]
    assert not written[differing].any()
    assert str(deserialize_message(written.tobytes(), type(message))) == str(message)


VIEWS = [
    PeopleInView(640, 480, ()),
    PeopleInView(640, 480, (_person(0, 7),)),
    PeopleInView(641, 481, tuple(_person(number, number + 1) for number in range(5))),
]


@pytest.mark.parametrize("view", VIEWS, ids=["nobody", "one", "five"])
@pytest.mark.parametrize("frame_id", ["", "cam", "camera_optical_frame"])
def test_the_bytes_are_those_of_the_middleware(
    codec: CdrCodec, view: PeopleInView, frame_id: str
) -> None:
    for message in (
        people_message(view, header(7, frame_id), math.nan),
        attention_message(view, header(7, frame_id)),
    ):
        assert_as_by_the_middleware(codec, message)


def test_pictures_are_written_as_by_the_middleware(
    codec: CdrCodec, picture: NDArray[np.uint8]
) -> None:
    assert_as_by_the_middleware(codec, jpeg(picture, 3))


@pytest.mark.parametrize("message_type", [PersonEmotionArray, AttentionMapArray])
def test_hashes_are_those_of_the_generated_interfaces(codec: CdrCodec, message_type: type) -> None:
    name = message_type.__name__
    description = json.loads((share_directory() / "msg" / f"{name}.json").read_text())
    (known,) = [
        entry["hash_string"]
        for entry in description["type_hashes"]
        if entry["type_name"] == f"glamor_ros/msg/{name}"
    ]
    assert codec.topic("/emotions", message_type, "").type_hash == known


def test_a_definition_holds_all_types_with_the_comments_of_the_own_ones(codec: CdrCodec) -> None:
    text = codec.definition("glamor_ros/msg/PersonEmotionArray")
    titles = [line for line in text.splitlines() if line.startswith("MSG: ")]
    assert sorted(titles) == [
        "MSG: builtin_interfaces/Duration",
        "MSG: builtin_interfaces/Time",
        "MSG: geometry_msgs/Point",
        "MSG: glamor_ros/PersonEmotion",
        "MSG: sensor_msgs/RegionOfInterest",
        "MSG: std_msgs/Header",
    ]
    assert "# Size of the source image in pixels." in text


def test_a_type_that_is_not_known_has_no_definition(codec: CdrCodec) -> None:
    assert codec.definition("their_msgs/msg/Own") == ""


def test_images_come_back_as_they_were_sent(codec: CdrCodec, picture: NDArray[np.uint8]) -> None:
    image, compressed = raw(picture, 2, "rgba8"), jpeg(picture, 2)
    assert codec.image(serialize_message(image), IMAGE_TYPE) == image
    assert codec.image(serialize_message(compressed), COMPRESSED_IMAGE_TYPE) == compressed


@pytest.mark.parametrize("size", [0, 3, 4, 20, 60, 1000])
def test_a_message_that_is_cut_off_is_an_error(
    codec: CdrCodec, picture: NDArray[np.uint8], size: int
) -> None:
    data = serialize_message(raw(picture, 0))[:size]
    with pytest.raises(BagError, match="cannot be deserialized"):
        codec.image(data, IMAGE_TYPE)


def test_bytes_at_random_are_an_error_and_nothing_worse(codec: CdrCodec) -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        data = b"\x00\x01\x00\x00" + random.bytes(int(random.integers(0, 200)))
        for type_name in (IMAGE_TYPE, COMPRESSED_IMAGE_TYPE):
            try:
                message = codec.image(data, type_name)
            except BagError:
                continue
            assert isinstance(message.header, Header)
