"""Face crops prepared for a network: how large the face is, and what surrounds it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from glamor_ros.network.input_spec import InputSpec
from glamor_ros.perception.geometry import Box, Region
from glamor_ros.perception.recognition.preprocessing import Preprocessor
from glamor_ros.training.data.face_crops import CropSettings, FaceCrops, cut_face
from glamor_ros.training.data.samples import SettingsError
from glamor_ros.training.evaluation.evaluate import network_inputs
from glamor_ros.training.prepared.prepared_faces import PreparedFaces
from glamor_ros.training.prepared.sample_preparation import SamplePreparation

from .made_faces import HEAD_PX, head

NAN = float("nan")


def grey_crops(count: int = 3) -> FaceCrops:
    images = np.random.default_rng(0).integers(0, 256, (count, 48, 48, 1), dtype=np.uint8)
    labels = np.eye(7, dtype=np.float32)[np.arange(count) % 7]
    return FaceCrops(images, None, labels, tuple(f"face {number}" for number in range(count)))


def boxed_crops() -> FaceCrops:
    """Red is the column, green the row of a crop of 100 px; the boxes of two detectors."""
    images = np.stack([head(number)[..., ::-1] for number in range(3)])
    boxes = [
        [[0.5, 0.5, 0.6], [0.45, 0.55, 0.5]],
        [[NAN] * 3, [0.5, 0.5, 0.6]],
        [[0.5, 0.5, 0.6], [NAN] * 3],
    ]
    labels = np.eye(7, dtype=np.float32)[[0, 1, 2]]
    return FaceCrops(images, np.array(boxes, np.float32), labels, ("a", "b", "c"))


def test_grey_faces_are_whole_crops_enlarged_as_torch_does() -> None:
    crops = grey_crops()
    # face_box_scale does not count where no detector was asked.
    dataset = PreparedFaces(crops, SamplePreparation(InputSpec(face_box_scale=1.3)))
    faces, contexts, distributions = dataset.batch([2, 0])
    pictures = torch.from_numpy(crops.images[[2, 0]]).permute(0, 3, 1, 2).float()
    expected = functional.interpolate(pictures, (96, 96), mode="bilinear", align_corners=False)
    assert faces.shape == (2, 3, 96, 96)
    assert faces.dtype == torch.uint8
    assert (faces.float() - expected).abs().max() <= 1.0
    assert contexts.shape == (2, 3, 128, 171)
    assert distributions.argmax(dim=1).tolist() == [2, 0]
    assert dataset[1].faces.shape == (3, 96, 96)


def test_a_margin_repeats_the_border_and_keeps_the_face() -> None:
    spec = InputSpec()
    plain = PreparedFaces(grey_crops(), SamplePreparation(spec)).batch([0])
    wide = PreparedFaces(grey_crops(), SamplePreparation(spec, 20)).batch([0])
    assert wide.faces.shape == (1, 3, 136, 136)
    assert torch.equal(wide.faces[:, :, 20:-20, 20:-20], plain.faces)
    assert torch.equal(wide.faces[0, 0, 30, :20], plain.faces[0, 0, 10, 0].expand(20))
    inputs = network_inputs(wide.faces, wide.contexts, spec)
    assert torch.equal(inputs.faces, plain.faces / 255)


def test_boxes_are_scaled_and_each_detector_s_is_a_sample_in_training() -> None:
    spec = InputSpec(face_size=(50, 50), face_box_scale=1.25)
    once = PreparedFaces(boxed_crops(), SamplePreparation(spec))
    assert list(once.names) == ["a", "b", "c"]
    every = PreparedFaces(boxed_crops(), SamplePreparation(spec), every_box=True)
    assert list(every.names) == ["a", "a", "b", "c"]
    assert every.labels.tolist() == [0, 0, 1, 2]
    faces = every.batch(range(4)).faces.float()
    # 0.6 * 1.25 of 100 px in 50 px: from column 12.5, a step of 1.5 px, twice the column in red.
    columns = 12.5 + 1.5 * (np.arange(50) + 0.5) - 0.5
    assert faces[0, 0, 25].numpy() == pytest.approx(2 * columns, abs=1)
    # 0.5 * 1.25 around (45, 55): from column 13.75 and row 23.75, a step of 1.25 px.
    steps = 1.25 * (np.arange(50) + 0.5) - 0.5
    assert faces[1, 0, 25].numpy() == pytest.approx(2 * (13.75 + steps), abs=1)
    assert faces[1, 1, :, 25].numpy() == pytest.approx(2 * (23.75 + steps), abs=1)
    assert faces[:, 2, 0, 0].tolist() == [0, 0, 1, 2]
    assert torch.equal(once.batch([0, 1, 2]).faces, every.batch([0, 2, 3]).faces)


def test_a_head_is_prepared_as_the_recognizer_sees_it() -> None:
    """But for what is lost by cutting it out first."""
    photograph = np.ascontiguousarray(head(7))
    box = Box(25, 30, 75, 80)
    image, boxes = cut_face(photograph, [box], CropSettings(side_px=170, boxes_wide=1.7))
    crops = FaceCrops(image[None], boxes[None], np.eye(7, dtype=np.float32)[:1], ("head",))
    spec = InputSpec(face_box_scale=1.2)
    found = PreparedFaces(crops, SamplePreparation(spec)).batch([0]).faces[0].float() / 255
    region = box.scaled(1.2).clipped(HEAD_PX, HEAD_PX)
    assert region == Region(20, 25, 60, 60)
    expected = Preprocessor(spec).faces(torch.from_numpy(photograph), [region])[0].permute(2, 0, 1)
    assert (found - expected)[:, 2:-2, 2:-2].abs().max() < 2.5 / 255


@pytest.mark.parametrize("mode", ["masked", "visible", "others_visible"])
def test_the_own_face_lies_in_the_middle_third_of_neutral_surroundings(mode: str) -> None:
    spec = InputSpec(context_faces=mode)
    batch = PreparedFaces(grey_crops(), SamplePreparation(spec)).batch([0, 1])
    inputs = network_inputs(batch.faces, batch.contexts, spec)
    inside = torch.zeros(112, 112, dtype=torch.bool)
    inside[37:75, 37:75] = True
    contexts = inputs.contexts
    assert torch.equal(contexts[:, :, ~inside], torch.full((2, 3, 112**2 - 38**2), 128 / 255))
    faces = functional.interpolate(inputs.faces, (38, 38), mode="bilinear", align_corners=False)
    shown = contexts[:, :, 37:75, 37:75]
    if mode == "masked":
        assert shown.max() == 0
        assert inputs.own_faces is None
    elif mode == "visible":
        assert (shown - faces).abs().max() < 2 / 255
        assert inputs.own_faces is None
    else:
        assert inputs.own_faces is not None
        assert torch.equal(inputs.own_faces, inside.expand(2, -1, -1))
        # As bright as the face, but nothing in it is to be seen.
        means = shown.mean(dim=(1, 2, 3))
        assert means.numpy() == pytest.approx(inputs.faces.mean(dim=(1, 2, 3)).numpy(), abs=0.03)
        assert (shown[0] - shown[1]).abs().max() > 0.02
        assert shown.std() < 0.35 * inputs.faces.std()
        assert (shown.diff(dim=3).abs().max()) < 0.03


def test_equal_contexts_share_their_memory() -> None:
    contexts = PreparedFaces(grey_crops(), SamplePreparation(InputSpec())).batch([0, 1, 2]).contexts
    assert contexts[0].data_ptr() == contexts[2].data_ptr()


def test_faces_that_are_not_square_are_refused() -> None:
    with pytest.raises(SettingsError, match="face_size is 96x80; these faces are square"):
        PreparedFaces(grey_crops(), SamplePreparation(InputSpec(face_size=(96, 80))))


def test_own_faces_are_absent_sharp_and_blurred_in_turn() -> None:
    spec = InputSpec(context_faces="others_visible")
    preparation = SamplePreparation(spec, with_deciders=True)
    varied = PreparedFaces(grey_crops(), preparation, own_faces="varied").batch([0, 1, 2])
    blurred = PreparedFaces(grey_crops(), preparation).batch([0, 1, 2])
    assert varied.contexts.shape == (3, 5, 128, 171)
    # Nobody decides.
    assert not varied.contexts[:, 4].any()
    assert torch.equal(varied.contexts[:, 3], blurred.contexts[:, 3])
    assert (varied.contexts[0, :3] == 128).all()
    assert torch.equal(varied.contexts[2], blurred.contexts[2])
    spread = [pictures[1, :3].float().std() for pictures in (varied.contexts, blurred.contexts)]
    assert spread[0] > 2 * spread[1]
    with pytest.raises(SettingsError, match="own_faces is 'seen'; known are blurred, varied"):
        PreparedFaces(grey_crops(), preparation, own_faces="seen")
