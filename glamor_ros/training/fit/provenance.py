"""Where trained weights come from; kept in their checkpoint's metadata."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ...network.emotions import EMOTIONS
from ..data.emotion_dataset import EmotionDataset


def versions() -> dict[str, str]:
    """Of what the numbers depend on."""
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


def describe_samples(dataset: EmotionDataset) -> dict[str, Any]:
    """How many there are, of each class by its most probable label."""
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
    """processes: that shared each batch. figures: of the epoch whose weights these are."""
    return {
        "made_with": "glamor-ros train",
        "recipe": dict(recipe),
        "data": dict(data),
        "stage": stage,
        "processes": processes,
        "figures": dict(figures),
        "versions": versions(),
    }
