"""Checkpoints come back as they were, and damaged ones are refused with a reason."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.input_spec import InputSpec, InputSpecError
from glamor_ros.network.weights.checkpoint import (
    FORMAT,
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    architecture = Architecture(classifier_units=256)
    spec = InputSpec(face_box_scale=1.25)
    network = build_glamor_net(architecture)
    path = tmp_path / "weights.safetensors"
    save_checkpoint(Checkpoint(network, architecture, spec, {"source": "a test"}), path)
    return path


def metadata_of(path: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return dict(file.metadata())


def rewrite(path: Path, **changes: str) -> None:
    metadata = metadata_of(path) | changes
    save_file(load_file(path), path, metadata)


def test_everything_comes_back(saved: Path) -> None:
    torch.manual_seed(0)
    expected = build_glamor_net(Architecture(classifier_units=256)).eval()
    checkpoint = load_checkpoint(saved)
    assert checkpoint.architecture == Architecture(classifier_units=256)
    assert checkpoint.input_spec == InputSpec(face_box_scale=1.25)
    assert checkpoint.provenance == {"source": "a test"}
    assert not checkpoint.network.training
    faces, contexts = torch.rand(2, 3, 96, 96), torch.rand(2, 3, 112, 112)
    with torch.inference_mode():
        assert torch.equal(
            checkpoint.network(faces, contexts).logits, expected(faces, contexts).logits
        )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no weights file at .*absent\.safetensors"):
        load_checkpoint(tmp_path / "absent.safetensors")


@pytest.mark.parametrize("kept", [0, 5, 1000, -1])
def test_a_truncated_file_is_refused(saved: Path, kept: int) -> None:
    saved.write_bytes(saved.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"weights\.safetensors .*truncated"):
        load_checkpoint(saved)


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"weights": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match=r"model\.pt .*no readable safetensors"):
        load_checkpoint(path)


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file({"a": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match="not a glamor_ros checkpoint"):
        load_checkpoint(path)


def test_tensors_that_do_not_fit_are_named(saved: Path) -> None:
    tensors, metadata = load_file(saved), metadata_of(saved)
    del tensors["attention.score.bias"]
    tensors["classifier.3.weight"] = torch.zeros(7, 99)
    tensors["stranger"] = torch.zeros(1)
    save_file(tensors, saved, metadata)
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(saved)
    for part in (
        "attention.score.bias is missing",
        "classifier.3.weight has shape (7, 99), expected (7, 256)",
        "stranger is unknown",
    ):
        assert part in str(error.value)


def test_tensors_of_whole_numbers_are_refused(saved: Path) -> None:
    tensors, metadata = load_file(saved), metadata_of(saved)
    tensors["classifier.3.weight"] = tensors["classifier.3.weight"].to(torch.int32)
    save_file(tensors, saved, metadata)
    with pytest.raises(CheckpointError, match=r"classifier\.3\.weight is of type I32, expected"):
        load_checkpoint(saved)


def test_half_precision_is_read_as_single(saved: Path) -> None:
    tensors, metadata = load_file(saved), metadata_of(saved)
    save_file({name: one.half() for name, one in tensors.items()}, saved, metadata)
    found = load_checkpoint(saved).network.state_dict()
    assert found["classifier.3.weight"].dtype == torch.float32
    assert torch.equal(found["classifier.3.bias"], tensors["classifier.3.bias"].half().float())


def test_values_that_are_not_finite_are_refused(saved: Path) -> None:
    tensors, metadata = load_file(saved), metadata_of(saved)
    tensors["classifier.3.bias"][2] = float("nan")
    save_file(tensors, saved, metadata)
    with pytest.raises(CheckpointError, match=r"classifier\.3\.bias holds values that are not"):
        load_checkpoint(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, f"expected '{FORMAT}'"),
        ({"architecture": "{"}, "metadata cannot be used"),
        ({"architecture": '{"encoder": "transformer"}'}, "unknown encoder 'transformer'"),
        ({"architecture": '{"layers": 5}'}, "metadata cannot be used .* no 'layers'"),
        ({"architecture": '{"family": "caer_net_s"}'}, "does not fit .* is missing"),
        ({"architecture": "[5]"}, "metadata cannot be used"),
        ({"input_spec": '{"context_faces": "blurred"}'}, "unknown context_faces 'blurred'"),
        ({"input_spec": '{"face_margin": 5}'}, "an input spec has no 'face_margin'"),
        (
            {"input_spec": '{"face_size": 96}'},
            "cannot be used .*face_size is 96, expected",
        ),
        ({"input_spec": '{"face_size": [96.5, 96]}'}, "face_size is .96.5, 96., expected"),
        ({"input_spec": '{"face_size": [100000, 96]}'}, "face_size is .* 1 to 1024"),
        ({"input_spec": '{"context_resize": [128, 1025]}'}, "context_resize is .* 1 to 1024"),
        ({"input_spec": '{"face_box_scale": 1e999}'}, "face_box_scale is inf"),
        ({"architecture": '{"classifier_units": 10000000}'}, "classifier_units is 10000000; it"),
        ({"architecture": '{"classifier_units": 256.0}'}, "classifier_units is 256.0, expected a"),
        ({"architecture": '{"classifier_units": 16384}'}, r"classifier\.0\.bias has shape"),
        ({"architecture": '{"encoder": ["original"]}'}, "encoder is .'original'., expected a name"),
        ({"classes": "[1, null]"}, "trained for the classes 1, None"),
        ({"classes": "7"}, "'classes' is 7, expected a list"),
        ({"provenance": "[1]"}, "'provenance' is .1., expected an object"),
        ({"provenance": "[" * 100_000}, "'provenance' is no JSON"),
        ({"classes": '["Sad", "Happy"]'}, "trained for the classes Sad, Happy"),
        ({"input_spec": '{"face_box_scale": 1, "face_size": [0, 96]}'}, "face_size is"),
        ({"input_spec": '{"face_box_scale": "wide"}'}, "metadata cannot be used"),
        ({"provenance": "text"}, "metadata cannot be used"),
    ],
)
def test_metadata_that_cannot_be_used_is_refused(
    saved: Path, changes: dict[str, str], message: str
) -> None:
    rewrite(saved, **changes)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(saved)


def test_files_from_before_there_were_variants_still_load(saved: Path) -> None:
    rewrite(
        saved,
        architecture=json.dumps(
            {
                "encoder": "original",
                "attention": "global_local",
                "fusion": "fusion_net",
                "classifier_units": 256,
            }
        ),
        input_spec=json.dumps(
            {
                "face_size": [96, 96],
                "context_resize": [128, 171],
                "context_crop": [112, 112],
                "face_box_scale": 1.25,
            }
        ),
    )
    checkpoint = load_checkpoint(saved)
    assert checkpoint.architecture == Architecture(classifier_units=256)
    assert checkpoint.input_spec == InputSpec(face_box_scale=1.25, context_faces="masked")


def test_metadata_is_readable_without_this_package(saved: Path) -> None:
    metadata = metadata_of(saved)
    assert json.loads(metadata["classes"])[3] == "Happy"
    assert json.loads(metadata["input_spec"])["context_resize"] == [128, 171]


def test_an_unwritable_place_is_named_and_leaves_nothing(saved: Path) -> None:
    checkpoint = load_checkpoint(saved)
    before = saved.read_bytes()
    blocked = saved.parent / "folder.safetensors"
    blocked.mkdir()
    with pytest.raises(OSError, match=r"cannot write .*folder\.safetensors"):
        save_checkpoint(checkpoint, blocked)
    assert sorted(p.name for p in saved.parent.iterdir()) == [
        "folder.safetensors",
        "weights.safetensors",
    ]
    assert saved.read_bytes() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"context_crop": (129, 112)},
        {"face_size": (96, 0)},
        {"face_box_scale": 0.1},
        {"face_box_scale": float("nan")},
        {"context_faces": "blurred"},
    ],
)
def test_impossible_input_specs_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InputSpecError, match=next(iter(fields))):
        InputSpec(**fields)  # type: ignore[arg-type]
