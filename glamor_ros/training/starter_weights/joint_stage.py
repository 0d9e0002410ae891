"""Stage 2: the context encoder with its own head, then the whole network end to end (section 4.2).

Every batch holds FER+ faces and photographs of heads, both in made surroundings. The face branch
keeps its own head in the loss, so that it stays a classifier by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...network.architecture import Architecture, build_glamor_net
from ...network.emotions import EMOTIONS
from ...network.encoders import Encoder
from ...network.glamor_net import GlamorNet, GlamorOutput
from ..data.ferplus import LabelledFaces
from .face_stage import GENTLE_AUGMENTATION, FaceBranch
from .heads import Heads
from .mixture import FaceMixture
from .optimization import AveragedWeights, StarterOptimizer, channels_last
from .surroundings import Surroundings

FACE_SIZE_PX = 96
FACE_LOSS_WEIGHT = 0.5
AVERAGE_DECAY = 0.99
# Made surroundings tell little: unrestrained, the attention settles on any one cell.
CONCENTRATION_WEIGHT = 0.05
FACE_ONLY = Architecture(classifier_inputs="face")


@dataclass(frozen=True)
class JointSchedule:
    """The steps and batch sizes of the stage.

    Attributes:
        context_steps: Steps in which the context encoder is trained by itself.
        joint_steps: Steps in which the whole network is trained.
        faces_per_batch: FER+ faces in each batch.
        heads_per_batch: Photographs of heads in each batch.
        context_peak_learning_rate: The largest learning rate of the context's steps.
        joint_peak_learning_rate: The largest learning rate of the joint steps.
    """

    context_steps: int = 100
    joint_steps: int = 500
    faces_per_batch: int = 48
    heads_per_batch: int = 24
    context_peak_learning_rate: float = 0.002
    joint_peak_learning_rate: float = 0.001


class StarterNet(nn.Module):
    """The network with the heads that its branches keep for themselves while it is trained.

    Args:
        face_branch: The result of stage 1, whose encoder and head are taken over.
    """

    def __init__(self, face_branch: FaceBranch) -> None:
        super().__init__()
        self.glamor = build_glamor_net(Architecture())
        # The context encoder starts from the face's: it, too, will have faces to look at.
        for encoder in (self.glamor.face_encoder, self.glamor.context_encoder):
            cast(Encoder, encoder).load_state_dict(face_branch.face_encoder.state_dict())
        self.face_classifier = build_glamor_net(FACE_ONLY).classifier
        for classifier in (self.glamor.classifier, self.face_classifier):
            start_from_linear(cast(nn.Sequential, classifier), face_branch.head)
        self.context_head = nn.Sequential(nn.Dropout(0.5), nn.Linear(256, len(EMOTIONS)))

    def context_logits(self, contexts: Tensor) -> Tensor:
        """The logits (N, 7) of contexts (N, 3, 112, 112), without attention."""
        cells = cast(Encoder, self.glamor.context_encoder)(contexts).mean(dim=(2, 3))
        logits: Tensor = self.context_head(cells)
        return logits

    def forward(self, faces: Tensor, contexts: Tensor) -> tuple[GlamorOutput, Tensor]:
        """The output of the whole network, and the logits (N, 7) of the face alone."""
        output: GlamorOutput = self.glamor(faces, contexts)
        return output, self.face_classifier(output.face_vector)

    def face_network(self) -> GlamorNet:
        """The face branch as a network of its own, in evaluation mode."""
        network = build_glamor_net(FACE_ONLY)
        encoder = cast(Encoder, self.glamor.face_encoder)
        cast(Encoder, network.face_encoder).load_state_dict(encoder.state_dict())
        network.classifier.load_state_dict(self.face_classifier.state_dict())
        return network.eval()


@torch.no_grad()
def start_from_linear(classifier: nn.Sequential, head: nn.Linear) -> None:
    """Make the layers Dense, ReLU, Dropout, Dense compute head(v_f), whatever follows v_f.

    Each class takes a pair of hidden units, relu(x) - relu(-x) = x, as many times over as there is
    room, so that dropout cannot silence a class.

    Args:
        classifier: The layers, whose weights are replaced; their input begins with v_f.
        head: The layer to be computed.
    """
    first, last = cast(nn.Linear, classifier[0]), cast(nn.Linear, classifier[-1])
    classes, features = head.weight.shape
    copies = first.out_features // (2 * classes)
    used = copies * 2 * classes
    first.weight[:used].zero_()
    first.weight[:used, :features] = torch.cat([head.weight, -head.weight]).repeat(copies, 1)
    first.bias[:used] = torch.cat([head.bias, -head.bias]).repeat(copies)
    identity = torch.eye(classes)
    last.weight.zero_()
    last.weight[:, :used] = torch.cat([identity, -identity], dim=1).repeat(1, copies) / copies
    last.bias.zero_()


def attention_concentration(attention: Tensor) -> Tensor:
    """How uneven attention maps (N, H, W) are: their mean relative entropy, 0 to log(H W)."""
    weights = attention.flatten(1).clamp(min=1e-8)
    return (weights * weights.log()).sum(dim=1).mean() + math.log(weights.shape[1])


class _Batches:
    """A source of faces (N, 3, 96, 96), contexts (N, 3, 112, 112) and targets (N, 7)."""

    def __init__(
        self,
        faces: LabelledFaces,
        heads: Heads,
        schedule: JointSchedule,
        generator: torch.Generator,
    ) -> None:
        self._mixture = FaceMixture(faces, heads, generator)
        self._surroundings = Surroundings(heads.faces, heads.labels, generator)
        self._counts = schedule.faces_per_batch, schedule.heads_per_batch

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        images, targets = self._mixture.draw(*self._counts, FACE_SIZE_PX, GENTLE_AUGMENTATION)
        return images, channels_last(self._surroundings.draw(targets.argmax(dim=1))), targets


def train_joint(
    face_branch: FaceBranch,
    faces: LabelledFaces,
    heads: Heads,
    schedule: JointSchedule,
    report: Callable[[str], None],
) -> StarterNet:
    """The network with averaged weights, trained to the end of the schedule.

    Args:
        face_branch: The result of stage 1.
        faces: FER+ faces.
        heads: Photographs of heads.
        schedule: The steps of the training.
        report: Takes a line of text every hundred steps.
    """
    torch.manual_seed(2)
    generator = torch.Generator().manual_seed(3)
    batches = _Batches(faces, heads, schedule, generator)
    net = StarterNet(face_branch).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    _train_context(net, batches, schedule, report)
    glamor = net.glamor
    parts: list[tuple[nn.Module, float]] = [
        # Trained to its end already: it only follows the others.
        (cast(Encoder, glamor.face_encoder), 0.1),
        (net.face_classifier, 0.3),
        (cast(Encoder, glamor.context_encoder), 0.5),
        (cast(nn.Module, glamor.attention), 1.0),
        (glamor.fusion, 1.0),
        (glamor.classifier, 1.0),
    ]
    optimizer = StarterOptimizer(parts)
    average = AveragedWeights(net, decay=AVERAGE_DECAY)
    net.train()
    for step in range(schedule.joint_steps):
        optimizer.set_learning_rate(schedule.joint_peak_learning_rate, step / schedule.joint_steps)
        images, contexts, targets = batches.draw()
        with torch.autocast("cpu", torch.bfloat16):
            output, face_logits = net(images, contexts)
        loss = functional.cross_entropy(output.logits.float(), targets)
        loss = loss + FACE_LOSS_WEIGHT * functional.cross_entropy(face_logits.float(), targets)
        attention = cast(Tensor, output.attention).float()
        loss = loss + CONCENTRATION_WEIGHT * attention_concentration(attention)
        optimizer.step(loss)
        average.update(net, step)
        if (step + 1) % 100 == 0:
            face_weight = cast(Tensor, output.fusion_weights)[:, 0].mean().item()
            report(f"joint step {step + 1} loss {loss.item():.3f} face weight {face_weight:.2f}")
    return average.network


def _train_context(
    net: StarterNet, batches: _Batches, schedule: JointSchedule, report: Callable[[str], None]
) -> None:
    encoder = cast(Encoder, net.glamor.context_encoder)
    optimizer = StarterOptimizer([(encoder, 1.0), (net.context_head, 1.0)])
    net.train()
    for step in range(schedule.context_steps):
        progress = step / schedule.context_steps
        optimizer.set_learning_rate(schedule.context_peak_learning_rate, progress)
        _, contexts, targets = batches.draw()
        with torch.autocast("cpu", torch.bfloat16):
            logits = net.context_logits(contexts)
        loss = functional.cross_entropy(logits.float(), targets)
        optimizer.step(loss)
        if (step + 1) % 100 == 0:
            report(f"context step {step + 1} loss {loss.item():.3f}")
