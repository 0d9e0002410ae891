"""The training and measuring of `weights/glamor_starter*.safetensors`.

    python -m glamor_ros.training.starter_weights boxes DATA
    python -m glamor_ros.training.starter_weights face DATA RUN
    python -m glamor_ros.training.starter_weights joint DATA RUN OUT
    python -m glamor_ros.training.starter_weights measure DATA RUN OUT

DATA holds ferplus_train.npz, ferplus_valid.npz and the folder facial_expressions/. RUN gets what is
needed between the steps and what was measured, OUT the checkpoints.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import typer
from safetensors.torch import load_file, save_file
from torch import nn

from ...network.architecture import Architecture
from ...network.emotions import EMOTIONS
from ...network.glamor_net import GlamorNet
from ...network.input_spec import InputSpec
from ...network.weights.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ...perception.detection.build import build_face_detector
from ...perception.recognition.emotion_recognizer import EmotionRecognizer
from ..data.ferplus import load_ferplus
from ..evaluation.metrics import measure as metrics
from .calibration import adjust_logits, divide_logits, fitted_temperature
from .face_stage import FaceBranch, FaceSchedule, predict_logits, train_face_branch
from .heads import load_heads, train_and_test
from .joint_stage import FACE_ONLY, JointSchedule, train_joint
from .measure import (
    accuracy_table,
    disturbance_table,
    disturbed_accuracies,
    in_grey,
    largest_faces,
    neutral_logits,
    predict_heads,
    predictions_of,
    relative_box_widths,
)

# FER+ crops are wider than the detector's boxes: in the median by 1 / 0.86 (the command `boxes`).
# A margin more costs little there, a margin less much; photographs of heads gain by it.
FACE_BOX_SCALE = 1.3
# Of the whole network alone: the face's by itself stays as exact as it can be.
RARE_CLASSES_STRENGTH = 0.28
WHOLE, FACE_ALONE = "glamor_starter", "glamor_starter_face"
FERPLUS = "FER+ validation, whole crops at 96 px in neutral surroundings, single pass"
FERPLUS_NOT_CALIBRATED = "the half of it that did not set the temperature"
HEADS = "facial_expressions, identities held out, through the face detector"
GREY_HEADS = "the same photographs in grey"
FACE_BRANCH = "face_branch.safetensors"
PROVENANCE = {
    "made_with": "python -m glamor_ros.training.starter_weights",
    "trained_on": "FER2013 with FER+ labels; facial_expressions (70 % of its identities)",
}

app = typer.Typer(add_completion=False)


@app.command()
def boxes(data: Path, count: int = 240) -> None:
    """Measure how wide the detector's boxes are in FER+ crops, which gives FACE_BOX_SCALE."""
    crops = load_ferplus(data / "ferplus_valid.npz").images
    chosen = np.random.default_rng(0).choice(len(crops), count, replace=False)
    widths, missed = relative_box_widths(build_face_detector("mmod"), crops[chosen])
    low, median, high = np.percentile(widths, [5, 50, 95])
    print(
        f"box over crop width: median {median:.2f}, 5 % below {low:.2f}, 5 % above {high:.2f}; "
        f"{count} crops, no face found in {missed}"
    )


@app.command()
def face(data: Path, run: Path) -> None:
    """Train stage 1, the face branch; an interrupted run continues."""
    run.mkdir(parents=True, exist_ok=True)
    valid = load_ferplus(data / "ferplus_valid.npz")
    images = torch.from_numpy(valid.images)[:, None]
    start = time.monotonic()

    def after_epoch(branch: FaceBranch, epoch: int, size_px: int, loss: float) -> None:
        logits = predict_logits(branch, images, size_px)
        accuracy = metrics(predictions_of(logits, valid.labels)).accuracy
        elapsed_s = time.monotonic() - start
        print(
            f"epoch {epoch} at {size_px} px: loss {loss:.4f}, validation accuracy {accuracy:.4f}, "
            f"{elapsed_s:.0f} s",
            flush=True,
        )

    train = load_ferplus(data / "ferplus_train.npz", ignore_single_votes=True)
    heads, _ = train_and_test(load_heads(data / "facial_expressions"))
    branch = train_face_branch(
        train, heads, FaceSchedule(), run / "face_stage_to_resume.safetensors", after_epoch
    )
    save_file(branch.state_dict(), run / FACE_BRANCH)


@app.command()
def joint(
    data: Path,
    run: Path,
    out: Path,
    steps: int = typer.Option(500, help="Steps of the joint training."),
) -> None:
    """Train stage 2, the whole network, and calibrate it."""
    branch = FaceBranch()
    branch.load_state_dict(load_file(run / FACE_BRANCH))
    train = load_ferplus(data / "ferplus_train.npz", ignore_single_votes=True)
    valid = load_ferplus(data / "ferplus_valid.npz")
    heads, _ = train_and_test(load_heads(data / "facial_expressions"))
    schedule = JointSchedule(joint_steps=steps)
    net = train_joint(branch, train, heads, schedule, lambda line: print(line, flush=True))
    frequency = torch.bincount(torch.from_numpy(train.labels), minlength=len(EMOTIONS)) / len(train)
    adjust_logits(last_layer(net.glamor), frequency, RARE_CLASSES_STRENGTH)
    # One number is fitted, on every other validation face; the card's ECE is on the rest.
    images, labels = torch.from_numpy(valid.images)[::2, None], torch.from_numpy(valid.labels)[::2]
    for name, network, architecture in (
        (WHOLE, net.glamor, Architecture()),
        (FACE_ALONE, net.face_network(), FACE_ONLY),
    ):
        temperature = fitted_temperature(neutral_logits(network, images), labels)
        divide_logits(last_layer(network), temperature)
        checkpoint = Checkpoint(
            network,
            architecture,
            InputSpec(face_box_scale=FACE_BOX_SCALE),
            {"name": name, "temperature": temperature, **PROVENANCE},
        )
        save_checkpoint(checkpoint, out / f"{name}.safetensors")


@app.command()
def measure(data: Path, run: Path, out: Path) -> None:
    """Write what the model card tells, as measured.json and as the card's tables."""
    valid = load_ferplus(data / "ferplus_valid.npz")
    images = torch.from_numpy(valid.images)[:, None]
    _, heads = train_and_test(load_heads(data / "facial_expressions"))
    detector = build_face_detector("mmod")
    boxes = largest_faces(detector, heads.paths)
    measured: dict[str, Any] = {"heads_without_a_detected_face": boxes.count(None)}
    for name in (WHOLE, FACE_ALONE):
        checkpoint = load_checkpoint(out / f"{name}.safetensors")
        recognizer = EmotionRecognizer(checkpoint)
        logits = neutral_logits(checkpoint.network, images)
        predicted = {
            FERPLUS: predictions_of(logits, valid.labels),
            FERPLUS_NOT_CALIBRATED: predictions_of(logits[1::2], valid.labels[1::2]),
            HEADS: predict_heads(recognizer, heads, boxes),
            GREY_HEADS: predict_heads(recognizer, heads, boxes, in_grey),
        }
        measured[name] = {
            "sets": {key: metrics(one).as_dict() for key, one in predicted.items()},
            "disturbed": disturbed_accuracies(checkpoint.network, images, valid.labels),
        }
    (run / "measured.json").write_text(json.dumps(measured, indent=1))
    print(f"no face was found in {boxes.count(None)} of {len(boxes)} heads\n")
    for name in (WHOLE, FACE_ALONE):
        print(f"{name}\n\n{accuracy_table(measured[name]['sets'])}")
    print(disturbance_table({name: measured[name]["disturbed"] for name in (WHOLE, FACE_ALONE)}))


def last_layer(network: GlamorNet) -> nn.Linear:
    """The layer that gives the logits."""
    return cast(nn.Linear, cast(nn.Sequential, network.classifier)[-1])


if __name__ == "__main__":
    app()
