"""GLAMOR-Net computes what the authors' released code computes with the same weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from glamor_ros.network.architecture import stored_values
from glamor_ros.network.glamor_net import GlamorNet, GlamorOutput
from glamor_ros.network.weights.checkpoint import load_checkpoint, save_checkpoint
from glamor_ros.network.weights.tensorflow_checkpoint import TensorFlowCheckpoint
from glamor_ros.network.weights.tensorflow_import import import_tensorflow_checkpoint

from .published_checkpoint import PUBLISHED_VALUES

TOLERANCE = 1e-5
RESULTS = ("face_vector", "context_vector", "attention", "fusion_weights", "probabilities")


@pytest.fixture(scope="module")
def golden(golden_dir: Path) -> Mapping[str, np.ndarray]:
    with np.load(golden_dir / "glamor_reference.npz") as stored:
        return dict(stored)


@pytest.fixture(scope="module", params=["one_shard", "two_shards"])
def network(
    request: pytest.FixtureRequest,
    golden_checkpoint: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> GlamorNet:
    """Imported, saved and loaded, as users get it."""
    prefix = golden_checkpoint(request.param)
    path = tmp_path_factory.mktemp("weights") / "golden.safetensors"
    save_checkpoint(import_tensorflow_checkpoint(TensorFlowCheckpoint(prefix)), path)
    return load_checkpoint(path).network


def images(stored: np.ndarray) -> Tensor:
    return torch.from_numpy(stored).permute(0, 3, 1, 2)


def run(network: GlamorNet, golden: Mapping[str, np.ndarray]) -> GlamorOutput:
    with torch.inference_mode():
        output: GlamorOutput = network(images(golden["face"]), images(golden["context"]))
    return output


def test_size(network: GlamorNet) -> None:
    assert stored_values(network) == PUBLISHED_VALUES


@pytest.mark.parametrize("result", RESULTS)
def test_equals_the_released_code(
    network: GlamorNet, golden: Mapping[str, np.ndarray], result: str
) -> None:
    found = getattr(run(network, golden), result).numpy()
    np.testing.assert_allclose(found, golden[result], rtol=0, atol=TOLERANCE, strict=True)


def test_golden_results_tell_wrong_weights_apart(golden: Mapping[str, np.ndarray]) -> None:
    """The four examples differ by far more than the tolerance in every result."""
    for result in RESULTS:
        spread = np.ptp(golden[result], axis=0).max()
        assert spread > 1000 * TOLERANCE, result
