"""Which networks are loaded, and how they run."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import torch

from ...network.weights.checkpoint import load_checkpoint
from ...perception.detection.build import build_face_detector
from ...perception.detection.face_detector import FaceDetector
from ...perception.detection.given_faces import GivenFaces
from ...perception.detection.mmod.detector import MmodFaceDetector
from ...perception.detection.yunet import YuNetFaceDetector
from ...perception.engine import PeopleObserver
from ...perception.geometry import Box
from ...perception.recognition.emotion_recognizer import EmotionRecognizer
from ...perception.stopwatch import Stopwatch
from ...resources import STARTER_WEIGHTS, shipped_weights


@dataclass(frozen=True)
class ModelChoice:
    """Which networks to load, and where to run them.

    Attributes:
        weights: GLAMOR-Net's; None: those that ship.
        device: As require_device takes it.
        precision: What the networks compute in.
        context_mode: One of CONTEXT_MODES.
        detector: One of DETECTOR_NAMES.
        detector_weights: None: those that ship.
        detector_upsample: How often the image is doubled before detection.
        given_boxes: Where faces are given instead of detected: from the boxes given to such as the
            networks were trained on; None: faces are detected.
    """

    weights: Path | None
    device: str
    precision: str
    context_mode: str
    detector: str
    detector_weights: Path | None
    detector_upsample: int
    given_boxes: Callable[[Box], Box] | None = None


@dataclass(frozen=True, eq=False)
class Models:
    """The networks of the node.

    Attributes:
        detector: Finds faces; a GivenFaces where they are given.
        observer: Sees people with it.
        stopwatch: Has the times that the observer's stages took.
    """

    detector: FaceDetector
    observer: PeopleObserver
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    def set_min_face_size(self, size_px: int) -> None:
        """Let the detector leave out what only smaller faces need, where it can."""
        if isinstance(self.detector, (MmodFaceDetector, YuNetFaceDetector)):
            self.detector.min_face_size_px = size_px


def load_models(choice: ModelChoice) -> Models:
    """A detector and a recognizer, ready to observe cameras.

    Raises:
        ValueError: What is asked for cannot be had, or a file is damaged; the message names it.
        OSError: A file is missing or cannot be read.
    """
    weights = choice.weights or shipped_weights(STARTER_WEIGHTS)
    recognizer = EmotionRecognizer(
        load_checkpoint(weights),
        context_mode=choice.context_mode,
        device=choice.device,
        precision=choice.precision,
    )
    if choice.given_boxes is not None:
        given = GivenFaces(choice.given_boxes)
        return Models(given, PeopleObserver(given, recognizer))
    detector = build_face_detector(
        choice.detector,
        upsample=choice.detector_upsample,
        device=choice.device,
        precision=choice.precision,
        weights=choice.detector_weights,
    )
    stopwatch = Stopwatch()
    return Models(detector, PeopleObserver(detector, recognizer, stopwatch), stopwatch)


def limit_threads(count: int) -> None:
    """Let the networks and OpenCV use so many threads of the processor.

    Args:
        count: 0: one less than this process has cores. With all of them, the networks' threads wait
            for each other whenever the camera's driver or DDS needs a core, and each image takes
            longer than with one thread fewer.
    """
    count = count or max(len(os.sched_getaffinity(0)) - 1, 1)
    torch.set_num_threads(count)
    cv2.setNumThreads(count)


def gpu_memory_bytes() -> int | None:
    """What the networks hold of the GPU's memory; None where they run on the processor."""
    return torch.cuda.memory_allocated() if torch.cuda.is_initialized() else None


def release_memory() -> None:
    """Give back the memory of networks that nobody holds any more, the GPU's as well."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
