"""The share of attention on a face, and what is lost without the scene."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.glamor_net import GlamorNet
from glamor_ros.training.data.emotion_dataset import NetworkInputs
from glamor_ros.training.evaluation.attention_share import (
    BATCH_SIZE,
    attention_share,
    cells_of_face,
    scene_effect,
    with_even_attention,
)


def place(top: int, bottom: int, left: int, right: int) -> torch.Tensor:
    """A face in one person's context, (1, 112, 112), edges in pixels."""
    at = torch.zeros(1, 112, 112, dtype=torch.bool)
    at[:, top:bottom, left:right] = True
    return at


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ((16, 48, 32, 64), {(1, 2), (1, 3), (2, 2), (2, 3)}),
        # Smaller than a quarter of a cell: where most of it is.
        ((32, 38, 48, 54), {(2, 3)}),
        ((30, 34, 46, 54), {(1, 3), (2, 3)}),
        # Beside the context.
        ((0, 0, 0, 0), set()),
        ((0, 112, 0, 112), {(row, column) for row in range(7) for column in range(7)}),
    ],
)
def test_which_cells_show_a_face(
    edges: tuple[int, int, int, int], expected: set[tuple[int, int]]
) -> None:
    cells = cells_of_face(place(*edges), 7, 7)
    assert {(int(row), int(column)) for _, row, column in cells.nonzero()} == expected


def test_shares_of_known_maps() -> None:
    """Own face 4 cells, other face 9 cells: of 45 cells 9 are the other's."""
    own, other = place(0, 32, 0, 32), place(48, 96, 48, 96)
    even = torch.ones(1, 7, 7)
    even[:, :2, :2] = 0
    even /= 45
    share = attention_share(even, other, own)
    assert share.attention.item() == pytest.approx(0.2)
    assert share.even.item() == pytest.approx(0.2)
    assert share.times_even == pytest.approx(1.0)
    peak = torch.zeros(1, 7, 7)
    peak[:, 4, 4], peak[:, 6, 6] = 0.75, 0.25
    assert attention_share(peak, other, own).times_even == pytest.approx(0.75 / 0.2)
    without_own = attention_share(peak, other, None)
    assert without_own.even.item() == pytest.approx(9 / 49)


def test_cells_of_the_own_face_are_not_the_other_s() -> None:
    own, other = place(0, 32, 0, 32), place(0, 32, 16, 48)
    share = attention_share(torch.full((1, 7, 7), 1 / 49), other, own)
    assert share.even.item() == pytest.approx(2 / 45)
    assert share.attention.item() == pytest.approx(2 / 49)


def test_a_face_outside_of_the_context_gets_nothing() -> None:
    share = attention_share(torch.full((1, 7, 7), 1 / 49), place(0, 0, 0, 0), None)
    assert share.attention.item() == share.even.item() == 0


def inputs(people: int) -> NetworkInputs:
    torch.manual_seed(1)
    own = torch.cat([place(16 * (i % 4), 16 * (i % 4) + 32, 16, 48) for i in range(people)])
    return NetworkInputs(torch.rand(people, 3, 96, 96), torch.rand(people, 3, 112, 112), own)


def network_used_to(given: NetworkInputs) -> GlamorNet:
    """A network whose normalisations fit these inputs, so that their differences reach the end."""
    torch.manual_seed(0)
    network = build_glamor_net(Architecture())
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network(*given[:2], own_faces=given.own_faces)
        network.attention.score.weight.mul_(20)  # type: ignore[union-attr, operator]
        network.classifier[-1].weight.mul_(20)  # type: ignore[index]
    return network.eval()


def test_even_attention_is_even_where_it_may_be() -> None:
    torch.manual_seed(0)
    network = build_glamor_net(Architecture()).eval()
    given = inputs(3)
    with torch.inference_mode():
        output = with_even_attention(network)(*given[:2], own_faces=given.own_faces)
        before = network(*given[:2], own_faces=given.own_faces)
    assert output.attention is not None
    assert before.attention is not None
    assert torch.equal(output.attention > 0, before.attention > 0)
    assert output.attention.unique().tolist() == pytest.approx([0.0, 1 / 45])
    assert torch.equal(output.face_vector, before.face_vector)


def test_effects_of_a_network_that_sees_the_scene() -> None:
    """More people than go into one batch, and each removal changes what is said of them."""
    given = inputs(BATCH_SIZE + 2)
    network = network_used_to(inputs(4))
    effect = scene_effect(network, given)
    assert given.own_faces is not None
    last = NetworkInputs(given.faces[-3:], given.contexts[-3:], given.own_faces[-3:])
    with torch.inference_mode():
        whole = network(*last[:2], own_faces=last.own_faces)
        grey = network(last.faces, torch.full_like(last.contexts, 0.5), own_faces=last.own_faces)
    assert torch.allclose(effect.probabilities[-3:], whole.probabilities, atol=1e-6)
    assert torch.allclose(effect.grey_surroundings[-3:], grey.probabilities, atol=1e-6)
    assert effect.attention.shape == (66, 7, 7)
    assert effect.face_weights is not None
    assert effect.face_weights.shape == (66,)
    for without in (effect.even_attention, effect.grey_surroundings):
        assert without.sum(dim=1) == pytest.approx(torch.ones(66), abs=1e-5)
        assert (without - effect.probabilities).abs().max() > 1e-4


def test_a_network_without_a_context_has_no_attention_to_change() -> None:
    network = build_glamor_net(Architecture(classifier_inputs="face")).eval()
    with pytest.raises(ValueError, match="no attention to make even"):
        scene_effect(network, inputs(1))
