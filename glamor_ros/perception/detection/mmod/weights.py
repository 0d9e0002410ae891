"""The MMOD detector's safetensors file: parameters as dlib stores them, options in the metadata."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ....atomic_file import atomic_write
from ..face_detector import FaceDetectorError
from .dlib_file import read_dlib_network
from .parameters import (
    AffineParameters,
    ConvolutionParameters,
    MmodParameters,
    NonMaximumSuppression,
)

WEIGHTS_FILE_NAME = "mmod_human_face_detector.safetensors"
FORMAT = "glamor_ros.mmod_face_detector.1"

_REMEDY = (
    "use the file that ships with glamor_ros, or convert dlib's mmod_human_face_detector.dat "
    "with 'glamor-ros import-detector'"
)


class DetectorWeightsError(FaceDetectorError):
    """A weights file cannot be used; the message names the file, what is wrong and what to do."""


def convert_dlib_weights(dat: Path, out: Path) -> None:
    """Converts dlib's `mmod_human_face_detector.dat` to `out`; the same input, the same bytes.

    Raises DlibFileError for an unusable `.dat`, OSError where `out` cannot be written.
    """
    parameters = read_dlib_network(dat)
    provenance = {
        "source": "mmod_human_face_detector.dat, https://github.com/davisking/dlib-models",
        "source_sha256": hashlib.sha256(dat.read_bytes()).hexdigest(),
        "author": "Davis E. King",
        "licence": "CC0-1.0",
    }
    save_weights(parameters, provenance, out)


def save_weights(parameters: MmodParameters, provenance: dict[str, str], path: Path) -> None:
    """Writes the file whole or not at all. Raises OutputError with the path where it cannot be."""
    options = {
        "strides": [layer.stride for layer in parameters.convolutions],
        "paddings": [layer.padding for layer in parameters.convolutions],
        "epsilons": [layer.epsilon for layer in parameters.affines],
        "mean_rgb": parameters.mean_rgb,
        "window_px": parameters.window_px,
        "suppression": asdict(parameters.suppression),
        "padding_px": parameters.padding_px,
        "outer_padding_px": parameters.outer_padding_px,
    }
    # One entry: safetensors writes several in an order that changes from run to run.
    metadata = {
        "mmod": json.dumps({"format": FORMAT, "options": options, "provenance": provenance})
    }
    atomic_write(path, save(_tensors(parameters), metadata))


def load_weights(path: Path) -> MmodParameters:
    """The detector stored in a file that `save_weights` wrote.

    Raises DetectorWeightsError for a file that is missing, truncated, or holds anything else.
    """
    description, tensors = _read(path)
    try:
        return _parameters(description["options"], tensors)
    # OverflowError: a number without end where a whole one is expected.
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DetectorWeightsError(
            f"{path} does not hold a whole face detector ({type(error).__name__}: {error}); "
            f"{_REMEDY}"
        ) from error


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    if not path.is_file():
        raise DetectorWeightsError(f"no face detector weights at {path}; {_REMEDY}")
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise DetectorWeightsError(
            f"{path} ({path.stat().st_size} bytes) is no readable safetensors file ({error}): "
            f"truncated, or of another format; {_REMEDY}"
        ) from error
    try:
        description = json.loads(metadata.get("mmod", "{}"))
    # RecursionError: brackets within brackets without end.
    except (ValueError, RecursionError):
        description = {}
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise DetectorWeightsError(
            f"{path} is a safetensors file, but not a face detector of this version (expected "
            f"{FORMAT!r}); {_REMEDY}"
        )
    return description, tensors


def _tensors(parameters: MmodParameters) -> dict[str, NDArray[np.float32]]:
    tensors = {}
    for index, layer in enumerate(parameters.convolutions):
        tensors[f"convolution.{index}.weight"] = layer.weight
        tensors[f"convolution.{index}.bias"] = layer.bias
    for index, affine in enumerate(parameters.affines):
        tensors[f"affine.{index}.gamma"] = affine.gamma
        tensors[f"affine.{index}.beta"] = affine.beta
        tensors[f"affine.{index}.running_mean"] = affine.running_mean
        tensors[f"affine.{index}.running_variance"] = affine.running_variance
    return {name: np.ascontiguousarray(values) for name, values in tensors.items()}


def _parameters(options: dict[str, Any], tensors: dict[str, NDArray[np.float32]]) -> MmodParameters:
    convolutions = tuple(
        ConvolutionParameters(
            weight=tensors.pop(f"convolution.{index}.weight"),
            bias=tensors.pop(f"convolution.{index}.bias"),
            stride=int(stride),
            padding=int(padding),
        )
        for index, (stride, padding) in enumerate(
            zip(options["strides"], options["paddings"], strict=True)
        )
    )
    affines = tuple(
        AffineParameters(
            gamma=tensors.pop(f"affine.{index}.gamma"),
            beta=tensors.pop(f"affine.{index}.beta"),
            running_mean=tensors.pop(f"affine.{index}.running_mean"),
            running_variance=tensors.pop(f"affine.{index}.running_variance"),
            epsilon=float(epsilon),
        )
        for index, epsilon in enumerate(options["epsilons"])
    )
    if tensors:
        raise ValueError(f"unknown tensors: {', '.join(sorted(tensors))}")
    red, green, blue = (float(value) for value in options["mean_rgb"])
    width, height = (int(value) for value in options["window_px"])
    return MmodParameters(
        convolutions=convolutions,
        affines=affines,
        mean_rgb=(red, green, blue),
        window_px=(width, height),
        suppression=NonMaximumSuppression(**options["suppression"]),
        padding_px=int(options["padding_px"]),
        outer_padding_px=int(options["outer_padding_px"]),
    )
