"""What every place that predictions go to can do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from .inputs import Input
from .prediction import Prediction

AddFrame = Callable[[Prediction], None]


class PredictionSink(Protocol):
    """Somewhere that predictions go; a `with` completes a file, or leaves nothing of it."""

    def image(self, prediction: Prediction) -> None:
        """Take an image."""
        ...

    def video(self, source: Input, rate_hz: float) -> AbstractContextManager[AddFrame]:
        """What takes the frames of a video, until the `with` ends."""
        ...
