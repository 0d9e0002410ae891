"""Every network of the paper's Tables 3, 4, 6 and 7."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from glamor_ros.network.architecture import (
    PAPER_CLASSIFIER_UNITS,
    Architecture,
    ArchitectureError,
    build_glamor_net,
    stored_values,
)
from glamor_ros.network.attention import ContextEncoding
from glamor_ros.network.batch_norm_folding import folded_for_inference
from glamor_ros.network.fusion import FusionAdd, FusionMax
from glamor_ros.network.glamor_net import GlamorNet, GlamorOutput
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

from .variants import VARIANTS, WITHOUT_FUSION, lively_network

TENSORS = ("logits", "face_vector", "context_vector", "attention", "fusion_weights")


@dataclass(frozen=True)
class Variant:
    name: str
    architecture: Architecture
    network: GlamorNet


@pytest.fixture(scope="module", params=list(VARIANTS))
def variant(request: pytest.FixtureRequest) -> Variant:
    """Each network once, in evaluation mode; tests leave it as it is."""
    architecture = VARIANTS[request.param]
    return Variant(request.param, architecture, lively_network(architecture))


def inputs(
    people: int, contexts: int, *, face_px: int = 64, context_px: int = 80
) -> tuple[Tensor, Tensor]:
    """Small by default, for quick tests."""
    generator = torch.Generator().manual_seed(3)
    faces = torch.rand(people, 3, face_px, face_px, generator=generator)
    return faces, torch.rand(contexts, 3, context_px, context_px, generator=generator)


def assert_equal_outputs(found: GlamorOutput, expected: GlamorOutput, tolerance: float) -> None:
    for name in TENSORS:
        one, other = getattr(found, name), getattr(expected, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert one.shape == other.shape, name
            scale = max(1.0, other.abs().max().item() if other.numel() else 0.0)
            assert not one.numel() or (one - other).abs().max() <= tolerance * scale, name


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [("original", 2_228_362), ("mobilenet_v2", 5_830_026), ("resnet18", 22_899_850)],
)
def test_sizes_are_table_7_s(encoder: str, expected: int) -> None:
    architecture = Architecture(encoder=encoder, classifier_units=PAPER_CLASSIFIER_UNITS)
    assert stored_values(build_glamor_net(architecture)) == expected


def test_shapes_and_normalisations(variant: Variant) -> None:
    name = variant.name
    with torch.inference_mode():
        output = variant.network(*inputs(3, 3, face_px=96, context_px=112))
    assert output.logits.shape == (3, 7)
    channels = {"mobilenet_v2": 1280, "resnet18": 512}.get(name, 256)
    sees_face = name not in ("context_average", "context_only")
    assert output.face_vector.shape == (3, channels if sees_face else 0)
    assert output.context_vector.shape == (3, 0 if name == "face" else channels)
    if name == "face":
        assert output.attention is None
    else:
        cells = 4 if name in ("mobilenet_v2", "resnet18") else 7
        assert output.attention is not None
        assert output.attention.shape == (3, cells, cells)
        assert output.attention.min() >= 0
        assert torch.allclose(output.attention.sum((1, 2)), torch.ones(3), atol=1e-6)
    if name in WITHOUT_FUSION:
        assert output.fusion_weights is None
    else:
        assert output.fusion_weights is not None
        assert output.fusion_weights.shape == (3, 2)
        assert torch.allclose(output.fusion_weights.sum(1), torch.ones(3), atol=1e-6)


def test_a_shared_context_gives_what_copies_of_it_give(variant: Variant) -> None:
    network = variant.network
    faces, context = inputs(4, 1)
    with torch.inference_mode():
        shared = network(faces, context, torch.zeros(4, dtype=torch.int64))
        copies = network(faces, context.repeat(4, 1, 1, 1))
    assert_equal_outputs(shared, copies, 1e-5)


def test_a_network_without_context_needs_none() -> None:
    network = lively_network(VARIANTS["face"])
    faces, contexts = inputs(3, 3)
    with torch.inference_mode():
        assert_equal_outputs(network(faces, contexts[:0]), network(faces, contexts), 0)


def test_gradients_reach_every_part(variant: Variant) -> None:
    name, network = variant.name, copy.deepcopy(variant.network).train()
    cross_entropy(network(*inputs(4, 4)).logits, torch.arange(4)).backward()
    reached = {
        parameter.split(".")[0]
        for parameter, value in network.named_parameters()
        if value.grad is not None and value.grad.abs().max() > 0
    }
    expected = {"classifier"}
    if name not in ("context_average", "context_only"):
        expected.add("face_encoder")
    if name != "face":
        expected.add("context_encoder")
    if name != "face" and "average" not in name:
        expected.add("attention")
    if name not in (*WITHOUT_FUSION, "add", "max"):
        expected.add("fusion")
    assert reached == expected
    # What gets no gradient is not there at all.
    assert {parameter.split(".")[0] for parameter, _ in network.named_parameters()} == expected
    assert all(value.grad is not None for value in network.parameters())


def test_folding_changes_nothing_but_the_speed(variant: Variant) -> None:
    folded = folded_for_inference(variant.network)
    with torch.inference_mode():
        expected, found = variant.network(*inputs(2, 2)), folded(*inputs(2, 2))
    assert_equal_outputs(found, expected, 1e-5)
    left = [m for m in folded.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert left == []
    assert not any(parameter.requires_grad for parameter in folded.parameters())


def test_checkpoints_bring_everything_back(variant: Variant, tmp_path: Path) -> None:
    network, spec = variant.network, InputSpec(context_faces="others_visible")
    save_checkpoint(Checkpoint(network, variant.architecture, spec), tmp_path / "v.safetensors")
    loaded = load_checkpoint(tmp_path / "v.safetensors")
    assert (loaded.architecture, loaded.input_spec) == (variant.architecture, spec)
    with torch.inference_mode():
        assert_equal_outputs(loaded.network(*inputs(2, 2)), network(*inputs(2, 2)), 0)


def test_the_face_guides_the_attention_and_is_not_classified() -> None:
    """Section 4.3.3: it changes what is said only where the context's cells differ."""
    network = lively_network(VARIANTS["context_global_local"])
    assert network.attention is not None
    torch.manual_seed(1)
    vectors, cells = 3 * torch.rand(2, 256), 9 * torch.rand(1, 49, 256)
    alike = cells[:, :1].expand(-1, 49, -1)
    logits = []
    for case in (cells, alike):
        context = ContextEncoding(case, network.attention.project(case, 7, 7), 7, 7)
        with torch.inference_mode():
            people = context.for_people(torch.tensor([0, 0]))
            logits.append(network.recognize(vectors, people).logits)
    assert (logits[0][0] - logits[0][1]).abs().max() > 1e-4
    assert torch.allclose(logits[1][0], logits[1][1], atol=1e-5)


@pytest.mark.parametrize("name", ["both_context_only", "caer_net_s", "both_average"])
def test_attention_without_the_face_is_the_same_for_everybody(name: str) -> None:
    network = lively_network(VARIANTS[name])
    faces, context = inputs(3, 1)
    with torch.inference_mode():
        output = network(faces, context, torch.zeros(3, dtype=torch.int64))
    assert output.attention is not None
    assert torch.equal(output.attention[0], output.attention[1])
    is_even = torch.allclose(output.attention, torch.full((3, 5, 5), 1 / 25))
    assert is_even == (name == "both_average")
    assert (output.logits[0] - output.logits[1]).abs().max() > 1e-5


def test_context_only_attention_looks_at_the_neighbours_of_a_cell() -> None:
    """3x3 convolutions on the map as it lies in the image, rows and columns not swapped."""
    network = lively_network(VARIANTS["caer_net_s"])
    assert network.attention is not None
    torch.manual_seed(1)
    cells = torch.rand(1, 3 * 5, 256)
    changed = cells.clone()
    changed[0, 2 * 5 + 4] += 1  # the last of row 2
    with torch.inference_mode():
        before, after = (network.attention.project(c, 3, 5) for c in (cells, changed))
    shift = (after - before).view(3, 5)
    # Two convolutions reach two cells far.
    assert torch.allclose(shift[:, :2], torch.zeros(3, 2), atol=1e-5)
    assert shift[:, 2:].abs().min() > 1e-4


def test_fusion_add() -> None:
    fused = FusionAdd(4, 4)(torch.tensor([[1.0, 0, 2, 5]]), torch.tensor([[3.0, 0, 1, 1]]))
    assert torch.equal(fused.vector, torch.tensor([[4.0, 0, 3, 6]]))
    assert fused.weights is not None
    assert torch.equal(fused.weights, torch.tensor([[0.5, 0.5]]))


def test_fusion_max_weighs_by_the_elements_taken() -> None:
    fused = FusionMax(4, 4)(torch.tensor([[1.0, 0, 2, 5]]), torch.tensor([[3.0, 0, 1, 1]]))
    assert torch.equal(fused.vector, torch.tensor([[3.0, 0, 2, 5]]))
    assert fused.weights is not None
    # Two of the face, one of the context, one equal.
    assert torch.equal(fused.weights, torch.tensor([[0.625, 0.375]]))


@pytest.mark.parametrize("fusion", [FusionAdd, FusionMax])
def test_elementwise_fusion_needs_equal_lengths(fusion: type[FusionAdd | FusionMax]) -> None:
    with pytest.raises(ValueError, match="got 256 features of the face and 512 of the context"):
        fusion(256, 512)


def test_caer_net_s_is_built_as_published() -> None:
    """Lee et al. (2019): its attention and fusion infer over 128 channels, as its classifier."""
    state = build_glamor_net(VARIANTS["caer_net_s"]).state_dict()
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    assert shapes["attention.hidden.convolution.weight"] == (128, 256, 3, 3)
    assert shapes["attention.score.weight"] == (1, 128, 3, 3)
    for branch in ("face", "context"):
        widths = [shapes[f"{branch}_encoder.blocks.{i}.convolution.weight"][0] for i in range(5)]
        assert widths == [32, 64, 128, 256, 256]
        assert shapes[f"fusion.{branch}_score.0.weight"] == (128, 256)
        assert shapes[f"fusion.{branch}_score.2.weight"] == (1, 128)
    assert shapes["classifier.0.weight"] == (128, 512)
    assert shapes["classifier.3.weight"] == (7, 128)


def test_a_family_fills_in_its_own_parts() -> None:
    assert Architecture.from_fields({}) == Architecture()
    assert Architecture.from_fields({"family": "caer_net_s", "classifier_units": 64}) == (
        Architecture(family="caer_net_s", attention="context_only", classifier_units=64)
    )
    baseline = Architecture.from_fields({"family": "resnet50"})
    assert (baseline.encoder, baseline.classifier_inputs) == ("resnet50", "context")


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (Architecture(family="x"), "unknown family 'x'; this version has: glamor_net, caer_net_s"),
        (Architecture(classifier_inputs="x"), "unknown classifier_inputs 'x'; .* face, context"),
        (
            Architecture(family="caer_net_s"),
            "attention 'global_local' does not belong to the family 'caer_net_s', which has "
            "'context_only'",
        ),
        (
            Architecture.from_fields({"family": "caer_net_s", "encoder": "resnet18"}),
            "encoder 'resnet18' does not belong to the family 'caer_net_s'",
        ),
        (Architecture(encoder="resnet50"), "unknown encoder 'resnet50'; this version has: orig"),
    ],
)
def test_what_cannot_be_built_is_named(architecture: Architecture, message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        build_glamor_net(architecture)


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ArchitectureError, match="no 'layers'; its fields are encoder, attention"):
        Architecture.from_fields({"layers": 5})
