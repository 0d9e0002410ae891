"""What the example planner decides, and the same as leaves of a behaviour tree."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point

from glamor_ros.msg import PersonEmotion

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PERIOD_S = 0.125  # exact in binary, so that sums of it are


@pytest.fixture(scope="module")
def load() -> Iterator[Callable[[str], ModuleType]]:
    """Imports an example as Python does in its folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLES))
        yield importlib.import_module


class Meeting:
    """A greeter that hears of the same people eight times a second, on a clock of its own."""

    def __init__(self, greeter: ModuleType) -> None:
        self.now_s = 100.0
        self._greeter = greeter.Greeter(self.now_s)

    def goes_on(self, *people: PersonEmotion, duration_s: float) -> list[str]:
        """The decisions, one for each message."""
        decisions = []
        for _ in range(round(duration_s / PERIOD_S)):
            self.now_s += PERIOD_S
            self._greeter.see(people, self.now_s)
            decisions.append(str(self._greeter.decide(self.now_s)))
        return decisions

    def is_silent(self, duration_s: float) -> str:
        """The decision after so long without a message."""
        self.now_s += duration_s
        return str(self._greeter.decide(self.now_s))


@pytest.fixture
def meeting(load: Callable[[str], ModuleType]) -> Meeting:
    return Meeting(load("greeter"))


def person(
    emotion: int = PersonEmotion.HAPPY,
    probability: float = 0.9,
    distance_m: float = math.nan,
    person_id: str = "person_1",
    **fields: Any,
) -> PersonEmotion:
    # Someone unknown has probabilities, too, which must not count.
    likeliest = PersonEmotion.HAPPY if emotion == PersonEmotion.UNKNOWN else emotion
    probabilities = [(1 - probability) / 6] * 7
    probabilities[likeliest] = probability
    sideways_m = math.nan if math.isnan(distance_m) else 0.0
    return PersonEmotion(
        person_id=person_id,
        emotion=emotion,
        unknown_reason="blurred" if emotion == PersonEmotion.UNKNOWN else "",
        probabilities=probabilities,
        position=Point(x=sideways_m, y=sideways_m, z=distance_m),
        **{"observed": True, "searched": True, **fields},
    )


@pytest.mark.parametrize(
    ("emotion", "decision"),
    [
        (PersonEmotion.ANGER, "keep distance person_1: not at ease"),
        (PersonEmotion.DISGUST, "keep distance person_1: not at ease"),
        (PersonEmotion.FEAR, "keep distance person_1: not at ease"),
        (PersonEmotion.HAPPY, "greet person_1: open to it"),
        (PersonEmotion.NEUTRAL, "greet person_1: open to it"),
        (PersonEmotion.SAD, "comfort person_1: sad"),
        (PersonEmotion.SURPRISE, "greet person_1: open to it"),
        (PersonEmotion.UNKNOWN, "wait person_1: emotion unknown (blurred)"),
    ],
)
def test_each_mood_has_its_action(meeting: Meeting, emotion: int, decision: str) -> None:
    assert meeting.goes_on(person(emotion), duration_s=1.5)[-1] == decision


def test_a_mood_takes_time_to_begin_and_doubts_do_not_end_it(meeting: Meeting) -> None:
    sad = meeting.goes_on(person(PersonEmotion.SAD), duration_s=1.5)
    assert sad[:7] == ["wait person_1: mood not clear"] * 7
    assert sad[-1] == "comfort person_1: sad"
    # Between the bounds (0.5 and 0.3) a mood goes on, but does not begin.
    doubtful = meeting.goes_on(person(PersonEmotion.SAD, 0.4), duration_s=2.0)
    assert set(doubtful) == {"comfort person_1: sad"}
    assert meeting.goes_on(person(PersonEmotion.SAD, 0.2), duration_s=PERIOD_S) == [
        "wait person_1: mood not clear"
    ]
    again = meeting.goes_on(person(PersonEmotion.SAD, 0.4), duration_s=2.0)
    assert set(again) == {"wait person_1: mood not clear"}


def test_a_mood_ends_where_too_little_is_seen(meeting: Meeting) -> None:
    assert meeting.goes_on(person(PersonEmotion.SAD), duration_s=1.5)[-1] == "comfort person_1: sad"
    unknown = meeting.goes_on(person(PersonEmotion.UNKNOWN), duration_s=PERIOD_S)
    assert unknown == ["wait person_1: emotion unknown (blurred)"]
    again = meeting.goes_on(person(PersonEmotion.SAD), duration_s=1.5)
    assert again[:7] == ["wait person_1: mood not clear"] * 7
    assert again[-1] == "comfort person_1: sad"


def test_a_flicker_is_no_mood(meeting: Meeting) -> None:
    meeting.goes_on(person(PersonEmotion.SAD), duration_s=1.5)
    for _ in range(5):
        meeting.goes_on(person(PersonEmotion.ANGER, 0.55), duration_s=3 * PERIOD_S)
        (decision,) = meeting.goes_on(person(PersonEmotion.SAD, 0.55), duration_s=PERIOD_S)
        assert "keep distance" not in decision


def test_a_person_is_greeted_once_and_for_three_seconds(meeting: Meeting) -> None:
    decisions = meeting.goes_on(person(), duration_s=10)
    assert decisions.count("greet person_1: open to it") == 24
    assert decisions[-1] == "wait person_1: greeted already"


def test_a_greeting_is_finished_before_the_next_begins(meeting: Meeting) -> None:
    first, second = person(distance_m=2.0), person(distance_m=2.2, person_id="person_2")
    meeting.goes_on(first, second, duration_s=1.5)
    second = person(distance_m=1.8, person_id="person_2")
    decisions = meeting.goes_on(first, second, duration_s=8)
    assert decisions[0] == "greet person_1: open to it"
    order = [d for d, before in zip(decisions[1:], decisions, strict=False) if d != before]
    assert order == ["greet person_2: open to it", "wait person_2: greeted already"]


def test_distance_decides_where_it_is_known(meeting: Meeting) -> None:
    near, far = person(PersonEmotion.UNKNOWN, distance_m=0.5), person(distance_m=5.0)
    assert meeting.goes_on(near, duration_s=PERIOD_S) == ["keep distance person_1: too near"]
    assert meeting.goes_on(far, duration_s=2.0)[-1] == "wait person_1: too far away"


def test_the_urgent_goes_before_the_near(meeting: Meeting) -> None:
    happy = person(distance_m=1.5)
    sad = person(PersonEmotion.SAD, distance_m=2.0, person_id="person_2")
    angry = person(PersonEmotion.ANGER, distance_m=3.0, person_id="person_3")
    assert meeting.goes_on(happy, sad, duration_s=1.5)[-1] == "comfort person_2: sad"
    everybody = meeting.goes_on(happy, sad, angry, duration_s=1.5)
    assert everybody[-1] == "keep distance person_3: not at ease"


def test_nobody_silence_and_not_yet_are_told_apart(meeting: Meeting) -> None:
    assert meeting.is_silent(0.5) == "wait: perception has not spoken yet"
    assert meeting.is_silent(2.0) == "wait: perception is dead"
    assert meeting.goes_on(duration_s=PERIOD_S) == ["wait: nobody in view"]
    assert meeting.is_silent(2.1) == "wait: perception is dead"


def test_after_silence_an_old_id_is_a_new_person(meeting: Meeting) -> None:
    assert meeting.goes_on(person(), duration_s=6)[-1] == "wait person_1: greeted already"
    meeting.is_silent(2.1)
    assert meeting.goes_on(person(), duration_s=1.5)[-1] == "greet person_1: open to it"


@pytest.mark.parametrize(
    ("searched", "decision"),
    [(True, "wait person_1: lost from sight"), (False, "wait person_1: not looked at")],
)
def test_an_unseen_face_is_waited_for(meeting: Meeting, searched: bool, decision: str) -> None:
    meeting.goes_on(person(PersonEmotion.SAD), duration_s=1.5)
    unseen: dict[str, Any] = {"observed": False, "searched": searched}
    short = person(PersonEmotion.ANGER, since_detection=Duration(nanosec=600_000_000), **unseen)
    # The probabilities of a face that was not observed are no news.
    assert set(meeting.goes_on(short, duration_s=2)) == {"comfort person_1: sad"}
    long = person(PersonEmotion.SAD, since_detection=Duration(nanosec=800_000_000), **unseen)
    assert meeting.goes_on(long, duration_s=PERIOD_S) == [decision]


def test_leaves_succeed_while_their_action_is_decided_for(
    load: Callable[[str], ModuleType], meeting: Meeting
) -> None:
    py_trees = pytest.importorskip("py_trees")
    leaf_module, greeter_module = load("greeter_leaf"), load("greeter")
    heard = greeter_module.Greeter(0.0)
    decisions = {action: leaf_module.IsDecided(action, heard) for action in greeter_module.Action}
    # The greeter started at 0 on the steady clock, so long ago that it has heard nothing.
    for action, leaf in decisions.items():
        leaf.tick_once()
        expected = py_trees.common.Status.FAILURE
        if action is greeter_module.Action.WAIT:
            expected = py_trees.common.Status.SUCCESS
        assert leaf.status is expected
        assert leaf.feedback_message == "wait: perception is dead"
