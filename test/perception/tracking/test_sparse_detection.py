"""What is searched when: the known faces in turn, everything else in slices."""

from __future__ import annotations

import pytest

from glamor_ros.perception.detection.face_detector import SearchArea
from glamor_ros.perception.geometry import Box, Region
from glamor_ros.perception.tracking.detection_policy import KnownFace
from glamor_ros.perception.tracking.sparse_detection import SparseDetection

FRAME_S = 1 / 30
SLICES = tuple(SearchArea(Region(0, 40 * i, 640, 40), 80, 96) for i in range(10))


def new_policy(**times_s: float) -> SparseDetection:
    return SparseDetection(lambda width, height: SLICES, **times_s)


def known(key: int, x: float = 300, looked_for_s: float = 0.0, detections: int = 9) -> KnownFace:
    box = Box(x - 50, 150, x + 50, 250)
    return KnownFace(key, box, looked_for_s, looked_for_s, False, detections)


@pytest.mark.parametrize(
    ("sweep_period_s", "within_s"),
    # 12 slices: ten a second at most.
    [(1.5, 1.5), (1.0, 1.3)],
)
def test_everything_is_searched_within_the_period(sweep_period_s: float, within_s: float) -> None:
    policy = new_policy(sweep_period_s=sweep_period_s)
    last_s: dict[SearchArea, float] = {}
    for index in range(300):
        plan = policy.plan(640, 480, index * FRAME_S, [])
        assert not plan.everything
        assert len(plan.areas) <= 1
        for area in plan.areas:
            assert index * FRAME_S - last_s.get(area, index * FRAME_S) <= within_s
            last_s[area] = index * FRAME_S
    assert set(last_s) == set(SLICES)


def test_the_first_sweep_takes_a_slice_a_frame() -> None:
    policy = new_policy()
    searched = [policy.plan(640, 480, index * FRAME_S, []).areas for index in range(10)]
    assert [area for areas in searched for area in areas] == list(SLICES)
    policy.reset()
    assert policy.plan(640, 480, 10 * FRAME_S, []).areas == SLICES[:1]


def test_a_slow_camera_gets_several_slices_a_frame() -> None:
    policy = new_policy(sweep_period_s=1.0)
    searched = [policy.plan(640, 480, index * 0.5, []).areas for index in range(12)]
    for start in range(4, 10):
        assert {area for areas in searched[start : start + 3] for area in areas} == set(SLICES)


def test_faces_take_turns() -> None:
    policy = new_policy(face_interval_s=0.1)
    looked_for_s = dict.fromkeys((1, 2, 3), 0.0)
    turns = []
    for index in range(1, 31):
        stamp_s = index * FRAME_S
        faces = [known(key, 150 * key, at_s) for key, at_s in looked_for_s.items()]
        plan = policy.plan(640, 480, stamp_s, faces)
        turns.append(plan.sought)
        looked_for_s.update(dict.fromkeys(plan.sought, stamp_s))
    assert all(turns)
    for start in range(1, 28):
        assert frozenset.union(*turns[start : start + 3]) == {1, 2, 3}


def test_all_of_many_faces_are_looked_for_in_time() -> None:
    policy = new_policy(face_interval_s=0.1)
    policy.plan(640, 480, 0.0, [])
    faces = [known(key, 60 * key) for key in range(1, 9)]
    assert len(policy.plan(640, 480, FRAME_S, faces).sought) == 3
    assert len(policy.plan(640, 480, FRAME_S + 0.2, faces).sought) == 8


def test_somebody_new_comes_before_the_sweep() -> None:
    policy = new_policy()
    policy.plan(640, 480, 0.0, [])
    plan = policy.plan(640, 480, FRAME_S, [known(1, detections=1)])
    assert plan.sought == {1}
    (area,) = plan.areas
    assert area.min_size_px < 100 / 1.2
    assert area.max_size_px > 100 * 1.2


def test_the_next_sizes_take_turns() -> None:
    policy = new_policy()
    plans = [policy.plan(640, 480, i * FRAME_S, [known(1, 300, i * FRAME_S)]) for i in (0, 1)]
    areas = [plan.areas[0] for plan in plans]
    assert all(area.min_size_px < 100 < area.max_size_px for area in areas)
    assert sorted(area.max_size_px > 120 for area in areas) == [False, True]
    assert sorted(area.min_size_px < 100 / 1.2 for area in areas) == [False, True]


def test_who_should_be_outside_the_image_is_missed_without_a_search() -> None:
    policy = SparseDetection(lambda width, height: ())
    plan = policy.plan(640, 480, 0.0, [known(1, -200)])
    assert plan.areas == ()
    assert plan.sought == {1}


@pytest.mark.parametrize("name", ["sweep_period_s", "face_interval_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_times_out_of_range_are_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}; it must be above 0"):
        new_policy(**{name: value})
