"""What the networks said, kept on the disk: what a killed run has computed is not computed again.

A run is a function of the recording and of what the networks say, in order. A second run over the
same recording therefore takes the networks' words from the journal as far as it goes, and all else
(tracks, smoothing, messages) comes out as it did the first time.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any

import numpy as np

from ..atomic_file import OutputError
from ..errors import GlamorError
from ..network.emotions import EMOTIONS
from ..perception.detection.face_detector import (
    FaceDetection,
    FaceDetector,
    FaceDetectorError,
    PartialFaceDetector,
    Search,
    SearchArea,
)
from ..perception.engine import SceneReader
from ..perception.frame import Frame, Scene
from ..perception.geometry import Box, Region
from ..perception.people import AttentionMap, EmotionEstimate

_MAGIC = b"GLAMOR journal 2\n"
_RECORD_HEADER = struct.Struct("<II")
_SYNC_INTERVAL_S = 2.0

_COUNT = struct.Struct("<H")
_DETECTION = struct.Struct("<6d")
_ESTIMATE = struct.Struct(f"<{len(EMOTIONS)}fddd?")
_ATTENTION = struct.Struct("<4i2H")

_DETECTED, _RECOGNIZED, _REFUSED = b"D", b"R", b"X"


class JournalError(GlamorError, ValueError):
    """A journal that does not belong to this run; the message says why and what to do."""


class NetworkJournal:
    """A file of what the networks said, read from its beginning and then written at its end.

    What a crash left half written at its end is cut off. Used in a `with` statement, by one
    thread.

    Args:
        path: The file; it is made where it is not there.
        purpose: What the run computes and of what; a journal of another purpose is refused.

    Raises:
        JournalError: The journal is of another purpose.
        OutputError: It cannot be written.
    """

    def __init__(self, path: Path, purpose: str) -> None:
        self._path = path
        self._synced_s = monotonic()
        try:
            self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
            self._end = os.fstat(self._file.fileno()).st_size
            self._begin(purpose.encode())
        except OSError as error:
            raise self._unwritable(error) from error
        self._replaying = True

    def __enter__(self) -> NetworkJournal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def answer(self, compute: Callable[[], bytes]) -> bytes:
        """What the networks said, from the journal; where that ends, computed and kept.

        Raises:
            OutputError: The journal cannot be written.
        """
        if self._replaying:
            if (known := self._read()) is not None:
                return known
            self._replaying = False
        content = compute()
        self._append(content)
        return content

    @property
    def is_replaying(self) -> bool:
        """Whether answers still come from the journal."""
        return self._replaying

    def _begin(self, purpose: bytes) -> None:
        header = self._file.read(len(_MAGIC))
        known = self._read() if header == _MAGIC else None
        if known is None:
            # New, or a crash while it was begun.
            if header and not _MAGIC.startswith(header[: len(_MAGIC)]):
                raise JournalError(f"{self._path} is no journal of this version; remove it")
            self._file.seek(0)
            self._file.truncate()
            self._write(_MAGIC)
            self._append(purpose)
        elif known != purpose:
            raise JournalError(
                f"{self._path.parent} holds a run that was begun otherwise:\n"
                f"  then: {known.decode('utf-8', 'replace')}\n   now: {purpose.decode()}\n"
                "Run it as it was begun, or remove that folder to begin anew"
            )

    def _read(self) -> bytes | None:
        """The next record; None: there is none, and whatever is left of one is cut off."""
        start = self._file.tell()
        header = self._file.read(_RECORD_HEADER.size)
        if len(header) == _RECORD_HEADER.size:
            length, checksum = _RECORD_HEADER.unpack(header)
            if length <= self._end - self._file.tell():
                content = self._file.read(length)
                if zlib.crc32(content) == checksum:
                    return content
        self._file.seek(start)
        self._file.truncate()
        return None

    def _append(self, content: bytes) -> None:
        self._write(_RECORD_HEADER.pack(len(content), zlib.crc32(content)) + content)
        if monotonic() - self._synced_s > _SYNC_INTERVAL_S:
            os.fsync(self._file.fileno())
            self._synced_s = monotonic()

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {self._path}: {error.strerror or error}")


class JournaledDetector:
    """A face detector whose detections are kept in a journal.

    Args:
        detector: Finds the faces.
        journal: Shared with the recognizer.
    """

    def __init__(
        self, detector: FaceDetector | PartialFaceDetector, journal: NetworkJournal
    ) -> None:
        self._detector = detector
        self._journal = journal

    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        """As the detector's."""
        return self._answer(lambda: self._detector.detect(frames))

    def search(self, searches: Sequence[Search]) -> list[list[FaceDetection]]:
        """As the detector's, which must be a PartialFaceDetector."""
        return self._answer(
            lambda: self._detector.search(searches)  # type: ignore[union-attr]
        )

    def sweep(self, width: int, height: int) -> tuple[SearchArea, ...]:
        """As the detector's, which must be a PartialFaceDetector."""
        return self._detector.sweep(width, height)  # type: ignore[union-attr]

    def _answer(self, detect: Callable[[], list[list[FaceDetection]]]) -> list[list[FaceDetection]]:
        def compute() -> bytes:
            try:
                return _DETECTED + _packed_detections(detect())
            except FaceDetectorError as error:
                return _REFUSED + str(error).encode()

        kind, content = _opened(self._journal.answer(compute))
        if kind == _REFUSED:
            raise FaceDetectorError(content.decode())
        _require(kind, _DETECTED)
        return _unpacked_detections(content)


class JournaledRecognizer:
    """A recognizer of emotions whose estimates are kept in a journal.

    Args:
        recognizer: Reads the emotions.
        journal: Shared with the detector.
    """

    def __init__(self, recognizer: SceneReader, journal: NetworkJournal) -> None:
        self._recognizer = recognizer
        self._journal = journal

    def recognize(self, scenes: Sequence[Scene]) -> list[list[EmotionEstimate]]:
        """As the recognizer's; scenes without faces are not kept."""
        if not scenes:
            return []
        kind, content = _opened(
            self._journal.answer(
                lambda: _RECOGNIZED + _packed_estimates(self._recognizer.recognize(scenes))
            )
        )
        _require(kind, _RECOGNIZED)
        return _unpacked_estimates(content)


def _opened(record: bytes) -> tuple[bytes, bytes]:
    return record[:1], record[1:]


def _require(kind: bytes, expected: bytes) -> None:
    if kind != expected:
        raise JournalError(
            "the journal of the run before does not fit the recording: one of them has changed. "
            "Remove the folder of the unfinished run to begin anew"
        )


def _packed_detections(frames: Sequence[Sequence[FaceDetection]]) -> bytes:
    parts = []
    for faces in frames:
        parts.append(_COUNT.pack(len(faces)))
        for face in faces:
            box = face.box
            edges = box.left, box.top, box.right, box.bottom
            parts.append(_DETECTION.pack(*edges, face.score, face.turn))
    return b"".join(parts)


def _unpacked_detections(content: bytes) -> list[list[FaceDetection]]:
    reader = _Reader(content)
    frames = []
    while not reader.is_at_end:
        faces = []
        for _ in range(*reader.take(_COUNT)):
            *edges, score, turn = reader.take(_DETECTION)
            faces.append(FaceDetection(Box(*edges), score, turn=turn))
        frames.append(faces)
    return frames


def _packed_estimates(scenes: Sequence[Sequence[EmotionEstimate]]) -> bytes:
    return b"".join(
        part
        for estimates in scenes
        for part in (_COUNT.pack(len(estimates)), *map(_packed_estimate, estimates))
    )


def _packed_estimate(estimate: EmotionEstimate) -> bytes:
    attention = estimate.attention
    packed = _ESTIMATE.pack(
        *estimate.probabilities.tolist(),
        estimate.face_weight,
        estimate.context_weight,
        estimate.sharpness,
        attention is not None,
    )
    if attention is None:
        return packed
    region, (rows, columns) = attention.region, attention.weights.shape
    weights = np.ascontiguousarray(attention.weights, "<f4").tobytes()
    sizes = _ATTENTION.pack(region.x, region.y, region.width, region.height, rows, columns)
    return packed + sizes + weights


def _unpacked_estimates(content: bytes) -> list[list[EmotionEstimate]]:
    reader = _Reader(content)
    scenes = []
    while not reader.is_at_end:
        scenes.append([_unpacked_estimate(reader) for _ in range(*reader.take(_COUNT))])
    return scenes


def _unpacked_estimate(reader: _Reader) -> EmotionEstimate:
    *probabilities, face_weight, context_weight, sharpness, has_attention = reader.take(_ESTIMATE)
    attention = None
    if has_attention:
        *region, rows, columns = reader.take(_ATTENTION)
        weights = np.frombuffer(reader.raw(4 * rows * columns), "<f4").reshape(rows, columns)
        attention = AttentionMap(weights.astype(np.float32), Region(*region))
    return EmotionEstimate(
        np.array(probabilities, np.float32), face_weight, context_weight, attention, sharpness
    )


class _Reader:
    """A place in a record, which moves as values are taken."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._offset = 0

    @property
    def is_at_end(self) -> bool:
        return self._offset >= len(self._content)

    def raw(self, count: int) -> bytes:
        self._offset += count
        return self._content[self._offset - count : self._offset]

    def take(self, layout: struct.Struct) -> tuple[Any, ...]:
        return layout.unpack(self.raw(layout.size))
