"""What is done to faces before they are measured is what its name says."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from glamor_ros.training.evaluation.disturbances import (
    DISTURBANCES,
    blurred,
    compressed,
    covered,
    light,
    low_resolution,
    mirrored,
    noisy,
    tilted,
    turned,
    warm_light,
    window,
)


def ramp(size: int = 100) -> Tensor:
    """A face that gets brighter to the right."""
    return torch.linspace(0, 1, size).view(1, 1, 1, size).expand(1, 3, size, size)


def spot(x: int, y: int, size: int = 97) -> Tensor:
    """A black face with a bright spot of 5 by 5 pixels about a place."""
    faces = torch.zeros(1, 3, size, size)
    faces[..., y - 2 : y + 3, x - 2 : x + 3] = 1
    return faces


def brightest(faces: Tensor) -> tuple[float, float]:
    """The centre of brightness, x and y."""
    weights = faces[0, 0] / faces[0, 0].sum()
    places = torch.arange(faces.shape[3]).float()
    return float(weights.sum(0) @ places), float(weights.sum(1) @ places)


def test_a_window_moves_and_widens() -> None:
    assert torch.allclose(window(1.0)(ramp()), ramp(), atol=1e-5)
    moved = window(1.0, right=0.1)(ramp())
    assert torch.allclose(moved[..., :90], ramp()[..., 10:], atol=1e-4)
    assert torch.allclose(moved[..., 90:], ramp()[..., -1:].expand_as(moved[..., 90:]), atol=1e-4)
    wider = window(1.5)(ramp())
    assert wider[0, 0, 50, 50].item() == pytest.approx(ramp()[0, 0, 50, 50].item(), abs=0.01)
    assert wider[0, 0, 50, 60].item() == pytest.approx(ramp()[0, 0, 50, 65].item(), abs=0.01)
    down = window(1.0, down=0.1)(ramp().transpose(2, 3))
    assert torch.allclose(down, moved.transpose(2, 3), atol=1e-5)
    assert torch.equal(mirrored(ramp()), ramp().flip(3))


def test_a_tilted_face_is_turned_clockwise() -> None:
    """What was above the middle comes to the right of it, as with a clock's hand."""
    x, y = brightest(tilted(30)(spot(48, 18)))
    assert x == pytest.approx(48 + 30 * 0.5, abs=0.5)
    assert y == pytest.approx(48 - 30 * 0.866, abs=0.5)
    x, y = brightest(tilted(-90)(spot(48, 18)))
    assert (x, y) == (pytest.approx(18, abs=0.5), pytest.approx(48, abs=0.5))


def test_a_turned_picture_is_narrower_and_smaller_on_its_far_side() -> None:
    left, right = (brightest(turned(45)(spot(x, 18))) for x in (8, 88))
    # Both are 40 px from the middle, on a picture 97 px wide, seen from 3 of its widths.
    distance = 3 * 97
    for (x, y), across in ((left, -40), (right, 40)):
        depth = distance + across * 0.7071
        assert x - 48 == pytest.approx(distance * across * 0.7071 / depth, abs=0.6)
        assert y - 48 == pytest.approx(distance * -30 / depth, abs=0.6)
    assert right[1] - left[1] > 4  # nearer to the middle's height: smaller
    assert torch.allclose(turned(0)(spot(8, 18)), spot(8, 18), atol=1e-4)


def test_light() -> None:
    faces = torch.rand(2, 3, 96, 96)
    assert torch.allclose(light(0.5)(faces), faces / 2)
    bright = light(2.0)(faces)
    assert bright.max() == 1
    assert torch.allclose(bright[faces < 0.5], 2 * faces[faces < 0.5])
    warm = warm_light(faces)
    assert torch.equal(warm[:, 1], faces[:, 1])
    assert torch.allclose(warm[:, 2], faces[:, 2] * 0.75)
    assert warm.max() <= 1


def test_detail_is_lost() -> None:
    stripes = (torch.arange(96) % 2).float().view(1, 1, 1, 96).expand(1, 3, 96, 96)
    assert stripes.std() > 0.4
    assert low_resolution(24)(stripes).std() < 0.01  # too fine to be seen at 24 px
    assert blurred(0.02)(stripes).std() < 0.05
    blurry = blurred(0.04)(spot(48, 48))[0, 0]
    # The variance of a Gaussian of 4 % of 97 px, and of the spot of 5 px itself.
    places = torch.arange(97).float() - 48
    variance = float(blurry.sum(0) @ places**2 / blurry.sum())
    assert variance == pytest.approx((0.04 * 97) ** 2 + 2, rel=0.05)


def test_noise_is_the_same_each_time_and_of_its_size() -> None:
    grey = torch.full((2, 3, 96, 96), 0.5)
    noise = noisy(0.05)(grey) - grey
    assert noise.std().item() == pytest.approx(0.05, rel=0.02)
    assert torch.equal(noisy(0.05)(grey) - grey, noise)
    assert not torch.equal(noise[0], noise[1])


def test_a_compressed_face_stays_in_its_place_and_colour() -> None:
    faces = torch.stack([ramp(96)[0], ramp(96)[0].flip(2)]) * torch.tensor([1, 0.5, 0.2]).view(
        1, 3, 1, 1
    )
    stored = compressed(20)(faces)
    assert stored.shape == faces.shape
    assert 0.002 < (stored - faces).abs().mean() < 0.03
    assert stored.dtype == torch.float32


def test_a_part_is_covered() -> None:
    faces = torch.rand(2, 3, 100, 100)
    result = covered(0.2, 0.5, 0.1, 0.9)(faces)
    changed = result != faces
    assert torch.equal(result[:, :, 20:50, 10:90], torch.full((2, 3, 30, 80), 0.5))
    assert not changed[:, :, :20].any()
    assert not changed[:, :, 50:].any()
    assert not changed[..., :10].any()
    assert not changed[..., 90:].any()


def test_all_keep_shape_and_range_and_leave_their_faces_alone() -> None:
    faces = torch.rand(3, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    before = faces.clone()
    assert len(DISTURBANCES) >= 20
    for name, disturb in DISTURBANCES.items():
        result = disturb(faces)
        assert result.shape == faces.shape, name
        assert -1e-5 <= result.min() <= result.max() <= 1 + 1e-5, name
        assert (result - faces).abs().mean() > 0.005, name
        assert torch.equal(faces, before), name
