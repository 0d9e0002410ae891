"""Scenarios: people described by where their faces are over time, and what the detector sees."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glamor_ros.perception.detection.face_detector import FaceDetection
from glamor_ros.perception.geometry import Box, intersection_over_union
from glamor_ros.perception.tracking.tracker import FaceTracker, Track, TrackerSettings

FRAME_S = 1 / 30


def face(x: float, y: float = 200, side: float = 80, score: float = 1.0) -> FaceDetection:
    """A detection about the centre (x, y)."""
    half = side / 2
    return FaceDetection(round(x - half), round(y - half), round(x + half), round(y + half), score)


def ids(tracks: Iterable[Track]) -> list[str]:
    return [track.person_id for track in tracks]


def id_at(tracks: Sequence[Track], x: float) -> str:
    """The person whose face is nearest to x."""
    return min(tracks, key=lambda track: abs(track.box.center[0] - x)).person_id


def frames(seconds: float, start_s: float = 0.0) -> list[float]:
    return [start_s + index * FRAME_S for index in range(round(seconds / FRAME_S))]


def test_people_get_ids_in_the_order_in_which_they_come() -> None:
    tracker = FaceTracker()
    assert tracker.update([], 0.0) == []
    assert ids(tracker.update([face(500)], 0.1)) == ["person_1"]
    assert ids(tracker.update([face(100), face(500), face(300)], 0.2)) == [
        "person_1",
        "person_2",
        "person_3",
    ]
    # The order is theirs, not the detections'.
    assert ids(tracker.update([face(300), face(500), face(100)], 0.3)) == [
        "person_1",
        "person_2",
        "person_3",
    ]


def test_a_detected_face_keeps_the_detections_own_box_and_score() -> None:
    tracker = FaceTracker()
    tracker.update([face(300, score=0.5)], 0.0)
    detection = FaceDetection(265, 155, 345, 235, 1.25)
    (track,) = tracker.update([detection], 0.1)
    assert track == Track("person_1", Box(265, 155, 345, 235), detection, 1.25, 0.0, 0.1)


@pytest.mark.parametrize("seconds", [1.2, 2.0, 3.0])
def test_two_people_who_cross_keep_their_ids(seconds: float) -> None:
    """One walks from 100 to 500 px and the other back, the faces overlapping on the way."""
    tracker = FaceTracker()
    for stamp_s in frames(seconds):
        way = stamp_s / seconds
        tracks = tracker.update([face(100 + 400 * way), face(500 - 400 * way, 215)], stamp_s)
        assert ids(tracks) == ["person_1", "person_2"]
    assert id_at(tracks, 500) == "person_1"
    assert id_at(tracks, 100) == "person_2"


def test_two_people_who_cross_keep_their_ids_where_one_hides_the_other() -> None:
    tracker = FaceTracker()
    for stamp_s in frames(2.0):
        way = stamp_s / 2
        front, behind = 100 + 400 * way, 500 - 400 * way
        hidden = abs(front - behind) < 60
        detections = [face(front)] if hidden else [face(behind, 210), face(front)]
        tracks = tracker.update(detections, stamp_s)
    assert len(tracks) == 2
    in_front, behind_id = id_at(tracks, 500), id_at(tracks, 100)
    assert {in_front, behind_id} == {"person_1", "person_2"}
    assert behind_id == "person_1"  # the first in the first frame's detections


def test_who_leaves_is_gone_after_the_coast_and_who_comes_is_somebody_new() -> None:
    tracker = FaceTracker(TrackerSettings(max_coast_s=0.5))
    for stamp_s in frames(1.0):
        tracker.update([face(100), face(400)], stamp_s)
    last_seen_s = stamp_s
    for stamp_s in frames(1.0, start_s=last_seen_s + FRAME_S):
        tracks = tracker.update([face(400)], stamp_s)
        assert ("person_1" in ids(tracks)) == (stamp_s - last_seen_s <= 0.5)
        assert "person_2" in ids(tracks)
    tracks = tracker.update([face(100), face(400)], stamp_s + FRAME_S)
    assert ids(tracks) == ["person_2", "person_3"]
    assert id_at(tracks, 100) == "person_3"


def test_a_missed_face_moves_on_and_is_found_again() -> None:
    tracker = FaceTracker()
    for stamp_s in frames(2.0):
        position = 100 + 200 * stamp_s
        missed = 1.0 <= stamp_s < 1.4
        (track,) = tracker.update([] if missed else [face(position)], stamp_s)
        assert track.person_id == "person_1"
        assert (track.detection is None) == missed
        assert track.score == 1.0
        assert track.first_seen_s == 0.0
        assert track.last_seen_s == pytest.approx(1.0 - FRAME_S if missed else stamp_s)
        assert track.box.center[0] == pytest.approx(position, abs=20)
        assert track.box.width == pytest.approx(80, abs=2)


def test_a_face_that_is_missed_for_long_comes_to_rest() -> None:
    """A velocity measured once says little a second later: the box must not run away."""
    tracker = FaceTracker(TrackerSettings(max_coast_s=100.0))
    for stamp_s in frames(1.0):
        tracker.update([face(100 + 300 * stamp_s)], stamp_s)
    centers = [tracker.predict(1.0 + later_s)[0].box.center[0] for later_s in (0.2, 5.0, 50.0)]
    assert centers[0] == pytest.approx(100 + 300 * 1.2, abs=15)
    assert centers[2] - centers[1] < 10
    assert centers[2] < 400 + 350


def test_jitter_neither_changes_ids_nor_sets_the_prediction_moving() -> None:
    """Still faces, a box's width apart, whose boxes shake by 4 px and in size by 10 %."""
    generator = np.random.default_rng(0)
    tracker = FaceTracker()
    errors = []
    for stamp_s in frames(10.0):
        detections = [
            face(
                x + generator.normal(0, 4),
                200 + generator.normal(0, 4),
                80 * math.exp(generator.normal(0, 0.1)),
            )
            for x in (200, 285)
        ]
        tracks = tracker.update(detections, stamp_s)
        assert ids(tracks) == ["person_1", "person_2"]
        errors += [
            abs(track.box.center[0] - x)
            for track, x in zip(
                copy.deepcopy(tracker).predict(stamp_s + 0.1), (200, 285), strict=True
            )
        ]
    assert float(np.mean(errors[60:])) < 10


@pytest.mark.parametrize("speed_px_s", [900, 1500])
def test_a_face_that_dashes_through_at_30_hz_stays_one_person(speed_px_s: float) -> None:
    tracker = FaceTracker()
    for stamp_s in frames(1.0):
        tracks = tracker.update([face(speed_px_s * stamp_s)], stamp_s)
        assert ids(tracks) == ["person_1"]


def test_a_face_that_turns_back_stays_one_person() -> None:
    tracker = FaceTracker()
    for stamp_s in frames(3.0):
        tracks = tracker.update([face(400 + 200 * math.sin(4 * stamp_s))], stamp_s)
        assert ids(tracks) == ["person_1"]


def test_a_face_that_comes_near_stays_one_person_and_its_size_is_followed() -> None:
    tracker = FaceTracker()
    for stamp_s in frames(1.5):
        side = 50 * math.exp(0.7 * stamp_s)
        tracks = tracker.update([face(300, side=side)], stamp_s)
        assert ids(tracks) == ["person_1"]
    (predicted,) = tracker.predict(1.6)
    assert predicted.box.width == pytest.approx(50 * math.exp(0.7 * 1.6), rel=0.05)


def test_irregular_stamps() -> None:
    generator = np.random.default_rng(3)
    tracker = FaceTracker()
    for stamp_s in itertools.accumulate(generator.uniform(0.005, 0.25, 200)):
        at = [300 + 200 * math.sin(stamp_s), 900 + 200 * math.sin(1.3 * stamp_s)]
        tracks = tracker.update([face(x) for x in at], stamp_s)
        assert ids(tracks) == ["person_1", "person_2"]
        assert [id_at(tracks, x) for x in at] == ["person_1", "person_2"]


def test_stamps_of_the_epoch_are_as_good_as_small_ones() -> None:
    """Seconds since 1970, as cameras stamp: a double resolves them to 0.2 µs."""
    tracks = {}
    for epoch_s in (0.0, 1.7e9):
        tracker = FaceTracker()
        for stamp_s in frames(1.0, start_s=epoch_s):
            tracker.update([face(100 + 150 * (stamp_s - epoch_s))], stamp_s)
        (tracks[epoch_s],) = tracker.predict(epoch_s + 1.1)
    assert tracks[0.0].box.left == pytest.approx(tracks[1.7e9].box.left, abs=0.05)


def test_detection_in_every_fifth_frame_with_prediction_in_between() -> None:
    tracker = FaceTracker()
    overlaps = []
    for index, stamp_s in enumerate(frames(4.0)):
        at = [150 + 100 * stamp_s, 700 - 100 * stamp_s]
        if index % 5 == 0:
            tracks = tracker.update([face(x) for x in at], stamp_s)
        else:
            tracks = tracker.predict(stamp_s)
            assert all(track.detection is None for track in tracks)
        assert ids(tracks) == ["person_1", "person_2"]
        if stamp_s > 1.0 and index % 5:
            # Crossing faces may not be told apart by place, but each must be where its person is.
            for track, x in zip(tracks, at, strict=True):
                truth = Box(x - 40, 160, x + 40, 240)
                overlaps.append(intersection_over_union(track.box, truth))
    assert min(overlaps) > 0.8


def test_predicting_does_not_change_what_is_known() -> None:
    asked, not_asked = FaceTracker(), FaceTracker()
    for stamp_s in frames(1.0):
        detections = [face(100 + 300 * stamp_s)]
        asked.update(detections, stamp_s)
        for later_s in (0.005, 0.01, 0.02):
            asked.predict(stamp_s + later_s)
        not_asked.update(detections, stamp_s)
    assert asked.predict(1.2) == not_asked.predict(1.2)


def test_prediction_ends_with_the_coast() -> None:
    tracker = FaceTracker(TrackerSettings(max_coast_s=0.5))
    tracker.update([face(100)], 10.0)
    assert ids(tracker.predict(10.5)) == ["person_1"]
    assert tracker.predict(10.51) == []
    assert ids(tracker.update([face(100)], 10.52)) == ["person_2"]


def test_after_a_long_gap_everybody_is_new() -> None:
    tracker = FaceTracker()
    tracker.update([face(100), face(300)], 0.0)
    assert ids(tracker.update([face(100), face(300)], 60.0)) == ["person_3", "person_4"]


@pytest.mark.parametrize("step", [FaceTracker.predict, lambda t, s: t.update([], s)])
def test_stamps_that_go_back_start_anew(step: Callable[[FaceTracker, float], list[Track]]) -> None:
    tracker = FaceTracker()
    tracker.update([face(100)], 50.0)
    assert step(tracker, 3.0) == []
    assert ids(tracker.update([face(100)], 3.1)) == ["person_2"]
    assert ids(tracker.update([face(100)], 3.2)) == ["person_2"]


def test_an_equal_stamp_keeps_the_people() -> None:
    tracker = FaceTracker()
    tracker.update([face(100)], 1.0)
    (track,) = tracker.update([face(102)], 1.0)
    assert track.person_id == "person_1"
    assert all(map(math.isfinite, (track.box.left, track.box.right)))


def test_reset_forgets_the_people_but_not_the_ids_used() -> None:
    tracker = FaceTracker()
    tracker.update([face(100)], 5.0)
    tracker.reset()
    assert tracker.predict(5.0) == []
    assert ids(tracker.update([face(100)], 1.0)) == ["person_2"]


def test_a_face_of_quite_another_size_is_another_person() -> None:
    tracker = FaceTracker()
    tracker.update([face(300, side=60)], 0.0)
    assert ids(tracker.update([face(300, side=200)], 0.1)) == ["person_1", "person_2"]


def test_settings_may_change_while_it_runs() -> None:
    tracker = FaceTracker()
    tracker.update([face(100)], 0.0)
    tracker.settings = TrackerSettings(max_coast_s=0.1)
    assert tracker.predict(0.2) == []


def test_detections_of_a_single_pixel_do_no_harm() -> None:
    tracker = FaceTracker()
    dot = FaceDetection(10, 10, 10, 10, 0.1)
    tracker.update([dot], 0.0)
    (track,) = tracker.update([dot], 0.1)
    assert track.person_id == "person_1"
    assert track.box == Box(10, 10, 11, 11)


@pytest.mark.parametrize("stamp_s", [math.nan, math.inf])
def test_a_stamp_that_is_no_number_is_refused(stamp_s: float) -> None:
    with pytest.raises(ValueError, match="finite number of seconds"):
        FaceTracker().update([face(100)], stamp_s)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_coast_s", -0.1),
        ("max_coast_s", math.nan),
        ("min_similarity", -1.5),
        ("min_similarity", 1.1),
        ("max_size_ratio", 0.5),
    ],
)
def test_settings_out_of_range_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be .*{value}"):
        TrackerSettings(**{name: value})


events = st.lists(
    st.tuples(
        st.floats(-0.5, 2.0),
        st.one_of(
            st.none(),
            st.lists(
                st.builds(face, st.floats(-50, 700), st.floats(-50, 500), st.floats(1, 300)),
                max_size=6,
            ),
        ),
        st.sampled_from(["", "", "", "", "reset"]),
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(events)
def test_ids_are_unique_in_a_frame_and_never_come_back(
    history: list[tuple[float, list[FaceDetection] | None, str]],
) -> None:
    tracker = FaceTracker()
    stamp_s, alive, gone = 10.0, set[str](), set[str]()
    for elapsed_s, detections, command in history:
        goes_back = stamp_s + elapsed_s < stamp_s
        stamp_s += elapsed_s
        if command == "reset":
            tracker.reset()
            gone |= alive
            alive = set()
        tracks = (
            tracker.predict(stamp_s) if detections is None else tracker.update(detections, stamp_s)
        )
        names = ids(tracks)
        assert len(set(names)) == len(names)
        assert not gone & set(names)
        if goes_back:
            assert not alive & set(names)
        # Every detection is somebody's, once; the order is that of the ids' numbers.
        seen = [track.detection for track in tracks if track.detection is not None]
        assert sorted(map(id, seen)) == sorted(map(id, detections or []))
        assert names == sorted(names, key=lambda name: int(name.removeprefix("person_")))
        for track in tracks:
            assert track.first_seen_s <= track.last_seen_s <= stamp_s
            assert stamp_s - track.last_seen_s <= tracker.settings.max_coast_s
            assert track.box.width > 0
            assert track.box.height > 0
        gone |= alive - set(names)
        alive = set(names)
