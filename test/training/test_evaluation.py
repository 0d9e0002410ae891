"""A dataset through a network: the same as the network alone, and errors where they do not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint
from glamor_ros.perception.device import DeviceError
from glamor_ros.training.data.emotion_dataset import Batch, EmotionDataset, Indices, as_batch
from glamor_ros.training.evaluation.disturbances import light, undisturbed
from glamor_ros.training.evaluation.evaluate import (
    EvaluationError,
    network_inputs,
    predict_dataset,
    predict_disturbed,
)

from .made_datasets import ArrayDataset


class MadeDataset(EmotionDataset):
    """Noise of another colour and brightness in each image; faces with a margin of 4 pixels."""

    def __init__(self, count: int) -> None:
        generator = np.random.default_rng(0)
        self.faces, self.contexts = (
            (generator.random((count, *size, 3)) * generator.integers(0, 256, (count, 1, 1, 3)))
            .round()
            .astype(np.uint8)
            for size in ((104, 104), (128, 171))
        )
        self._distributions = np.eye(7, dtype=np.float32)[np.arange(count) % 7]

    @property
    def distributions(self) -> NDArray[np.float32]:
        return self._distributions

    @property
    def names(self) -> list[str]:
        return [f"{index}.png" for index in range(len(self))]

    def batch(self, indices: Indices) -> Batch:
        return as_batch(
            self.faces[indices], self.contexts[indices], self._distributions[np.asarray(indices)]
        )


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    torch.manual_seed(0)
    architecture = Architecture()
    network = build_glamor_net(architecture).eval()
    # Fresh weights say nearly the same of all images.
    with torch.no_grad():
        network.classifier[-1].weight *= 100  # type: ignore[index]
    return Checkpoint(network, architecture, InputSpec())


def test_is_what_the_network_says_of_the_centres(checkpoint: Checkpoint) -> None:
    dataset, progress = MadeDataset(5), []
    predictions = predict_dataset(
        checkpoint, dataset, batch_size=2, on_progress=lambda *p: progress.append(p)
    )
    faces = torch.from_numpy(dataset.faces[:, 4:100, 4:100]).permute(0, 3, 1, 2) / 255
    contexts = torch.from_numpy(dataset.contexts[:, 8:120, 29:141]).permute(0, 3, 1, 2) / 255
    with torch.inference_mode():
        expected = checkpoint.network(faces, contexts).probabilities.numpy()
    assert expected.std(axis=0).max() > 1e-3
    np.testing.assert_allclose(predictions.probabilities, expected, atol=1e-5)
    assert predictions.labels.tolist() == [0, 1, 2, 3, 4]
    assert predictions.names == ["0.png", "1.png", "2.png", "3.png", "4.png"]
    assert progress == [(2, 5), (4, 5), (5, 5)]


def test_does_not_change_the_network(checkpoint: Checkpoint) -> None:
    before = {name: value.clone() for name, value in checkpoint.network.state_dict().items()}
    predict_dataset(checkpoint, MadeDataset(1))
    for name, value in checkpoint.network.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_samples_that_are_too_small_are_refused(checkpoint: Checkpoint) -> None:
    larger = replace(checkpoint, input_spec=InputSpec(face_size=(112, 112)))
    with pytest.raises(EvaluationError, match="104x104, the network needs 112x112"):
        predict_dataset(larger, MadeDataset(1))


def test_a_device_that_is_not_there_is_refused(checkpoint: Checkpoint) -> None:
    with pytest.raises(DeviceError, match="device 'cuda:99' cannot be used"):
        predict_dataset(checkpoint, MadeDataset(1), device="cuda:99")


def test_an_odd_remainder_goes_below_and_right() -> None:
    images = torch.arange(5 * 5, dtype=torch.uint8).view(1, 1, 5, 5).expand(1, 3, 5, 5)
    spec = InputSpec(face_size=(4, 5), context_resize=(5, 5), context_crop=(2, 2))
    faces, contexts, *_ = network_inputs(images, images, spec)
    assert (faces[0, 0] * 255).round().int().tolist() == images[0, 0, :4].tolist()
    assert (contexts[0, 0] * 255).round().int().tolist() == [[6, 7], [11, 12]]


def test_disturbed_faces_in_the_same_contexts(checkpoint: Checkpoint) -> None:
    """The same as the network by itself on disturbed faces, also where own faces are left out."""
    architecture, generator = Architecture(), np.random.default_rng(1)
    spec = InputSpec(context_faces="others_visible")
    faces, contexts = (
        generator.integers(0, 256, (5, *shape), np.uint8) for shape in ((96, 96, 3), (128, 171, 4))
    )
    contexts[..., 3] = 0
    contexts[:, 40:80, 60:100, 3] = 255
    dataset = ArrayDataset(faces, contexts, np.eye(7, dtype=np.float32)[:5])
    visible = Checkpoint(checkpoint.network, architecture, spec)
    found = predict_disturbed(visible, dataset, {"as": undisturbed, "dark": light(0.5)})
    batch = dataset.batch(np.arange(5))
    inputs = network_inputs(batch.faces, batch.contexts, spec)
    assert inputs.own_faces is not None
    with torch.inference_mode():
        for name, factor in (("as", 1.0), ("dark", 0.5)):
            expected = checkpoint.network(
                inputs.faces * factor, inputs.contexts, own_faces=inputs.own_faces
            )
            np.testing.assert_allclose(found[name].probabilities, expected.probabilities, atol=1e-4)
        everywhere = checkpoint.network(inputs.faces, inputs.contexts).probabilities
    assert not np.allclose(found["as"].probabilities, everywhere, atol=1e-4)
    assert not np.allclose(found["as"].probabilities, found["dark"].probabilities, atol=1e-3)
    plain = predict_dataset(visible, dataset)
    np.testing.assert_array_equal(plain.probabilities, found["as"].probabilities)
