"""Named tensors: reading them from safetensors files, and how they differ from what is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from ...errors import GlamorError

# Counts training steps; nothing that the network computes depends on it.
_STEP_COUNTER_SUFFIX = "num_batches_tracked"

_MAX_PROBLEMS_SHOWN = 5


class TensorFileError(GlamorError, ValueError):
    """A file of tensors is missing or cannot be read."""


def read_safetensors(path: Path) -> tuple[Mapping[str, str], dict[str, Tensor]]:
    """The metadata and the tensors, on the CPU. Raises TensorFileError."""
    if not path.is_file():
        raise TensorFileError(f"no weights file at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise TensorFileError(
            f"{path} ({path.stat().st_size} bytes) is no readable safetensors file: {error}; it is "
            "truncated or of another format"
        ) from error


def without_step_counters(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All but the step counters of the batch normalisations."""
    return {
        name: value for name, value in tensors.items() if not name.endswith(_STEP_COUNTER_SUFFIX)
    }


def fit_problems(state: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> list[str]:
    """How tensors differ from a network's state in names and shapes, and what is not finite.

    The step counters of batch normalisations may be there or not.
    """
    expected, found = without_step_counters(state), without_step_counters(tensors)
    problems = [f"{name} is missing" for name in expected.keys() - found.keys()]
    problems += [f"{name} is unknown" for name in found.keys() - expected.keys()]
    problems += [
        f"{name} has shape {tuple(found[name].shape)}, expected {tuple(value.shape)}"
        for name, value in expected.items()
        if name in found and found[name].shape != value.shape
    ]
    problems += [
        f"{name} holds values that are not finite"
        for name, value in found.items()
        if not value.isfinite().all()
    ]
    return sorted(problems)


def summary(problems: Sequence[str]) -> str:
    """The first problems in one line, and how many more there are."""
    more = len(problems) - _MAX_PROBLEMS_SHOWN
    return "; ".join(problems[:_MAX_PROBLEMS_SHOWN]) + (f" (and {more} more)" if more > 0 else "")
