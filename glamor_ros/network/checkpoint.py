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

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from .architecture import Architecture, build_glamor_net
from .emotions import EMOTIONS
from .glamor_net import GlamorNet
from .input_spec import InputSpec

FORMAT = "glamor_ros.checkpoint.1"


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message names the file, what is wrong and what to do."""


@dataclass(frozen=True)
class Checkpoint:
    """A network with its weights, what it expects of its inputs and where it comes from."""

    network: GlamorNet
    architecture: Architecture
    input_spec: InputSpec
    provenance: Mapping[str, Any] = field(default_factory=dict)


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write the file whole or not at all. Raises OSError with the path where it cannot be."""
    tensors = {
        name: value.detach().cpu().contiguous()
        for name, value in checkpoint.network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    metadata = {
        "format": FORMAT,
        "architecture": json.dumps(asdict(checkpoint.architecture)),
        "classes": json.dumps(EMOTIONS),
        "input_spec": json.dumps(asdict(checkpoint.input_spec)),
        "provenance": json.dumps(dict(checkpoint.provenance)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        save_file(tensors, partial, metadata)
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        raise OSError(f"cannot write the checkpoint {path}: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """The network in evaluation mode, on the CPU.

    Raises CheckpointError for a file that is missing, truncated, not a checkpoint of this package,
    or whose tensors do not fit the architecture that it names.
    """
    metadata, tensors = _read_safetensors(path)
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is a safetensors file, but not a glamor_ros checkpoint (its metadata says "
            f"format={metadata.get('format')!r}, expected {FORMAT!r}); a TensorFlow checkpoint is "
            "converted with 'glamor-ros import-weights'"
        )
    try:
        architecture = Architecture(**json.loads(metadata["architecture"]))
        classes = tuple(json.loads(metadata["classes"]))
        input_spec = _input_spec(json.loads(metadata["input_spec"]))
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


def _input_spec(fields: dict[str, Any]) -> InputSpec:
    scale = float(fields.pop("face_box_scale"))
    sizes = {name: (int(height), int(width)) for name, (height, width) in fields.items()}
    return InputSpec(face_box_scale=scale, **sizes)


def _read_safetensors(path: Path) -> tuple[Mapping[str, str], dict[str, Tensor]]:
    if not path.is_file():
        raise CheckpointError(
            f"no weights file at {path}; give the path of a .safetensors checkpoint, for example "
            "one of the package's weights/ folder"
        )
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} ({path.stat().st_size} bytes) is no readable safetensors file: {error}; it is "
            "truncated or of another format. Fetch or convert it again; a TensorFlow checkpoint is "
            "converted with 'glamor-ros import-weights'"
        ) from error


def _load_tensors(network: GlamorNet, tensors: Mapping[str, Tensor], path: Path) -> None:
    expected = {
        name: value
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    problems = [f"{name} is missing" for name in expected.keys() - tensors.keys()]
    problems += [f"{name} is unknown" for name in tensors.keys() - expected.keys()]
    problems += [
        f"{name} has shape {tuple(tensors[name].shape)}, expected {tuple(value.shape)}"
        for name, value in expected.items()
        if name in tensors and tensors[name].shape != value.shape
    ]
    problems += [
        f"{name} holds values that are not finite"
        for name, value in tensors.items()
        if not value.isfinite().all()
    ]
    if problems:
        shown = "; ".join(sorted(problems)[:5])
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise CheckpointError(
            f"{path} does not fit the architecture that it names: {shown}{more}; the file is "
            "damaged or was made by another version, export it again"
        )
    network.load_state_dict(dict(tensors), strict=False)
