#!/usr/bin/env python3
"""A planner on `emotions`, to be copied: whom does the robot greet, comfort, or leave alone?

python3 greeter.py [--ros-args -r emotions:=/front/emotions]
ros2 topic echo /decision

`Greeter` decides and knows nothing of ROS; `GreeterNode` brings it the messages.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from glamor_ros.msg import PersonEmotion, PersonEmotionArray

SILENCE_S = 2.0  # without a message for longer, perception counts as dead
MAX_UNSEEN_S = 0.7  # nothing is done about a face that has not been detected for longer
TOO_NEAR_M = 0.8
TOO_FAR_M = 4.0
GREETING_S = 3.0  # so long a greeting takes

# A mood begins when an emotion has been this probable for so long, and ends when it is less
# probable than the lower bound: in between, doubts change nothing (hysteresis).
MOOD_BEGINS, MOOD_HOLD_S, MOOD_ENDS = 0.5, 0.8, 0.3

WARY = frozenset({PersonEmotion.ANGER, PersonEmotion.DISGUST, PersonEmotion.FEAR})


class Action(Enum):
    """What the robot may do."""

    GREET = "greet"
    COMFORT = "comfort"
    KEEP_DISTANCE = "keep distance"
    WAIT = "wait"


URGENCY = (Action.KEEP_DISTANCE, Action.COMFORT, Action.GREET, Action.WAIT)


@dataclass(frozen=True)
class Decision:
    """What the robot does, about whom (empty: nobody) and why."""

    action: Action
    person_id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.action.value} {self.person_id}".rstrip() + f": {self.reason}"


class Mood:
    """One person's emotion as a planner wants it: calm, and None while there is none to rely on."""

    def __init__(self) -> None:
        self.emotion: int | None = None
        self._candidate: int | None = None
        self._candidate_since_s = 0.0

    def update(self, probabilities: Sequence[float], now_s: float) -> None:
        """Take the person's newest probabilities, in the order of the message's constants."""
        if self.emotion is not None and probabilities[self.emotion] < MOOD_ENDS:
            self.emotion = None
        likeliest = max(range(len(probabilities)), key=probabilities.__getitem__)
        candidate = likeliest if probabilities[likeliest] >= MOOD_BEGINS else None
        if candidate != self._candidate:
            self._candidate, self._candidate_since_s = candidate, now_s
        if candidate is not None and now_s - self._candidate_since_s >= MOOD_HOLD_S:
            self.emotion = candidate


class Greeter:
    """The decisions of a robot that meets people; times are those of a clock that never jumps."""

    def __init__(self, started_s: float) -> None:
        self._people: Sequence[PersonEmotion] = ()
        self._heard_s = started_s
        self._has_heard = False
        self._moods: dict[str, Mood] = {}
        self._greeted_s: dict[str, float] = {}

    def see(self, people: Sequence[PersonEmotion], now_s: float) -> None:
        """Take the people of a message that has come now."""
        self._people, self._heard_s, self._has_heard = people, now_s, True
        # A person_id never comes back, so what is known of those who left can go.
        ids = {person.person_id for person in people}
        self._moods = {i: self._moods.get(i, Mood()) for i in ids}
        self._greeted_s = {i: s for i, s in self._greeted_s.items() if i in ids}
        for person in people:
            # Too little is seen of the person: what was known of the mood does not count for ever.
            if person.emotion == PersonEmotion.UNKNOWN:
                self._moods[person.person_id] = Mood()
            # Where the face was not observed the probabilities are old ones: no news of the mood.
            elif person.observed:
                self._moods[person.person_id].update(person.probabilities, now_s)

    def decide(self, now_s: float) -> Decision:
        """What to do now; call it often, also when no message comes."""
        if now_s - self._heard_s > SILENCE_S:
            # A new process may give the old ids to other people: nothing is known any more.
            self._people, self._moods, self._greeted_s = (), {}, {}
            return Decision(Action.WAIT, "", "perception is dead")
        if not self._has_heard:
            return Decision(Action.WAIT, "", "perception has not spoken yet")
        if not self._people:
            return Decision(Action.WAIT, "", "nobody in view")
        nearest_first = sorted(self._people, key=_distance_or_infinity_m)
        # Safety first: someone near counts whatever the mood and however old the detection.
        for person in nearest_first:
            if _distance_m(person) < TOO_NEAR_M:
                return Decision(Action.KEEP_DISTANCE, person.person_id, "too near")
        decisions = [self._about(person, now_s) for person in nearest_first]
        # The most urgent action, of the nearest person; a greeting that has begun comes first.
        decision = min(
            decisions, key=lambda d: (URGENCY.index(d.action), d.person_id not in self._greeted_s)
        )
        if decision.action is Action.GREET:
            self._greeted_s.setdefault(decision.person_id, now_s)
        return decision

    def _about(self, person: PersonEmotion, now_s: float) -> Decision:
        def wait(reason: str) -> Decision:
            return Decision(Action.WAIT, person.person_id, reason)

        if _unseen_s(person) > MAX_UNSEEN_S:
            return wait("lost from sight" if person.searched else "not looked at")
        # A distance that is not known (NaN) compares false and hinders nothing.
        if _distance_m(person) > TOO_FAR_M:
            return wait("too far away")
        mood = self._moods[person.person_id].emotion
        if mood is None:
            if person.emotion == PersonEmotion.UNKNOWN:
                return wait(f"emotion unknown ({person.unknown_reason})")
            return wait("mood not clear")
        if mood in WARY:
            return Decision(Action.KEEP_DISTANCE, person.person_id, "not at ease")
        if mood == PersonEmotion.SAD:
            return Decision(Action.COMFORT, person.person_id, "sad")
        if now_s - self._greeted_s.get(person.person_id, now_s) < GREETING_S:
            return Decision(Action.GREET, person.person_id, "open to it")
        return wait("greeted already")


def _unseen_s(person: PersonEmotion) -> float:
    return float(person.since_detection.sec + person.since_detection.nanosec * 1e-9)


def _distance_m(person: PersonEmotion) -> float:
    """From the camera to the head; NaN where the message does not have it."""
    return math.hypot(person.position.x, person.position.y, person.position.z)


def _distance_or_infinity_m(person: PersonEmotion) -> float:
    distance_m = _distance_m(person)
    return math.inf if math.isnan(distance_m) else distance_m


class GreeterNode(Node):
    """A node that publishes each new decision as words on `decision`."""

    def __init__(self) -> None:
        super().__init__("greeter")
        self._greeter = Greeter(time.monotonic())
        self._published = ""
        # Who subscribes later gets the decision that stands.
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._publisher = self.create_publisher(String, "decision", latched)
        self.create_subscription(PersonEmotionArray, "emotions", self._see, 1)
        # A steady clock notices silence also when simulated time stands still.
        self.create_timer(0.1, self._decide, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _see(self, message: PersonEmotionArray) -> None:
        self._greeter.see(message.people, time.monotonic())

    def _decide(self) -> None:
        decision = str(self._greeter.decide(time.monotonic()))
        if decision != self._published:
            self._published = decision
            self._publisher.publish(String(data=decision))
            self.get_logger().info(decision)


def main() -> None:
    """Run the node until it is interrupted."""
    rclpy.init()
    try:
        rclpy.spin(GreeterNode())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
