"""Prints what the network that ships reads of the demo's expressions: the table in `docs/demo.md`.

python benchmarks/demo_readings.py
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from glamor_ros.media.demo_performance import two_people_acting
from glamor_ros.media.moving_photograph import MovingPhotograph
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.resources import STARTER_WEIGHTS, shipped_weights

# Two rounds of the demo; the second person is half a round later.
SHOWN = ("Happy", "Surprise", "Anger", "Sad")
SECONDS_EACH, SEGMENTS = 5.0, 8
# While an expression stays as it is.
VIEWS_S = (0.5, 2.0, 3.5)
RATE_HZ = 2.0


def readings() -> dict[str, list[tuple[str, float]]]:
    """For each expression what was read of it, and the probability of what is meant."""
    view = MovingPhotograph(two_people_acting(), width=640, height=480, rate_hz=RATE_HZ)
    recognizer = EmotionRecognizer(load_checkpoint(shipped_weights(STARTER_WEIGHTS)))
    detector = build_face_detector("mmod")
    read = defaultdict(list)
    for number in range(int(SEGMENTS * SECONDS_EACH * RATE_HZ)):
        image = view.read()
        segment, within_s = divmod(number / RATE_HZ, SECONDS_EACH)
        if image is None or within_s not in VIEWS_S:
            continue
        frame = Frame(image)
        boxes = sorted((face.box for face in detector.detect([frame])[0]), key=lambda box: box.left)
        (estimates,) = recognizer.recognize([Scene(frame, tuple(boxes))])
        for person, estimate in enumerate(estimates):
            meant = SHOWN[(int(segment) - 2 * person) % len(SHOWN)]
            named = EMOTIONS[int(estimate.probabilities.argmax())]
            read[meant].append((named, float(estimate.probabilities[EMOTIONS.index(meant)])))
    return read


if __name__ == "__main__":
    print("| Meant | Read as | Its probability: median | lowest and highest |")
    print("| --- | --- | --- | --- |")
    for meant, seen in readings().items():
        percent = 100 * np.array([probability for _, probability in seen])
        names = ", ".join(f"{n} in {c}" for n, c in Counter(name for name, _ in seen).most_common())
        print(
            f"| {meant} | {names} of {len(seen)} | {np.median(percent):.0f} % "
            f"| {percent.min():.0f} to {percent.max():.0f} % |"
        )
