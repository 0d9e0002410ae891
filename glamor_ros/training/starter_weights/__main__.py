"""Trains and measures `weights/glamor_starter*.safetensors`.

    python -m glamor_ros.training.starter_weights face DATA RUN
    python -m glamor_ros.training.starter_weights joint DATA RUN OUT

DATA holds ferplus_train.npz, ferplus_valid.npz and the folder facial_expressions/.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, cast

import torch
import typer
from safetensors.torch import load_file, save_file
from torch import nn

from ...network.architecture import Architecture
from ...network.checkpoint import Checkpoint, save_checkpoint
from ...network.glamor_net import GlamorNet
from ...network.input_spec import InputSpec
from ...perception.emotion_recognizer import EmotionRecognizer
from ...perception.face_detector import build_face_detector
from ..ferplus import load_ferplus
from ..metrics import measure
from .calibration import divide_logits, fitted_temperature
from .face_stage import FaceBranch, FaceSchedule, predict_logits, train_face_branch
from .heads import load_heads, train_and_test
from .joint_stage import FACE_ONLY, JointSchedule, train_joint
from .measure import largest_face, neutral_logits, predict_heads, predictions_of

# FER+ crops are wider than the detector's boxes: in the median by 1 / 0.85, on 240 of its faces.
FACE_BOX_SCALE = 1.18
HELD_OUT_IDENTITIES = 0.3
FACE_BRANCH = "face_branch.safetensors"
PROVENANCE = {
    "made_with": "python -m glamor_ros.training.starter_weights",
    "trained_on": "FER2013 with FER+ labels; facial_expressions (70 % of its identities)",
}

app = typer.Typer(add_completion=False)


@app.command()
def face(data: Path, run: Path) -> None:
    """Stage 1; goes on where it was stopped."""
    run.mkdir(parents=True, exist_ok=True)
    valid = load_ferplus(data / "ferplus_valid.npz")
    images = torch.from_numpy(valid.images)[:, None]
    start = time.monotonic()

    def after_epoch(branch: FaceBranch, epoch: int, size_px: int, loss: float) -> None:
        logits = predict_logits(branch, images, size_px)
        accuracy = measure(predictions_of(logits, valid.labels)).accuracy
        elapsed_s = time.monotonic() - start
        print(
            f"epoch {epoch} at {size_px} px: loss {loss:.4f}, validation accuracy {accuracy:.4f}, "
            f"{elapsed_s:.0f} s",
            flush=True,
        )

    train = load_ferplus(data / "ferplus_train.npz", ignore_single_votes=True)
    heads, _ = train_and_test(load_heads(data / "facial_expressions"), HELD_OUT_IDENTITIES)
    branch = train_face_branch(
        train, heads, FaceSchedule(), run / "face_stage_to_resume.pt", after_epoch
    )
    save_file(branch.state_dict(), run / FACE_BRANCH)


@app.command()
def joint(
    data: Path,
    run: Path,
    out: Path,
    steps: Annotated[int, typer.Option(help="Steps of the joint training.")] = 500,
) -> None:
    """Stage 2, calibration and measurement; OUT gets the checkpoints, RUN the measured.json."""
    branch = FaceBranch()
    branch.load_state_dict(load_file(run / FACE_BRANCH))
    train = load_ferplus(data / "ferplus_train.npz", ignore_single_votes=True)
    valid = load_ferplus(data / "ferplus_valid.npz")
    heads, test_heads = train_and_test(load_heads(data / "facial_expressions"), HELD_OUT_IDENTITIES)
    net = train_joint(
        branch,
        train,
        heads,
        JointSchedule(joint_steps=steps),
        lambda line: print(line, flush=True),
    )
    images, labels = torch.from_numpy(valid.images)[:, None], torch.from_numpy(valid.labels)
    detector = build_face_detector("mmod")
    boxes = [largest_face(detector, path) for path in test_heads.paths]
    measured: dict[str, object] = {}
    for name, network, architecture in (
        ("glamor_starter", net.glamor, Architecture()),
        ("glamor_starter_face", net.face_network(), FACE_ONLY),
    ):
        # One number is fitted, on every other validation face; the card's ECE is on the rest.
        logits = neutral_logits(network, images)
        temperature = fitted_temperature(logits[::2], labels[::2])
        divide_logits(last_layer(network), temperature)
        checkpoint = Checkpoint(
            network,
            architecture,
            InputSpec(face_box_scale=FACE_BOX_SCALE),
            {"name": name, "temperature": temperature, **PROVENANCE},
        )
        calibrated = predictions_of(logits / temperature, valid.labels)
        rest = predictions_of(logits[1::2] / temperature, valid.labels[1::2])
        whole = predict_heads(EmotionRecognizer(checkpoint), test_heads, boxes)
        measured[name] = {
            "ferplus_valid": measure(calibrated).as_dict(),
            "ferplus_valid_not_used_for_calibration": measure(rest).as_dict(),
            "facial_expressions_held_out": measure(whole).as_dict(),
            "facial_expressions_without_a_detected_face": len(test_heads) - len(whole.names),
        }
        save_checkpoint(checkpoint, out / f"{name}.safetensors")
    text = json.dumps(measured, indent=1)
    (run / "measured.json").write_text(text)
    print(text)


def last_layer(network: GlamorNet) -> nn.Linear:
    """The layer that gives the logits."""
    return cast(nn.Linear, cast(nn.Sequential, network.classifier)[-1])


if __name__ == "__main__":
    app()
