"""The share of attention on a face, and what is lost without the scene."""

from __future__ import annotations

import pytest
import torch

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.training.data.emotion_dataset import NetworkInputs
from glamor_ros.training.evaluation.attention_share import (
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
    torch.manual_seed(0)
    network = build_glamor_net(Architecture()).eval()
    with torch.no_grad():
        network.attention.score.weight.mul_(50)  # type: ignore[union-attr, operator]
    given = inputs(70)
    effect = scene_effect(network, given)
    with torch.inference_mode():
        whole = network(*given[:2], own_faces=given.own_faces)
        grey = network(given.faces, torch.full_like(given.contexts, 0.5), own_faces=given.own_faces)
    assert torch.allclose(effect.probabilities, whole.probabilities, atol=1e-6)
    assert torch.allclose(effect.grey_surroundings, grey.probabilities, atol=1e-6)
    assert effect.attention.shape == (70, 7, 7)
    assert effect.face_weights is not None
    assert effect.face_weights.shape == (70,)
    for without in (effect.even_attention, effect.grey_surroundings):
        assert without.sum(dim=1) == pytest.approx(torch.ones(70), abs=1e-5)
        assert (without - effect.probabilities).abs().max() > 1e-4


def test_a_network_without_a_context_has_no_attention_to_change() -> None:
    network = build_glamor_net(Architecture(classifier_inputs="face")).eval()
    with pytest.raises(ValueError, match="no attention to make even"):
        scene_effect(network, inputs(1))
