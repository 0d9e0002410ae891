"""Recognition of several people at once, one by one, and in ONNX Runtime."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from glamor_ros.network.attention import cells_of_own_face
from glamor_ros.network.batch_norm_folding import folded_for_inference
from glamor_ros.network.weights.checkpoint import Checkpoint
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.perception.recognition.preprocessing import Preprocessor

from ..arithmetic import gigaflops_of
from ..measurement import Absence, Measurement, Spread, Target
from ..options import Options
from ..pairing import Rival, Rounds, take_turns
from ..subjects import photograph, shipped_checkpoint

ROW = "recognition"
TOGETHER, ONE_BY_ONE, ONNX = "everybody at once", "one by one", "ONNX Runtime"
ENCODER = "face encoder alone"
ARITHMETIC = "arithmetic of everybody at once"
PEOPLE = (1, 2, 4, 8)
SPEED_UP_TARGET, MARGINAL_COST_TARGET = 4.0, 1.15
REPEATS = 5
WIDTH, HEIGHT = 640, 480
CROWD = tuple(
    Box(10.0 + 70 * i, 40.0 + 30 * i, 90.0 + 70 * i, 120.0 + 30 * i) for i in range(max(PEOPLE))
)


def measure(options: Options) -> Iterator[Measurement | Absence]:
    """The time of one image by number of people, and what the second to the last of them cost."""
    checkpoint = shipped_checkpoint()
    recognizer = EmotionRecognizer(checkpoint, device=options.device)
    frame = Frame(photograph(WIDTH, HEIGHT))
    on_onnx: Callable[[Frame, Sequence[Box]], object] | None = None
    with tempfile.TemporaryDirectory() as directory:
        try:
            on_onnx = onnx_recognition(checkpoint, Path(directory), options.threads)
        except ImportError as error:
            yield Absence(ROW, ONNX, f"{error}: install the extra `export`")
        for count in PEOPLE:
            boxes = CROWD[:count]
            work: dict[str, Callable[[], object]] = {
                TOGETHER: lambda b=boxes: recognizer.recognize([Scene(frame, b)]),  # type: ignore[misc]
                ONE_BY_ONE: lambda b=boxes: one_by_one(checkpoint, frame.bgr, b),  # type: ignore[misc]
                ENCODER: _face_encoder(checkpoint, count, options.device),
            }
            if on_onnx is not None:
                work[ONNX] = lambda b=boxes: on_onnx(frame, b)  # type: ignore[misc]
            rivals = {name: Rival(call, REPEATS) for name, call in work.items()}
            yield from _measurements(count, take_turns(rivals, options.chosen(3, 12)))
            operations = gigaflops_of(work[TOGETHER])
            if operations:
                yield _measurement(count, ARITHMETIC, "GFLOP", Spread.of_one(operations))
    yield _marginal_cost(checkpoint, recognizer, frame, options)


def case_of(people: int) -> str:
    """The case's name."""
    return f"{people} {'person' if people == 1 else 'people'}"


@torch.inference_mode()
def one_by_one(checkpoint: Checkpoint, image_bgr: NDArray[np.uint8], boxes: Sequence[Box]) -> None:
    """The order of work of the paper's released code, without its JPEG step.

    For each person a masked copy of the whole image, its resizing, and both encoders.
    """
    height, width = image_bgr.shape[:2]
    for box in boxes:
        region = box.clipped(width, height)
        rows = slice(region.y, region.y + region.height)
        columns = slice(region.x, region.x + region.width)
        rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB).astype(np.float32) / 255
        face = cv2.resize(rgb[rows, columns], (96, 96))
        rgb[rows, columns] = 0
        context = cv2.resize(rgb, (171, 128))[8:120, 29:141]
        tensors = (
            torch.from_numpy(part.transpose(2, 0, 1)[None].copy()) for part in (face, context)
        )
        _ = checkpoint.network(*tensors).probabilities


def onnx_recognition(
    checkpoint: Checkpoint, directory: Path, threads: int
) -> Callable[[Frame, Sequence[Box]], NDArray[np.float32]]:
    """The exported graphs in ONNX Runtime, with this package's preparation of their inputs.

    Returns:
        What gives everybody's probabilities, (P, 7).
    """
    import onnxruntime

    from glamor_ros.network.onnx.export import CONTEXT_ENCODER_FILE, PERSON_FILE, export_onnx

    export_onnx(checkpoint, directory)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    context_encoder, person = (
        onnxruntime.InferenceSession(directory / name, settings, providers=["CPUExecutionProvider"])
        for name in (CONTEXT_ENCODER_FILE, PERSON_FILE)
    )
    preprocessor = Preprocessor(checkpoint.input_spec)
    leaves_out_own_face = checkpoint.input_spec.leaves_out_own_face

    def recognize(frame: Frame, boxes: Sequence[Box]) -> NDArray[np.float32]:
        image = frame.on(torch.device("cpu"))
        scale = checkpoint.input_spec.face_box_scale
        regions = [box.scaled(scale).clipped(frame.width, frame.height) for box in boxes]
        faces = preprocessor.faces(image, regions).permute(0, 3, 1, 2).numpy()
        hidden = [] if leaves_out_own_face else regions
        contexts = preprocessor.contexts(image, [hidden]).permute(0, 3, 1, 2).numpy()
        cells, projection = context_encoder.run(None, {"contexts": np.ascontiguousarray(contexts)})
        inputs = {
            "faces": np.ascontiguousarray(faces),
            "cells": cells,
            "projection": projection,
            "context_index": np.zeros(len(boxes), np.int64),
        }
        if leaves_out_own_face:
            side = math.isqrt(cells.shape[1])
            own_faces = preprocessor.own_faces(image, regions)
            inputs["left_out"] = cells_of_own_face(own_faces, side, side).numpy()
        probabilities: NDArray[np.float32] = person.run(["probabilities"], inputs)[0]
        return probabilities

    return recognize


def _face_encoder(checkpoint: Checkpoint, people: int, device: str) -> Callable[[], object]:
    network = folded_for_inference(checkpoint.network).to(device)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    size = checkpoint.input_spec.face_size
    faces = torch.rand(people, 3, *size, device=device).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def encode() -> None:
        # One value is fetched: a GPU is done only then.
        network.encode_faces(faces)[0, 0].item()

    return encode


def _measurements(people: int, times: Rounds) -> Iterator[Measurement]:
    for name in times.times_ms:
        yield _measurement(people, name, "ms", times.spread(name))
    for name in (ONE_BY_ONE, ONNX):
        if name in times.times_ms:
            is_held = name == ONE_BY_ONE and people == max(PEOPLE)
            yield Measurement(
                ROW,
                case_of(people),
                f"{name} / {TOGETHER}",
                "×",
                times.ratio(name, TOGETHER),
                higher_is_better=True,
                target=Target(SPEED_UP_TARGET) if is_held else None,
            )


def _measurement(people: int, quantity: str, unit: str, spread: Spread) -> Measurement:
    return Measurement(ROW, case_of(people), quantity, unit, spread)


def _marginal_cost(
    checkpoint: Checkpoint, recognizer: EmotionRecognizer, frame: Frame, options: Options
) -> Measurement:
    """What each person after the first costs, in encodings of a face in a batch of that size."""
    everybody = max(PEOPLE)
    times = take_turns(
        {
            "one": Rival(lambda: recognizer.recognize([Scene(frame, CROWD[:1])]), REPEATS),
            "all": Rival(lambda: recognizer.recognize([Scene(frame, CROWD)]), REPEATS),
            ENCODER: Rival(_face_encoder(checkpoint, everybody, options.device), REPEATS),
        },
        options.chosen(3, 12),
    )
    of_rounds = zip(times.medians("one"), times.medians("all"), times.medians(ENCODER), strict=True)
    ratios = [
        (all_ms - one_ms) / (everybody - 1) / (encoder_ms / everybody)
        for one_ms, all_ms, encoder_ms in of_rounds
    ]
    return Measurement(
        ROW,
        f"person 2 to {everybody}",
        "cost of a person / face encoder alone",
        "×",
        Spread.of(ratios),
        target=Target(MARGINAL_COST_TARGET),
    )
