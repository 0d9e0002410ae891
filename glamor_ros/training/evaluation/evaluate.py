"""Running a network over a dataset of prepared samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from ...errors import GlamorError
from ...network.attention import cells_of_own_face
from ...network.batch_norm_folding import folded_for_inference
from ...network.input_spec import InputSpec
from ...network.weights.checkpoint import Checkpoint
from ...perception.device import require_device
from ..data.emotion_dataset import EmotionDataset, NetworkInputs
from .disturbances import Disturbance, undisturbed
from .predictions import Predictions, unique_names

BATCH_SIZE = 64


class EvaluationError(GlamorError, ValueError):
    """A dataset that does not fit the network."""


def predict_dataset(
    checkpoint: Checkpoint,
    dataset: EmotionDataset,
    *,
    device: str = "cpu",
    batch_size: int = BATCH_SIZE,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Predictions:
    """The network's probabilities for every sample of a dataset.

    Faces and contexts are cut from their centre, as the recognizer sees them.

    Args:
        checkpoint: The network, and what it expects of its inputs.
        dataset: Prepared samples; those of the same name are told apart (see `unique_names`).
        device: Where the network runs; see `require_device`.
        batch_size: Samples in one pass.
        on_progress: Called with the numbers of samples done and of all.

    Raises:
        EvaluationError: Samples are smaller than the network's inputs.
        DatasetError: The contexts were prepared for another kind of network.
        DeviceError: This machine has no such device.
    """
    predicted = predict_disturbed(
        checkpoint,
        dataset,
        {"": undisturbed},
        device=device,
        batch_size=batch_size,
        on_progress=on_progress,
    )
    return predicted[""]


def predict_disturbed(
    checkpoint: Checkpoint,
    dataset: EmotionDataset,
    disturbances: Mapping[str, Disturbance],
    *,
    device: str = "cpu",
    batch_size: int = BATCH_SIZE,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Predictions]:
    """The network's probabilities for every sample, by what is done to the faces.

    The contexts stay as they are, and are encoded once for all disturbances.

    Args:
        checkpoint: See `predict_dataset`, as for what is not said here.
        dataset: See `predict_dataset`.
        disturbances: Each is done to the undisturbed faces.
        device: See `predict_dataset`.
        batch_size: See `predict_dataset`.
        on_progress: See `predict_dataset`.
    """
    torch_device = require_device(device)
    network = folded_for_inference(checkpoint.network).to(torch_device)
    probabilities: dict[str, list[Tensor]] = {name: [] for name in disturbances}
    for start in range(0, len(dataset), batch_size):
        indices = np.arange(start, min(start + batch_size, len(dataset)))
        batch = dataset.batch(indices)
        inputs = network_inputs(batch.faces, batch.contexts.to(torch_device), checkpoint.input_spec)
        with torch.inference_mode():
            context = network.encode_context(inputs.contexts)
            left_out = None
            if inputs.own_faces is not None and network.attention is not None:
                left_out = cells_of_own_face(inputs.own_faces, context.height, context.width)
            for name, disturb in disturbances.items():
                vectors = network.encode_faces(disturb(inputs.faces).to(torch_device))
                output = network.recognize(vectors, context, left_out)
                probabilities[name].append(output.probabilities.cpu())
        on_progress(int(indices[-1]) + 1, len(dataset))
    names, labels = unique_names(dataset.names), dataset.labels
    return {
        name: Predictions(names, labels, torch.cat(parts).numpy())
        for name, parts in probabilities.items()
    }


def network_inputs(faces: Tensor, contexts: Tensor, spec: InputSpec) -> NetworkInputs:
    """The network's inputs, cut from the centre of prepared samples.

    Args:
        faces: (N, 3, h, w), uint8.
        contexts: (N, 3 to 5, H, W), uint8; see Batch.
        spec: What the network expects.

    Raises:
        EvaluationError: The samples are smaller than the network's inputs.
        DatasetError: The contexts were prepared for another kind of network.
    """
    return NetworkInputs.of(
        _from_centre(faces, spec.face_size), _from_centre(contexts, spec.context_crop), spec
    )


def _from_centre(images: Tensor, size: tuple[int, int]) -> Tensor:
    (height, width), (wanted_height, wanted_width) = images.shape[2:], size
    if height < wanted_height or width < wanted_width:
        raise EvaluationError(
            f"the prepared images are {width}x{height}, the network needs {wanted_width}x"
            f"{wanted_height}: prepare the dataset with this network's input_spec"
        )
    top, left = (height - wanted_height) // 2, (width - wanted_width) // 2
    cropped = images[:, :, top : top + wanted_height, left : left + wanted_width]
    return cropped.float() / 255
