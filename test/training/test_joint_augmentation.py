from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from glamor_ros.network.input_spec import InputSpec
from glamor_ros.training.data.emotion_dataset import NetworkInputs
from glamor_ros.training.data.joint_augmentation import JointAugmentation
from glamor_ros.training.data.samples import DatasetError
from glamor_ros.training.evaluation.evaluate import network_inputs

SPEC = InputSpec(face_size=(24, 20), context_resize=(30, 40), context_crop=(16, 18))
COUNT = 64
STILL = {"flip": False, "rotation_deg": 0.0, "face_shift_px": 0, "random_context_crop": False}


def prepared(augmentation: JointAugmentation) -> tuple[Tensor, Tensor]:
    """Faces and contexts whose red is the column, whose green is the row."""
    margin = augmentation.face_margin_px(SPEC)

    def ramps(height: int, width: int) -> Tensor:
        rows, columns = np.mgrid[:height, :width]
        picture = np.stack([5 * columns, 5 * rows, 0 * rows]).astype(np.uint8)
        return torch.from_numpy(picture).repeat(COUNT, 1, 1, 1)

    return ramps(24 + 2 * margin, 20 + 2 * margin), ramps(30, 40)


def augmented(augmentation: JointAugmentation, seed: int = 0) -> NetworkInputs:
    generator = torch.Generator().manual_seed(seed)
    return augmentation(*prepared(augmentation), SPEC, generator)


def test_without_changes_it_is_what_evaluation_sees() -> None:
    still = JointAugmentation(**STILL)  # type: ignore[arg-type]
    found, expected = augmented(still), network_inputs(*prepared(still), SPEC)
    assert torch.allclose(found.faces, expected.faces, atol=1e-5)
    assert torch.equal(found.contexts, expected.contexts)
    assert found.own_faces is expected.own_faces is None


def test_the_same_samples_of_both_are_mirrored() -> None:
    augmentation = JointAugmentation(**{**STILL, "flip": True})  # type: ignore[arg-type]
    faces, contexts, *_ = augmented(augmentation)
    plain_faces, plain_contexts, *_ = network_inputs(*prepared(augmentation), SPEC)
    face_mirrored = (faces - plain_faces.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-5
    context_mirrored = (contexts - plain_contexts.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-5
    assert torch.equal(face_mirrored, context_mirrored)
    assert 16 < face_mirrored.sum() < 48
    assert torch.allclose(faces[~face_mirrored], plain_faces[~face_mirrored], atol=1e-5)


def test_contexts_are_cut_everywhere_inside() -> None:
    augmentation = JointAugmentation(**{**STILL, "random_context_crop": True})  # type: ignore[arg-type]
    contexts = augmented(augmentation).contexts
    lefts = (contexts[:, 0, 0, 0] * 51).round()
    tops = (contexts[:, 1, 0, 0] * 51).round()
    assert lefts.min() < 4
    assert lefts.max() > 18
    assert tops.min() < 3
    assert tops.max() > 11
    widths = (contexts[:, 0, 0, -1] * 51).round() - lefts
    assert torch.equal(widths, torch.full((COUNT,), 17.0))


def test_the_own_face_s_place_moves_with_the_picture() -> None:
    """Contexts are bright exactly where the own face is."""
    faces, _ = prepared(JointAugmentation(rotation_deg=0.0))
    bright = torch.zeros(COUNT, 1, *SPEC.context_resize, dtype=torch.uint8)
    bright[:, :, 9:21, 11:19] = 255
    spec = replace(SPEC, context_faces="others_visible")
    generator = torch.Generator().manual_seed(0)
    inputs = JointAugmentation(rotation_deg=0.0)(faces, bright.repeat(1, 4, 1, 1), spec, generator)
    assert inputs.own_faces is not None
    assert torch.equal(inputs.own_faces, inputs.contexts[:, 0] > 0.5)
    assert inputs.own_faces.dtype == torch.bool
    assert len({tuple(own.nonzero()[0].tolist()) for own in inputs.own_faces if own.any()}) > 10
    plain = network_inputs(faces, bright.repeat(1, 4, 1, 1), spec)
    assert plain.own_faces is not None
    assert plain.own_faces.sum() == COUNT * 12 * 8


@pytest.mark.parametrize(("context_faces", "channels"), [("others_visible", 3), ("visible", 4)])
def test_samples_prepared_for_another_kind_of_network_are_refused(
    context_faces: str, channels: int
) -> None:
    faces, contexts = prepared(JointAugmentation(rotation_deg=0.0))
    contexts = torch.cat([contexts, contexts[:, :1]], dim=1)[:, :channels]
    spec = replace(SPEC, context_faces=context_faces)
    message = f"have {channels} channels, a network with context_faces '{context_faces}' needs"
    with pytest.raises(DatasetError, match=message):
        network_inputs(faces, contexts, spec)
    with pytest.raises(DatasetError, match=message):
        JointAugmentation(rotation_deg=0.0)(faces, contexts, spec, torch.Generator())


def test_faces_turn_and_move_within_bounds_and_show_no_gap() -> None:
    augmentation = JointAugmentation(**{**STILL, "rotation_deg": 20.0, "face_shift_px": 3})  # type: ignore[arg-type]
    margin = augmentation.face_margin_px(SPEC)
    faces = augmented(augmentation).faces
    red, green = faces[:, 0] * 51, faces[:, 1] * 51
    # The gradient of the column's ramp is the turned axis.
    across, down = red[:, 12, 11] - red[:, 12, 10], red[:, 13, 10] - red[:, 12, 10]
    degrees = torch.rad2deg(torch.atan2(down, across))
    assert degrees.abs().max() < 21
    assert degrees.abs().max() > 15
    assert torch.allclose(across**2 + down**2, torch.ones(COUNT), atol=0.05)  # No scaling.
    centre = red[:, 11:13, 9:11].mean(dim=(1, 2)) - (margin + 9.5)
    assert centre.abs().max() < 3.2
    assert centre.abs().max() > 2
    assert green.std(dim=0)[12, 10] > 0.5
    # Within the margin no pixel repeats: all columns of a row differ.
    assert (red.diff(dim=2).abs() + green.diff(dim=2).abs()).min() > 0.5


def test_it_follows_its_generator() -> None:
    first, second, other = (augmented(JointAugmentation(), seed) for seed in (1, 1, 2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[0], other[0])


def test_bad_settings() -> None:
    with pytest.raises(ValueError, match="face_shift_px is -1"):
        JointAugmentation(face_shift_px=-1)
