"""The import of the authors' TensorFlow checkpoint of GLAMOR-Net (original encoder)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...errors import GlamorError
from ..architecture import (
    PUBLISHED_CLASSIFIER_UNITS,
    Architecture,
    ArchitectureError,
    build_glamor_net,
)
from ..input_spec import InputSpec
from .checkpoint import Checkpoint
from .tensor_files import summary
from .tensorflow_checkpoint import TensorFlowCheckpoint, VariableInfo

IMPORTER = "glamor_ros.glamor_import.1"

_ATTRIBUTE_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_CLASSIFIER_KERNEL = "final_fc1/kernel"

# What training stores beside the weights; slots hang below the variable that they belong to.
_TRAINING_STATE_ROOTS = {"optimizer", "keras_api", "save_counter", "global_step", "step", "epoch"}
_OPTIMIZER_SLOT = "/.OPTIMIZER_SLOT/"

# PyTorch's axis i is the TensorFlow variable's axis axes[i].
_VECTOR = (0,)
_DENSE = (1, 0)
_CONVOLUTION = (3, 2, 0, 1)


class GlamorImportError(GlamorError, ValueError):
    """A checkpoint that is not of the published network; the message names the differences."""


@dataclass(frozen=True)
class _Source:
    """A TensorFlow variable and the parameters that it becomes, side by side on the last axis."""

    variable: str
    axes: tuple[int, ...]
    parameters: tuple[str, ...]

    def tensorflow_shape(self, state: Mapping[str, Tensor]) -> tuple[int, ...]:
        joined = torch.cat([state[name] for name in self.parameters], dim=-1)
        return tuple(joined.permute(*np.argsort(self.axes)).shape)

    def to_parameters(self, values: np.ndarray, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        widths = [state[name].shape[-1] for name in self.parameters]
        parts = torch.tensor(values).permute(self.axes).split(widths, dim=-1)
        return {name: part.contiguous() for name, part in zip(self.parameters, parts, strict=True)}


def import_tensorflow_checkpoint(source: TensorFlowCheckpoint) -> Checkpoint:
    """The published network in evaluation mode, with the released code's preprocessing.

    The number of classifier units is that of the file (128 published, 256 in the paper). The state
    of the training (optimizer, step counters) is left out.

    Raises:
        GlamorImportError: Variables are missing, misshapen, unknown or not finite.
        TensorFlowCheckpointError: The values cannot be read.
    """
    variables = {
        name.removesuffix(_ATTRIBUTE_SUFFIX): info
        for name, info in source.variables.items()
        if not _is_training_state(name)
    }
    architecture = Architecture(classifier_units=_classifier_units(variables))
    try:
        # Only the shapes, until it is known that the file has them.
        with torch.device("meta"):
            state = build_glamor_net(architecture).state_dict()
    except ArchitectureError as error:
        _raise_if_any(source, [f"{_CLASSIFIER_KERNEL}: {error}"])
    sources = _published_sources()
    _raise_if_any(source, _layout_problems(variables, sources, state))

    parameters: dict[str, Tensor] = {}
    problems = []
    for item in sources:
        values = source.read(variables[item.variable].name)
        if not np.isfinite(values).all():
            problems.append(f"{item.variable} holds values that are not finite")
        parameters |= item.to_parameters(values, state)
    _raise_if_any(source, problems)
    network = build_glamor_net(architecture)
    network.load_state_dict(network.state_dict() | parameters)
    return Checkpoint(network.eval(), architecture, InputSpec(), _provenance(source))


def _published_sources() -> list[_Source]:
    sources = []
    for branch in ("Face", "Context"):
        encoder, score = f"{branch.lower()}_encoder", f"fusion.{branch.lower()}_score"
        for block in range(5):
            variable, module = f"{branch}EncodingNet/blocks/{block}", f"{encoder}.blocks.{block}"
            sources += _layer(f"{variable}/conv", f"{module}.convolution", _CONVOLUTION)
            sources += _batch_normalization(f"{variable}/bn", f"{module}.normalization")
        sources += _layer(f"{branch.lower()}_weight1", f"{score}.0", _DENSE)
        sources += _layer(f"{branch.lower()}_weight2", f"{score}.2", _DENSE)
    # One dense layer over [v_f; v_ij] (eq. 3).
    projections = "attention.face_projection.weight", "attention.context_projection.weight"
    sources.append(_Source("attention_fc1/kernel", _DENSE, projections))
    sources.append(_Source("attention_fc1/bias", _VECTOR, ("attention.face_projection.bias",)))
    sources += _batch_normalization("attention_fc1_bn", "attention.normalization")
    sources += _layer("attention_fc2", "attention.score", _DENSE)
    sources += _layer("final_fc1", "classifier.0", _DENSE)
    sources += _layer("final_classify", "classifier.3", _DENSE)
    return sources


def _layer(variable: str, module: str, kernel_axes: tuple[int, ...]) -> list[_Source]:
    return [
        _Source(f"{variable}/kernel", kernel_axes, (f"{module}.weight",)),
        _Source(f"{variable}/bias", _VECTOR, (f"{module}.bias",)),
    ]


def _batch_normalization(variable: str, module: str) -> list[_Source]:
    names = {
        "gamma": "weight",
        "beta": "bias",
        "moving_mean": "running_mean",
        "moving_variance": "running_var",
    }
    return [
        _Source(f"{variable}/{keras}", _VECTOR, (f"{module}.{pytorch}",))
        for keras, pytorch in names.items()
    ]


def _is_training_state(name: str) -> bool:
    return _OPTIMIZER_SLOT in name or name.split("/")[0] in _TRAINING_STATE_ROOTS


def _classifier_units(variables: Mapping[str, VariableInfo]) -> int:
    """The number of units, or the published one where the file does not say it.

    The check of the layout then names the missing variable.
    """
    kernel = variables.get(_CLASSIFIER_KERNEL)
    if kernel is None or len(kernel.shape) != 2 or kernel.shape[1] < 1:
        return PUBLISHED_CLASSIFIER_UNITS
    return kernel.shape[1]


def _layout_problems(
    variables: Mapping[str, VariableInfo], sources: list[_Source], state: Mapping[str, Tensor]
) -> list[str]:
    expected_shapes = {source.variable: source.tensorflow_shape(state) for source in sources}
    problems = []
    for name, shape in expected_shapes.items():
        if name not in variables:
            problems.append(f"{name} is missing (expected shape {list(shape)})")
            continue
        found = variables[name]
        if found.shape != shape:
            problems.append(f"{name} has shape {list(found.shape)}, expected {list(shape)}")
        if found.dtype != "float32":
            problems.append(f"{name} is of type {found.dtype}, expected float32")
    problems += [f"{name} is unknown" for name in variables if name not in expected_shapes]
    return problems


def _raise_if_any(source: TensorFlowCheckpoint, problems: list[str]) -> None:
    if not problems:
        return
    raise GlamorImportError(
        f"{source.prefix} does not hold GLAMOR-Net with the original encoder as published: "
        f"{summary(problems)}; check that this is the authors' checkpoint"
    )


def _provenance(source: TensorFlowCheckpoint) -> dict[str, object]:
    files = (source.index_path, *source.shard_paths)
    return {
        "source": "TensorFlow checkpoint",
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
        "importer": IMPORTER,
    }
