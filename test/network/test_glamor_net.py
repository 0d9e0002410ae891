"""The network's sizes, shapes and the sharing of the context."""

import pytest
import torch

from glamor_ros.network.architecture import (
    Architecture,
    ArchitectureError,
    build_glamor_net,
    stored_values,
)
from glamor_ros.network.batch_norm_folding import folded_for_inference

from .variants import lively_network


@pytest.mark.parametrize(("units", "expected"), [(128, 2_161_802), (256, 2_228_362)])
def test_size_as_published_and_as_in_the_paper(units: int, expected: int) -> None:
    assert stored_values(build_glamor_net(Architecture(classifier_units=units))) == expected


def test_shapes_and_normalisations() -> None:
    network = lively_network(Architecture())
    with torch.inference_mode():
        output = network(torch.rand(3, 3, 96, 96), torch.rand(3, 3, 112, 112))
    assert output.logits.shape == (3, 7)
    assert output.face_vector.shape == output.context_vector.shape == (3, 256)
    assert output.attention.shape == (3, 7, 7)
    assert torch.allclose(output.attention.sum((1, 2)), torch.ones(3), atol=1e-6)
    assert torch.allclose(output.fusion_weights.sum(1), torch.ones(3), atol=1e-6)
    assert torch.allclose(output.probabilities.sum(1), torch.ones(3), atol=1e-6)


def test_a_shared_context_gives_what_copies_of_it_give() -> None:
    network = lively_network(Architecture())
    faces, context = torch.rand(8, 3, 96, 96), torch.rand(1, 3, 112, 112)
    with torch.inference_mode():
        shared = network(faces, context, torch.zeros(8, dtype=torch.int64))
        copies = network(faces, context.repeat(8, 1, 1, 1))
    assert torch.allclose(shared.logits, copies.logits, atol=1e-5)
    assert torch.allclose(shared.attention, copies.attention, atol=1e-6)


def test_people_of_several_images_keep_to_their_own_context() -> None:
    network = lively_network(Architecture())
    faces, contexts = torch.rand(3, 3, 96, 96), torch.rand(2, 3, 112, 112)
    index = torch.tensor([1, 0, 1])
    with torch.inference_mode():
        together = network(faces, contexts, index)
        alone = [network(faces[i : i + 1], contexts[c : c + 1]) for i, c in enumerate(index)]
    for person, single in enumerate(alone):
        assert torch.allclose(together.logits[person], single.logits[0], atol=1e-5)


def test_a_batch_of_eight_equals_eight_single_runs() -> None:
    network = lively_network(Architecture())
    faces, contexts = torch.rand(8, 3, 96, 96), torch.rand(8, 3, 112, 112)
    with torch.inference_mode():
        batch = network(faces, contexts)
        singles = [network(faces[i : i + 1], contexts[i : i + 1]) for i in range(8)]
    for field in ("probabilities", "attention", "fusion_weights", "context_vector"):
        single = torch.cat([getattr(s, field) for s in singles])
        assert (getattr(batch, field) - single).abs().max() <= 1e-5, field


def test_the_face_changes_the_attention() -> None:
    network = lively_network(Architecture())
    with torch.inference_mode():
        context = network.encode_context(torch.rand(1, 3, 112, 112))
        vectors = torch.stack([torch.zeros(256), torch.ones(256)])
        attention = network.recognize(vectors, context.for_people(torch.tensor([0, 0]))).attention
    assert attention is not None
    assert (attention[0] - attention[1]).abs().max() > 1e-4


def test_folding_changes_nothing_but_the_speed() -> None:
    network = lively_network(Architecture())
    faces, contexts = torch.rand(2, 3, 96, 96), torch.rand(2, 3, 112, 112)
    folded = folded_for_inference(network)
    with torch.inference_mode():
        expected, found = network(faces, contexts), folded(faces, contexts)
    assert (expected.probabilities - found.probabilities).abs().max() <= 1e-5
    assert stored_values(network) == 2_161_802  # the original keeps its statistics
    assert stored_values(folded) < stored_values(network)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (Architecture(encoder="vgg"), "unknown encoder 'vgg'; this version has: original"),
        (Architecture(attention="x"), "unknown attention 'x'"),
        (Architecture(fusion="x"), "unknown fusion 'x'"),
        (Architecture(classifier_units=-1), "classifier_units is -1"),
    ],
)
def test_unknown_parts_are_named(architecture: Architecture, message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        build_glamor_net(architecture)
