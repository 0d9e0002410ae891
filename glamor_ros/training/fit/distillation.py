"""Distillation: a network also learns what its teachers say (Hinton et al., 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic.dataclasses import dataclass
from torch import Tensor
from torch.nn import functional

from ...errors import GlamorError
from ...network.batch_norm_folding import folded_for_inference
from ...network.input_spec import InputSpec
from ...network.weights.checkpoint import Checkpoint, load_checkpoint
from ..data.emotion_dataset import NetworkInputs
from .recipe_errors import STRICT
from .recipe_numbers import Positive, Probability


class TeacherError(GlamorError, ValueError):
    """A teacher that cannot see what the network in training sees."""


@dataclass(frozen=True, config=STRICT)
class Distillation:
    """How much a network learns of its teachers.

    Attributes:
        weight: The share of the teachers' probabilities in what is learnt; the labels have the
            rest.
        temperature: What the logits of both sides are divided by, where they are compared.
        samples: Who learns of them: "all", or those whom nobody else in the scene decides
            ("undecided"): where a scene tells nothing, a whole network whose teacher is the face's
            learns to say what the face alone says.
    """

    weight: Probability = 0.5
    temperature: Positive = 1.0
    samples: Literal["all", "undecided"] = "all"

    def losses(self, logits: Tensor, teachers: Tensor) -> Tensor:
        """Each sample's cross-entropy with the teachers, (N,), at the labels' scale of gradients.

        Args:
            logits: The network's, (N, 7).
            teachers: Their mean probabilities at this temperature, (N, 7).
        """
        cross_entropy = functional.cross_entropy(
            logits.float() / self.temperature, teachers, reduction="none"
        )
        return cross_entropy * self.temperature**2

    def weights(self, decided: Tensor) -> Tensor:
        """The teachers' share in what each sample learns, (N,).

        Args:
            decided: Whom someone else in the scene decides, (N,), bool.
        """
        learns = torch.ones_like(decided) if self.samples == "all" else ~decided
        return learns * self.weight


class Teachers:
    """Trained networks whose mean opinion is learnt; they are never changed.

    Args:
        checkpoints: The networks.
        input_spec: What the network in training sees.

    Raises:
        TeacherError: A teacher looks at other contexts than that.
    """

    def __init__(self, checkpoints: Sequence[Checkpoint], input_spec: InputSpec) -> None:
        self._networks = []
        self._face_sizes = []
        for number, checkpoint in enumerate(checkpoints, start=1):
            spec = checkpoint.input_spec
            sees_context = checkpoint.network.context_encoder is not None
            for name in ("context_crop", "context_faces") if sees_context else ():
                if getattr(spec, name) != getattr(input_spec, name):
                    raise TeacherError(
                        f"teacher {number} was trained with {name} {getattr(spec, name)}, the "
                        f"recipe has {getattr(input_spec, name)}; take a teacher that looks at the "
                        "face alone, or one with the recipe's inputs"
                    )
            network = folded_for_inference(checkpoint.network)
            self._networks.append(network.to(memory_format=torch.channels_last))  # type: ignore[call-overload]
            self._face_sizes.append(spec.face_size)

    def __len__(self) -> int:
        return len(self._networks)

    def __deepcopy__(self, memo: dict[int, Any]) -> Teachers:
        # What never changes need not be there twice.
        return self

    def to(self, device: torch.device) -> None:
        """Move the networks to a device."""
        for network in self._networks:
            network.to(device)

    @torch.no_grad()
    def probabilities(self, inputs: NetworkInputs, temperature: float) -> Tensor:
        """The mean of the teachers' probabilities, (N, 7).

        Args:
            inputs: What the network in training sees; faces are resized as each teacher needs them.
            temperature: What their logits are divided by.
        """
        opinions = []
        for network, size in zip(self._networks, self._face_sizes, strict=True):
            faces = inputs.faces
            if faces.shape[2:] != size:
                faces = functional.interpolate(
                    faces, size=size, mode="bilinear", align_corners=False
                )
            faces = faces.contiguous(memory_format=torch.channels_last)
            output = network(faces, inputs.contexts, own_faces=inputs.own_faces)
            opinions.append(torch.softmax(output.logits.float() / temperature, dim=1))
        return torch.stack(opinions).mean(dim=0)


def load_teachers(paths: Sequence[Path], input_spec: InputSpec) -> Teachers:
    """The teachers in these checkpoints; see Teachers.

    Raises:
        CheckpointError: A file is no checkpoint.
        TeacherError: A teacher looks at other contexts than the network in training.
    """
    return Teachers([load_checkpoint(path) for path in paths], input_spec)
