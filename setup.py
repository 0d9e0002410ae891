"""The PEP 517 build backend: scikit-build-core over the ROS wheels of one ROS distribution.

`requirements/ros-<distribution>.txt` and `ros-<distribution>-build.txt` are the one place where the
wheels' versions are written. A wheel of this package holds compiled message libraries, so it needs
at run time the very versions that it was built with: they become its dependencies. The environment
variable GLAMOR_ROS_DISTRO chooses the distribution.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from scikit_build_core import build as scikit_build
from scikit_build_core.build import (  # noqa: F401 (hooks that pip looks up here)
    build_sdist,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_wheel,
)

ConfigSettings = dict[str, "list[str] | str"]

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
DEFAULT_DISTRIBUTION = "jazzy"


def read_requirements(name: str) -> list[str]:
    """Requirement specifiers of `requirements/<name>.txt`, comments left out."""
    lines = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def ros_distribution() -> str:
    """The chosen ROS distribution; ValueError when there are no pinned wheels for it."""
    chosen = os.environ.get("GLAMOR_ROS_DISTRO", DEFAULT_DISTRIBUTION)
    known = sorted(
        path.stem.removeprefix("ros-").removesuffix("-build")
        for path in REQUIREMENTS.glob("ros-*-build.txt")
    )
    if chosen not in known:
        raise ValueError(f"GLAMOR_ROS_DISTRO={chosen!r}: choose one of {', '.join(known)}")
    return chosen


def ros_prefix() -> Path:
    """Prefix that the ROS wheels are installed in: the virtual environment's or pip's build one."""
    anchor = "share/ament_cmake/cmake/ament_cmakeConfig.cmake"
    for file in distribution("ros-ament-cmake").files or ():
        if file.as_posix().endswith(anchor):
            return Path(str(file.locate())).resolve().parents[3]
    raise RuntimeError(f"ros-ament-cmake has no {anchor}: the wheel's layout has changed")


def dynamic_metadata(_settings: Mapping[str, Any], _project: Mapping[str, Any]) -> dict[str, Any]:
    """The package's dependencies (scikit-build-core's dynamic-metadata hook)."""
    return {
        "dependencies": [
            *read_requirements("in-rosdep"),
            *read_requirements("not-in-rosdep"),
            *read_requirements(f"ros-{ros_distribution()}"),
        ]
    }


def get_requires_for_build_wheel(config_settings: ConfigSettings | None = None) -> list[str]:
    """The ROS wheels; cmake and ninja where they are absent."""
    chosen = ros_distribution()
    return [
        *scikit_build.get_requires_for_build_wheel(config_settings),
        *read_requirements(f"ros-{chosen}"),
        *read_requirements(f"ros-{chosen}-build"),
    ]


def build_wheel(
    wheel_directory: str,
    config_settings: ConfigSettings | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Build with the ROS wheels as the only ament prefix, whatever ROS the shell has sourced.

    The build directory is kept: the next build compiles only what has changed.
    """
    prefix = str(ros_prefix())
    os.environ["AMENT_PREFIX_PATH"] = os.environ["CMAKE_PREFIX_PATH"] = prefix
    settings: ConfigSettings = {"build-dir": f"build/pip/{ros_distribution()}-{{wheel_tag}}"}
    settings.update(config_settings or {})
    return scikit_build.build_wheel(wheel_directory, settings, metadata_directory)
