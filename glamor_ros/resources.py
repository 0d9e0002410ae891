"""The files that ship with the package, in an installation or in the checkout."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from .errors import GlamorError

PACKAGE = "glamor_ros"
STARTER_WEIGHTS = "glamor_starter.safetensors"


class ResourceNotFoundError(GlamorError, FileNotFoundError):
    """The lack of a file of the package; the message lists the places looked at."""


def share_directory() -> Path:
    """The folder that holds `weights`, `config` and `launch`.

    It is the checkout that this module runs from, else `share/glamor_ros` of an installation.

    Raises:
        ResourceNotFoundError: There is none.
    """
    candidates = list(_candidates())
    for candidate in candidates:
        if (candidate / "weights").is_dir():
            return candidate
    raise ResourceNotFoundError(
        f"the shared files of {PACKAGE} are not installed; looked at: {_listed(candidates)}. "
        "Source the workspace's setup file or install the package again"
    )


def shipped_weights(name: str) -> Path:
    """The weights file of this name that ships with the package.

    Raises:
        ResourceNotFoundError: There is none.
    """
    candidates = list(dict.fromkeys(base / "weights" / name for base in _candidates()))
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ResourceNotFoundError(f"no weights {name!r} here; looked at: {_listed(candidates)}")


def cache_directory() -> Path:
    """The folder in the user's cache for what this package fetches or makes; it may not exist."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / PACKAGE


def _candidates() -> Iterator[Path]:
    package_directory = Path(__file__).resolve().parent
    checkout = package_directory.parent
    if (checkout / "package.xml").is_file():
        yield checkout
    # ament sets this: one prefix a workspace, the overlay first.
    for prefix in filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)):
        yield Path(prefix) / "share" / PACKAGE
    yield Path(sys.prefix) / "share" / PACKAGE
    # <prefix>/lib/python3.x/site-packages/glamor_ros, or .../local/lib/.../dist-packages.
    for prefix_directory in package_directory.parents[2:5]:
        yield prefix_directory / "share" / PACKAGE


def _listed(paths: list[Path]) -> str:
    return ", ".join(str(path) for path in dict.fromkeys(paths))
