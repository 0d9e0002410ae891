"""Weights files of any content are read, or refused with an error that names them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)
from glamor_ros.network.weights.tensorflow_checkpoint import (
    TensorFlowCheckpoint,
    TensorFlowCheckpointError,
)
from glamor_ros.network.weights.tensorflow_import import (
    GlamorImportError,
    import_tensorflow_checkpoint,
)

from .bundle_writer import bytes_field, entry, header, number_field, read_all, write_table

KEYS = ("architecture", "classes", "input_spec", "provenance")
FIELDS = (
    *("encoder", "attention", "fusion", "classifier_units", "family", "classifier_inputs"),
    *("face_size", "context_resize", "context_crop", "face_box_scale", "context_faces"),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
descriptions = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=3)


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The smallest network's checkpoint."""
    torch.manual_seed(0)
    architecture = Architecture(classifier_inputs="face", classifier_units=14)
    path = tmp_path_factory.mktemp("intact") / "intact.safetensors"
    save_checkpoint(Checkpoint(build_glamor_net(architecture), architecture, InputSpec()), path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "damaged.safetensors"


def header_of(content: bytes) -> dict[str, Any]:
    size = int.from_bytes(content[:8], "little")
    read: dict[str, Any] = json.loads(content[8 : 8 + size])
    return read


def with_header(content: bytes, changed: object) -> bytes:
    size = int.from_bytes(content[:8], "little")
    encoded = json.dumps(changed).encode()
    return len(encoded).to_bytes(8, "little") + encoded + content[8 + size :]


def read_or_refuse(path: Path) -> None:
    refusal = None
    try:
        load_checkpoint(path)
    except CheckpointError as error:
        refusal = str(error)
    assert refusal is None or str(path) in refusal


@pytest.mark.fuzz
@settings(max_examples=60, deadline=None, derandomize=True)
@given(key=st.sampled_from(KEYS), value=json_values | descriptions)
def test_metadata_of_any_kind(intact: bytes, damaged: Path, key: str, value: object) -> None:
    changed = header_of(intact)
    changed["__metadata__"][key] = json.dumps(value)
    damaged.write_bytes(with_header(intact, changed))
    read_or_refuse(damaged)


@pytest.mark.fuzz
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(["classifier.0.weight", "face_encoder.blocks.0.convolution.bias"]),
    field=st.sampled_from(["dtype", "shape", "data_offsets"]),
    value=json_values
    | st.lists(st.integers(-1, 2**65), max_size=4)
    | st.sampled_from(["F4", "F8_E4M3", "BOOL", "I64", "C64", "BF16"]),
)
def test_headers_of_any_kind(
    intact: bytes, damaged: Path, name: str, field: str, value: object
) -> None:
    changed = header_of(intact)
    changed[name][field] = value
    damaged.write_bytes(with_header(intact, changed))
    read_or_refuse(damaged)


@pytest.mark.fuzz
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_bytes_changed_or_cut_off(intact: bytes, damaged: Path, data: st.DataObject) -> None:
    header_bytes = 8 + int.from_bytes(intact[:8], "little")
    content = bytearray(intact)
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, header_bytes - 1))] = data.draw(st.integers(0, 255))
    damaged.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    read_or_refuse(damaged)


def test_no_memory_is_taken_for_what_a_file_only_claims(intact: bytes, tmp_path: Path) -> None:
    """A process of its own: its peak is that of these files alone."""
    for number, units in enumerate((16_000, 10_000_000, 10**30)):
        changed = header_of(intact)
        architecture = {"classifier_units": units, "encoder": "resnet18"}
        changed["__metadata__"]["architecture"] = json.dumps(architecture)
        (tmp_path / f"{number}.safetensors").write_bytes(with_header(intact, changed))
    size = 2**40
    claimed = {"a": {"dtype": "F32", "shape": [size], "data_offsets": [0, 4 * size]}}
    (tmp_path / "3.safetensors").write_bytes(with_header(save({}), claimed))
    (tmp_path / "4.safetensors").write_bytes((2**62).to_bytes(8, "little") + b"{}")
    program = """
import pathlib, resource, sys
from glamor_ros.network.weights.checkpoint import CheckpointError, load_checkpoint
paths = sorted(pathlib.Path(sys.argv[1]).iterdir())
def peak_mb(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
load_checkpoint(pathlib.Path(sys.argv[2]))
before_mb, refused = peak_mb(), 0
for path in paths:
    try: load_checkpoint(path)
    except CheckpointError: refused += 1
print(refused, peak_mb() - before_mb)
"""
    good = tmp_path.parent / "good.safetensors"
    good.write_bytes(intact)
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(good)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    refused, taken_mb = result.stdout.split()
    assert int(refused) == 5
    # 16,000 units of this network alone would be 66 MB.
    assert float(taken_mb) < 40


def test_a_claimed_number_of_shards_costs_nothing(tmp_path: Path) -> None:
    write_table(tmp_path / "Model.index", {b"": header(2**63)})
    with pytest.raises(TensorFlowCheckpointError, match=r"shard 1 of 9223372036854775808 is miss"):
        TensorFlowCheckpoint(tmp_path / "Model")


def test_a_claimed_number_of_units_costs_nothing(tmp_path: Path) -> None:
    dimensions = b"".join(bytes_field(2, number_field(1, size)) for size in (512, 2**40))
    # Of a type that the reader does not size up.
    kernel = number_field(1, 14) + bytes_field(2, dimensions)
    name = b"final_fc1/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    write_table(tmp_path / "Model.index", {b"": header(1), name: kernel})
    (tmp_path / "Model.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(GlamorImportError, match=r"final_fc1/kernel: classifier_units is 1099511"):
        import_tensorflow_checkpoint(TensorFlowCheckpoint(tmp_path / "Model"))


@pytest.mark.fuzz
@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_tensorflow_indexes_of_any_content(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """With right checksums, so that what they protect is looked at."""
    prefix = tmp_path_factory.getbasetemp() / "Fuzzed"
    shape = tuple(
        data.draw(st.lists(st.sampled_from([0, 1, 2, 2**20, 2**63, 2**64 - 1]), max_size=3))
    )
    messages = [header(1), entry(bytes(8), "float32", shape)]
    for which in data.draw(st.lists(st.integers(0, 1), max_size=4)):
        message = bytearray(messages[which])
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
        messages[which] = bytes(message)
    write_table(prefix.with_name("Fuzzed.index"), {b"": messages[0], b"word": messages[1]})
    prefix.with_name("Fuzzed.data-00000-of-00001").write_bytes(bytes(64))
    refusal = None
    try:
        read_all(TensorFlowCheckpoint(prefix))
    except TensorFlowCheckpointError as error:
        refusal = str(error)
    assert refusal is None or "Fuzzed" in refusal
