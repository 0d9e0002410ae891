"""Real nodes over real DDS, through shared memory alone, a domain for each module of tests."""

from __future__ import annotations

import gc
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage import data

from glamor_ros.media.demo_photographs import two_people
from glamor_ros.media.moving_photograph import fitted
from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint, save_checkpoint
from glamor_ros.resources import share_directory

from .ros_peer import NodeProcess, Peer

_domain_ids = itertools.cycle(range(1, 100))
# Test runs beside each other on one machine begin at different numbers.
for _ in range(os.getpid() % 97):
    next(_domain_ids)


def pytest_unconfigure() -> None:
    """Lets go of what a failed test's traceback holds.

    rclpy's handles must not outlive the interpreter's modules: their end is a crash then, which
    hides which test failed.
    """
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        if hasattr(sys, name):
            delattr(sys, name)
    gc.collect()


@pytest.fixture(scope="session", autouse=True)
def _shared_memory_only() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTDDS_BUILTIN_TRANSPORTS", "SHM")
        profile = str(share_directory() / "config" / "fastdds_shared_memory.xml")
        for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"):
            patch.setenv(name, profile)
        yield


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """The tests' own node, in the domain of their module."""
    peer = Peer(next(_domain_ids))
    yield peer
    peer.close()


@pytest.fixture(scope="module")
def start_node(
    peer: Peer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., NodeProcess]]:
    """Starts a node's executable in the domain of the peer; what still runs is ended."""
    started: list[NodeProcess] = []

    def start(
        name: str, parameters: dict[str, object] | None = None, *ros_arguments: str
    ) -> NodeProcess:
        folder = tmp_path_factory.mktemp(name)
        started.append(NodeProcess(name, parameters or {}, ros_arguments, peer.domain_id, folder))
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that knows nothing, but whose answers differ from picture to picture."""
    torch.manual_seed(0)
    network = build_glamor_net(Architecture()).eval()
    with torch.no_grad():
        list(network.classifier.parameters())[-2].mul_(20)  # the last layer's weight
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save_checkpoint(Checkpoint(network, Architecture(), InputSpec()), path)
    return path


@pytest.fixture(scope="session")
def two_faces() -> NDArray[np.uint8]:
    """A photograph of two people, 640x480."""
    image: NDArray[np.uint8] = fitted(two_people(), 640, 480)
    return image


@pytest.fixture(scope="session")
def no_face() -> NDArray[np.uint8]:
    """A photograph of a coffee cup, 640x480."""
    return cv2.resize(data.coffee()[..., ::-1], (640, 480)).astype(np.uint8)
