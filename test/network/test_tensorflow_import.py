"""The authors' checkpoint becomes the network's parameters, or the error says why it cannot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from glamor_ros.network.architecture import Architecture, stored_values
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from glamor_ros.network.weights.tensorflow_checkpoint import (
    TensorFlowCheckpoint,
    TensorFlowCheckpointError,
)
from glamor_ros.network.weights.tensorflow_import import (
    GlamorImportError,
    import_tensorflow_checkpoint,
)

from .bundle_writer import write_checkpoint
from .published_checkpoint import (
    PAPER_VALUES,
    PUBLISHED_VALUES,
    SUFFIX,
    published_shapes,
    random_variables,
)

Variables = dict[str, np.ndarray]


@pytest.fixture
def import_variables(tmp_path: Path) -> Callable[[Variables], Checkpoint]:
    def write_and_import(variables: Variables) -> Checkpoint:
        write_checkpoint(tmp_path / "Model", variables, shards=2)
        return import_tensorflow_checkpoint(TensorFlowCheckpoint(tmp_path / "Model"))

    return write_and_import


@pytest.mark.parametrize(("units", "values"), [(128, PUBLISHED_VALUES), (256, PAPER_VALUES)])
def test_units_and_size_come_from_the_file(
    import_variables: Callable[[Variables], Checkpoint], units: int, values: int
) -> None:
    checkpoint = import_variables(random_variables(units))
    assert checkpoint.architecture == Architecture(classifier_units=units)
    assert stored_values(checkpoint.network) == values
    assert checkpoint.input_spec == InputSpec(
        face_size=(96, 96), context_resize=(128, 171), context_crop=(112, 112), face_box_scale=1.0
    )
    assert not checkpoint.network.training


def test_every_value_arrives_once(import_variables: Callable[[Variables], Checkpoint]) -> None:
    """Each value is the number of its own, so that none can be lost, doubled or swapped."""
    variables: Variables = {}
    start = 1
    for name, shape in published_shapes().items():
        size = int(np.prod(shape))
        variables[name] = np.arange(start, start + size, dtype=np.float32).reshape(shape)
        start += size
    assert start <= 2**24, "float32 must hold the numbers exactly"

    state = import_variables(variables).network.state_dict()
    floats = [value.flatten() for value in state.values() if value.is_floating_point()]
    np.testing.assert_array_equal(np.sort(torch.cat(floats).numpy()), np.arange(1, start))

    def parameter(name: str) -> np.ndarray:
        return state[name].numpy()

    kernel = variables[f"FaceEncodingNet/blocks/2/conv/kernel{SUFFIX}"]
    convolution = parameter("face_encoder.blocks.2.convolution.weight")
    assert convolution[5, 7, 0, 2] == kernel[0, 2, 7, 5]
    dense = variables[f"attention_fc1/kernel{SUFFIX}"]
    assert parameter("attention.face_projection.weight")[9, 250] == dense[250, 9]
    assert parameter("attention.context_projection.weight")[9, 4] == dense[256 + 4, 9]
    norm = "context_encoder.blocks.4.normalization"
    for keras, pytorch in (
        ("gamma", "weight"),
        ("beta", "bias"),
        ("moving_mean", "running_mean"),
        ("moving_variance", "running_var"),
    ):
        np.testing.assert_array_equal(
            parameter(f"{norm}.{pytorch}"),
            variables[f"ContextEncodingNet/blocks/4/bn/{keras}{SUFFIX}"],
        )


def test_training_state_is_left_out(import_variables: Callable[[Variables], Checkpoint]) -> None:
    variables = random_variables()
    expected = import_variables(variables).network.state_dict()
    count = np.array(3, np.int64)
    moment = np.ones((512, 128), np.float32)
    found = import_variables(
        variables
        | {
            f"save_counter{SUFFIX}": count,
            f"optimizer/iter{SUFFIX}": count,
            f"optimizer/learning_rate{SUFFIX}": np.array([0.1], np.float32),
            f"keras_api/metrics/0/total{SUFFIX}": np.array([0.1], np.float32),
            f"final_fc1/kernel/.OPTIMIZER_SLOT/optimizer/momentum{SUFFIX}": moment,
        }
    ).network.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_absent_variables_are_named(import_variables: Callable[[Variables], Checkpoint]) -> None:
    variables = random_variables()
    del variables[f"attention_fc2/kernel{SUFFIX}"]
    del variables[f"FaceEncodingNet/blocks/3/bn/moving_variance{SUFFIX}"]
    with pytest.raises(GlamorImportError) as raised:
        import_variables(variables)
    message = str(raised.value)
    assert "attention_fc2/kernel is missing (expected shape [128, 1])" in message
    assert (
        "FaceEncodingNet/blocks/3/bn/moving_variance is missing (expected shape [256])" in message
    )


def test_misshapen_variable_is_named(import_variables: Callable[[Variables], Checkpoint]) -> None:
    variables = random_variables()
    name = "ContextEncodingNet/blocks/1/conv/kernel"
    variables[name + SUFFIX] = np.ones((3, 3, 64, 32), np.float32)
    with pytest.raises(GlamorImportError) as raised:
        import_variables(variables)
    assert f"{name} has shape [3, 3, 64, 32], expected [3, 3, 32, 64];" in str(raised.value)


def test_classifier_of_contradictory_size(
    import_variables: Callable[[Variables], Checkpoint],
) -> None:
    variables = random_variables(128)
    name = f"final_classify/kernel{SUFFIX}"
    variables[name] = random_variables(64)[name]
    with pytest.raises(GlamorImportError, match=r"final_classify/kernel has shape \[64, 7\]"):
        import_variables(variables)


@pytest.mark.parametrize("shape", [(512,), (512, 0)])
def test_classifier_without_a_size(
    import_variables: Callable[[Variables], Checkpoint], shape: tuple[int, ...]
) -> None:
    variables = random_variables()
    variables[f"final_fc1/kernel{SUFFIX}"] = np.ones(shape, np.float32)
    with pytest.raises(GlamorImportError, match=r"final_fc1/kernel has shape .* expected \[512, "):
        import_variables(variables)


def test_wrong_type_is_named(import_variables: Callable[[Variables], Checkpoint]) -> None:
    variables = random_variables()
    name = f"final_fc1/bias{SUFFIX}"
    variables[name] = variables[name].astype(np.float16)
    with pytest.raises(GlamorImportError, match="final_fc1/bias is of type float16"):
        import_variables(variables)


def test_foreign_network_is_named(import_variables: Callable[[Variables], Checkpoint]) -> None:
    with pytest.raises(GlamorImportError, match=r"valence/kernel is unknown"):
        import_variables(
            random_variables() | {f"valence/kernel{SUFFIX}": np.ones((256, 1), np.float32)}
        )
    with pytest.raises(GlamorImportError, match=r"is missing .* \(and 77 more\)"):
        import_variables(
            {f"layer_with_weights-{i}/bias{SUFFIX}": np.ones(1, np.float32) for i in range(2)}
        )


def test_values_that_are_not_finite(import_variables: Callable[[Variables], Checkpoint]) -> None:
    variables = random_variables()
    variables[f"face_weight1/kernel{SUFFIX}"][3, 4] = np.nan
    with pytest.raises(GlamorImportError, match="face_weight1/kernel holds values that are not"):
        import_variables(variables)


def test_damaged_values(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "Model", random_variables())
    shard = tmp_path / "Model.data-00000-of-00001"
    data = bytearray(shard.read_bytes())
    data[-3] ^= 1
    shard.write_bytes(data)
    with pytest.raises(TensorFlowCheckpointError, match="'final_classify/bias"):
        import_tensorflow_checkpoint(TensorFlowCheckpoint(tmp_path / "Model"))


def test_saved_checkpoint_says_where_it_comes_from(
    tmp_path: Path, import_variables: Callable[[Variables], Checkpoint]
) -> None:
    imported = import_variables(random_variables(256))
    save_checkpoint(imported, tmp_path / "imported.safetensors")
    loaded = load_checkpoint(tmp_path / "imported.safetensors")
    assert loaded.provenance["sha256"] == {
        name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        for name in ("Model.index", "Model.data-00000-of-00002", "Model.data-00001-of-00002")
    }
    assert loaded.provenance["importer"] == "glamor_ros.glamor_import.1"
    assert loaded.architecture.classifier_units == 256
    expected = imported.network.state_dict()
    for name, value in loaded.network.state_dict().items():
        assert torch.equal(value, expected[name]), name
