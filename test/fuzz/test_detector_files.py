"""Files of the face detector of any content are read, or refused with an error that names them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from glamor_ros.perception.detection.mmod.dlib_file import DlibFileError, read_dlib_network
from glamor_ros.perception.detection.mmod.weights import (
    WEIGHTS_FILE_NAME,
    DetectorWeightsError,
    load_weights,
)

pytestmark = pytest.mark.fuzz


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_dlib_files_of_any_content(
    golden_dir: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Changed where the structure is, and not a weight among thousands."""
    content = bytearray((golden_dir / "mmod_human_face_detector.dat").read_bytes())
    marker = data.draw(st.sampled_from([b"loss_mmod_", b"input_rgb", b"con_4", b"bn_con2"]))
    starts = [match.start() for match in re.finditer(re.escape(marker), content)]
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.sampled_from(starts)) + data.draw(st.integers(0, 90))
        content[place] = data.draw(st.integers(0, 255))
    damaged = tmp_path_factory.getbasetemp() / "damaged.dat"
    damaged.write_bytes(content)
    refusal = None
    try:
        read_dlib_network(damaged)
    except DlibFileError as error:
        refusal = str(error)
    assert refusal is None or "damaged.dat" in refusal


OPTIONS = (
    *("strides", "paddings", "epsilons", "mean_rgb", "window_px", "suppression"),
    *("padding_px", "outer_padding_px", "options", "format"),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    option=st.sampled_from(OPTIONS),
    value=json_values | st.lists(st.integers(0, 2**40) | st.floats(), min_size=6, max_size=7),
)
def test_detector_options_of_any_kind(
    weights_dir: Path, tmp_path_factory: pytest.TempPathFactory, option: str, value: object
) -> None:
    shipped = weights_dir / WEIGHTS_FILE_NAME
    with safe_open(shipped, framework="np") as file:
        description = json.loads(file.metadata()["mmod"])
    place = description if option in description else description["options"]
    place[option] = value
    damaged = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    save_file(load_file(shipped), damaged, {"mmod": json.dumps(description)})
    refusal = None
    try:
        parameters = load_weights(damaged)
    except DetectorWeightsError as error:
        refusal = str(error)
    else:
        assert max(parameters.window_px) <= 1024
        assert max(layer.stride for layer in parameters.convolutions) <= 16
    assert refusal is None or "damaged.safetensors" in refusal
