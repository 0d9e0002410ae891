"""What the model card's figures are computed with."""

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from glamor_ros.network.architecture import build_glamor_net
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.frame import Frame
from glamor_ros.training.starter_weights.disturbances import (
    DISTURBANCES,
    dim_light,
    low_resolution,
    warm_light,
    window,
)
from glamor_ros.training.starter_weights.joint_stage import FACE_ONLY
from glamor_ros.training.starter_weights.measure import (
    accuracy_table,
    disturbance_table,
    disturbed_accuracies,
    in_grey,
    relative_box_widths,
)


def test_a_window_moves_and_widens() -> None:
    ramp = torch.linspace(0, 1, 100).view(1, 1, 1, 100).expand(1, 1, 100, 100)
    assert torch.allclose(window(1.0)(ramp), ramp, atol=1e-5)
    moved = window(1.0, right=0.1)(ramp)
    assert torch.allclose(moved[..., :90], ramp[..., 10:], atol=1e-4)
    assert torch.allclose(moved[..., 90:], ramp[..., -1:].expand_as(moved[..., 90:]), atol=1e-4)
    wider = window(1.5)(ramp)
    assert wider[0, 0, 50, 50].item() == pytest.approx(ramp[0, 0, 50, 50].item(), abs=0.01)
    assert wider[0, 0, 50, 60].item() == pytest.approx(ramp[0, 0, 50, 65].item(), abs=0.01)
    down = window(1.0, down=0.1)(ramp.transpose(2, 3))
    assert torch.allclose(down, moved.transpose(2, 3), atol=1e-5)


def test_light_and_resolution() -> None:
    faces = torch.rand(2, 3, 96, 96)
    assert torch.allclose(dim_light(faces), faces / 2)
    warm = warm_light(faces)
    assert torch.equal(warm[:, 1], faces[:, 1])
    assert warm[:, 2].mean() < faces[:, 2].mean() < warm[:, 0].mean() + 0.2
    assert warm.max() <= 1
    stripes = (torch.arange(96) % 2).float().view(1, 1, 1, 96).expand(1, 1, 96, 96)
    assert low_resolution(stripes).std() < 0.01  # too fine to be seen at 24 px
    assert in_grey(np.full((2, 2, 3), (0, 0, 255), np.uint8)).tolist() == [[[76] * 3] * 2] * 2


def test_accuracy_by_disturbance_counts_every_face() -> None:
    """A network that says Happy to everything is right on a quarter of these, come what may."""
    network = build_glamor_net(FACE_ONLY).eval()
    with torch.no_grad():
        last = list(network.classifier.parameters())
        last[-2].zero_()
        last[-1].copy_(torch.eye(7)[EMOTIONS.index("Happy")])
    labels = np.where(np.arange(132) % 4 == 0, EMOTIONS.index("Happy"), EMOTIONS.index("Sad"))
    images = torch.randint(0, 256, (132, 1, 12, 12), dtype=torch.uint8)
    found = disturbed_accuracies(network, images, labels)
    assert found == dict.fromkeys(DISTURBANCES, 0.25)


def test_the_box_in_a_crop_of_a_known_face() -> None:
    """The astronaut's face, cut out with margins of a known size, and an even picture."""
    astronaut = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)
    detector = build_face_detector("mmod")
    (face,) = detector.detect([Frame(cv2.cvtColor(astronaut, cv2.COLOR_GRAY2BGR))])[0]
    margin = round(face.box.width) // 5
    around = face.box.scaled(1 + 2 * margin / face.box.width).clipped(512, 512)
    crop = astronaut[around.y : around.y + around.height, around.x : around.x + around.width]
    crops = np.stack([cv2.resize(crop, (96, 96)), np.full((96, 96), 90)]).astype(np.uint8)
    widths, missed = relative_box_widths(detector, crops)
    assert missed == 1
    assert widths.tolist() == [pytest.approx(1 / 1.4, abs=0.08)]


def test_tables_have_a_cell_for_every_figure() -> None:
    classes: dict[str, dict[str, float | None]] = {name: {"accuracy": 0.5} for name in EMOTIONS}
    classes["Fear"] = {"accuracy": None}
    figures = {
        "samples": 12,
        "accuracy": 0.8444,
        "balanced_accuracy": 0.6,
        "expected_calibration_error": 0.02,
        "classes": classes,
    }
    header, rule, line = accuracy_table({"faces": figures}).splitlines()
    assert (
        line
        == "| faces | 12 | 0.844 | 0.600 | 0.020 | 0.50 | 0.50 | – | 0.50 | 0.50 | 0.50 | 0.50 |"
    )
    assert header.count("|") == rule.count("|") == line.count("|")
    assert disturbance_table({"a": {"dim": 0.5}, "b": {"dim": 0.25}}).endswith(
        "| FER+ validation with | a | b |\n| --- | --- | --- |\n| dim | 0.500 | 0.250 |\n"
    )
