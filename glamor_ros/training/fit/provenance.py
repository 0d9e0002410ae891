"""The origin of trained weights, which is kept in their checkpoint's metadata."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...network.emotions import EMOTIONS
from ..data.emotion_dataset import EmotionDataset


def versions() -> dict[str, str]:
    """The versions of the software on which the weights depend, by name."""
    packages = ("glamor_ros", "lightning", "torch", "numpy")
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in packages},
        "cuda": torch.version.cuda or "none",
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits.

    Raises:
        OSError: It cannot be read.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def describe_samples(dataset: EmotionDataset) -> dict[str, Any]:
    """The number of samples, in all and of each class by its most probable label."""
    counts = np.bincount(dataset.labels, minlength=len(EMOTIONS))
    return {
        "samples": len(dataset),
        "classes": dict(zip(EMOTIONS, counts.tolist(), strict=True)),
    }


def provenance(
    recipe: Mapping[str, Any],
    data: Mapping[str, Any],
    stage: str,
    processes: int,
    figures: Mapping[str, Any],
) -> dict[str, Any]:
    """The origin of weights, as JSON values.

    Args:
        recipe: The recipe's fields.
        data: Where the samples come from.
        stage: The stage that has given the weights.
        processes: The number of processes that shared each batch.
        figures: What was measured in the epoch whose weights these are, by name.
    """
    return {
        "made_with": "glamor-ros train",
        "recipe": dict(recipe),
        "data": dict(data),
        "stage": stage,
        "processes": processes,
        "figures": dict(figures),
        "versions": versions(),
    }
