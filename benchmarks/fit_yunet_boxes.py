"""Fits the map from YuNet's face boxes to those of dlib's network, and says how well it holds.

    python benchmarks/fit_yunet_boxes.py YUNET.onnx FOLDER...

Both detectors look at the astronaut (NASA, public domain) and at every picture under the folders,
photographs of any kind with faces in them. Pictures take turns: the even ones give the map, the odd
ones its error. The factors printed go into `DLIB_BOXES` of the module of the detector.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.detection.yunet import DLIB_BOXES, BoxMap, YuNetFaceDetector
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box, intersection_over_union
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.resources import STARTER_WEIGHTS, shipped_weights

UNMAPPED = BoxMap(right=0.0, down=0.0, width=1.0, height=1.0)
SUFFIXES = (".jpg", ".jpeg", ".png")
SCALES = (1.0, 0.8, 0.65)
SAME_FACE_IOU = 0.35
# So that the pictures' own edges do not cut the boxes' surroundings off.
BORDER_PX = 60

Pair = tuple[Frame, Box, Box]


def main() -> None:
    """Prints the map, the boxes' overlap with and without it, and what emotions make of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("yunet", type=Path, help="face_detection_yunet_2023mar.onnx")
    parser.add_argument("folders", type=Path, nargs="*", help="searched for pictures")
    parser.add_argument("--pictures", type=int, default=300, help="at most (default: 300)")
    arguments = parser.parse_args()

    pictures = list(_pictures(arguments.folders, arguments.pictures))
    pairs = [list(_pairs(pictures[part::2], arguments.yunet)) for part in (0, 1)]
    fitted = fit(pairs[0])
    print(f"{len(pictures)} pictures; faces: {len(pairs[0])} to fit, {len(pairs[1])} to test")
    print(fitted)
    for name, box_map in (("unmapped", UNMAPPED), ("fitted", fitted), ("in use", DLIB_BOXES)):
        overlaps = [intersection_over_union(box_map(yunet), dlib) for _, yunet, dlib in pairs[1]]
        median, low = np.percentile(overlaps, [50, 5])
        distances, same = _emotions(pairs[1], box_map)
        print(
            f"{name}: IoU median {median:.3f}, 5th percentile {low:.3f}; probabilities differ by "
            f"{np.median(distances):.3f} in the median (L1), the same emotion in {same:.1%}"
        )


def fit(pairs: list[Pair]) -> BoxMap:
    """The map by medians, which a few wrong pairs do not move."""
    ratios = []
    for _, yunet, dlib in pairs:
        (x, y), (dlib_x, dlib_y) = yunet.center, dlib.center
        ratios.append(
            (
                (dlib_x - x) / yunet.width,
                (dlib_y - y) / yunet.height,
                dlib.width / yunet.width,
                dlib.height / yunet.height,
            )
        )
    right, down, width, height = np.round(np.median(ratios, axis=0), 3).tolist()
    return BoxMap(right, down, width, height)


def _pictures(folders: list[Path], limit: int) -> Iterator[NDArray[np.uint8]]:
    yield np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    paths = sorted(
        path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES
    )
    step = max(1, len(paths) // limit)
    for path in paths[::step][:limit]:
        picture = cv2.imread(str(path))
        if picture is not None:
            yield cv2.copyMakeBorder(picture, *(BORDER_PX,) * 4, cv2.BORDER_REFLECT)


def _pairs(pictures: list[NDArray[np.uint8]], onnx: Path) -> Iterator[Pair]:
    yunet, mmod = YuNetFaceDetector(onnx, boxes=UNMAPPED), build_face_detector("mmod")
    for picture in pictures:
        for scale in SCALES:
            frame = Frame(cv2.resize(picture, None, fx=scale, fy=scale))
            candidates = [face.box for face in yunet.detect([frame])[0]]
            for face in mmod.detect([frame])[0]:
                overlaps = [intersection_over_union(box, face.box) for box in candidates]
                if overlaps and max(overlaps) >= SAME_FACE_IOU:
                    yield frame, candidates[int(np.argmax(overlaps))], face.box


def _emotions(pairs: list[Pair], box_map: BoxMap) -> tuple[list[float], float]:
    """L1 distances of the probabilities from those with dlib's boxes, share of equal emotions."""
    recognizer = EmotionRecognizer(load_checkpoint(shipped_weights(STARTER_WEIGHTS)))
    distances, same = [], 0
    for frame, yunet, dlib in pairs:
        scenes = [Scene(frame, (box,)) for box in (box_map(yunet), dlib)]
        ours, theirs = (found[0].probabilities for found in recognizer.recognize(scenes))
        distances.append(float(np.abs(np.subtract(ours, theirs)).sum()))
        same += int(np.argmax(ours) == np.argmax(theirs))
    return distances, same / len(pairs)


if __name__ == "__main__":
    main()
