"""Stage 1: the face encoder with its own head on faces, at rising resolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from ...atomic_file import atomic_write
from ...network.emotions import EMOTIONS
from ...network.encoders import OriginalEncoder
from ...network.weights.tensor_files import read_tensors
from ..data.face_augmentation import FaceAugmentation
from ..data.ferplus import LabelledFaces
from .heads import Heads
from .mixture import FaceMixture
from .optimization import AveragedWeights, StarterOptimizer, below, channels_last, named

FACES_PER_BATCH = 104
HEADS_PER_BATCH = 24
AVERAGE_DECAY = 0.997
AUGMENTATION = FaceAugmentation(shift=0.06, erasing_probability=0.2)
# For the end: what is drawn more strongly needs more epochs to pay.
GENTLE_AUGMENTATION = FaceAugmentation(
    rotation_deg=12.0,
    zoom=0.19,
    shift=0.05,
    brightness=0.15,
    contrast=0.25,
    gamma=0.25,
    low_resolution_probability=0.15,
    erasing_probability=0.15,
)


class FaceBranch(nn.Module):
    """A network that tells the emotion from the face alone."""

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder = OriginalEncoder()
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(self.face_encoder.out_channels, len(EMOTIONS))

    def forward(self, faces: Tensor) -> Tensor:
        """The logits (N, 7) of faces (N, 3, H, W), RGB in [0, 1]."""
        logits: Tensor = self.head(self.drop(self.face_encoder(faces).mean(dim=(2, 3))))
        return logits


@dataclass(frozen=True)
class Phase:
    """Epochs at one size of the faces; an epoch draws as many faces as FER+ has.

    Attributes:
        size_px: Height and width of the faces.
        epochs: The number of epochs.
        augmentation: What is done to the faces.
    """

    size_px: int
    epochs: int
    augmentation: FaceAugmentation = AUGMENTATION


@dataclass(frozen=True)
class FaceSchedule:
    """The phases of the stage, under a single rise and fall of the learning rate.

    Attributes:
        phases: The phases, in their order.
        peak_learning_rate: The largest learning rate.
    """

    phases: Sequence[Phase] = (
        Phase(48, 8),
        Phase(64, 10),
        Phase(96, 22),
        Phase(96, 6, GENTLE_AUGMENTATION),
    )
    peak_learning_rate: float = 0.005


def resized_faces(images: Tensor, size_px: int) -> Tensor:
    """RGB faces (N, 3, size, size) in [0, 1], resized bilinearly from grey images.

    Args:
        images: (N, 1, h, w), uint8.
        size_px: Height and width of the faces.
    """
    faces = functional.interpolate(
        images.float() / 255, size=(size_px, size_px), mode="bilinear", align_corners=False
    )
    return channels_last(faces.expand(-1, 3, -1, -1))


@torch.inference_mode()
def predict_logits(branch: nn.Module, images: Tensor, size_px: int) -> Tensor:
    """The logits (N, 7) of grey images, in a single pass without augmentation.

    Args:
        branch: The network.
        images: (N, 1, h, w), uint8.
        size_px: Height and width at which the network sees them.
    """
    return torch.cat([branch(resized_faces(batch, size_px)) for batch in images.split(256)])


def train_face_branch(
    faces: LabelledFaces,
    heads: Heads,
    schedule: FaceSchedule,
    state_path: Path,
    after_epoch: Callable[[FaceBranch, int, int, float], None],
) -> FaceBranch:
    """The face branch with averaged weights, trained to the end of the schedule.

    Args:
        faces: FER+ faces.
        heads: Photographs of heads.
        schedule: The phases of the training.
        state_path: The file of the training's state (.safetensors), written after every epoch; a
            training whose state is there continues from it.
        after_epoch: Called with the averaged branch, the number of the epoch, its face size in
            pixels and the mean loss.
    """
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    mixture = FaceMixture(faces, heads, generator)
    branch = FaceBranch().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedWeights(branch, AVERAGE_DECAY)
    optimizer = StarterOptimizer([(branch, 1.0)])
    epochs = [phase for phase in schedule.phases for _ in range(phase.epochs)]
    steps = max(1, len(faces) // FACES_PER_BATCH)
    first_epoch = 0
    if state_path.exists():
        state = read_tensors(state_path)
        branch.load_state_dict(below(state, "branch"))
        average.network.load_state_dict(below(state, "average"))
        optimizer.load_state(below(state, "optimizer"))
        generator.set_state(state["generator"])
        torch.set_rng_state(state["dropout_generator"])
        first_epoch = int(state["epoch"])
    for epoch, phase in enumerate(epochs[first_epoch:], start=first_epoch):
        branch.train()
        total_loss = 0.0
        for step in range(epoch * steps, (epoch + 1) * steps):
            optimizer.set_learning_rate(schedule.peak_learning_rate, step / (len(epochs) * steps))
            images, targets = mixture.draw(
                FACES_PER_BATCH, HEADS_PER_BATCH, phase.size_px, phase.augmentation
            )
            with torch.autocast("cpu", torch.bfloat16):
                logits = branch(images)
            loss = functional.cross_entropy(logits.float(), targets)
            optimizer.step(loss)
            average.update(branch, step)
            total_loss += loss.item()
        after_epoch(average.network, epoch + 1, phase.size_px, total_loss / steps)
        state = {
            **named("branch", branch.state_dict()),
            **named("average", average.network.state_dict()),
            **named("optimizer", optimizer.state()),
            "generator": generator.get_state(),
            "dropout_generator": torch.get_rng_state(),
            "epoch": torch.tensor(epoch + 1),
        }
        contiguous = {name: value.contiguous() for name, value in state.items()}
        atomic_write(state_path, save(contiguous))
    return average.network
