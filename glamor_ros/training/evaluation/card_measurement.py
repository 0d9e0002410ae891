"""Everything that a model card tells in figures, measured of one network after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...network.architecture import stored_values
from ...network.emotions import EMOTIONS
from ...network.weights.checkpoint import Checkpoint, load_checkpoint
from ...perception.geometry import Box
from ...perception.recognition.emotion_recognizer import EmotionRecognizer
from ..data.face_crops import FaceCrops
from ..prepared.prepared_faces import PreparedFaces
from ..prepared.sample_preparation import SamplePreparation
from .disturbances import DISTURBANCES, mirrored, undisturbed
from .evaluate import predict_disturbed
from .intervals import Interval, MetricIntervals, accuracy_gain, accuracy_interval, metric_intervals
from .metrics import finite, measure
from .photographs import Photographs, in_grey, predict_photographs
from .predictions import Predictions
from .scene_measurement import measure_scenes, sees_other_faces
from .selective_accuracy import selective_accuracy

FACES, FLIPPED, HEADS, GREY_HEADS = "ferplus", "ferplus_flipped", "heads", "heads_grey"
UNDISTURBED = "undisturbed"

_Stage = Callable[[str], Callable[[int, int], None]]


@dataclass(frozen=True)
class DetectedHeads:
    """Photographs of heads with the face in each, found once for all networks.

    Attributes:
        photographs: Those with a face.
        boxes: The face in each of them.
        without_face: The number of photographs in which the detector found none; they are not
            counted in any figure.
    """

    photographs: Photographs
    boxes: Sequence[Box]
    without_face: int

    @classmethod
    def of(cls, photographs: Photographs, boxes: Sequence[Box | None]) -> DetectedHeads:
        """The photographs in which a face was found.

        Args:
            photographs: All of them.
            boxes: The face in each; None where there is none.
        """
        found = [(place, box) for place, box in enumerate(boxes) if box is not None]
        index = np.array([place for place, _ in found], np.int64)
        return cls(photographs.subset(index), [box for _, box in found], boxes.count(None))


@dataclass(frozen=True)
class CardData:
    """What networks are measured on.

    Attributes:
        faces: Faces without scenes; None to leave them out.
        heads: Photographs of heads; None to leave them out.
        disturbed_faces: How many of the faces are disturbed, spread evenly over them; the figures
            by disturbance are of these.
        with_flip: Whether to measure what averaging with the mirrored face gains.
        scenes: How many scenes are composed of the faces, for networks that see others' faces; 0
            for none.
    """

    faces: FaceCrops | None
    heads: DetectedHeads | None
    disturbed_faces: int
    with_flip: bool
    scenes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The sizes, as JSON values."""
        sizes: dict[str, Any] = {}
        if self.faces is not None:
            sizes[FACES] = {"images": len(self.faces)}
        if self.heads is not None:
            sizes[HEADS] = {
                "images": len(self.heads.photographs),
                "people": len(set(self.heads.photographs.identities)),
                "without_face": self.heads.without_face,
            }
        return sizes


@dataclass(frozen=True)
class MeasuredNetwork:
    """What was measured of a network.

    Attributes:
        figures: JSON values; see `measure_network`.
        predictions: The predictions, by set.
    """

    figures: Mapping[str, Any]
    predictions: Mapping[str, Predictions]


def measure_network(weights: Path, data: CardData, stage: _Stage) -> MeasuredNetwork:
    """All figures of a checkpoint.

    Args:
        weights: The checkpoint's file.
        data: What it is measured on.
        stage: From a title to what is told the numbers done and of all.

    Raises:
        CheckpointError: The file is no checkpoint.
    """
    checkpoint = load_checkpoint(weights)
    title = weights.stem
    figures: dict[str, Any] = {
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "stored_values": stored_values(checkpoint.network),
        "input_spec": asdict(checkpoint.input_spec),
        "provenance": dict(checkpoint.provenance),
    }
    predictions: dict[str, Predictions] = {}
    people: dict[str, Sequence[Hashable]] = {}
    if data.faces is not None:
        predictions |= _predict_faces(
            checkpoint, data.faces, data.with_flip, stage(f"{title}: faces")
        )
        figures["disturbed"] = _disturbed(
            checkpoint, data.faces, data.disturbed_faces, stage(f"{title}: disturbed faces")
        )
        if data.scenes and sees_other_faces(checkpoint):
            figures["scenes"] = measure_scenes(
                checkpoint, data.faces, data.scenes, stage(f"{title}: composed scenes")
            )
    if data.heads is not None:
        predictions |= _predict_heads(checkpoint, data.heads, title, stage)
        of_heads = data.heads.photographs.identities
        people |= {HEADS: of_heads, GREY_HEADS: of_heads}
    figures["sets"] = {
        name: set_figures(one, people.get(name)) for name, one in predictions.items()
    }
    if FLIPPED in predictions:
        gain = accuracy_gain(predictions[FLIPPED], predictions[FACES])
        figures["flip_gain"] = {"accuracy": gain.accuracy, "interval": _ends(gain.interval)}
    return MeasuredNetwork(figures, predictions)


def set_figures(predictions: Predictions, people: Sequence[Hashable] | None) -> dict[str, Any]:
    """All figures of a set of predictions, with their intervals, as JSON values.

    Args:
        predictions: The predictions.
        people: See `metric_intervals`.
    """
    return {
        **measure(predictions).as_dict(),
        "people": len(set(people)) if people is not None else None,
        "intervals": _intervals_as_dict(metric_intervals(predictions, people)),
        "selective": selective_accuracy(predictions).as_dict(),
    }


def prepared_faces(faces: FaceCrops, checkpoint: Checkpoint) -> PreparedFaces:
    """The faces as a network wants them, in neutral surroundings."""
    return PreparedFaces(faces, SamplePreparation(checkpoint.input_spec))


def averaged(first: Predictions, second: Predictions) -> Predictions:
    """What the mean of two logits says: the normalised geometric mean of the probabilities."""
    product = np.sqrt(first.probabilities.astype(np.float64) * second.probabilities)
    mean = (product / product.sum(axis=1, keepdims=True)).astype(np.float32)
    return Predictions(first.names, first.labels, mean)


def _predict_faces(
    checkpoint: Checkpoint,
    faces: FaceCrops,
    with_flip: bool,
    on_progress: Callable[[int, int], None],
) -> dict[str, Predictions]:
    changes = {FACES: undisturbed, FLIPPED: mirrored} if with_flip else {FACES: undisturbed}
    predictions = predict_disturbed(
        checkpoint, prepared_faces(faces, checkpoint), changes, on_progress=on_progress
    )
    if with_flip:
        predictions[FLIPPED] = averaged(predictions[FACES], predictions[FLIPPED])
    return predictions


def _disturbed(
    checkpoint: Checkpoint,
    faces: FaceCrops,
    count: int,
    on_progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """The figures by disturbance, and undisturbed on the same faces."""
    spread = np.linspace(0, len(faces) - 1, min(count, len(faces)))
    some = faces.subset(spread.round().astype(np.int64))
    predictions = predict_disturbed(
        checkpoint,
        prepared_faces(some, checkpoint),
        {UNDISTURBED: undisturbed, **DISTURBANCES},
        on_progress=on_progress,
    )
    rows = {}
    for name, one in predictions.items():
        metrics = measure(one)
        gain = accuracy_gain(one, predictions[UNDISTURBED])
        rows[name] = {
            "accuracy": metrics.accuracy,
            "interval": _ends(accuracy_interval(one)),
            "balanced_accuracy": metrics.balanced_accuracy,
            "expected_calibration_error": metrics.calibration_error,
            "change": gain.accuracy,
            "change_interval": _ends(gain.interval),
        }
    return {"images": len(some), "rows": rows}


def _predict_heads(
    checkpoint: Checkpoint, heads: DetectedHeads, title: str, stage: _Stage
) -> dict[str, Predictions]:
    recognizer = EmotionRecognizer(checkpoint)
    return {
        HEADS: predict_photographs(
            recognizer, heads.photographs, heads.boxes, on_progress=stage(f"{title}: heads")
        ),
        GREY_HEADS: predict_photographs(
            recognizer, heads.photographs, heads.boxes, in_grey, stage(f"{title}: heads in grey")
        ),
    }


def _intervals_as_dict(intervals: MetricIntervals) -> dict[str, Any]:
    return {
        "accuracy": _ends(intervals.accuracy),
        "balanced_accuracy": _ends(intervals.balanced_accuracy),
        "expected_calibration_error": _ends(intervals.calibration_error),
        "negative_log_likelihood": _ends(intervals.negative_log_likelihood),
        "classes": {
            name: {"accuracy": _ends(recall), "precision": _ends(precision)}
            for name, recall, precision in zip(
                EMOTIONS, intervals.recall, intervals.precision, strict=True
            )
        },
    }


def _ends(interval: Interval) -> list[float | None]:
    return [finite(interval.low), finite(interval.high)]
