"""The exported graphs, run by onnxruntime, compute what the network computes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

import onnx
import onnxruntime

from glamor_ros.cli.weights.conversion import export
from glamor_ros.network.architecture import Architecture
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.onnx.check import OnnxCheckError, check_onnx
from glamor_ros.network.onnx.export import (
    CONTEXT_ENCODER_FILE,
    DESCRIPTION_FILE,
    PERSON_FILE,
    export_onnx,
)
from glamor_ros.network.weights.checkpoint import Checkpoint, save_checkpoint
from glamor_ros.network.weights.tensorflow_checkpoint import TensorFlowCheckpoint
from glamor_ros.network.weights.tensorflow_import import import_tensorflow_checkpoint

from .variants import VARIANTS, lively_network


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    architecture = VARIANTS["both_global_local"]
    return Checkpoint(lively_network(architecture), architecture, InputSpec(), {"source": "made"})


@pytest.fixture(scope="module")
def exported(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("onnx") / "new"
    export_onnx(checkpoint, directory)
    return directory


def run(path: Path, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


@pytest.mark.parametrize("people", [1, 3, 8])
def test_people_who_share_a_context(checkpoint: Checkpoint, exported: Path, people: int) -> None:
    generator = np.random.default_rng(people)
    faces = generator.random((people, 3, 96, 96), np.float32)
    contexts = generator.random((1, 3, 112, 112), np.float32)
    encoded = run(exported / CONTEXT_ENCODER_FILE, contexts=contexts)
    index = np.zeros(people, np.int64)
    found = run(exported / PERSON_FILE, faces=faces, context_index=index, **encoded)
    with torch.inference_mode():
        expected = checkpoint.network(*map(torch.from_numpy, (faces, contexts, index)))
    np.testing.assert_allclose(found["probabilities"], expected.probabilities, atol=1e-4)
    np.testing.assert_allclose(found["attention"], expected.attention, atol=1e-4)
    np.testing.assert_allclose(found["fusion_weights"], expected.fusion_weights, atol=1e-4)
    assert found["attention"].shape == (people, 7, 7)


def test_the_papers_authors_network(golden_dir: Path, tmp_path: Path) -> None:
    golden = golden_dir
    source = TensorFlowCheckpoint(golden / "tensorflow_checkpoint/two_shards/Model")
    export_onnx(import_tensorflow_checkpoint(source), tmp_path)
    with np.load(golden / "glamor_reference.npz") as reference:
        face, context = (reference[name].transpose(0, 3, 1, 2) for name in ("face", "context"))
        encoded = run(tmp_path / CONTEXT_ENCODER_FILE, contexts=context)
        index = np.arange(len(face))
        found = run(tmp_path / PERSON_FILE, faces=face, context_index=index, **encoded)
        for name in ("probabilities", "attention", "fusion_weights"):
            expected = reference[name].reshape(found[name].shape)
            np.testing.assert_allclose(found[name], expected, atol=1e-5)


def test_convolutions_are_folded_and_sizes_dynamic(exported: Path) -> None:
    encoder = onnx.load(exported / CONTEXT_ENCODER_FILE)
    assert [node.op_type for node in encoder.graph.node].count("Conv") == 5
    assert "BatchNormalization" not in [node.op_type for node in encoder.graph.node]
    assert encoder.opset_import[0].version == 18
    description = json.loads((exported / DESCRIPTION_FILE).read_text())
    shapes = {
        value["name"]: value["shape"]
        for graph in description["graphs"].values()
        for value in [*graph["inputs"], *graph["outputs"]]
    }
    assert shapes == {
        "contexts": ["contexts", 3, 112, 112],
        "cells": ["contexts", 49, 256],
        "projection": ["contexts", 49, 128],
        "faces": ["people", 3, 96, 96],
        "context_index": ["people"],
        "probabilities": ["people", 7],
        "attention": ["people", 7, 7],
        "fusion_weights": ["people", 2],
    }


def test_graphs_say_what_they_need(exported: Path) -> None:
    description = json.loads((exported / DESCRIPTION_FILE).read_text())
    for name in (CONTEXT_ENCODER_FILE, PERSON_FILE):
        model = onnx.load(exported / name)
        facts = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
        assert facts["classes"] == list(EMOTIONS) == description["classes"]
        assert facts["input_spec"] == description["input_spec"]
        assert facts["input_spec"]["context_resize"] == [128, 171]
        assert facts["architecture"]["attention"] == "global_local"
        assert facts["provenance"] == {"source": "made"}


@pytest.mark.parametrize(
    ("variant", "files", "person_inputs", "person_outputs"),
    [
        ("face", [PERSON_FILE], ["faces"], ["probabilities"]),
        (
            "context_only",
            [CONTEXT_ENCODER_FILE, PERSON_FILE],
            ["cells", "projection", "context_index"],
            ["probabilities", "attention"],
        ),
    ],
)
def test_networks_without_some_parts(
    tmp_path: Path,
    variant: str,
    files: list[str],
    person_inputs: list[str],
    person_outputs: list[str],
) -> None:
    architecture = VARIANTS[variant]
    checkpoint = Checkpoint(lively_network(architecture), architecture, InputSpec())
    paths = export_onnx(checkpoint, tmp_path)
    assert [path.name for path in paths] == [*files, DESCRIPTION_FILE]
    assert check_onnx(checkpoint, tmp_path) < 1e-5
    graph = json.loads(paths[-1].read_text())["graphs"][PERSON_FILE]
    assert [one["name"] for one in graph["inputs"]] == person_inputs
    assert [one["name"] for one in graph["outputs"]] == person_outputs


def test_the_own_face_is_left_out_where_the_weights_ask_for_it(tmp_path: Path) -> None:
    architecture = VARIANTS["both_global_local"]
    spec = InputSpec(context_faces="others_visible")
    checkpoint = Checkpoint(lively_network(architecture), architecture, spec)
    paths = export_onnx(checkpoint, tmp_path)
    assert check_onnx(checkpoint, tmp_path) < 1e-5
    graph = json.loads(paths[-1].read_text())["graphs"][PERSON_FILE]
    assert graph["inputs"][-1] == {"name": "left_out", "type": "bool", "shape": ["people", 49]}
    generator = np.random.default_rng(0)
    encoded = run(
        tmp_path / CONTEXT_ENCODER_FILE, contexts=generator.random((1, 3, 112, 112), np.float32)
    )
    for people in (1, 2, 5):
        faces = generator.random((people, 3, 96, 96), np.float32)
        left_out = np.arange(49) % 7 < np.arange(people)[:, None]
        index = np.zeros(people, np.int64)
        attention = run(
            tmp_path / PERSON_FILE, faces=faces, context_index=index, left_out=left_out, **encoded
        )["attention"].reshape(people, 49)
        assert (attention[left_out] == 0).all()
        assert (attention[~left_out] > 0).all()
        np.testing.assert_allclose(attention.sum(1), 1, atol=1e-6)


def test_a_wrong_graph_does_not_pass_the_check(
    checkpoint: Checkpoint, exported: Path, tmp_path: Path
) -> None:
    for path in exported.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    model = onnx.load(tmp_path / PERSON_FILE)
    (bias,) = [one for one in model.graph.initializer if one.name.endswith("classifier.3.bias")]
    values = onnx.numpy_helper.to_array(bias).copy()
    values[3] += 0.01
    bias.CopyFrom(onnx.numpy_helper.from_array(values, bias.name))
    onnx.save(model, tmp_path / PERSON_FILE)
    with pytest.raises(OnnxCheckError, match=r"person\.onnx: probabilities differs by"):
        check_onnx(checkpoint, tmp_path)


def test_as_a_user_types_it(checkpoint: Checkpoint, tmp_path: Path) -> None:
    weights, out = tmp_path / "w.safetensors", tmp_path / "out"
    save_checkpoint(checkpoint, weights)
    app = typer.Typer()
    app.command()(export)
    result = CliRunner().invoke(app, [str(weights), str(out)])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line.split(" (")[0] for line in lines[:3]] == [
        f"wrote {out / name}" for name in (CONTEXT_ENCODER_FILE, PERSON_FILE, DESCRIPTION_FILE)
    ]
    assert lines[3].startswith("checked in onnxruntime: the outputs differ by at most ")
    assert len(lines) == 4


def test_a_network_that_the_paper_compares_with(tmp_path: Path) -> None:
    architecture = Architecture.from_fields({"family": "efficient_face"})
    checkpoint = Checkpoint(
        lively_network(architecture), architecture, InputSpec(face_size=(224, 224))
    )
    export_onnx(checkpoint, tmp_path)
    assert check_onnx(checkpoint, tmp_path) < 1e-4
