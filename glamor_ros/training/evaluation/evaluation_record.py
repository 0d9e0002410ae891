"""The result of an evaluation with everything that it belongs to, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...atomic_file import atomic_write
from ...errors import GlamorError
from ...network.architecture import stored_values
from ...network.weights.checkpoint import Checkpoint
from ..data.open_dataset import OpenedDataset
from .metrics import Metrics

FORMAT = "glamor_ros.evaluation.1"


class EvaluationRecordError(GlamorError, ValueError):
    """A file or folder that holds no result of an evaluation."""


@dataclass(frozen=True)
class DatasetRecord:
    """The dataset of an evaluation.

    Attributes:
        kind: See `OpenedDataset`.
        path: Where it was.
        split: See `OpenedDataset`.
        left_out: The number of samples that could not be used.
    """

    kind: str
    path: str
    split: str | None
    left_out: int


@dataclass(frozen=True)
class EvaluationRecord:
    """The result of an evaluation.

    Attributes:
        weights: The path of the checkpoint.
        architecture: The fields of the checkpoint's `Architecture`.
        input_spec: The fields of the checkpoint's `InputSpec`.
        stored_values: The size of the network; see `stored_values`.
        dataset: What it was evaluated on.
        metrics: See `Metrics.as_dict`.
    """

    weights: str
    architecture: Mapping[str, Any]
    input_spec: Mapping[str, Any]
    stored_values: int
    dataset: DatasetRecord
    metrics: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        weights: Path,
        checkpoint: Checkpoint,
        dataset: OpenedDataset,
        left_out: int,
        metrics: Metrics,
    ) -> EvaluationRecord:
        """The record of a checkpoint's metrics on a dataset."""
        return cls(
            str(weights),
            asdict(checkpoint.architecture),
            asdict(checkpoint.input_spec),
            stored_values(checkpoint.network),
            DatasetRecord(dataset.kind, str(dataset.root), dataset.split, left_out),
            metrics.as_dict(),
        )

    @property
    def accuracy(self) -> float:
        """The share of samples whose class was recognized, in [0, 1]."""
        return float(self.metrics["accuracy"])


def save_records(records: list[EvaluationRecord], path: Path) -> None:
    """Write the records as JSON, whole or not at all.

    Raises:
        OutputError: The file cannot be written.
    """
    content = {"format": FORMAT, "evaluations": [asdict(record) for record in records]}
    atomic_write(path, json.dumps(content, indent=2).encode() + b"\n")


def load_records(path: Path) -> list[EvaluationRecord]:
    """The records in a file.

    Raises:
        EvaluationRecordError: The file is missing, damaged or no result of an evaluation.
    """
    try:
        content = json.loads(path.read_bytes())
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise EvaluationRecordError(f"it does not say format={FORMAT!r}")
        records = [
            EvaluationRecord(**fields | {"dataset": DatasetRecord(**fields["dataset"])})
            for fields in content["evaluations"]
        ]
        for record in records:
            _require_types(record)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationRecordError(
            f"{path} is no result of 'glamor-ros evaluate --json': {error}"
        ) from error
    return records


def _require_types(record: EvaluationRecord) -> None:
    for name in ("architecture", "input_spec", "metrics"):
        if not isinstance(getattr(record, name), dict):
            raise TypeError(f"{name} is {getattr(record, name)!r}, expected keys with values")
    accuracy = record.metrics["accuracy"]
    if not isinstance(accuracy, int | float):
        raise TypeError(f"metrics.accuracy is {accuracy!r}, expected a number")


def find_records(paths: list[Path]) -> list[EvaluationRecord]:
    """The records in files, and in folders at any depth.

    Args:
        paths: Files and folders. Other JSON files in folders are passed over.

    Raises:
        EvaluationRecordError: A path is missing, or a file is no result of an evaluation.
    """
    records: list[EvaluationRecord] = []
    for path in paths:
        if path.is_dir():
            for file in _candidates(path):
                records += load_records(file)
        else:
            records += load_records(path)
    return records


def _candidates(directory: Path) -> Iterator[Path]:
    for file in sorted(directory.rglob("*.json")):
        try:
            content = json.loads(file.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(content, dict) and content.get("format") == FORMAT:
            yield file
