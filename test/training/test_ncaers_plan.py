"""Which frames are drawn, without a video being read."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.training.data.caer_videos import Video, VideoLength
from glamor_ros.training.data.ncaers_plan import (
    MAX_IMBALANCE,
    TRAINING_FRAMES,
    PlanSettings,
    part_edges,
    plan_frames,
)
from glamor_ros.training.data.samples import SettingsError

# Clips in CAER (Lee et al., 2019); 70 % of them are for training, and they last 3.5 s on average.
CAER_CLIPS = dict(
    Anger=1628, Disgust=719, Fear=514, Happy=2726, Neutral=4579, Sad=1473, Surprise=1562
)


def videos(
    counts: dict[str, int], duration_s: float = 6.0, split: str = "train"
) -> list[tuple[Video, VideoLength]]:
    return [
        (
            Video(Path(f"{split}/{name}/{i}.avi"), split, EMOTIONS.index(name), f"{i:04}"),
            VideoLength(round(duration_s * 25), 25.0),
        )
        for name, count in counts.items()
        for i in range(count)
    ]


def test_table_1_of_the_paper() -> None:
    assert sum(TRAINING_FRAMES.values()) == 18555
    assert pytest.approx(3202 / 1905) == MAX_IMBALANCE


@pytest.mark.parametrize(
    ("frames", "edges"),
    [
        (150, [0, 50, 100, 150]),
        (124, [0, 62, 124]),
        (126, [0, 42, 84, 126]),
        (30, [0, 30]),
        (1, [0, 1]),
    ],
)
def test_parts_are_equal_and_of_about_two_seconds(frames: int, edges: list[int]) -> None:
    assert part_edges(VideoLength(frames, 25.0), 2.0) == edges


def test_one_frame_of_every_part() -> None:
    plan = plan_frames(videos({"Happy": 40}, 6.0), PlanSettings())
    assert len(plan) == 120
    assert all(50 * f.part <= f.frame < 50 * (f.part + 1) for f in plan)
    assert all(f.time_s == pytest.approx(f.frame / 25) for f in plan)
    assert plan[0].image == f"images/train/Happy/0000_{plan[0].frame:06}.png"
    # Drawn all over the part: the mean of 120 uniform draws has a deviation of 0.026.
    assert sum(f.frame % 50 for f in plan) / 120 / 49 == pytest.approx(0.5, abs=0.1)


def test_the_same_for_any_order_and_another_for_another_seed() -> None:
    listed = videos(dict.fromkeys(EMOTIONS, 20))
    shuffled = random.Random(0).sample(listed, len(listed))
    plan = plan_frames(listed, PlanSettings(seed=5))
    assert plan_frames(shuffled, PlanSettings(seed=5)) == plan
    other = plan_frames(listed, PlanSettings(seed=6))
    assert sum(a.frame == b.frame for a, b in zip(plan, other, strict=True)) < 0.1 * len(plan)


def test_the_draw_is_the_same_on_every_machine() -> None:
    plan = plan_frames(videos({"Fear": 2}), PlanSettings(seed=1))
    assert [(f.video, f.frame) for f in plan] == [
        ("0000", 42),
        ("0000", 83),
        ("0000", 139),
        ("0001", 39),
        ("0001", 95),
        ("0001", 112),
    ]


def test_other_videos_do_not_change_what_a_video_gives() -> None:
    few = plan_frames(videos({"Fear": 3}), PlanSettings())
    more = plan_frames(videos({"Fear": 9}), PlanSettings())
    assert set(few) < set(more)


def counts_of(plan: list, split: str = "train") -> dict[str, int]:
    counts = Counter(frame.emotion for frame in plan if frame.split == split)
    return {name: counts[index] for index, name in enumerate(EMOTIONS) if counts[index]}


def test_classes_are_capped_at_table_1() -> None:
    plan = plan_frames(videos(dict.fromkeys(EMOTIONS, 1100)), PlanSettings())
    assert counts_of(plan) == dict(TRAINING_FRAMES)


def test_no_class_outweighs_the_scarcest() -> None:
    few = dict(Anger=10, Disgust=30, Fear=20, Happy=100, Neutral=200, Sad=40, Surprise=40)
    plan = plan_frames(videos(few) + videos(few, split="test"), PlanSettings())
    expected = dict(Anger=30, Disgust=50, Fear=50, Happy=50, Neutral=50, Sad=50, Surprise=50)
    assert counts_of(plan) == expected
    assert counts_of(plan, "test") == expected
    equal = plan_frames(videos(few), PlanSettings(max_imbalance=1))
    assert counts_of(equal) == dict.fromkeys(EMOTIONS, 30)


def test_every_video_gives_one_frame_before_any_gives_two() -> None:
    settings = PlanSettings(training_frames=dict.fromkeys(EMOTIONS, 50), max_imbalance=100)
    plan = plan_frames(videos({"Sad": 40}), settings)
    per_video = Counter(frame.video for frame in plan)
    assert Counter(per_video.values()) == {1: 30, 2: 10}


def test_table_1_is_reached_with_shorter_parts_where_the_clips_are_few() -> None:
    of_training = {name: round(0.7 * count) for name, count in CAER_CLIPS.items()}
    clips = videos(of_training, 3.5)
    strict = counts_of(plan_frames(clips, PlanSettings()))
    assert strict["Fear"] == 720
    assert max(strict.values()) == round(720 * MAX_IMBALANCE)
    filled = counts_of(plan_frames(clips, PlanSettings(shortest_part_s=0.4)))
    assert filled == dict(TRAINING_FRAMES)


def test_parts_stay_whole_where_there_is_enough() -> None:
    settings = PlanSettings(
        shortest_part_s=0.5, training_frames=dict.fromkeys(EMOTIONS, 30), max_imbalance=100
    )
    plan = plan_frames(videos({"Happy": 10, "Fear": 5}), settings)
    parts = {emotion: max(f.part for f in plan if f.emotion == emotion) + 1 for emotion in (2, 3)}
    assert parts == {2: 6, 3: 3}
    assert counts_of(plan) == {"Happy": 30, "Fear": 30}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"part_s": 0}, "part_s is 0"),
        ({"part_s": 1.0, "shortest_part_s": 2.0}, "shortest_part_s 2.0"),
        ({"max_imbalance": 0.5}, "max_imbalance is 0.5"),
        ({"training_frames": {"Happy": 3}}, "a positive number for each of Anger"),
    ],
)
def test_settings_that_make_no_sense(settings: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        PlanSettings(**settings)
