"""Named tensors in safetensors files, and how they differ from what a network needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from ...errors import GlamorError

# Counts training steps; nothing that the network computes depends on it.
_STEP_COUNTER_SUFFIX = "num_batches_tracked"
# Of the safetensors format; others cannot become a network's float32 without loss.
_FLOATING_DTYPES = ("F16", "BF16", "F32", "F64")

_MAX_PROBLEMS_SHOWN = 5


class TensorFileError(GlamorError, ValueError):
    """A file of tensors that is missing or cannot be read."""


@dataclass(frozen=True)
class TensorLayout:
    """A stored tensor's header entry.

    Attributes:
        shape: Its dimensions.
        dtype: Its type, in the safetensors format's spelling ("F32").
    """

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class TensorFileHeader:
    """The header of a safetensors file: what it says of itself, read without its tensors.

    Format: https://huggingface.co/docs/safetensors/index#format.

    Attributes:
        metadata: Texts by key.
        layouts: The tensors' entries by name.
    """

    metadata: Mapping[str, str]
    layouts: Mapping[str, TensorLayout]


def read_header(path: Path) -> TensorFileHeader:
    """The header of a safetensors file, checked against the file's size.

    Raises:
        TensorFileError: The file is missing, truncated or of another format.
    """
    with _readable(path), safe_open(path, framework="pt") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        return TensorFileHeader(
            file.metadata() or {},
            {
                name: TensorLayout(tuple(one.get_shape()), one.get_dtype())
                for name, one in slices.items()
            },
        )


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name, on the CPU.

    Raises:
        TensorFileError: The file is missing, truncated or of another format.
    """
    with _readable(path), safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    if not path.is_file():
        raise TensorFileError(f"no weights file at {path}")
    try:
        yield
    # RuntimeError: PyTorch lacks a type that the format has.
    except (SafetensorError, OSError, RuntimeError) as error:
        raise TensorFileError(
            f"{path} ({path.stat().st_size} bytes) is no readable safetensors file: {error}; it is "
            "truncated or of another format"
        ) from error


def without_step_counters(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All but the step counters of the batch normalisations."""
    return {name: value for name, value in tensors.items() if not _is_step_counter(name)}


def layout_problems(
    state: Mapping[str, Tensor], layouts: Mapping[str, TensorLayout | Tensor]
) -> list[str]:
    """How tensors differ from a network's state in names, shapes and types; no value is read.

    Args:
        state: The network's `state_dict`, which may lie on the meta device.
        layouts: The tensors, or what a file's header says of them. The step counters of batch
            normalisations may be there or not.

    Returns:
        A sentence for each difference, sorted; empty where the tensors fit.
    """
    expected = {name: one for name, one in state.items() if not _is_step_counter(name)}
    found = {name: one for name, one in layouts.items() if not _is_step_counter(name)}
    problems = [f"{name} is missing" for name in expected.keys() - found.keys()]
    problems += [f"{name} is unknown" for name in found.keys() - expected.keys()]
    for name in expected.keys() & found.keys():
        shape, wanted = tuple(found[name].shape), tuple(expected[name].shape)
        if shape != wanted:
            problems.append(f"{name} has shape {shape}, expected {wanted}")
        if not _is_floating(found[name]):
            problems.append(f"{name} is of type {found[name].dtype}, expected a floating-point one")
    return sorted(problems)


def value_problems(tensors: Mapping[str, Tensor]) -> list[str]:
    """A sentence for each tensor that holds values that are not finite, sorted."""
    return sorted(
        f"{name} holds values that are not finite"
        for name, value in tensors.items()
        if not value.isfinite().all()
    )


def summary(problems: Sequence[str]) -> str:
    """The first problems in one line, and how many more there are."""
    more = len(problems) - _MAX_PROBLEMS_SHOWN
    return "; ".join(problems[:_MAX_PROBLEMS_SHOWN]) + (f" (and {more} more)" if more > 0 else "")


def _is_step_counter(name: str) -> bool:
    return name.endswith(_STEP_COUNTER_SUFFIX)


def _is_floating(tensor: TensorLayout | Tensor) -> bool:
    if isinstance(tensor, Tensor):
        return tensor.is_floating_point()
    return tensor.dtype in _FLOATING_DTYPES
