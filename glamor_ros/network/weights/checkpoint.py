"""Checkpoints: safetensors files with everything that is needed to run the weights.

The metadata holds, each as JSON: `architecture`, `classes` (in the outputs' order), `input_spec`
and `provenance` (free text fields: where the weights come from).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import save
from torch import Tensor

from ...atomic_file import atomic_write
from ...errors import GlamorError
from ..architecture import (
    Architecture,
    ArchitectureError,
    build_glamor_net,
)
from ..emotions import EMOTIONS
from ..glamor_net import GlamorNet
from ..input_spec import InputSpec, InputSpecError
from .tensor_files import (
    TensorFileError,
    layout_problems,
    read_header,
    read_tensors,
    summary,
    value_problems,
    without_step_counters,
)

FORMAT = "glamor_ros.checkpoint.1"


class CheckpointError(GlamorError, ValueError):
    """A checkpoint that cannot be used; the message names the file, the fault and what to do."""


@dataclass(frozen=True)
class Checkpoint:
    """A network with its weights, what it expects of its inputs and where it comes from.

    Attributes:
        network: The network.
        architecture: What it is made of.
        input_spec: How its inputs are prepared.
        provenance: Where the weights come from; JSON values.
    """

    network: GlamorNet
    architecture: Architecture
    input_spec: InputSpec
    provenance: Mapping[str, Any] = field(default_factory=dict)


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint's file, whole or not at all.

    Raises:
        OutputError: It cannot be written; the message names the path.
    """
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
    atomic_write(path, save(tensors, metadata))


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file, its network in evaluation mode, on the CPU.

    What the file says of itself is believed only so far as its tensors bear it out: the network is
    laid out on the meta device and compared with the file's header before memory is taken for it.

    Raises:
        CheckpointError: The file is missing, truncated, not a checkpoint of this package, or its
            tensors do not fit the architecture that it names.
    """
    try:
        header = read_header(path)
        description = _describe(header.metadata, path)
        _require_fit(layout_problems(description.state, header.layouts), path)
        tensors = read_tensors(path)
    except TensorFileError as error:
        raise CheckpointError(
            f"{error}; give the path of a .safetensors checkpoint, for example one of the "
            "package's weights/ folder; a TensorFlow checkpoint is converted with 'glamor-ros "
            "import-weights'"
        ) from error
    _require_fit(value_problems(tensors), path)
    network = build_glamor_net(description.architecture)
    network.load_state_dict(tensors, strict=False)
    return Checkpoint(
        network.eval(), description.architecture, description.input_spec, description.provenance
    )


@dataclass(frozen=True)
class _Description:
    """A checkpoint's metadata, read.

    Attributes:
        state: The `state_dict` of the network that it names, on the meta device.
    """

    architecture: Architecture
    input_spec: InputSpec
    provenance: Mapping[str, Any]
    state: Mapping[str, Tensor]


def _describe(metadata: Mapping[str, str], path: Path) -> _Description:
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is a safetensors file, but not a glamor_ros checkpoint (its metadata says "
            f"format={metadata.get('format')!r}, expected {FORMAT!r}); a TensorFlow checkpoint is "
            "converted with 'glamor-ros import-weights'"
        )
    try:
        classes = _decoded(metadata, "classes", list)
        architecture = Architecture.from_fields(_decoded(metadata, "architecture", dict))
        with torch.device("meta"):
            state = build_glamor_net(architecture).state_dict()
        input_spec = InputSpec.from_fields(_decoded(metadata, "input_spec", dict))
        provenance = _decoded(metadata, "provenance", dict)
    except (ArchitectureError, InputSpecError, _MetadataError) as error:
        raise CheckpointError(
            f"{path}: its metadata cannot be used ({error}); it was made by another version of "
            "glamor_ros or was edited; export it again"
        ) from error
    if classes != list(EMOTIONS):
        raise CheckpointError(
            f"{path} was trained for the classes {', '.join(map(str, classes))}; this package "
            f"needs {', '.join(EMOTIONS)}, in this order"
        )
    return _Description(architecture, input_spec, provenance, state)


class _MetadataError(Exception):
    """A metadata entry that is missing, or no JSON of the right kind."""


_Json = TypeVar("_Json", dict[str, Any], list[Any])


def _decoded(metadata: Mapping[str, str], key: str, kind: type[_Json]) -> _Json:
    if key not in metadata:
        raise _MetadataError(f"'{key}' is missing")
    try:
        value = json.loads(metadata[key])
    # RecursionError: brackets within brackets without end.
    except (ValueError, RecursionError) as error:
        raise _MetadataError(f"'{key}' is no JSON: {error}") from error
    if not isinstance(value, kind):
        names = {dict: "an object", list: "a list"}
        raise _MetadataError(f"'{key}' is {metadata[key][:60]}, expected {names[kind]}")
    return value


def _require_fit(problems: list[str], path: Path) -> None:
    if problems:
        raise CheckpointError(
            f"{path} does not fit the architecture that it names: {summary(problems)}; the file is "
            "damaged or was made by another version, export it again"
        )
