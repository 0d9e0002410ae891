"""What a frame costs with 1, 2, 4 and 8 people in view, beside the released code's procedure.

    python benchmarks/people.py

Ours: detection on 640x480 and the recognition of everybody at once, the context encoded once.
Person by person: the same network as the released code runs it, for each person a masked copy of
the whole image, its resizing, and both encoders. The two take turns.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from measuring import cpu_name, milliseconds, two_faces
from numpy.typing import NDArray

from glamor_ros.network.weights.checkpoint import Checkpoint, load_checkpoint
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.resources import STARTER_WEIGHTS, shipped_weights

ROUNDS = 15
CROWD = [Box(10.0 + 70 * i, 40.0 + 30 * i, 90.0 + 70 * i, 120.0 + 30 * i) for i in range(8)]


def main() -> None:
    """Prints two tables."""
    checkpoint = load_checkpoint(shipped_weights(STARTER_WEIGHTS))
    image = two_faces(640, 480)
    threads = torch.get_num_threads()
    print(f"{cpu_name()}, {threads} threads, PyTorch {torch.__version__}, 640x480; medians")
    print_recognition(checkpoint, image)
    print_frame(checkpoint, image)


def print_recognition(checkpoint: Checkpoint, image: NDArray[np.uint8]) -> None:
    """Recognition alone: everybody at once beside person by person."""
    recognizer = EmotionRecognizer(checkpoint)
    print("\n| people | everybody at once ms | person by person ms | ratio |\n|---|---|---|---|")
    for count in (1, 2, 4, 8):
        boxes = CROWD[:count]
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(
                milliseconds(lambda: recognizer.recognize([Scene(Frame(image), tuple(boxes))])[0])
            )
            theirs.append(milliseconds(lambda: one_by_one(checkpoint, image, boxes)))  # noqa: B023
        median, reference = statistics.median(ours), statistics.median(theirs)
        print(f"| {count} | {median:.1f} | {reference:.1f} | {reference / median:.1f}x |")


def print_frame(checkpoint: Checkpoint, image: NDArray[np.uint8]) -> None:
    """A frame with two people: detection and recognition."""
    detector, recognizer = build_face_detector("mmod"), EmotionRecognizer(checkpoint)
    detections = detector.detect([Frame(image)])[0]
    boxes = [Box(d.left, d.top, d.right, d.bottom) for d in detections]
    detection, recognition = [], []
    for _ in range(ROUNDS):
        detection.append(milliseconds(lambda: detector.detect([Frame(image)])[0]))
        recognition.append(
            milliseconds(lambda: recognizer.recognize([Scene(Frame(image), tuple(boxes))])[0])
        )
    both = statistics.median(map(sum, zip(detection, recognition, strict=True)))
    print("\n| people | detection ms | recognition ms | frame ms |\n|---|---|---|---|")
    print(
        f"| {len(boxes)} | {statistics.median(detection):.1f} | "
        f"{statistics.median(recognition):.1f} | {both:.1f} |"
    )


@torch.inference_mode()
def one_by_one(checkpoint: Checkpoint, image: NDArray[np.uint8], boxes: Sequence[Box]) -> None:
    """The released code's order of work, without its JPEG step."""
    height, width = image.shape[:2]
    for box in boxes:
        region = box.clipped(width, height)
        rows = slice(region.y, region.y + region.height)
        columns = slice(region.x, region.x + region.width)
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.float32) / 255
        face = cv2.resize(rgb[rows, columns], (96, 96))
        rgb[rows, columns] = 0
        context = cv2.resize(rgb, (171, 128))[8:120, 29:141]
        tensors = (
            torch.from_numpy(part.transpose(2, 0, 1)[None].copy()) for part in (face, context)
        )
        _ = checkpoint.network(*tensors).probabilities


if __name__ == "__main__":
    main()
