"""The strong augmentation: its range, its repeatability, and each of its changes by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from glamor_ros.network.input_spec import InputSpec
from glamor_ros.training.data.face_augmentation import FaceAugmentation
from glamor_ros.training.data.joint_augmentation import JointAugmentation
from glamor_ros.training.evaluation.evaluate import network_inputs

STILL = FaceAugmentation(strength=0.0)
COUNT = 64


def ramps(count: int = COUNT, side: int = 40) -> Tensor:
    """Pictures whose red is four times the column, whose green is four times the row."""
    rows, columns = np.mgrid[:side, :side]
    picture = np.stack([4 * columns, 4 * rows, 0 * rows]).astype(np.uint8)
    return torch.from_numpy(picture).repeat(count, 1, 1, 1)


def changed(
    augmentation: FaceAugmentation,
    faces: Tensor,
    size: int = 24,
    *,
    mirrored: bool = False,
    seed: int = 0,
) -> Tensor:
    """Faces of 24 px amid their margin, looked at in another way."""
    return augmentation(
        faces,
        (24, 24),
        (size, size),
        torch.full((len(faces),), mirrored),
        torch.Generator().manual_seed(seed),
    )


def only(name: str, value: float, **more: float) -> FaceAugmentation:
    nothing = {key: 0.0 for key in vars(STILL) if key not in ("strength", "tint_probability")}
    return FaceAugmentation(**(nothing | {name: value} | more))


def test_at_strength_0_it_is_the_middle_and_mirrored_where_told() -> None:
    faces = ramps(2)
    expected = faces[:, :, 8:32, 8:32].float() / 255
    # A little light is kept from the deepest black, for the exponent's sake.
    assert torch.allclose(changed(STILL, faces), expected.clamp(min=1e-3), atol=1e-5)
    mirrored = changed(STILL, faces, mirrored=True)
    assert torch.allclose(mirrored, expected.flip(3).clamp(min=1e-3), atol=1e-5)


def test_a_lower_resolution_shows_the_same_part() -> None:
    small = changed(STILL, ramps(1), size=12)
    assert small.shape == (1, 3, 12, 12)
    # The middle of each cell of two pixels.
    assert small[0, 0, 0].tolist() == pytest.approx([4 * (8.5 + 2 * i) / 255 for i in range(12)])


def test_faces_stay_in_range_repeat_with_the_seed_and_are_all_different() -> None:
    faces = ramps()[:1].repeat(COUNT, 1, 1, 1)
    first = changed(FaceAugmentation(), faces, 32)
    assert first.shape == (COUNT, 3, 32, 32)
    assert first.dtype == torch.float32
    assert first.min() >= 0
    assert first.max() <= 1
    assert torch.equal(first, changed(FaceAugmentation(), faces, 32))
    assert not torch.equal(first, changed(FaceAugmentation(), faces, 32, seed=1))
    distances = torch.cdist(first.flatten(1), first.flatten(1)) + torch.eye(COUNT) * 9
    assert distances.min() > 0.1


def test_grey_faces_amid_coloured_ones_are_changed_as_if_all_were_coloured() -> None:
    """The quicker way of grey faces is not another one."""
    faces = ramps()
    grey = faces[:, :1].expand(-1, 3, -1, -1)
    mixed = torch.where((torch.arange(COUNT) % 3 == 0).view(-1, 1, 1, 1), faces, grey)
    found = changed(FaceAugmentation(), mixed)
    assert torch.allclose(found[::3], changed(FaceAugmentation(), faces)[::3], atol=1e-6)
    is_grey = torch.arange(COUNT) % 3 != 0
    assert torch.allclose(found[is_grey], changed(FaceAugmentation(), grey)[is_grey], atol=1e-6)
    single = changed(FaceAugmentation(), faces[:, :1])
    assert torch.allclose(single, changed(FaceAugmentation(), grey), atol=1e-6)
    # Ordered by source, as mixtures give them.
    order = torch.argsort((~is_grey).long(), stable=True)
    ordered = changed(replace(FaceAugmentation(), strength=0.0), mixed[order])
    still = changed(replace(FaceAugmentation(), strength=0.0), mixed)
    assert torch.allclose(ordered, still[order], atol=1e-6)


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_shifts_and_zooms_reach_as_far_as_told(strength: float) -> None:
    shifted = changed(only("shift", 0.1, strength=strength), ramps(500))
    moved_px = (shifted[:, 0].mean(dim=(1, 2)) * 255 - 4 * 19.5) / 4
    assert moved_px.abs().max() <= 2.4 * strength + 1e-3
    assert moved_px.max() > 2.2 * strength
    assert moved_px.min() < -2.2 * strength
    zoomed = changed(only("zoom", 0.2, strength=strength), ramps(500))
    # From the first pixel's centre to the last one's, 23 px unzoomed.
    width_px = (zoomed[:, 0, 0, -1] - zoomed[:, 0, 0, 0]) * 255 / 4
    assert width_px.max() == pytest.approx(23 * np.exp(0.2 * strength), rel=0.01)
    assert width_px.min() == pytest.approx(23 * np.exp(-0.2 * strength), rel=0.01)


def test_rotations_keep_distances_and_reach_the_angle() -> None:
    turned = changed(only("rotation_deg", 15.0), ramps(500)) * 255 / 4
    across = turned[:, :2, 12, 20] - turned[:, :2, 12, 4]
    assert across.norm(dim=1).numpy() == pytest.approx(np.full(500, 16.0), abs=1e-3)
    angles = torch.rad2deg(torch.atan2(across[:, 1], across[:, 0]))
    assert 14.5 < angles.max() < 15.001
    assert -15.001 < angles.min() < -14.5


def test_light_changes_as_far_as_told() -> None:
    grey = torch.full((500, 1, 40, 40), 128, dtype=torch.uint8)
    bright = changed(only("brightness", 0.2), grey).mean(dim=(1, 2, 3)) - 128 / 255
    assert 0.19 < bright.max() < 0.2001
    assert -0.2001 < bright.min() < -0.19
    gamma = torch.log(changed(only("gamma", 0.3), grey).mean(dim=(1, 2, 3))) / np.log(128 / 255)
    assert torch.log(gamma).abs().max() < 0.3001
    assert torch.log(gamma).abs().max() > 0.29
    noise = changed(only("noise", 0.03), grey).std(dim=(1, 2, 3))
    assert 0.02 < noise.max() < 0.035
    assert noise.min() < 0.002
    contrast = changed(only("contrast", 0.3), ramps(500)[:, :1]).std(dim=(1, 2, 3))
    plain = changed(STILL, ramps(1)[:, :1]).std()
    assert 1.28 < (contrast / plain).max() < 1.3001
    assert 0.6999 < (contrast / plain).min() < 0.72


def test_shares_of_tinted_coarse_and_erased_faces() -> None:
    grey = torch.full((1000, 1, 40, 40), 100, dtype=torch.uint8)
    tinted = changed(only("tint", 0.2, tint_probability=0.5), grey)
    is_tinted = (tinted[:, 0] != tinted[:, 1]).flatten(1).any(dim=1)
    assert is_tinted.float().mean() == pytest.approx(0.5, abs=0.06)
    erased = changed(only("erasing_probability", 0.25), grey)
    is_erased = (erased - 100 / 255).abs().flatten(1).amax(dim=1) > 1e-3
    assert is_erased.float().mean() == pytest.approx(0.25, abs=0.05)
    half = changed(only("erasing_probability", 0.25, strength=0.5), grey)
    assert ((half - 100 / 255).abs().flatten(1).amax(dim=1) > 1e-3).float().mean() < 0.18
    pixels = torch.randint(0, 256, (1000, 1, 40, 40), dtype=torch.uint8)
    coarse = changed(only("low_resolution_probability", 0.2), pixels)
    softer = coarse.std(dim=(1, 2, 3)) < 0.8 * changed(STILL, pixels).std(dim=(1, 2, 3))
    assert softer.float().mean() == pytest.approx(0.2, abs=0.05)


def test_with_contexts_the_same_samples_are_mirrored() -> None:
    spec = InputSpec(face_size=(24, 24), context_resize=(30, 40), context_crop=(16, 18))
    joint = JointAugmentation(random_context_crop=False, face=STILL)
    contexts = ramps(COUNT)[:, :, :30, :40].contiguous()
    inputs = joint(ramps(), contexts, spec, torch.Generator().manual_seed(0))
    plain = network_inputs(ramps(), contexts, spec)
    face_mirrored = inputs.faces[:, 0, 0, 0] > inputs.faces[:, 0, 0, -1]
    context_mirrored = inputs.contexts[:, 0, 0, 0] > inputs.contexts[:, 0, 0, -1]
    assert torch.equal(face_mirrored, context_mirrored)
    assert 16 < face_mirrored.sum() < 48
    still = ~face_mirrored
    assert torch.allclose(inputs.faces[still], plain.faces[still].clamp(min=1e-3), atol=1e-5)
    smaller = joint(ramps(), contexts, spec, torch.Generator().manual_seed(0), (12, 12))
    assert smaller.faces.shape == (COUNT, 3, 12, 12)
    assert torch.equal(smaller.contexts, inputs.contexts)


def test_the_margin_holds_what_rotation_zoom_and_shift_can_show() -> None:
    spec = InputSpec()
    assert JointAugmentation(face=STILL).face_margin_px(spec) == 0
    face = only("rotation_deg", 15.0, zoom=0.2, shift=0.05)
    margin_px = JointAugmentation(face=face).face_margin_px(spec)
    # (cos 15 + sin 15) e^0.2 + 0.1 = 1.596 half sides: 48 * 0.596.
    assert margin_px == 29
    gentle = JointAugmentation(face=replace(face, strength=0.5))
    assert 0 < gentle.face_margin_px(spec) < 15
    # Within the margin lies a frame of black, beyond it white: black alone may be seen.
    side = 96 + 2 * margin_px
    faces = torch.full((300, 1, side + 8, side + 8), 255, dtype=torch.uint8)
    faces[:, :, 3:-3, 3:-3] = 0
    seen = face(
        faces,
        (96, 96),
        (96, 96),
        torch.zeros(300, dtype=torch.bool),
        torch.Generator().manual_seed(0),
    )
    assert seen.max() < 0.01


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("strength", -1.0, "strength is -1.0; it must be at least 0"),
        ("rotation_deg", 200.0, "rotation_deg is 200.0; it must be 0 to 180"),
        ("noise", float("nan"), "noise is nan; it must be at least 0"),
        ("erasing_probability", 1.5, "erasing_probability is 1.5; it must be 0 to 1"),
    ],
)
def test_settings_out_of_range(name: str, value: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FaceAugmentation(**{name: value})


def test_grey_faces_alone_are_given_the_tone_of_skin() -> None:
    coloured = ramps(8)
    grey = coloured[:, :1].expand(-1, 3, -1, -1) // 4 + 100
    toned = changed(only("skin_tone_probability", 1.0, strength=1.0), grey)
    plain = changed(STILL, grey)
    tone = torch.tensor([1.3, 0.95, 0.75]).view(3, 1, 1)
    torch.testing.assert_close(toned, plain * tone, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        changed(only("skin_tone_probability", 1.0, strength=1.0), coloured),
        changed(STILL, coloured),
        atol=1e-5,
        rtol=0,
    )
