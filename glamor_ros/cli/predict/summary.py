"""What is said after all inputs have been processed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...perception.detection.build import DETECTOR_NAMES
from ...perception.detection.face_detector import MAX_UPSAMPLE
from .inputs import Input
from .prediction import AddFrame, Prediction

_NAMED_INPUTS = 3


class PredictionSummary:
    """A count of the inputs that were processed, and of those in which nobody was found."""

    def __init__(self) -> None:
        self._image_count = self._video_count = 0
        self._without_people: list[str] = []

    def image(self, prediction: Prediction) -> None:
        """Count an image."""
        self._image_count += 1
        if not prediction.view.people:
            self._without_people.append(prediction.name)

    @contextmanager
    def video(self, source: Input, rate_hz: float) -> Iterator[AddFrame]:
        """Count a video, once it has been read to its end."""
        has_people = False

        def add(prediction: Prediction) -> None:
            nonlocal has_people
            has_people = has_people or bool(prediction.view.people)

        yield add
        self._video_count += 1
        if not has_people:
            self._without_people.append(str(source.path))

    def written(self, places: Sequence[str]) -> str:
        """A sentence about what has been written to these places."""
        counts = ((self._image_count, "image"), (self._video_count, "video"))
        of = " and ".join(f"{count} {kind}{'s'[: count != 1]}" for count, kind in counts if count)
        return f"wrote the results of {of or 'no input'} to {' and '.join(places)}"

    def hint(self, detector: str, upsample: int) -> str:
        """Advice where nobody was found; empty where somebody was found in every input.

        Args:
            detector: The detector used, of DETECTOR_NAMES.
            upsample: How often the images were doubled for it.
        """
        if not self._without_people:
            return ""
        named = ", ".join(self._without_people[:_NAMED_INPUTS])
        if (rest := len(self._without_people) - _NAMED_INPUTS) > 0:
            named += f" and {rest} more"
        others = " or ".join(name for name in DETECTOR_NAMES if name != detector)
        remedies = f"try another detector (--detector {others})"
        if upsample < MAX_UPSAMPLE:
            remedies = (
                f"try --upsample {upsample + 1}, which finds faces of half the size in four times "
                f"the time, or another detector (--detector {others})"
            )
        return f"no face found in {named}: if there are small ones, {remedies}"
