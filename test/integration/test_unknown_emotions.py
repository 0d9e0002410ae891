"""People of whom too little is seen, and the limits on that, on a running emotion_node."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from std_msgs.msg import Header

from glamor_ros.messages.image_encoding import image_message
from glamor_ros.msg import PersonEmotion

from .ros_peer import Camera, NodeProcess, Peer, wait_for

pytestmark = pytest.mark.integration

NODE = "/emotion_node"


@pytest.fixture(scope="module")
def node(start_node: Callable[..., NodeProcess], random_weights: Path) -> NodeProcess:
    parameters = {
        "weights": str(random_weights),
        "min_detections": 1,
        "recognition_interval_s": 0.0,
        "smoothing_time_constant_s": 0.0,
        "detection": "full",
        # Random weights are sure of nothing, which is not what is tried here.
        "unknown_below_confidence": 0.0,
        # Between the sharpness of the photograph (0.7) and of the blurred one (0.24), in which the
        # detector still finds the faces.
        "unknown_below_sharpness": 0.4,
    }
    node = start_node("emotion_node", parameters)
    node.wait_for_log("waiting for images")
    return node


@pytest.fixture
def camera(peer: Peer, node: NodeProcess) -> Iterator[Camera]:
    with Camera(peer) as camera:
        yield camera


def people(camera: Camera, image: NDArray[np.uint8]) -> list[PersonEmotion]:
    found = list(camera.process(image_message(image, Header())).people)
    assert len(found) == 2
    return found


def wait_until_diagnostics_tell(peer: Peer, unknown: str) -> None:
    """Until the node's newest status names these unknown emotions; fails with what it names."""
    messages, subscription = peer.collect(DiagnosticArray, "/diagnostics")

    def told() -> list[str]:
        values = (v for m in list(messages) for s in m.status for v in s.values)
        return [str(v.value) for v in values if v.key == "emotion unknown"]

    try:
        wait_for(lambda: told()[-1:] == [unknown], f"{unknown!r} on /diagnostics")
    except AssertionError as error:
        raise AssertionError(f"{error}; it tells {told()}") from None
    finally:
        peer.node.destroy_subscription(subscription)


def test_emotions_become_unknown_with_blur_and_by_parameter(
    peer: Peer, node: NodeProcess, camera: Camera, two_faces: NDArray[np.uint8]
) -> None:
    for person in people(camera, two_faces):
        assert person.emotion != PersonEmotion.UNKNOWN
        assert person.unknown_reason == ""
        assert person.emotion == int(np.argmax(person.probabilities))
        assert -1 <= person.valence <= 1
        assert -1 <= person.arousal <= 1

    blurred = cv2.GaussianBlur(two_faces, (0, 0), 4).astype(np.uint8)
    for person in people(camera, blurred):
        assert person.emotion == PersonEmotion.UNKNOWN
        assert (person.emotion_name, person.unknown_reason) == ("Unknown", "blurred")
        assert sum(person.probabilities) == pytest.approx(1, abs=1e-4)
        assert person.confidence == pytest.approx(max(person.probabilities))
        assert math.isnan(person.valence)
    wait_until_diagnostics_tell(peer, "2 (2 blurred)")

    # 0 takes the limit away, another one is set, both while the node runs.
    assert not peer.set_parameters(NODE, unknown_below_sharpness=0.0, unknown_below_size_px=1000.0)
    assert {p.unknown_reason for p in people(camera, two_faces)} == {"small"}
    assert not peer.set_parameters(NODE, unknown_below_size_px=0.0)
    assert {p.unknown_reason for p in people(camera, two_faces)} == {""}
    wait_until_diagnostics_tell(peer, "0")
