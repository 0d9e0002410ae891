"""Reading dlib's file, the safetensors file made from it, and what either says when damaged."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.detection.mmod.dlib_file import DlibFileError, read_dlib_network
from glamor_ros.perception.detection.mmod.weights import (
    WEIGHTS_FILE_NAME,
    DetectorWeightsError,
    convert_dlib_weights,
    load_weights,
    save_weights,
)


@pytest.fixture
def dat(golden_dir: Path) -> Path:
    return golden_dir / "mmod_human_face_detector.dat"


@pytest.fixture
def shipped(weights_dir: Path) -> Path:
    return weights_dir / WEIGHTS_FILE_NAME


def test_shipped_network_is_the_published_one(shipped: Path) -> None:
    parameters = load_weights(shipped)
    shapes = [layer.weight.shape for layer in parameters.convolutions]
    assert shapes == [
        (16, 3, 5, 5),
        (32, 16, 5, 5),
        (32, 32, 5, 5),
        (45, 32, 5, 5),
        (45, 45, 5, 5),
        (45, 45, 5, 5),
        (1, 45, 9, 9),
    ]
    assert [layer.stride for layer in parameters.convolutions] == [2, 2, 2, 1, 1, 1, 1]
    assert [layer.padding for layer in parameters.convolutions] == [0, 0, 0, 2, 2, 2, 4]
    assert parameters.mean_rgb == pytest.approx((122.782, 117.001, 104.298), abs=1e-4)
    assert parameters.window_px == (80, 80)
    assert parameters.suppression.max_iou == 0.3382761351109955
    assert parameters.suppression.max_covered == 1.0
    assert {layer.epsilon for layer in parameters.affines} == {1e-4}


def test_converting_gives_the_shipped_file(dat: Path, shipped: Path, tmp_path: Path) -> None:
    out = tmp_path / "new folder" / "converted.safetensors"
    convert_dlib_weights(dat, out)
    assert out.read_bytes() == shipped.read_bytes()
    assert list(out.parent.iterdir()) == [out]


def test_shipped_file_says_where_it_comes_from(dat: Path, shipped: Path) -> None:
    with safe_open(shipped, framework="np") as file:
        provenance = json.loads(file.metadata()["mmod"])["provenance"]
    assert provenance["source_sha256"] == hashlib.sha256(dat.read_bytes()).hexdigest()
    assert provenance["licence"] == "CC0-1.0"


def test_saved_weights_come_back(shipped: Path, tmp_path: Path) -> None:
    parameters = load_weights(shipped)
    changed = replace(parameters, mean_rgb=(1.0, 2.0, 3.0), window_px=(60, 70))
    save_weights(changed, {}, tmp_path / "changed.safetensors")
    loaded = load_weights(tmp_path / "changed.safetensors")
    assert loaded.mean_rgb == (1.0, 2.0, 3.0)
    assert loaded.window_px == (60, 70)
    for ours, theirs in zip(loaded.affines, parameters.affines, strict=True):
        np.testing.assert_array_equal(ours.gamma, theirs.gamma)
        np.testing.assert_array_equal(ours.running_variance, theirs.running_variance)


def test_truncated_dlib_files_are_named(dat: Path, tmp_path: Path) -> None:
    data = dat.read_bytes()
    broken = tmp_path / "broken.dat"
    for size in (0, 1, 5, 60, 200, 5000, len(data) // 2, len(data) - 1):
        broken.write_bytes(data[:size])
        with pytest.raises(
            DlibFileError, match=r"broken\.dat.*the file ends after.*fetch it again"
        ):
            read_dlib_network(broken)


def test_damaged_dlib_files_are_refused(dat: Path, tmp_path: Path) -> None:
    """A byte changed in the structure (not in a weight) is noticed and its place is told."""
    data = dat.read_bytes()
    broken = tmp_path / "broken.dat"
    for marker in (b"loss_mmod_", b"input_rgb_image_pyramid", b"con_4", b"bn_con2", b"relu_"):
        broken.write_bytes(data.replace(marker, marker[:-1] + b"?", 1))
        with pytest.raises(DlibFileError, match=r"expected .*at byte \d+"):
            read_dlib_network(broken)


def test_foreign_dlib_files_are_refused(dat: Path, shipped: Path, tmp_path: Path) -> None:
    text = tmp_path / "page.dat"
    text.write_text("<html>404 Not Found</html>")
    longer = tmp_path / "longer.dat"
    longer.write_bytes(dat.read_bytes() + b"\x01\x01")
    with pytest.raises(DlibFileError, match=r"page\.dat is not dlib's"):
        read_dlib_network(text)
    with pytest.raises(DlibFileError, match="2 bytes are left over"):
        read_dlib_network(longer)
    with pytest.raises(DlibFileError, match="is not dlib's"):
        read_dlib_network(shipped)
    with pytest.raises(DlibFileError, match=r"cannot read.*absent\.dat: No such file"):
        read_dlib_network(tmp_path / "absent.dat")
    with pytest.raises(DlibFileError, match=r"cannot read.*directory"):
        read_dlib_network(tmp_path)


def test_failed_conversion_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "page.dat").write_text("no network")
    with pytest.raises(DlibFileError):
        convert_dlib_weights(tmp_path / "page.dat", tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_unusable_weights_files_are_named(shipped: Path, dat: Path, tmp_path: Path) -> None:
    truncated = tmp_path / "truncated.safetensors"
    for size in (0, 100, 5000, shipped.stat().st_size - 1):
        truncated.write_bytes(shipped.read_bytes()[:size])
        with pytest.raises(DetectorWeightsError, match=r"truncated\.safetensors .*import-detector"):
            load_weights(truncated)
    with pytest.raises(
        DetectorWeightsError, match=r"no readable safetensors file.*import-detector"
    ):
        load_weights(dat)
    with pytest.raises(DetectorWeightsError, match=r"no face detector weights at .*absent"):
        build_face_detector("mmod", weights=tmp_path / "absent.safetensors")
    with pytest.raises(DetectorWeightsError, match="no face detector weights at"):
        load_weights(tmp_path)


@pytest.mark.parametrize(
    "metadata", [None, {"format": "pt"}, {"mmod": "{"}, {"mmod": '{"format": "other"}'}]
)
def test_foreign_safetensors_are_refused(metadata: dict[str, str] | None, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"weight": np.zeros(3, np.float32)}, path, metadata)
    with pytest.raises(DetectorWeightsError, match=r"other\.safetensors.*not a face detector"):
        load_weights(path)


def test_tensors_that_do_not_fit_are_named(shipped: Path, tmp_path: Path) -> None:
    with safe_open(shipped, framework="np") as file:
        metadata = file.metadata()
    path = tmp_path / "edited.safetensors"

    tensors = load_file(shipped)
    del tensors["affine.3.beta"]
    save_file(tensors, path, metadata)
    with pytest.raises(DetectorWeightsError, match=r"edited\.safetensors.*affine\.3\.beta"):
        load_weights(path)

    tensors = load_file(shipped)
    tensors["convolution.2.weight"] = tensors["convolution.2.weight"][:, :16].copy()
    save_file(tensors, path, metadata)
    with pytest.raises(DetectorWeightsError, match="convolution 2 has weights"):
        load_weights(path)

    tensors = load_file(shipped)
    tensors["convolution.9.weight"] = np.zeros(1, np.float32)
    save_file(tensors, path, metadata)
    with pytest.raises(DetectorWeightsError, match=r"unknown tensors: convolution\.9\.weight"):
        load_weights(path)


def integer(value: int, size: int) -> bytes:
    return bytes([size]) + value.to_bytes(size, "little")


@pytest.mark.parametrize(
    ("mantissa", "exponent", "message"),
    [
        (2**63, 2000, r"9223372036854775808 \* 2\^2000 is too large"),
        (1, 2001, "2001 is no exponent"),
    ],
)
def test_numbers_that_are_too_large_are_refused(
    dat: Path, tmp_path: Path, mantissa: int, exponent: int, message: str
) -> None:
    data = dat.read_bytes()
    window = integer(1, 1) + integer(80, 1) + integer(80, 1)
    first_number = data.index(b"loss_mmod_" + window) + len(b"loss_mmod_" + window)
    broken = tmp_path / "broken.dat"
    broken.write_bytes(data[:first_number] + integer(mantissa, 8) + integer(exponent, 2))
    with pytest.raises(DlibFileError, match=rf"broken\.dat .*{message}"):
        read_dlib_network(broken)


@pytest.mark.parametrize("text", ["[]", "7", "[" * 100_000, '{"format": []}'])
def test_a_description_of_another_kind_is_refused(shipped: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "edited.safetensors"
    save_file(load_file(shipped), path, {"mmod": text})
    with pytest.raises(DetectorWeightsError, match=r"edited\.safetensors.*not a face detector"):
        load_weights(path)
