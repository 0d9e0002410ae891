"""The choice and the pins of the ROS wheels that a build by pip takes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def backend() -> ModuleType:
    pytest.importorskip("scikit_build_core", reason="building by pip needs scikit-build-core")
    specification = importlib.util.spec_from_file_location("setup", REPOSITORY / "setup.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("distribution", ["jazzy", "kilted"])
def test_every_ros_wheel_is_pinned(
    backend: ModuleType, monkeypatch: pytest.MonkeyPatch, distribution: str
) -> None:
    monkeypatch.setenv("GLAMOR_ROS_DISTRO", distribution)
    monkeypatch.chdir(REPOSITORY)
    required = backend.get_requires_for_build_wheel()
    ros_wheels = [requirement for requirement in required if requirement.startswith("ros-")]
    assert len(ros_wheels) > 15
    assert [wheel for wheel in ros_wheels if "==" not in wheel] == []


def test_the_wheel_depends_on_the_ros_that_it_was_built_with(
    backend: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLAMOR_ROS_DISTRO", "kilted")
    dependencies = backend.dynamic_metadata({}, {})["dependencies"]
    assert set(backend.read_requirements("ros-kilted")) <= set(dependencies)
    assert not set(backend.read_requirements("ros-jazzy")) & set(dependencies)


def test_an_unknown_ros_distribution_is_refused_by_name(
    backend: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLAMOR_ROS_DISTRO", "foxy")
    with pytest.raises(ValueError, match=r"'foxy'.*jazzy, kilted"):
        backend.ros_distribution()
