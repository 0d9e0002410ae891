"""How fast the MMOD face detector is beside dlib's own, on the same photographs in one run.

    python benchmarks/face_detector.py path/to/mmod_human_face_detector.dat

The two take turns, so that whatever else the machine does slows both. dlib's file comes from
https://github.com/davisking/dlib-models (unpack it); dlib itself is on PyPI as dlib-bin.
"""

from __future__ import annotations

import argparse
import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from measuring import cpu_name, milliseconds, two_faces
from numpy.typing import NDArray

from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.detection.face_detector import FaceDetection
from glamor_ros.perception.frame import Frame

SIZES = ((640, 480), (712, 400))


@dataclass(frozen=True)
class Row:
    """Medians for one image size: both detectors on the same image."""

    width: int
    height: int
    upsample: int
    faces: int
    same_boxes: bool
    dlib_ms: float
    ours_ms: float
    ratio: float


def main() -> None:
    """Prints the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("dlib_network", type=Path, help="mmod_human_face_detector.dat")
    parser.add_argument("--upsample", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=3, help="runs of dlib (default: 3)")
    parser.add_argument("--runs", type=int, default=10, help="of ours, a round (default: 10)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    rows = [
        measure(two_faces(width, height), upsample, arguments)
        for upsample in arguments.upsample
        for width, height in SIZES
    ]
    machine = {"cpu": cpu_name(), "threads": arguments.threads, "torch": torch.__version__}
    if arguments.json:
        print(json.dumps({**machine, "rows": [asdict(row) for row in rows]}, indent=1))
        return
    print(f"{machine['cpu']}, {arguments.threads} threads, PyTorch {machine['torch']}; medians")
    print("| size | upsample | faces | same boxes | dlib ms | ours ms | ratio |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.width}x{row.height} | {row.upsample} | {row.faces} | "
            f"{'yes' if row.same_boxes else 'NO'} | {row.dlib_ms:.0f} | {row.ours_ms:.1f} | "
            f"{row.ratio:.1f}x |"
        )


def measure(image: NDArray[np.uint8], upsample: int, arguments: argparse.Namespace) -> Row:
    """Runs both in turns on one image."""
    ours = build_face_detector("mmod", upsample=upsample)
    theirs = build_face_detector("dlib_cnn", upsample=upsample, weights=arguments.dlib_network)
    expected = theirs.detect([Frame(image)])[0]
    found = ours.detect([Frame(image)])[0]
    our_times: list[float] = []
    their_times: list[float] = []
    for _ in range(arguments.rounds):
        their_times.append(milliseconds(lambda: theirs.detect([Frame(image)])[0]))
        our_times += [
            milliseconds(lambda: ours.detect([Frame(image)])[0]) for _ in range(arguments.runs)
        ]
    dlib_ms = statistics.median(their_times)
    ours_ms = statistics.median(our_times)
    return Row(
        width=image.shape[1],
        height=image.shape[0],
        upsample=upsample,
        faces=len(found),
        same_boxes=boxes(found) == boxes(expected),
        dlib_ms=dlib_ms,
        ours_ms=ours_ms,
        ratio=dlib_ms / ours_ms,
    )


def boxes(detections: list[FaceDetection]) -> list[tuple[int, int, int, int]]:
    """The rectangles, without scores."""
    return [(face.left, face.top, face.right, face.bottom) for face in detections]


if __name__ == "__main__":
    main()
