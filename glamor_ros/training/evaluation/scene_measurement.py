"""What a network makes of composed scenes, of which it is known who decides (`composed_scenes`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...network.batch_norm_folding import folded_for_inference
from ...network.weights.checkpoint import Checkpoint
from ..data.composed_scenes import ComposedScenes
from ..data.composed_scenes_plan import Kind
from ..data.face_crops import FaceCrops
from .attention_share import AttentionShare, attention_share, scene_effect
from .evaluate import network_inputs
from .intervals import accuracy_interval
from .predictions import Predictions

BATCH_SIZE = 64
# Not that of any training.
SCENES_SEED = 1000


def sees_other_faces(checkpoint: Checkpoint) -> bool:
    """Whether a network is one for composed scenes: the others' faces are in its context."""
    return checkpoint.input_spec.leaves_out_own_face and checkpoint.network.attention is not None


def measure_scenes(
    checkpoint: Checkpoint,
    people: FaceCrops,
    scenes: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Attention and accuracy on composed scenes, for each kind of scene (see `Kind`).

    Args:
        checkpoint: A network that sees other faces.
        people: Who is in the scenes; they took no part in the training.
        scenes: How many are composed.
        on_progress: Called with the numbers of scenes done and of all.

    Returns:
        JSON values, for each kind: `attention`, the share on the deciding person's face, and
        `even`, what an even attention would give it, both None where nobody else decides; the
        `accuracy` with its `interval`; and the accuracies with even attention and before grey.
    """
    dataset = ComposedScenes([people], checkpoint.input_spec, scenes=scenes, seed=SCENES_SEED)
    network = folded_for_inference(checkpoint.network)
    effects, shares, is_decided = [], [], []
    for start in range(0, scenes, BATCH_SIZE):
        indices = np.arange(start, min(start + BATCH_SIZE, scenes))
        batch = dataset.batch(indices)
        inputs = network_inputs(batch.faces, batch.contexts, checkpoint.input_spec)
        effects.append(scene_effect(network, inputs))
        places = _cropped(dataset.deciders(indices), checkpoint)
        is_decided.append(places.flatten(1).any(dim=1))
        shares.append(attention_share(effects[-1].attention, places, inputs.own_faces))
        on_progress(int(indices[-1]) + 1, scenes)
    attention, even = (
        torch.cat([getattr(one, name) for one in shares]) for name in ("attention", "even")
    )
    variants = {
        name: torch.cat([getattr(one, name) for one in effects]).numpy()
        for name in ("probabilities", "even_attention", "grey_surroundings")
    }
    kinds, decided = np.array([kind.value for kind in dataset.kinds]), torch.cat(is_decided).numpy()
    rows = []
    for kind in Kind:
        chosen = kinds == kind.value
        if chosen.any():
            with_decider = torch.from_numpy(chosen & decided)
            share = AttentionShare(attention[with_decider], even[with_decider])
            of_kind = {name: one[chosen] for name, one in variants.items()}
            rows.append(_row(kind, dataset.labels[chosen], of_kind, share))
    return rows


def _row(
    kind: Kind,
    labels: NDArray[np.int64],
    variants: dict[str, NDArray[np.float32]],
    share: AttentionShare,
) -> dict[str, Any]:
    names = [str(index) for index in range(len(labels))]
    predictions = {name: Predictions(names, labels, one) for name, one in variants.items()}
    accuracies = {n: float((one.predicted == labels).mean()) for n, one in predictions.items()}
    interval = accuracy_interval(predictions["probabilities"])
    is_decided = kind is Kind.DECIDED and len(share.attention) > 0
    return {
        "kind": kind.value,
        "scenes": len(labels),
        "attention": float(share.attention.mean()) if is_decided else None,
        "even": float(share.even.mean()) if is_decided else None,
        "accuracy": accuracies["probabilities"],
        "interval": [interval.low, interval.high],
        "accuracy_with_even_attention": accuracies["even_attention"],
        "accuracy_before_grey": accuracies["grey_surroundings"],
    }


def _cropped(places: Tensor, checkpoint: Checkpoint) -> Tensor:
    """What of the uncropped contexts the network sees."""
    (top, left), (height, width) = (
        checkpoint.input_spec.context_crop_offset,
        checkpoint.input_spec.context_crop,
    )
    return places[:, top : top + height, left : left + width]
