"""Paths given by name, and what is no such path."""

from __future__ import annotations

from pathlib import Path

import pytest

from glamor_ros.cli.training.named_paths import NamedPathError, named_paths


def test_paths_by_name() -> None:
    given = ["heads=/a=b", "ferplus=/c"]
    expected = {"heads": Path("/a=b"), "ferplus": Path("/c")}
    assert named_paths("--data", given) == expected
    assert named_paths("--data", given, ["ferplus", "heads"]) == expected
    assert named_paths("--data", []) == {}


@pytest.mark.parametrize("wrong", ["heads", "heads=", "=/x"])
def test_no_name_and_path(wrong: str) -> None:
    with pytest.raises(NamedPathError, match=f"--start is '{wrong}', expected NAME=PATH"):
        named_paths("--start", [wrong])


def test_an_unknown_name() -> None:
    expected = "--data is 'caer=/x', expected ferplus=PATH or heads=PATH"
    with pytest.raises(NamedPathError, match=expected):
        named_paths("--data", ["heads=/a", "caer=/x"], ["ferplus", "heads"])


def test_a_name_twice() -> None:
    with pytest.raises(NamedPathError, match="--data names heads twice: /a and /b"):
        named_paths("--data", ["heads=/a", "heads=/b"])
