"""What is searched when: the known faces in turn, everything else in slices."""

from __future__ import annotations

import pytest

from glamor_ros.perception.detection.face_detector import SearchArea
from glamor_ros.perception.geometry import Box, Region
from glamor_ros.perception.tracking.detection_policy import KnownFace
from glamor_ros.perception.tracking.sparse_detection import SpareTime, SparseDetection

FRAME_S = 1 / 30
SLICES = tuple(SearchArea(Region(0, 40 * i, 640, 40), 80, 96) for i in range(10))


def new_policy(sweep_period_s: float = 1.0) -> SparseDetection:
    return SparseDetection(lambda width, height: SLICES, sweep_period_s=sweep_period_s)


def hurried_policy() -> SparseDetection:
    """A policy that has seen images skipped before every frame."""
    policy = new_policy()
    for index in range(20):
        policy.plan(640, 480, index * FRAME_S, [], skipped=1)
    return policy


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


def test_every_face_is_looked_for_beside_the_sweep_while_there_is_time() -> None:
    policy = new_policy()
    swept = 0
    for index in range(60):
        stamp_s = index * FRAME_S
        plan = policy.plan(640, 480, stamp_s, [known(key, 60 * key, stamp_s) for key in range(8)])
        assert plan.sought == set(range(8))
        swept += len(plan.areas) - 8
    assert swept >= len(SLICES)


def test_faces_and_slices_take_turns_where_images_are_skipped() -> None:
    policy = hurried_policy()
    looked_for_s = dict.fromkeys((1, 2, 3), 0.0)
    turns, slices = [], 0
    for index in range(20, 80):
        stamp_s = index * FRAME_S
        faces = [known(key, 150 * key, at_s) for key, at_s in looked_for_s.items()]
        plan = policy.plan(640, 480, stamp_s, faces, skipped=1)
        assert len(plan.areas) == 1
        turns.append(plan.sought)
        slices += not plan.sought
        looked_for_s.update(dict.fromkeys(plan.sought, stamp_s))
    assert 10 <= slices <= 30
    for start in range(54):
        assert frozenset.union(*turns[start : start + 6]) == {1, 2, 3}


@pytest.mark.parametrize("interval_s", [FRAME_S, 0.1, 0.5, 2.0])
def test_the_work_of_a_frame_does_not_grow_with_the_time_it_takes(interval_s: float) -> None:
    policy = hurried_policy()
    faces = [known(key, 60 * key) for key in range(1, 9)]
    plans = [policy.plan(640, 480, 1 + i * interval_s, faces, skipped=2) for i in range(12)]
    assert max(len(plan.areas) for plan in plans) <= 3
    assert any(plan.sought for plan in plans)
    assert any(not plan.sought for plan in plans)


def test_new_faces_are_looked_for_in_a_hurry_too() -> None:
    policy = hurried_policy()
    for index in range(20, 26):
        faces = [known(1), known(2, 100, detections=3)]
        assert 2 in policy.plan(640, 480, index * FRAME_S, faces, skipped=1).sought


def test_spare_time_halves_with_every_skipped_image_and_comes_back_in_seconds() -> None:
    time = SpareTime()
    shares = []
    for _ in range(8):
        time = time.after(skipped=3, elapsed_s=0.1)
        shares.append(time.share)
    assert shares[:3] == [0.5, 0.25, 0.125]
    assert shares[-1] == 0
    shortages = [time.is_short]
    for _ in range(26):
        time = time.after(skipped=0, elapsed_s=0.1)
        shortages.append(time.is_short)
    assert shortages == [True] * 25 + [False] * 2
    time = time.after(skipped=0, elapsed_s=60.0)
    assert time.share == 1.0


def test_somebody_new_comes_before_the_sweep() -> None:
    policy = new_policy()
    policy.plan(640, 480, 0.0, [])
    plan = policy.plan(640, 480, FRAME_S, [known(1, detections=1)])
    assert plan.sought == {1}
    (area,) = plan.areas
    assert area.min_size_px < 100 / 1.2
    assert area.max_size_px > 100 * 1.2


def test_every_second_look_is_at_further_sizes() -> None:
    policy = new_policy()
    plans = [policy.plan(640, 480, i * FRAME_S, [known(1, 300, i * FRAME_S)]) for i in range(4)]
    areas = [plan.areas[0] for plan in plans]
    assert all(area.min_size_px <= 100 / 1.2 < 100 * 1.2 <= area.max_size_px for area in areas)
    reaches = [area.max_size_px > 125 for area in areas]
    assert reaches in ([True, False] * 2, [False, True] * 2)
    assert all((area.min_size_px < 80) == reach for area, reach in zip(areas, reaches, strict=True))


def test_who_should_be_outside_the_image_is_missed_without_a_search() -> None:
    policy = SparseDetection(lambda width, height: ())
    plan = policy.plan(640, 480, 0.0, [known(1, -200)])
    assert plan.areas == ()
    assert plan.sought == {1}


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_period_out_of_range_is_named(value: float) -> None:
    with pytest.raises(ValueError, match=f"sweep_period_s is {value}; it must be above 0"):
        new_policy(sweep_period_s=value)
