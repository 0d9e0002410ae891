"""Counts how often the two context modes disagree, for weights whose context hides faces.

    python benchmarks/context_modes.py [FOLDER...] [--weights CHECKPOINT] [--scenes 300]

`shared` hides everybody's face from everybody, `per_person` from each person only the own. The
package's photographs with several people are judged as they are. Then the heads of every
photograph, and of every picture under the folders, are set into photographs of scikit-image (a
kitchen table, a motorcycle, …), two to five of them. The table printed is the one in
`docs/weights.md`.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from glamor_ros.media.demo_photographs import one_person, two_people
from glamor_ros.media.files import files_under, is_picture_file
from glamor_ros.media.pictures import BgrImage, read_picture
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box, intersection_area
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.resources import STARTER_WEIGHTS, shipped_weights

PHOTOGRAPHS = Path(__file__).resolve().parent.parent / "test/data/images"
WIDTH, HEIGHT = 640, 480
PEOPLE = (2, 3, 4, 5)
# The smallest face of the detector, and one at arm's length.
FACE_HEIGHTS_PX = (80, 160)
# Of a head around its face's box.
HEAD_SCALE = 1.5
# So that the pictures' own edges do not cut heads off.
BORDER_PX = 60


@dataclass(frozen=True)
class Head:
    """A head cut out of a photograph.

    Attributes:
        bgr: (h, w, 3), uint8.
        face: The face in it.
    """

    bgr: BgrImage
    face: Box


@dataclass(frozen=True)
class Disagreement:
    """How the two modes differ over several people.

    Attributes:
        people: Their number.
        other_emotion: How many get another emotion.
        differences: Of each person, the largest difference of a class's probability.
    """

    people: int
    other_emotion: int
    differences: tuple[float, ...]

    def row(self, name: str) -> str:
        """A line of a Markdown table."""
        return (
            f"| {name} | {self.people} | {self.other_emotion} "
            f"({self.other_emotion / self.people:.1%}) | {np.mean(self.differences):.3f} | "
            f"{max(self.differences):.3f} |"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", type=Path, nargs="*", help="searched for pictures of people")
    parser.add_argument("--weights", type=Path, default=shipped_weights(STARTER_WEIGHTS))
    parser.add_argument("--scenes", type=int, default=300, help="for each number of people")
    parser.add_argument("--pictures", type=int, default=200, help="at most, of the folders")
    arguments = parser.parse_args()

    checkpoint = load_checkpoint(arguments.weights)
    shared, per_person = (
        EmotionRecognizer(checkpoint, context_mode=mode) for mode in ("shared", "per_person")
    )
    photographs = [one_person(), two_people(), *map(read_picture, files_under(PHOTOGRAPHS))]
    detected = list(_detected(photographs))
    heads = [head for scene in detected for head in _heads(scene)]
    for scene in _detected(_sampled(arguments.folders, arguments.pictures)):
        heads += _heads(scene)
    print(f"{len(heads)} heads; {arguments.weights.name}, {checkpoint.input_spec.context_faces}")
    print("| Scenes | People | Another emotion | Mean difference | Largest |")
    print("| --- | --- | --- | --- | --- |")
    together = [scene for scene in detected if len(scene.boxes) > 1]
    name = f"{len(together)} photographs with several people"
    print(disagreement(together, shared, per_person).row(name))
    for people in PEOPLE:
        rng = np.random.default_rng(people)
        scenes = (composed_scene(heads, people, rng) for _ in range(arguments.scenes))
        name = f"{arguments.scenes} composed, {people} people"
        print(disagreement(scenes, shared, per_person).row(name), flush=True)


def disagreement(
    scenes: Iterable[Scene], shared: EmotionRecognizer, per_person: EmotionRecognizer
) -> Disagreement:
    """How two recognizers differ over the people of these scenes."""
    differences, other_emotion = [], 0
    for scene in scenes:
        both = (recognizer.recognize([scene])[0] for recognizer in (shared, per_person))
        for one, other in zip(*both, strict=True):
            differences.append(float(abs(one.probabilities - other.probabilities).max()))
            other_emotion += int(one.probabilities.argmax() != other.probabilities.argmax())
    return Disagreement(len(differences), other_emotion, tuple(differences))


def composed_scene(heads: list[Head], people: int, rng: np.random.Generator) -> Scene:
    """Several heads, at places where they do not overlap, in a photograph without people."""
    backgrounds = (data.coffee, data.rocket, data.chelsea, lambda: data.stereo_motorcycle()[0])
    background = backgrounds[rng.integers(len(backgrounds))]()[..., ::-1]
    image = cv2.resize(np.ascontiguousarray(background), (WIDTH, HEIGHT)).astype(np.uint8)
    chosen = [_drawn(heads, rng) for _ in range(people)]
    while (places := _places(chosen, rng)) is None:
        chosen = [_drawn(heads, rng) for _ in range(people)]
    boxes = []
    for head, (x, y) in zip(chosen, places, strict=True):
        _paste(image, head.bgr, x, y)
        face = head.face
        boxes.append(Box(face.left + x, face.top + y, face.right + x, face.bottom + y))
    return Scene(Frame(image), tuple(boxes))


def _drawn(heads: list[Head], rng: np.random.Generator) -> Head:
    """One of the heads at a random size, half of the time mirrored."""
    head = heads[rng.integers(len(heads))]
    scale = rng.uniform(*FACE_HEIGHTS_PX) / head.face.height
    bgr = cv2.resize(head.bgr, None, fx=scale, fy=scale).astype(np.uint8)
    face = head.face
    left, right = scale * face.left, scale * face.right
    if rng.random() < 0.5:
        bgr = np.ascontiguousarray(bgr[:, ::-1])
        left, right = bgr.shape[1] - right, bgr.shape[1] - left
    return Head(bgr, Box(left, scale * face.top, right, scale * face.bottom))


def _places(heads: list[Head], rng: np.random.Generator) -> list[tuple[int, int]] | None:
    """Where the left upper corners of heads may be; None where they overlap in every attempt."""
    for _ in range(50):
        places = []
        for head in heads:
            height, width = head.bgr.shape[:2]
            x, y = rng.integers(WIDTH - width), rng.integers(HEIGHT - height)
            places.append(Box(x, y, x + width, y + height))
        pairs = itertools.combinations(places, 2)
        if not any(intersection_area(one, other) for one, other in pairs):
            return [(int(place.left), int(place.top)) for place in places]
    return None


def _paste(image: BgrImage, head: BgrImage, x: int, y: int) -> None:
    """Set a head into an image, fading out towards its corners."""
    height, width = head.shape[:2]
    down, across = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    opacity = np.clip((1 - np.hypot(down, across)) / 0.1, 0, 1)[..., None]
    place = image[y : y + height, x : x + width]
    place[:] = (opacity * head + (1 - opacity) * place).round()


def _sampled(folders: list[Path], limit: int) -> Iterator[BgrImage]:
    """At most `limit` pictures of the folders, evenly over all of them."""
    paths = [path for folder in folders for path in files_under(folder) if is_picture_file(path)]
    step = max(1, len(paths) // limit)
    for path in paths[::step][:limit]:
        yield cv2.copyMakeBorder(read_picture(path), *(BORDER_PX,) * 4, cv2.BORDER_REFLECT)


def _detected(pictures: Iterable[BgrImage]) -> Iterator[Scene]:
    detector = build_face_detector("mmod")
    for picture in pictures:
        frame = Frame(picture)
        yield Scene(frame, tuple(face.box for face in detector.detect([frame])[0]))


def _heads(scene: Scene) -> Iterator[Head]:
    for box in scene.boxes:
        region = box.scaled(HEAD_SCALE).clipped(scene.frame.width, scene.frame.height)
        rows = slice(region.y, region.y + region.height)
        bgr = scene.frame.bgr[rows, region.x : region.x + region.width]
        face = Box(
            box.left - region.x, box.top - region.y, box.right - region.x, box.bottom - region.y
        )
        yield Head(np.ascontiguousarray(bgr), face)


if __name__ == "__main__":
    main()
