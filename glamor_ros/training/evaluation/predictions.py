"""The predictions of a model for each sample of a dataset, on disk for comparisons."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...atomic_file import atomic_write
from ...errors import GlamorError
from ...network.emotions import EMOTIONS
from ..npz_archive import read_npz

SUFFIXES = (".npz", ".json")

_FIELDS = ("names", "labels", "probabilities")
_SUM_TOLERANCE = 1e-3


class PredictionsError(GlamorError, ValueError):
    """Predictions that cannot be read, written or set side by side; the message names the file."""


@dataclass(frozen=True)
class Predictions:
    """The predictions of a model for the samples of a dataset.

    Attributes:
        names: The names of the samples, each once.
        labels: (N,), int64, 0 to 6.
        probabilities: (N, 7), float32, rows sum to 1.
        metadata: What made them, for people to read; JSON values.

    Raises:
        PredictionsError: Shapes or values do not fit.
    """

    names: Sequence[str]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count, classes = len(self.names), len(EMOTIONS)
        if count == 0:
            raise PredictionsError("there is no sample in the predictions")
        if self.labels.shape != (count,) or self.probabilities.shape != (count, classes):
            raise PredictionsError(
                f"{count} names need labels of shape ({count},) and probabilities of shape "
                f"({count}, {classes}), got {self.labels.shape} and {self.probabilities.shape}"
            )
        if len(set(self.names)) != count:
            twice = next(name for i, name in enumerate(self.names) if name in self.names[:i])
            raise PredictionsError(f"the sample {twice!r} is there more than once")
        if not ((self.labels >= 0) & (self.labels < classes)).all():
            raise PredictionsError(f"labels must be 0 to {classes - 1}")
        sums = self.probabilities.sum(axis=1)
        # Written so that NaN fails.
        if not ((self.probabilities >= 0).all() and (abs(sums - 1) <= _SUM_TOLERANCE).all()):
            raise PredictionsError("probabilities must be positive and sum to 1 for each sample")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each sample, (N,)."""
        return self.probabilities.argmax(axis=1)

    def in_order_of(self, other: Predictions) -> Predictions:
        """The same predictions in the order of another model's predictions for the same samples.

        Raises:
            PredictionsError: The samples or their labels are not the same.
        """
        position = {name: index for index, name in enumerate(self.names)}
        difference = set(position).symmetric_difference(other.names)
        if difference:
            raise PredictionsError(
                f"the predictions are of different samples: {len(difference)} are only in one of "
                f"them, for example {min(difference)!r}; evaluate both models on the same dataset"
            )
        order = [position[name] for name in other.names]
        ordered = Predictions(
            other.names, self.labels[order], self.probabilities[order], self.metadata
        )
        disagreeing = np.flatnonzero(ordered.labels != other.labels)
        if len(disagreeing):
            raise PredictionsError(
                f"the labels of {len(disagreeing)} samples differ, for example of "
                f"{other.names[disagreeing[0]]!r}; evaluate both models on the same dataset"
            )
        return ordered


def save_predictions(predictions: Predictions, path: Path) -> None:
    """Write predictions, whole or not at all.

    Args:
        predictions: The predictions.
        path: Where to; its suffix, .npz or .json, says which format.

    Raises:
        PredictionsError: The suffix is another one.
        OutputError: The file cannot be written.
    """
    require_suffix(path)
    if path.suffix == ".json":
        content = {
            "classes": EMOTIONS,
            "metadata": dict(predictions.metadata),
            "names": list(predictions.names),
            "labels": predictions.labels.tolist(),
            "probabilities": predictions.probabilities.tolist(),
        }
        atomic_write(path, json.dumps(content).encode())
        return
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        classes=np.array(EMOTIONS),
        metadata=np.array(json.dumps(dict(predictions.metadata))),
        names=np.array(predictions.names, dtype=np.str_),
        labels=predictions.labels,
        probabilities=predictions.probabilities,
    )
    atomic_write(path, buffer.getvalue())


def load_predictions(path: Path) -> Predictions:
    """The predictions in a file.

    Raises:
        PredictionsError: The file is missing, of another kind, or damaged.
    """
    require_suffix(path)
    if not path.is_file():
        raise PredictionsError(
            f"there are no predictions {path}; 'glamor-ros evaluate … --predictions {path}' "
            "writes them"
        )
    try:
        values = _read_json(path) if path.suffix == ".json" else _read_npz(path)
        missing = {"classes", *_FIELDS} - set(values)
        if missing:
            raise PredictionsError(f"it lacks {', '.join(sorted(missing))}")
        classes = tuple(str(name) for name in values["classes"])
        if classes != EMOTIONS:
            raise PredictionsError(
                f"it is of the classes {', '.join(classes)}, expected {', '.join(EMOTIONS)}"
            )
        if not isinstance(values.get("metadata", {}), dict):
            raise PredictionsError("its metadata are no JSON object")
        return Predictions(
            [str(name) for name in values["names"]],
            np.asarray(values["labels"], np.int64),
            np.asarray(values["probabilities"], np.float32),
            values.get("metadata", {}),
        )
    except (OSError, ValueError, TypeError, OverflowError) as error:
        raise PredictionsError(
            f"{path} holds no predictions of glamor-ros evaluate: {error}; 'glamor-ros evaluate … "
            f"--predictions {path}' writes them anew"
        ) from error


def unique_names(names: Sequence[str]) -> list[str]:
    """Names of which each occurs once: the second of a name gets "#2", and so on.

    So several faces in one image are told apart.
    """
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return unique


def require_suffix(path: Path) -> None:
    """Refuse a path of another format than .npz and .json.

    Raises:
        PredictionsError: It is one.
    """
    if path.suffix not in SUFFIXES:
        raise PredictionsError(f"{path}: predictions are {' or '.join(SUFFIXES)} files")


def _read_json(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_bytes())
    if not isinstance(content, dict):
        raise PredictionsError("it is no JSON object")
    return content


def _read_npz(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = dict(read_npz(path))
    if "metadata" in values:
        values["metadata"] = json.loads(str(values["metadata"]))
    return values
