"""The names of several cameras."""

from __future__ import annotations

import pytest

from glamor_ros.nodes.common.camera_names import camera_names, problem_with_camera_names


@pytest.mark.parametrize("names", [[""], ["front"], ["front", "rear_2"], ["", "left", ""]])
def test_names_that_make_topics(names: list[str]) -> None:
    assert problem_with_camera_names(names) is None


@pytest.mark.parametrize("name", ["2nd", "a b", "a/b", "a__b", "a_", "é", "front\n"])
def test_names_that_do_not(name: str) -> None:
    problem = problem_with_camera_names(["front", name])
    assert problem is not None
    assert repr(name)[1:-1] in problem or name in problem


def test_each_camera_needs_a_name_of_its_own() -> None:
    assert "front" in (problem_with_camera_names(["front", "rear", "front"]) or "")


def test_no_name_is_one_camera() -> None:
    assert camera_names([""]) == [""]
    assert camera_names([]) == [""]
    assert camera_names(["front", "", "rear"]) == ["front", "rear"]
