"""Where shipped files are found: a checkout, an ament prefix, a plain installation."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from glamor_ros import resources
from glamor_ros.resources import ResourceNotFoundError, share_directory, shipped_weights

NAME = "some_model.safetensors"


def install(prefix: Path, name: str = NAME) -> Path:
    """An installation's weights under `prefix`; returns its share directory."""
    share = prefix / "share" / "glamor_ros"
    (share / "weights").mkdir(parents=True)
    (share / "weights" / name).touch()
    return share


@pytest.fixture
def module_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The package as if installed under tmp_path/prefix, with no other place to find files in."""
    package = tmp_path / "prefix" / "lib" / "python3.11" / "site-packages" / "glamor_ros"
    package.mkdir(parents=True)
    monkeypatch.setattr(resources, "__file__", str(package / "resources.py"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "other_prefix"))
    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    return tmp_path / "prefix"


def test_detector_weights_ship_with_the_package() -> None:
    path = shipped_weights("mmod_human_face_detector.safetensors")
    assert path.stat().st_size > 700_000
    assert path.parent == share_directory() / "weights"


def test_files_beside_the_package(module_in: Path) -> None:
    share = install(module_in)
    assert share_directory() == share
    assert shipped_weights(NAME) == share / "weights" / NAME


def test_files_of_the_environment(module_in: Path) -> None:
    share = install(Path(sys.prefix))
    assert share_directory() == share


def test_the_overlay_comes_first(
    module_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    underlay = install(tmp_path / "underlay")
    overlay = install(tmp_path / "overlay", "other.safetensors")
    install(module_in)
    prefixes = [tmp_path / "empty", tmp_path / "overlay", tmp_path / "underlay"]
    monkeypatch.setenv("AMENT_PREFIX_PATH", ":".join(map(str, prefixes)))
    assert share_directory() == overlay
    # What the overlay lacks is found below it.
    assert shipped_weights(NAME) == underlay / "weights" / NAME


def test_the_checkout_comes_first_of_all(
    module_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "overlay")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "overlay"))
    checkout = tmp_path / "checkout"
    (checkout / "weights").mkdir(parents=True)
    (checkout / "weights" / NAME).touch()
    (checkout / "package.xml").touch()
    (checkout / "glamor_ros").mkdir()
    monkeypatch.setattr(resources, "__file__", str(checkout / "glamor_ros" / "resources.py"))
    assert share_directory() == checkout
    assert shipped_weights(NAME) == checkout / "weights" / NAME


def test_missing_files_list_the_places_looked_at(module_in: Path) -> None:
    with pytest.raises(ResourceNotFoundError, match=r"other_prefix/share/glamor_ros.*prefix"):
        share_directory()
    install(module_in)
    with pytest.raises(ResourceNotFoundError, match=r"'absent'.*share/glamor_ros/weights/absent"):
        shipped_weights("absent")
