"""Prepared samples are what the recognizer gives the network, and a margin around it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from glamor_ros.network.input_spec import InputSpec
from glamor_ros.perception.geometry import Box, Region
from glamor_ros.perception.recognition.preprocessing import Preprocessor
from glamor_ros.training.data.emotion_dataset import as_batch
from glamor_ros.training.data.samples import Sample, SettingsError, one_hot
from glamor_ros.training.evaluation.evaluate import network_inputs
from glamor_ros.training.prepared.sample_preparation import SampleError, SamplePreparation

from .made_images import noise, write_image

SPEC = InputSpec()
IMAGE = noise(240, 320)
PIXELS = torch.from_numpy(IMAGE)
BOX = Box(100.2, 50, 160, 120.4)


@pytest.mark.parametrize("margin_px", [0, 1, 12])
@pytest.mark.parametrize(
    "box", [BOX, Box(-20, -10, 60, 90), Box(290, 200, 350, 260), Box(3, 3, 15, 9)]
)
def test_the_face_inside_the_margin_is_the_recognizers(box: Box, margin_px: int) -> None:
    prepared = SamplePreparation(SPEC, margin_px).face(IMAGE, box)
    side = 96 + 2 * margin_px
    assert prepared.shape == (side, side, 3)
    assert prepared.dtype == np.uint8
    inside = prepared[margin_px : margin_px + 96, margin_px : margin_px + 96]
    exact = Preprocessor(SPEC).faces(PIXELS, [box.clipped(320, 240)])[0].numpy() * 255
    assert abs(inside - exact).max() <= 0.501


def test_the_margin_goes_on_at_the_faces_scale() -> None:
    # Three output pixels an image pixel; the image is a ramp, so that values are positions.
    ramp = np.broadcast_to(np.arange(200, dtype=np.uint8)[None, :, None], (200, 200, 3))
    face = SamplePreparation(SPEC, 30).face(ramp, Box(50, 60, 82, 92))[78, :, 0]
    columns = 50 + (np.arange(-30, 126) + 0.5) / 3 - 0.5
    exact = columns.copy()
    exact[30:126] = columns[30:126].clip(50, 81)
    assert abs(face - exact).max() <= 0.501


def test_the_margin_repeats_the_images_edge() -> None:
    face = SamplePreparation(SPEC, 12).face(IMAGE, Box(0, 0, 96, 96))
    assert np.array_equal(face[:12, 12:108], np.repeat(face[12:13, 12:108], 12, axis=0))
    assert np.array_equal(face[12:108, 108:], IMAGE[:96, 96:108, ::-1])


def test_the_context_is_masked_and_not_cropped() -> None:
    preparation = SamplePreparation(SPEC)
    context = preparation.context(IMAGE, BOX)
    assert context.shape == (128, 171, 3)
    exact = Preprocessor(SPEC).contexts(PIXELS, [[BOX.clipped(320, 240)]])[0].numpy() * 255
    assert abs(context[8:120, 29:141] - exact).max() <= 0.501
    assert (context[30:60, 60:80] == 0).all()


def test_faces_may_be_visible_in_the_context() -> None:
    visible = SamplePreparation(replace(SPEC, context_faces="visible"))
    assert np.array_equal(visible.context(IMAGE, BOX), SamplePreparation(SPEC).context(IMAGE, None))
    assert visible.context(IMAGE, BOX)[30:60, 60:80].mean() > 50


@pytest.mark.parametrize(
    "box", [BOX, BOX.scaled(1.3), Box(-20, -10, 60, 90), Box(290, 200, 350, 260), None]
)
def test_the_own_face_s_place_is_the_recognizers(box: Box | None) -> None:
    spec = replace(SPEC, context_faces="others_visible")
    context = SamplePreparation(spec).context(IMAGE, box)
    assert context.shape == SamplePreparation(spec).context_shape == (128, 171, 4)
    assert np.array_equal(context[..., :3], SamplePreparation(SPEC).context(IMAGE, None))
    assert set(np.unique(context[..., 3])) <= {0, 255}
    # Pixels of 320 / 171 by 240 / 128 of the image's.
    area_px = box.clipped(320, 240).width * box.clipped(320, 240).height if box else 0
    expected = area_px / (320 / 171 * 240 / 128)
    assert (context[..., 3] == 255).sum() == pytest.approx(expected, rel=0.05)
    batch = as_batch(
        np.zeros((1, 96, 96, 3), np.uint8), context[None], np.zeros((1, 7), np.float32)
    )
    found = network_inputs(batch.faces, batch.contexts, spec)
    regions = [box.clipped(320, 240)] if box else [Region(0, 0, 0, 0)]
    assert found.own_faces is not None
    assert torch.equal(found.own_faces, Preprocessor(spec).own_faces(PIXELS, regions))
    assert found.contexts.shape == (1, 3, 112, 112)


def test_the_box_is_scaled_as_the_input_spec_says() -> None:
    scaled = SamplePreparation(replace(SPEC, face_box_scale=1.5))
    plain = SamplePreparation(SPEC)
    assert np.array_equal(scaled.face(IMAGE, BOX), plain.face(IMAGE, BOX.scaled(1.5)))
    assert np.array_equal(scaled.context(IMAGE, BOX), plain.context(IMAGE, BOX.scaled(1.5)))


def test_samples_without_a_face(tmp_path: Path) -> None:
    sample = Sample(write_image(tmp_path / "a.png", IMAGE), None, one_hot(0))
    black = SamplePreparation(SPEC, 4).read(sample)
    assert black.face.shape == (104, 104, 3)
    assert not black.face.any()
    whole = SamplePreparation(SPEC, without_face="whole_image").read(sample)
    exact = Preprocessor(SPEC).faces(PIXELS, [Region(0, 0, 320, 240)])[0].numpy() * 255
    assert abs(whole.face - exact).max() <= 0.501
    assert np.array_equal(whole.context, black.context)
    assert black.context.min(axis=2).mean() > 30
    with pytest.raises(SampleError, match="has no face"):
        SamplePreparation(SPEC, without_face="skip").read(sample)


def test_a_box_outside_the_image_is_an_error() -> None:
    with pytest.raises(SampleError, match="no pixel of the image of 320x240"):
        SamplePreparation(SPEC).face(IMAGE, Box(400, 10, 500, 90))
    with pytest.raises(SampleError, match="no pixel"):
        SamplePreparation(SPEC).context(IMAGE, Box(10, -90, 50, -10))


def test_other_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match="known are black, whole_image, skip"):
        SamplePreparation(SPEC, without_face="drop")
    with pytest.raises(SettingsError, match="at least 0"):
        SamplePreparation(SPEC, -1)
