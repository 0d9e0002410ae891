"""Made surroundings for faces that come without any.

Contexts are (N, 3, 112, 112) in [0, 1] with the place of the face set to zero, as the network sees
them. Neither data set has scenes, so they are put together: plain colours, gradients and strongly
changed photographs, which tell nothing of the emotion. Half of them contain a few other faces, half
of which share the person's emotion: that people who are together often feel alike is all that this
context can teach.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

CONTEXT_SIZE_PX = 112
NEIGHBOURS = 3
ALIKE_PROBABILITY = 0.5


class Surroundings:
    """A source of made contexts, drawn at random.

    Args:
        pool: Faces (M, 3, h, w), uint8, that may appear in them.
        labels: The emotions of these faces, (M,).
        generator: The source of everything that is drawn.
    """

    def __init__(self, pool: Tensor, labels: Tensor, generator: torch.Generator) -> None:
        self._pool = pool
        self._generator = generator
        self._of_class = [
            (labels == label).nonzero().flatten() for label in range(int(labels.max()) + 1)
        ]

    def draw(self, labels: Tensor) -> Tensor:
        """A context (3, 112, 112) for each person, given the people's emotions, labels (N,)."""
        count = len(labels)
        contexts = torch.where(self._chance(count, 0.3), self._plain(count), self._scenery(count))
        in_company = self._uniform(count) < 0.5
        contexts[in_company] = self._with_neighbours(contexts[in_company], labels[in_company])
        return hide_box(contexts, *self._boxes(count))

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self._generator)

    def _chance(self, count: int, probability: float) -> Tensor:
        return (self._uniform(count) < probability).view(-1, 1, 1, 1)

    def _plain(self, count: int) -> Tensor:
        corners = self._uniform(count, 3, 2, 2)
        single = self._uniform(count, 3, 1, 1).expand(-1, -1, 2, 2)
        small = torch.where(self._chance(count, 0.5), single, corners)
        side = CONTEXT_SIZE_PX
        return functional.interpolate(small, (side, side), mode="bilinear", align_corners=True)

    def _scenery(self, count: int) -> Tensor:
        """Parts of photographs, enlarged until no face can be seen in them."""
        index = torch.randint(len(self._pool), (count,), generator=self._generator)
        zoom = 0.1 + 0.2 * self._uniform(count)
        centre = (self._uniform(count, 2) * 2 - 1) * 0.8
        flip = torch.where(self._uniform(count) < 0.5, -1.0, 1.0)
        scenery = _sample(self._pool[index].float() / 255, zoom, centre, flip, "reflection")
        return (scenery * (0.4 + 1.1 * self._uniform(count, 3, 1, 1))).clamp(0, 1)

    def _with_neighbours(self, contexts: Tensor, labels: Tensor) -> Tensor:
        count = len(labels)
        for _ in range(NEIGHBOURS):
            faces = self._pool[self._neighbours(labels)].float() / 255
            size = 0.2 + 0.3 * self._uniform(count)
            place = (self._uniform(count, 2) * 2 - 1) * (1 - size)[:, None]
            flip = torch.where(self._uniform(count) < 0.5, -1.0, 1.0)
            pasted = _sample(faces, 1 / size, -place / size[:, None], flip, "zeros")
            inside = _inside(place / 2 + 0.5, size) & self._chance(count, 0.6)
            contexts = torch.where(inside, pasted, contexts)
        return contexts

    def _neighbours(self, labels: Tensor) -> Tensor:
        anybody = torch.randint(len(self._pool), (len(labels),), generator=self._generator)
        position = self._uniform(len(labels))
        alike = torch.stack(
            [
                self._of_class[label][int(at * len(self._of_class[label]))]
                for label, at in zip(labels.tolist(), position.tolist(), strict=True)
            ]
        )
        return torch.where(self._uniform(len(labels)) < ALIKE_PROBABILITY, alike, anybody)

    def _boxes(self, count: int) -> tuple[Tensor, Tensor]:
        size = 0.1 + 0.6 * self._uniform(count) ** 2
        return 0.5 + (self._uniform(count, 2) - 0.5) * (1 - size)[:, None], size


def _sample(pictures: Tensor, zoom: Tensor, centre: Tensor, flip: Tensor, beyond: str) -> Tensor:
    """A window of each picture; zoom (N,) and centre (N, 2) are in half sides."""
    zero = torch.zeros_like(zoom)
    rows = [
        torch.stack([zoom * flip, zero, centre[:, 0] * flip], dim=1),
        torch.stack([zero, zoom, centre[:, 1]], dim=1),
    ]
    shape = [len(pictures), 3, CONTEXT_SIZE_PX, CONTEXT_SIZE_PX]
    grid = functional.affine_grid(torch.stack(rows, dim=1), shape, align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode=beyond, align_corners=False)


def _inside(centre: Tensor, size: Tensor) -> Tensor:
    """Whether cells (N, 1, 112, 112) are in boxes; centre (N, 2) is x, y, size (N,), parts of 1."""
    position = (torch.arange(CONTEXT_SIZE_PX) + 0.5) / CONTEXT_SIZE_PX
    inside_x = (position - centre[:, :1]).abs() < size[:, None] / 2
    inside_y = (position - centre[:, 1:]).abs() < size[:, None] / 2
    return inside_y[:, None, :, None] & inside_x[:, None, None, :]


def hide_box(contexts: Tensor, centre: Tensor, size: Tensor) -> Tensor:
    """Contexts with a black box in each.

    Args:
        contexts: (N, 3, 112, 112).
        centre: The centre of each box, (N, 2), x and y in parts of the side.
        size: The side of each box, (N,), in parts of the side.
    """
    return contexts.masked_fill(_inside(centre, size), 0.0)


def neutral_surroundings(count: int) -> Tensor:
    """Mid-grey contexts (count, 3, 112, 112) with a hidden face in the middle, a third as wide."""
    grey = torch.full((count, 3, CONTEXT_SIZE_PX, CONTEXT_SIZE_PX), 0.5)
    return hide_box(grey, torch.full((count, 2), 0.5), torch.full((count,), 1 / 3))
