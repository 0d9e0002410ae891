"""A comparison of exported graphs, run in onnxruntime, with the network that they come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import torch

from ...errors import GlamorError
from ..weights.checkpoint import Checkpoint
from .export import ExampleInputs, graphs_of

TOLERANCE = 1e-4
# (people, contexts): one and several people in a shared context, and each in their own.
CHECKED_SIZES = ((1, 1), (3, 1), (8, 1), (3, 3), (8, 2))


class OnnxCheckError(GlamorError, ValueError):
    """An exported graph that does not compute what the network computes."""


def check_onnx(checkpoint: Checkpoint, directory: Path) -> float:
    """The largest difference of any output from the network's, over CHECKED_SIZES.

    Args:
        checkpoint: The network.
        directory: The exported graphs.

    Raises:
        OnnxCheckError: The difference is above TOLERANCE.
    """
    largest = 0.0
    for name, graph in graphs_of(checkpoint).items():
        path = directory / name
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        examples = ExampleInputs(checkpoint, graph.network)
        for people, contexts in CHECKED_SIZES:
            everything = examples.of_people(people, contexts)
            everything["contexts"] = examples.contexts(contexts)
            inputs = {one: everything[one] for one in graph.inputs}
            with torch.inference_mode():
                expected = graph(*inputs.values())
            found = session.run(None, {one: value.numpy() for one, value in inputs.items()})
            for output, wanted, got in zip(session.get_outputs(), expected, found, strict=True):
                difference = _difference(wanted.numpy(), got)
                # Written so that NaN fails.
                if not difference <= TOLERANCE:
                    raise OnnxCheckError(
                        f"{path}: {output.name} differs by {difference:.1e} for {people} people in "
                        f"{contexts} contexts; at most {TOLERANCE} is right"
                    )
                largest = max(largest, difference)
    return largest


def _difference(expected: np.ndarray, found: np.ndarray) -> float:
    """The largest difference, relative to the largest value above 1; infinite for another shape."""
    if expected.shape != found.shape:
        return float("inf")
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    return float(np.abs(expected - found).max(initial=0.0)) / scale
