"""Faces without pictures as samples of the same form as a cache's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from glamor_ros.network.input_spec import InputSpec
from glamor_ros.perception.geometry import Box, Region
from glamor_ros.perception.preprocessing import Preprocessor
from glamor_ros.training.face_dataset import FaceDataset, NeutralSurroundings
from glamor_ros.training.ferplus import LabelledFaces

SPEC = InputSpec(face_box_scale=1.3)


@pytest.fixture
def faces() -> LabelledFaces:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (5, 48, 48), dtype=np.uint8)
    return LabelledFaces(images, generator.dirichlet(np.ones(7), 5).astype(np.float32))


def test_the_face_is_the_whole_crop(faces: LabelledFaces) -> None:
    dataset = FaceDataset(faces, SPEC)
    face, context, distribution = dataset[2]
    assert face.shape == (3, 96, 96)
    assert face.dtype == context.dtype == torch.uint8
    assert torch.equal(face[0], face[2])
    bgr = np.repeat(faces.images[2][..., None], 3, axis=2)
    exact = Preprocessor(SPEC).face(bgr, Region(0, 0, 48, 48)).transpose(2, 0, 1) * 255
    assert abs(face.numpy() - exact).max() <= 0.501
    assert distribution.numpy().tolist() == faces.distributions[2].tolist()
    assert dataset.labels.tolist() == faces.labels.tolist()


def test_the_context_is_grey_with_the_face_masked(faces: LabelledFaces) -> None:
    contexts = FaceDataset(faces, SPEC)[[0, 1, 4]].contexts
    assert contexts.shape == (3, 3, 128, 171)
    assert torch.equal(contexts[0], contexts[2])
    # The face is the middle third each way; half a source pixel is blended at its edges.
    assert (contexts[0, :, 44:84, 58:113] == 0).all()
    assert (contexts[0, :, :41] == 128).all()
    assert (contexts[0, :, :, 116:] == 128).all()


def test_the_context_may_show_the_face(faces: LabelledFaces) -> None:
    contexts = FaceDataset(faces, replace(SPEC, context_faces="visible"))[[0, 1]].contexts
    assert not torch.equal(contexts[0], contexts[1])
    assert contexts[0, :, 44:84, 58:113].float().std() > 20


def test_the_margin_repeats_the_edge(faces: LabelledFaces) -> None:
    face = FaceDataset(faces, SPEC, face_margin_px=8)[0].faces
    assert face.shape == (3, 112, 112)
    assert torch.equal(face[:, 8:104, :8], face[:, 8:104, 8:9].expand(-1, -1, 8))
    assert torch.equal(face[:, 8:104, 8:104], FaceDataset(faces, SPEC)[0].faces)


def test_colour_faces_and_other_surroundings() -> None:
    images = np.zeros((1, 30, 20, 3), np.uint8)
    images[..., 2] = 200
    faces = LabelledFaces(images, np.full((1, 7), 1 / 7, np.float32))
    surroundings = NeutralSurroundings(scale=2, grey=50)
    face, context, _ = FaceDataset(faces, SPEC, surroundings=surroundings)[0]
    assert face[:, 48, 48].tolist() == [200, 0, 0]
    assert context[:, 0, 0].tolist() == [50, 50, 50]
    picture, box = surroundings.around(images[0])
    assert picture.shape == (60, 40, 3)
    assert box == Box(10, 15, 30, 45)


def test_no_faces_are_refused() -> None:
    with pytest.raises(ValueError, match="no face"):
        FaceDataset(
            LabelledFaces(np.zeros((0, 48, 48), np.uint8), np.zeros((0, 7), np.float32)), SPEC
        )
