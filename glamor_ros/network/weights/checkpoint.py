"""Checkpoints: safetensors files with everything that is needed to run the weights.

The metadata holds, each as JSON: `architecture`, `classes` (in the outputs' order), `input_spec`
and `provenance` (free text fields: where the weights come from).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from ...atomic_file import write_whole
from ...errors import GlamorError
from ..architecture import Architecture, build_glamor_net
from ..emotions import EMOTIONS
from ..glamor_net import GlamorNet
from ..input_spec import InputSpec
from .tensor_files import (
    TensorFileError,
    fit_problems,
    read_safetensors,
    summary,
    without_step_counters,
)

FORMAT = "glamor_ros.checkpoint.1"


class CheckpointError(GlamorError, ValueError):
    """A checkpoint cannot be used; the message names the file, what is wrong and what to do."""


@dataclass(frozen=True)
class Checkpoint:
    """A network with its weights, what it expects of its inputs and where it comes from."""

    network: GlamorNet
    architecture: Architecture
    input_spec: InputSpec
    provenance: Mapping[str, Any] = field(default_factory=dict)


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write the file whole or not at all. Raises OutputError with the path where it cannot be."""
    tensors = {
        name: value.detach().cpu().contiguous()
        for name, value in without_step_counters(checkpoint.network.state_dict()).items()
    }
    metadata = {
        "format": FORMAT,
        "architecture": json.dumps(asdict(checkpoint.architecture)),
        "classes": json.dumps(EMOTIONS),
        "input_spec": json.dumps(asdict(checkpoint.input_spec)),
        "provenance": json.dumps(dict(checkpoint.provenance)),
    }
    write_whole(path, save(tensors, metadata))


def load_checkpoint(path: Path) -> Checkpoint:
    """The network in evaluation mode, on the CPU.

    Raises CheckpointError for a file that is missing, truncated, not a checkpoint of this package,
    or whose tensors do not fit the architecture that it names.
    """
    metadata, tensors = _read(path)
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is a safetensors file, but not a glamor_ros checkpoint (its metadata says "
            f"format={metadata.get('format')!r}, expected {FORMAT!r}); a TensorFlow checkpoint is "
            "converted with 'glamor-ros import-weights'"
        )
    try:
        architecture = Architecture.from_fields(json.loads(metadata["architecture"]))
        classes = tuple(json.loads(metadata["classes"]))
        input_spec = InputSpec.from_fields(json.loads(metadata["input_spec"]))
        provenance = json.loads(metadata["provenance"])
        network = build_glamor_net(architecture)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: its metadata cannot be used ({type(error).__name__}: {error}); it was made "
            "by another version of glamor_ros or was edited; export it again"
        ) from error
    if classes != EMOTIONS:
        raise CheckpointError(
            f"{path} was trained for the classes {', '.join(classes)}; this package needs "
            f"{', '.join(EMOTIONS)}, in this order"
        )
    _load_tensors(network, tensors, path)
    return Checkpoint(network.eval(), architecture, input_spec, provenance)


def _read(path: Path) -> tuple[Mapping[str, str], dict[str, Tensor]]:
    try:
        return read_safetensors(path)
    except TensorFileError as error:
        raise CheckpointError(
            f"{error}; give the path of a .safetensors checkpoint, for example one of the "
            "package's weights/ folder; a TensorFlow checkpoint is converted with 'glamor-ros "
            "import-weights'"
        ) from error


def _load_tensors(network: GlamorNet, tensors: Mapping[str, Tensor], path: Path) -> None:
    problems = fit_problems(network.state_dict(), tensors)
    if problems:
        raise CheckpointError(
            f"{path} does not fit the architecture that it names: {summary(problems)}; the file is "
            "damaged or was made by another version, export it again"
        )
    network.load_state_dict(dict(tensors), strict=False)
