from __future__ import annotations

import itertools

import numpy as np

from glamor_ros.media.demo_performance import two_people_acting
from glamor_ros.media.demo_photographs import two_people
from glamor_ros.media.sources import open_image_source
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.engine import PeopleObserver, observe_alone
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.resources import STARTER_WEIGHTS, shipped_weights


def test_the_two_people_begin_as_photographed_and_differ_only_in_their_faces() -> None:
    picture_at = two_people_acting()
    changed = [(picture_at(t) != two_people()).any(axis=2) for t in (0.0, 6.0, 11.0)]

    assert not changed[0][:, :360].any()  # the person at the left smiles first
    assert all(view.any() for view in changed)
    assert not any(view[230:].any() or view[:60].any() for view in changed)


def test_expressions_change_smoothly_and_without_end() -> None:
    picture_at = two_people_acting()
    views = [picture_at(3.5 + 0.05 * index).astype(int) for index in range(36)]

    steps = [np.abs(a - b).mean() for a, b in itertools.pairwise(views)]
    assert max(steps) < 0.2 * sum(steps)
    assert picture_at(1e4).shape == (512, 720, 3)


def test_the_network_reads_at_least_three_emotions_in_each_face() -> None:
    """With the weights that come with the package, in the views that the demo publishes."""
    observer = PeopleObserver(
        build_face_detector("mmod"),
        EmotionRecognizer(load_checkpoint(shipped_weights(STARTER_WEIGHTS))),
    )
    # Each expression is complete after a multiple of 5 s.
    source = open_image_source("demo", rate_hz=1 / 5, warn=print)
    read: list[set[str]] = [set(), set()]
    for _ in range(4):
        image = source.read()
        assert image is not None
        view = observe_alone(observer, Frame(image))
        people = sorted(view.people, key=lambda person: person.face.x)
        assert len(people) == 2
        for emotions, person in zip(read, people, strict=True):
            if person.probabilities.max() >= 0.5:
                emotions.add(EMOTIONS[int(person.probabilities.argmax())])
    assert all(len(emotions) >= 3 for emotions in read), read
