"""Stage 1: the face encoder with its own head on FER+, at rising resolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...network.emotions import EMOTIONS
from ...network.encoders import OriginalEncoder
from ..augmentation import FaceAugmentation
from ..ferplus import LabelledFaces
from .optimization import build_optimizer, set_learning_rate

BATCH_SIZE = 128
# For the end of a short training: what is drawn more strongly needs more epochs to pay.
GENTLE_AUGMENTATION = FaceAugmentation(
    rotation_deg=12.0,
    zoom=(0.82, 1.2),
    shift=0.05,
    brightness=0.15,
    contrast=0.25,
    gamma=0.25,
    low_resolution_probability=0.15,
    erasing_probability=0.15,
)


class FaceBranch(nn.Module):
    """Faces (N, 3, H, W), RGB in [0, 1], to logits (N, 7) from the face alone."""

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder = OriginalEncoder()
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(self.face_encoder.out_channels, len(EMOTIONS))

    def forward(self, faces: Tensor) -> Tensor:
        logits: Tensor = self.head(self.drop(self.face_encoder(faces).mean(dim=(2, 3))))
        return logits


@dataclass(frozen=True)
class Phase:
    """Epochs at one size of the faces in pixels."""

    size_px: int
    epochs: int


@dataclass(frozen=True)
class Round:
    """Phases under one rise and fall of the learning rate."""

    phases: Sequence[Phase]
    peak_learning_rate: float
    augmentation: FaceAugmentation


def resized_faces(images: Tensor, size_px: int) -> Tensor:
    """Grey images (N, 1, h, w), uint8, to RGB faces (N, 3, size, size) in [0, 1], bilinear."""
    faces = functional.interpolate(
        images.float() / 255, size=(size_px, size_px), mode="bilinear", align_corners=False
    )
    return faces.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def predict_logits(branch: nn.Module, images: Tensor, size_px: int) -> Tensor:
    """Logits (N, 7) for grey images (N, 1, h, w), uint8, in a single pass without augmentation."""
    return torch.cat([branch(resized_faces(batch, size_px)) for batch in images.split(256)])


def train_face_branch(
    branch: FaceBranch,
    faces: LabelledFaces,
    training: Round,
    state_path: Path,
    after_epoch: Callable[[FaceBranch, int, int, float], None],
) -> FaceBranch:
    """The branch, trained. Goes on from state_path where there is one; written after every epoch.

    after_epoch gets the branch, the epoch, its face size in pixels and the mean loss.
    """
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    branch.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = build_optimizer([(branch, 1.0)])
    images = torch.from_numpy(faces.images)[:, None]
    targets = torch.from_numpy(faces.distributions)
    sizes_px = [phase.size_px for phase in training.phases for _ in range(phase.epochs)]
    steps = len(images) // BATCH_SIZE
    first_epoch = 0
    if state_path.exists():
        state = torch.load(state_path, weights_only=True)
        branch.load_state_dict(state["branch"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
        first_epoch = state["epoch"]
    for epoch in range(first_epoch, len(sizes_px)):
        branch.train()
        order = torch.randperm(len(images), generator=generator)
        total_loss = 0.0
        for step in range(steps):
            done = epoch * steps + step
            progress = done / (len(sizes_px) * steps)
            set_learning_rate(optimizer, training.peak_learning_rate, progress)
            chosen = order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
            pixels = images[chosen].float() / 255
            batch = training.augmentation(pixels, sizes_px[epoch], generator)
            with torch.autocast("cpu", torch.bfloat16):
                logits = branch(batch.contiguous(memory_format=torch.channels_last))
            loss = functional.cross_entropy(logits.float(), targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total_loss += loss.item()
        after_epoch(branch.eval(), epoch + 1, sizes_px[epoch], total_loss / steps)
        torch.save(
            {
                "branch": branch.state_dict(),
                "optimizer": optimizer.state_dict(),
                "generator": generator.get_state(),
                "epoch": epoch + 1,
            },
            state_path,
        )
    return branch.eval()
