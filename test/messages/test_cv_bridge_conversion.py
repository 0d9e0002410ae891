from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data
from std_msgs.msg import Header

from glamor_ros.messages.cv_bridge_conversion import CvBridgeConversion, try_cv_bridge
from glamor_ros.messages.image_decoding import ImageDecoder
from glamor_ros.messages.image_encoding import SENDABLE_ENCODINGS, byte_array, image_message

# A cv_bridge that converts rgb8 alone, and marks what it has converted.
MARKING = """
import numpy as np
class CvBridgeError(TypeError): pass
class CvBridge:
    def imgmsg_to_cv2(self, message, encoding):
        if message.encoding != "rgb8":
            raise CvBridgeError(message.encoding)
        return np.full((message.height, message.width, 3), 77, np.uint8)
"""
# As one does that was built for another NumPy: it can be imported, but not used.
CRASHING = """
import os, signal
class CvBridgeError(TypeError): pass
class CvBridge:
    def imgmsg_to_cv2(self, message, encoding):
        os.kill(os.getpid(), signal.SIGSEGV)
"""


@pytest.fixture(scope="module")
def photograph() -> NDArray[np.uint8]:
    return np.ascontiguousarray(data.astronaut()[:480, :, ::-1])


def install(module: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "cv_bridge.py").write_text(module)
    monkeypatch.syspath_prepend(folder)
    # What is imported now is forgotten after the test.
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    monkeypatch.delitem(sys.modules, "cv_bridge")


def test_cv_bridge_is_used_for_what_it_knows(
    photograph: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(MARKING, tmp_path, monkeypatch)

    trial = try_cv_bridge()

    assert trial.problem == ""
    assert trial.conversion is not None
    assert trial.conversion.encodings == {"rgb8"}
    decoder = ImageDecoder(trial.conversion)
    assert (decoder.decode(image_message(photograph, Header(), "rgb8")) == 77).all()
    for encoding in ("bgr8", "bgra8"):
        message = image_message(photograph, Header(), encoding)
        np.testing.assert_array_equal(decoder.decode(message), photograph)


def test_rows_that_cv_bridge_would_shear_are_not_given_to_it(
    photograph: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(MARKING, tmp_path, monkeypatch)
    message = image_message(photograph, Header(), "rgb8")
    rows = np.frombuffer(message.data, np.uint8).reshape(len(photograph), -1)
    message.data = byte_array(np.pad(rows, ((0, 0), (0, 22))))
    message.step += 22

    image = ImageDecoder(try_cv_bridge().conversion).decode(message)

    np.testing.assert_array_equal(image, photograph)


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (CRASHING, r"a conversion dies of signal 11"),
        ("raise ImportError('numpy.core.multiarray failed')", "numpy.core.multiarray failed"),
    ],
)
def test_one_that_does_not_work_is_told_in_a_line(
    module: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(module, tmp_path, monkeypatch)

    trial = try_cv_bridge()

    assert trial.conversion is None
    assert reason in trial.problem
    assert f"does not work beside NumPy {np.__version__}" in trial.problem
    assert len(trial.problem.splitlines()) == 1


def test_the_real_one_gives_the_same_pixels(photograph: NDArray[np.uint8]) -> None:
    pytest.importorskip("cv_bridge")
    trial = try_cv_bridge()
    assert isinstance(trial.conversion, CvBridgeConversion), trial.problem
    assert {"rgb8", "mono8", "bayer_rggb8"} <= trial.conversion.encodings

    for encoding in SENDABLE_ENCODINGS:
        message = image_message(photograph, Header(), encoding)
        np.testing.assert_array_equal(
            ImageDecoder(trial.conversion).decode(message), ImageDecoder().decode(message)
        )
