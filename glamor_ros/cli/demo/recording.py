"""What a demo leaves behind: a video, pictures and logs of the messages."""

from __future__ import annotations

import json
import math
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...atomic_file import make_folder
from ...media.pictures import write_picture
from ...media.videos import VideoWriter

VIDEO, EMOTIONS_LOG, ATTENTION_LOG = "annotated.webm", "emotions.jsonl", "attention.jsonl"
_VIDEO_RATE_HZ = 15.0
_PICTURE_INTERVAL_S = 2.0


class DemoRecording:
    """The files of a demo in a folder, begun anew; to be used in a `with`.

    annotated.webm shows the annotated images in real time. attention_<n>.png is an attention image
    every other second. emotions.jsonl and attention.jsonl have one line for each message.

    Args:
        folder: Where the files go.

    Raises:
        OutputError: By any method, where a file cannot be written.
        OSError: By any method, where a file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_folder(folder)
        for old in (*folder.glob("attention_*.png"), folder / VIDEO):
            old.unlink(missing_ok=True)
        self._stack = ExitStack()
        self._emotions = self._stack.enter_context((folder / EMOTIONS_LOG).open("w"))
        self._attention = self._stack.enter_context((folder / ATTENTION_LOG).open("w"))
        self._video = self._stack.enter_context(VideoWriter(folder / VIDEO, _VIDEO_RATE_HZ))
        self._first_stamp_s: float | None = None
        self._frame_count = 0
        self._last_frame: NDArray[np.uint8] | None = None
        self._picture_count = 0
        self._picture_stamp_s = float("-inf")

    def __enter__(self) -> DemoRecording:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # What has been recorded is kept whatever ended the demo.
        if self._last_frame is not None:
            self._video.write(self._last_frame)
        self._stack.close()

    def emotions(self, message: Any) -> None:
        """Record a PersonEmotionArray."""
        self._emotions.write(json.dumps(message_to_json(message)) + "\n")

    def attention(self, message: Any) -> None:
        """Record an AttentionMapArray."""
        self._attention.write(json.dumps(message_to_json(message)) + "\n")

    def annotated_image(self, image_bgr: NDArray[np.uint8], stamp_s: float) -> None:
        """Add an image to the video, shown until the time of the next one.

        Args:
            image_bgr: (H, W, 3), uint8.
            stamp_s: The time of the image.
        """
        if self._first_stamp_s is None:
            self._first_stamp_s = stamp_s
        due_count = int((stamp_s - self._first_stamp_s) * _VIDEO_RATE_HZ)
        while self._last_frame is not None and self._frame_count < due_count:
            self._video.write(self._last_frame)
            self._frame_count += 1
        self._last_frame = image_bgr

    def attention_image(self, image_bgr: NDArray[np.uint8], stamp_s: float) -> None:
        """Write an image as a picture, if it is time for one.

        Args:
            image_bgr: (H, W, 3), uint8.
            stamp_s: The time of the image.
        """
        if stamp_s - self._picture_stamp_s >= _PICTURE_INTERVAL_S:
            self._picture_stamp_s = stamp_s
            self._picture_count += 1
            write_picture(self.folder / f"attention_{self._picture_count:03}.png", image_bgr)


def message_to_json(message: Any) -> Any:
    """A ROS message as JSON values.

    Fields are in the message's order. What is not finite is null, since JSON has no such number.
    """
    if hasattr(message, "get_fields_and_field_types"):
        names = message.get_fields_and_field_types()
        return {name: message_to_json(getattr(message, name)) for name in names}
    if isinstance(message, (str, bool, int)):
        return message
    if isinstance(message, float):
        return message if math.isfinite(message) else None
    if hasattr(message, "tolist"):
        return message_to_json(message.tolist())
    return [message_to_json(item) for item in message]
