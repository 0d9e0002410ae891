from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage import data

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint, save_checkpoint


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights."""
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    torch.manual_seed(0)
    architecture = Architecture()
    network = build_glamor_net(architecture)
    save_checkpoint(Checkpoint(network, architecture, InputSpec(), {}), path)
    return path


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """BGR, 512x512, one face."""
    return np.ascontiguousarray(data.astronaut()[..., ::-1])


@pytest.fixture(scope="session")
def two_people(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """BGR, 500x256, two faces."""
    half = astronaut[:256, 90:340]
    return np.hstack([half, half[:, ::-1]])


@pytest.fixture
def photograph(tmp_path: Path, astronaut: NDArray[np.uint8]) -> Path:
    path = tmp_path / "astronaut.png"
    cv2.imwrite(str(path), astronaut)
    return path
