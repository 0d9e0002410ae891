"""The own face is left out of each person's attention; the rest is weighed as if alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from glamor_ros.network.attention import ATTENTIONS, ContextEncoding, cells_of_own_face

from .variants import VARIANTS, lively_network

SIDE_PX, CELLS = 112, 7
CELL_PX = SIDE_PX // CELLS
WITH_CONTEXT = sorted(VARIANTS.keys() - {"face", "mobilenet_v2", "resnet18"})

REPEATABLE = settings(deadline=None, derandomize=True)

Rectangle = tuple[int, int, int, int]


def face_at(top: int, bottom: int, left: int, right: int) -> Tensor:
    """One person's face in the context, (1, 112, 112), edges in pixels."""
    face = torch.zeros(1, SIDE_PX, SIDE_PX, dtype=torch.bool)
    face[:, top:bottom, left:right] = True
    return face


def left_out_cells(face: Tensor) -> set[tuple[int, int]]:
    """Rows and columns."""
    cells = cells_of_own_face(face, CELLS, CELLS).view(CELLS, CELLS)
    return {(int(row), int(column)) for row, column in cells.nonzero()}


@st.composite
def rectangles(draw: st.DrawFn) -> Rectangle:
    """Top, bottom, left, right; from nothing to the whole context."""
    edges = st.lists(st.integers(0, SIDE_PX), min_size=2, max_size=2).map(sorted)
    (top, bottom), (left, right) = draw(edges), draw(edges)
    return top, bottom, left, right


@pytest.mark.parametrize(
    ("rectangle", "expected"),
    [
        ((16, 48, 32, 64), {(1, 2), (1, 3), (2, 2), (2, 3)}),
        ((40, 40, 40, 40), set()),
        # A quarter of the cell, and a pixel's column less.
        ((0, 8, 0, 8), {(0, 0)}),
        ((0, 8, 0, 7), set()),
        # As large as a cell, in the middle of four.
        ((8, 24, 8, 24), {(0, 0), (0, 1), (1, 0), (1, 1)}),
        # The whole context is face: there is nothing else to look at.
        ((0, 112, 0, 112), set()),
        # Half of the last column is not: it is all there is besides.
        ((0, 112, 0, 104), {(row, column) for row in range(7) for column in range(6)}),
    ],
)
def test_which_cells_a_face_covers(rectangle: Rectangle, expected: set[tuple[int, int]]) -> None:
    assert left_out_cells(face_at(*rectangle)) == expected


@REPEATABLE
@given(rectangles(), st.sampled_from([1, 2, 4, 7]), st.sampled_from([1, 3, 7]))
def test_never_all_cells(rectangle: Rectangle, height: int, width: int) -> None:
    left_out = cells_of_own_face(face_at(*rectangle), height, width)
    assert left_out.shape == (1, height * width)
    assert not left_out.all()


@REPEATABLE
@given(rectangles(), rectangles())
def test_a_larger_face_leaves_out_more(one: Rectangle, other: Rectangle) -> None:
    """As long as there is a cell beside it; the union is the larger face."""
    inner, outer = face_at(*one), face_at(*one) | face_at(*other)
    outer[:, :CELL_PX, :CELL_PX] = inner[:, :CELL_PX, :CELL_PX] = False
    assert left_out_cells(inner) <= left_out_cells(outer)


@REPEATABLE
@given(rectangles())
def test_a_mirrored_face_leaves_out_the_mirrored_cells(rectangle: Rectangle) -> None:
    face = face_at(*rectangle)
    cells = cells_of_own_face(face, CELLS, CELLS).view(1, CELLS, CELLS)
    mirrored = cells_of_own_face(face.flip(2), CELLS, CELLS).view(1, CELLS, CELLS)
    assert torch.equal(mirrored, cells.flip(2))


@REPEATABLE
@given(st.integers(0, 96), st.integers(0, 96), st.integers(16, 40))
def test_a_face_of_a_cell_s_size_is_never_overlooked(top: int, left: int, side: int) -> None:
    assert left_out_cells(face_at(top, top + side, left, left + side))


def test_people_are_told_apart() -> None:
    faces = torch.cat([face_at(0, 16, 0, 16), face_at(0, 0, 0, 0), face_at(96, 112, 96, 112)])
    left_out = cells_of_own_face(faces, CELLS, CELLS)
    assert left_out.nonzero().tolist() == [[0, 0], [2, 48]]


@pytest.mark.parametrize("kind", ATTENTIONS)
def test_the_other_cells_share_the_weight_as_before(kind: str) -> None:
    """A masked softmax: the weights of the rest, renormalised."""
    torch.manual_seed(0)
    attention = ATTENTIONS[kind](32, 24).eval()
    cells = 9 * torch.rand(5, 49, 24)
    context = ContextEncoding(cells, attention.project(cells, 7, 7), 7, 7)
    faces, left_out = torch.rand(5, 32), torch.rand(5, 49) < 0.4
    left_out[3], left_out[4] = False, torch.arange(49) != 17
    with torch.inference_mode():
        everywhere, weights = attention(faces, context), attention(faces, context, left_out)
    rest = everywhere.masked_fill(left_out, 0)
    assert torch.allclose(weights, rest / rest.sum(1, keepdim=True), atol=1e-6)
    assert (weights[left_out] == 0).all()
    assert (weights[~left_out] > 0).all()
    assert torch.equal(weights[3], everywhere[3])
    assert weights[4, 17] == 1


def test_a_cell_without_any_weight_takes_it_all_when_the_rest_is_left_out() -> None:
    """The weights of the rest need not be above 0 in their precision."""
    attention = ATTENTIONS["context_only"](8, 8)
    scores = torch.tensor([[0.0, -200.0, 100.0]]).unsqueeze(-1)
    context = ContextEncoding(torch.rand(1, 3, 8), scores, 1, 3)
    weights = attention(torch.rand(1, 8), context, torch.tensor([[True, False, True]]))
    assert weights.tolist() == [[0, 1, 0]]


@pytest.mark.parametrize("name", WITH_CONTEXT)
def test_what_the_own_face_s_cells_hold_changes_nothing(name: str) -> None:
    network = lively_network(VARIANTS[name])
    generator = torch.Generator().manual_seed(1)
    faces = torch.rand(3, 3, 96, 96, generator=generator)
    contexts = torch.rand(1, 3, SIDE_PX, SIDE_PX, generator=generator)
    own_faces = torch.cat([face_at(0, 40, 0, 40), face_at(60, 112, 50, 90), face_at(0, 0, 0, 0)])
    with torch.inference_mode():
        context = network.encode_context(contexts).for_people(torch.zeros(3, dtype=torch.int64))
        vectors = network.encode_faces(faces)
        left_out = cells_of_own_face(own_faces, CELLS, CELLS)
        chosen = left_out.unsqueeze(-1)
        other = ContextEncoding(
            torch.where(chosen, 7.0, context.cells),
            torch.where(chosen, 7.0, context.projection),
            CELLS,
            CELLS,
        )
        found = network.recognize(vectors, context, left_out)
        changed = network.recognize(vectors, other, left_out)
        whole = network(faces, contexts, torch.zeros(3, dtype=torch.int64), own_faces)
        unmasked = network(faces, contexts, torch.zeros(3, dtype=torch.int64))
    assert torch.equal(found.logits, changed.logits)
    assert torch.equal(whole.logits, found.logits)
    assert (found.logits[:2] - unmasked.logits[:2]).abs().amax(dim=1).min() > 1e-6
    assert torch.equal(found.logits[2], unmasked.logits[2])
    assert found.attention is not None
    assert (found.attention.flatten(1)[left_out] == 0).all()


def test_a_network_without_a_context_leaves_nothing_out() -> None:
    network = lively_network(VARIANTS["face"])
    faces, contexts = torch.rand(1, 3, 96, 96), torch.rand(1, 3, SIDE_PX, SIDE_PX)
    with torch.inference_mode():
        with_mask = network(faces, contexts, None, face_at(0, 50, 0, 50))
        assert torch.equal(with_mask.logits, network(faces, contexts).logits)
