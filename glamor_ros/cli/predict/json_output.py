"""Predictions as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from ...network.emotions import EMOTIONS
from ...perception.people import Person
from .inputs import Input
from .prediction import AddFrame, Prediction


@contextmanager
def json_list(file: TextIO) -> Iterator[JsonSink]:
    """A sink that writes a list with an entry for each image and frame, complete at its end."""
    sink = JsonSink(file)
    file.write("[")
    yield sink
    file.write("\n]\n" if sink.entry_count else "]\n")


class JsonSink:
    """A list in a file, written entry by entry: a long video's would fill the memory.

    Args:
        file: Where they go.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.entry_count = 0

    def image(self, prediction: Prediction) -> None:
        """Write the entry of an image."""
        separator = ",\n " if self.entry_count else "\n "
        self._file.write(separator + json.dumps(prediction_entry(prediction)))
        self.entry_count += 1

    @contextmanager
    def video(self, source: Input, rate_hz: float) -> Iterator[AddFrame]:
        """What writes an entry for each frame."""
        yield self.image


def prediction_entry(prediction: Prediction) -> dict[str, Any]:
    """The JSON values of an image, or of a video's frame, which has time_s besides."""
    is_frame = prediction.time_s is not None
    return {
        "image": prediction.name,
        **({"time_s": prediction.time_s} if is_frame else {}),
        "width": prediction.view.image_width,
        "height": prediction.view.image_height,
        "people": [
            {**(_tracking(person) if is_frame else {}), **_person(person)}
            for person in prediction.view.people
        ],
    }


def _tracking(person: Person) -> dict[str, Any]:
    return {"person_id": person.person_id, "observed": person.observed}


def _person(person: Person) -> dict[str, Any]:
    """The JSON values of a person.

    Null is what the network says of a face that it did not look at in this frame (hidden), the
    attention where it has none, the probabilities of a person who was never classified, and the
    reason why an emotion is unknown where one is named.
    """
    estimate = person.frame_estimate
    attention = estimate.attention if estimate else None
    region = attention.region if attention else None
    return {
        "face": _face(person),
        "face_score": float(person.face_score),
        "emotion": person.emotion,
        "unknown_reason": person.weakness and person.weakness.value,
        "confidence": person.confidence if person.is_classified else None,
        "probabilities": dict(zip(EMOTIONS, person.probabilities.tolist(), strict=True))
        if person.is_classified
        else None,
        "face_weight": estimate and estimate.face_weight,
        "context_weight": estimate and estimate.context_weight,
        "attention": attention and attention.weights.tolist(),
        "attention_region": region and [region.x, region.y, region.width, region.height],
    }


def _face(person: Person) -> list[int]:
    """Left, top, right and bottom, the last two not included: the box that the node publishes."""
    region = person.face
    return [region.x, region.y, region.x + region.width, region.y + region.height]
