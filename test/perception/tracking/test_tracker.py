"""Scenarios: people described by where their faces are over time, and what the detector sees."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glamor_ros.perception.detection.face_detector import FaceDetection
from glamor_ros.perception.geometry import Box, Similarity, intersection_over_union
from glamor_ros.perception.tracking.appearance import Appearance
from glamor_ros.perception.tracking.tracker import (
    FaceTracker,
    PersonIds,
    Track,
    TrackerSettings,
    one_for_each_face,
)

FRAME_S = 1 / 30


def face(x: float, y: float = 200, side: float = 80, score: float = 1.0) -> FaceDetection:
    """A detection about the centre (x, y)."""
    half = side / 2
    return FaceDetection(
        Box(round(x - half), round(y - half), round(x + half), round(y + half)), score
    )


def new_tracker(**settings: float) -> FaceTracker:
    """A tracker for which one detection makes a person."""
    return FaceTracker(PersonIds(), TrackerSettings(**{"min_detections": 1, **settings}))  # type: ignore[arg-type]


def ids(tracks: Iterable[Track]) -> list[str]:
    return [track.person_id for track in tracks if track.person_id is not None]


def id_at(tracks: Sequence[Track], x: float) -> str | None:
    """The person whose face is nearest to x."""
    return min(tracks, key=lambda track: abs(track.box.center[0] - x)).person_id


def frames(seconds: float, start_s: float = 0.0) -> list[float]:
    return [start_s + index * FRAME_S for index in range(round(seconds / FRAME_S))]


def test_people_get_ids_in_the_order_in_which_they_come() -> None:
    tracker = new_tracker()
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
    tracker = new_tracker()
    tracker.update([face(300, score=0.5)], 0.0)
    detection = FaceDetection(Box(265, 155, 345, 235), 1.25)
    (track,) = tracker.update([detection], 0.1)
    assert (track.box, track.detection, track.score) == (detection.box, detection, 1.25)
    assert (track.first_seen_s, track.last_seen_s, track.detections) == (0.0, 0.1, 2)


@pytest.mark.parametrize("seconds", [1.2, 2.0, 3.0])
def test_two_people_who_cross_keep_their_ids(seconds: float) -> None:
    """One walks from 100 to 500 px and the other back, the faces overlapping on the way."""
    tracker = new_tracker()
    for stamp_s in frames(seconds):
        way = stamp_s / seconds
        tracks = tracker.update([face(100 + 400 * way), face(500 - 400 * way, 215)], stamp_s)
        assert ids(tracks) == ["person_1", "person_2"]
    assert id_at(tracks, 500) == "person_1"
    assert id_at(tracks, 100) == "person_2"


def test_two_people_who_cross_keep_their_ids_where_one_hides_the_other() -> None:
    tracker = new_tracker()
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
    tracker = new_tracker(max_coast_s=0.5)
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
    tracker = new_tracker()
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
    tracker = new_tracker(max_coast_s=100)
    for stamp_s in frames(1.0):
        tracker.update([face(100 + 300 * stamp_s)], stamp_s)
    centers = [tracker.predict(1.0 + later_s)[0].box.center[0] for later_s in (0.2, 5.0, 50.0)]
    assert centers[0] == pytest.approx(100 + 300 * 1.2, abs=15)
    assert centers[2] - centers[1] < 10
    assert centers[2] < 400 + 350


def test_jitter_neither_changes_ids_nor_sets_the_prediction_moving() -> None:
    """Still faces, a box's width apart, whose boxes shake by 4 px and in size by 10 %."""
    generator = np.random.default_rng(0)
    tracker = new_tracker()
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
    tracker = new_tracker()
    for stamp_s in frames(1.0):
        tracks = tracker.update([face(speed_px_s * stamp_s)], stamp_s)
        assert ids(tracks) == ["person_1"]


def test_a_face_that_turns_back_stays_one_person() -> None:
    tracker = new_tracker()
    for stamp_s in frames(3.0):
        tracks = tracker.update([face(400 + 200 * math.sin(4 * stamp_s))], stamp_s)
        assert ids(tracks) == ["person_1"]


def test_a_face_that_comes_near_stays_one_person_and_its_size_is_followed() -> None:
    tracker = new_tracker()
    for stamp_s in frames(1.5):
        side = 50 * math.exp(0.7 * stamp_s)
        tracks = tracker.update([face(300, side=side)], stamp_s)
        assert ids(tracks) == ["person_1"]
    (predicted,) = tracker.predict(1.6)
    assert predicted.box.width == pytest.approx(50 * math.exp(0.7 * 1.6), rel=0.05)


def test_irregular_stamps() -> None:
    generator = np.random.default_rng(3)
    tracker = new_tracker()
    for stamp_s in itertools.accumulate(generator.uniform(0.005, 0.25, 200)):
        at = [300 + 200 * math.sin(stamp_s), 900 + 200 * math.sin(1.3 * stamp_s)]
        tracks = tracker.update([face(x) for x in at], stamp_s)
        assert ids(tracks) == ["person_1", "person_2"]
        assert [id_at(tracks, x) for x in at] == ["person_1", "person_2"]


def test_stamps_of_the_epoch_are_as_good_as_small_ones() -> None:
    """Seconds since 1970, as cameras stamp: a double resolves them to 0.2 µs."""
    tracks = {}
    for epoch_s in (0.0, 1.7e9):
        tracker = new_tracker()
        for stamp_s in frames(1.0, start_s=epoch_s):
            tracker.update([face(100 + 150 * (stamp_s - epoch_s))], stamp_s)
        (tracks[epoch_s],) = tracker.predict(epoch_s + 1.1)
    assert tracks[0.0].box.left == pytest.approx(tracks[1.7e9].box.left, abs=0.05)


def test_detection_in_every_fifth_frame_with_prediction_in_between() -> None:
    tracker = new_tracker()
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
    asked, not_asked = new_tracker(), new_tracker()
    for stamp_s in frames(1.0):
        detections = [face(100 + 300 * stamp_s)]
        asked.update(detections, stamp_s)
        for later_s in (0.005, 0.01, 0.02):
            asked.predict(stamp_s + later_s)
        not_asked.update(detections, stamp_s)
    assert asked.predict(1.2) == not_asked.predict(1.2)


def test_an_equal_stamp_keeps_the_people() -> None:
    tracker = new_tracker()
    tracker.update([face(100)], 1.0)
    (track,) = tracker.update([face(102)], 1.0)
    assert track.person_id == "person_1"
    assert all(map(math.isfinite, (track.box.left, track.box.right)))


def test_reset_forgets_the_people_but_not_the_ids_used() -> None:
    tracker = new_tracker()
    tracker.update([face(100)], 5.0)
    tracker.reset()
    assert tracker.predict(5.0) == []
    assert ids(tracker.update([face(100)], 1.0)) == ["person_2"]


def test_a_face_of_quite_another_size_is_another_person() -> None:
    tracker = new_tracker()
    tracker.update([face(300, side=60)], 0.0)
    assert ids(tracker.update([face(300, side=200)], 0.1)) == ["person_1", "person_2"]


def test_a_face_that_is_found_never_expires_however_slow_the_frames() -> None:
    tracker = new_tracker(max_coast_s=0.0)
    for stamp_s in (0.0, 3.0, 6.0):
        assert ids(tracker.predict(stamp_s)) in ([], ["person_1"])
        assert ids(tracker.update([face(100)], stamp_s)) == ["person_1"]
    assert tracker.update([], 6.1) == []


def test_who_was_not_looked_for_is_not_missed() -> None:
    tracker = new_tracker(max_coast_s=0.5)
    (known,) = tracker.update([face(100)], 0.0)
    assert ids(tracker.update([], 2.0, sought=())) == ["person_1"]
    assert tracker.update([], 2.1, sought={known.key}) == []


def test_what_is_found_of_a_face_that_was_not_looked_for_does_not_move_it() -> None:
    """A slice of a sweep finds known faces in a size that is not theirs."""
    tracker = new_tracker()
    tracker.update([face(100, side=80)], 0.0)
    (track,) = tracker.update([face(104, side=96)], 0.1, sought=())
    assert intersection_over_union(track.box, face(100, side=80).box) > 0.999
    assert track.detection is None


def test_a_face_is_a_person_once_it_was_detected_often_enough() -> None:
    tracker = new_tracker(min_detections=3)
    found = [ids(tracker.update([face(100)], stamp_s)) for stamp_s in (0.0, 0.1, 0.2)]
    assert found == [[], [], ["person_1"]]


def test_a_candidate_that_comes_and_goes_is_forgotten_in_time() -> None:
    tracker = new_tracker(min_detections=4, confirm_within_s=1.0, max_coast_s=0.5)
    for stamp_s in (0.0, 0.4, 0.8):
        assert len(tracker.update([face(100)], stamp_s)) == 1
    assert tracker.update([], 1.1) == []
    assert ids(tracker.update([face(100)], 1.2)) == []


def test_people_are_numbered_as_they_become_known() -> None:
    tracker = new_tracker(min_detections=2)
    tracker.update([face(100)], 0.0)
    tracker.update([face(400)], 0.1)
    assert ids(tracker.update([face(400)], 0.2)) == ["person_1"]
    tracks = tracker.update([face(100), face(400)], 0.3)
    assert ids(tracks) == ["person_1", "person_2"]
    assert id_at(tracks, 400) == "person_1"


def test_a_camera_that_turns_takes_the_faces_along() -> None:
    tracker = new_tracker()
    for stamp_s in frames(1.0):
        tracker.move(Similarity(shift_x_px=-64))
        (track,) = tracker.update([face(5000 - 64 * 30 * stamp_s)], stamp_s)
        assert track.person_id == "person_1"
    tracker.move(Similarity(shift_x_px=-64))
    (track,) = tracker.predict(stamp_s + FRAME_S)
    assert track.box.center[0] == pytest.approx(5000 - 64 * 30 * (stamp_s + FRAME_S), abs=3)


def test_a_face_beside_the_place_of_another_is_somebody_else_if_it_looks_different() -> None:
    def looks(bin_index: int) -> Appearance:
        return Appearance(np.eye(1, 216, bin_index, dtype=np.float32)[0])

    for other, expected in ((looks(3), "person_2"), (looks(0), "person_1")):
        tracker = new_tracker()
        tracker.update([face(200)], 0.0, appearances=[looks(0)])
        tracks = tracker.update([face(270)], 0.5, appearances=[other])
        assert id_at(tracks, 270) == expected


def test_of_detections_over_one_another_the_best_is_kept() -> None:
    smaller, better, inside, beside = (
        face(200, side=80, score=0.5),
        face(203, side=96, score=0.9),
        face(200, side=30, score=0.7),
        face(290, score=0.1),
    )
    assert one_for_each_face([smaller, better, inside, beside]) == [better, beside]


def test_detections_of_a_single_pixel_do_no_harm() -> None:
    tracker = new_tracker()
    dot = FaceDetection(Box(10, 10, 11, 11), 0.1)
    tracker.update([dot], 0.0)
    (track,) = tracker.update([dot], 0.1)
    assert track.person_id == "person_1"
    assert track.box == Box(10, 10, 11, 11)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_coast_s", -0.1),
        ("max_coast_s", math.nan),
        ("min_similarity", -1.5),
        ("min_similarity", 1.1),
        ("min_appearance_similarity", 1.1),
        ("min_detections", 0),
        ("confirm_within_s", -1),
        ("max_size_ratio", 0.5),
    ],
)
def test_settings_out_of_range_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be .*{value}"):
        TrackerSettings(**{name: value})  # type: ignore[arg-type]


events = st.lists(
    st.tuples(
        st.floats(0.0, 2.0),
        st.one_of(
            st.none(),
            st.lists(
                st.builds(face, st.floats(-50, 700), st.floats(-50, 500), st.floats(2, 300)),
                max_size=6,
            ),
        ),
        st.sampled_from(["", "", "", "", "reset"]),
    ),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(events, st.integers(1, 3))
def test_ids_are_unique_in_a_frame_and_never_come_back(
    history: list[tuple[float, list[FaceDetection] | None, str]], min_detections: int
) -> None:
    tracker = new_tracker(min_detections=min_detections)
    stamp_s, alive, gone = 10.0, set[str](), set[str]()
    for elapsed_s, detections, command in history:
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
        # No detection is of two faces; the order is that of the ids' numbers.
        seen = [id(track.detection) for track in tracks if track.detection is not None]
        assert len(set(seen)) == len(seen)
        assert names == sorted(names, key=lambda name: int(name.removeprefix("person_")))
        for track in tracks:
            assert track.first_seen_s <= track.last_seen_s <= track.looked_for_s <= stamp_s
            assert not track.is_missed or track.looked_for_s - track.last_seen_s <= 0.5
            assert track.box.width > 0
            assert track.box.height > 0
        gone |= alive - set(names)
        alive = set(names)


def identified(face_id: str, x: float, side: float = 80) -> FaceDetection:
    """A detection of a detector that follows faces itself."""
    return dataclasses.replace(face(x, side=side), face_id=face_id)


def test_faces_that_the_detector_follows_are_people_at_once_by_their_ids() -> None:
    tracker = FaceTracker(PersonIds(), TrackerSettings(min_detections=4))

    tracks = tracker.update([identified("abcde", 100), identified("vwxyz", 400)], 0.0)

    assert [track.person_id for track in tracks] == ["abcde", "vwxyz"]


def test_the_detector_s_word_counts_more_than_places_and_sizes() -> None:
    tracker = new_tracker()
    tracker.update([identified("abcde", 100), identified("vwxyz", 400)], 0.0)

    # They have changed places, and one is three times as large.
    tracks = tracker.update([identified("abcde", 400), identified("vwxyz", 100, side=240)], FRAME_S)

    assert {t.person_id: t.box.center[0] for t in tracks} == {"abcde": 400, "vwxyz": 100}
    assert all(track.detections == 2 for track in tracks)


def test_a_new_id_in_the_same_place_is_somebody_else() -> None:
    tracker = new_tracker(max_coast_s=0.0)
    tracker.update([identified("abcde", 100)], 0.0)

    tracks = tracker.update([identified("vwxyz", 100)], FRAME_S)

    assert [track.person_id for track in tracks] == ["vwxyz"]


def test_an_id_that_returns_is_the_same_person() -> None:
    tracker = new_tracker(max_coast_s=0.1)
    tracker.update([identified("abcde", 100)], 0.0)
    assert tracker.update([], 1.0) == []

    tracks = tracker.update([identified("abcde", 300)], 2.0)

    assert [track.person_id for track in tracks] == ["abcde"]
    assert tracks[0].first_seen_s == 2.0
