"""Scenarios: who is where from frame to frame, and who the tracker must say it is.

A scenario is a YAML file: the tracker's settings, what people look like (a number for each look),
and frames. A frame has a stamp (at_s), the camera's movement (camera_px), the faces found (name:
[centre x, centre y, side], in pixels), and what is expected: `new_person` (has an id that nobody
had), `same_person` (has the id it had), `people` (these and nobody else have an id).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from glamor_ros.perception.detection.face_detector import FaceDetection
from glamor_ros.perception.geometry import Box, Similarity
from glamor_ros.perception.tracking.appearance import Appearance
from glamor_ros.perception.tracking.tracker import FaceTracker, PersonIds, TrackerSettings

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.yaml"))


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 6


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    scenario = yaml.safe_load(path.read_text())
    tracker = FaceTracker(PersonIds(), TrackerSettings(**scenario["settings"]))
    ids: dict[str, str] = {}
    for frame in scenario["frames"]:
        where = f"at {frame['at_s']} s"
        shift_x_px, shift_y_px = frame.get("camera_px", (0, 0))
        tracker.move(Similarity(shift_x_px=shift_x_px, shift_y_px=shift_y_px))
        faces = {name: _detection(*at) for name, at in frame["faces"].items()}
        looks = [_appearance(scenario.get("looks", {}).get(name)) for name in faces]
        tracks = tracker.update(list(faces.values()), frame["at_s"], appearances=looks)
        now = {
            name: track.person_id
            for name, detection in faces.items()
            for track in tracks
            if track.detection is detection and track.person_id is not None
        }
        for name in frame.get("new_person", ()):
            assert now[name] not in ids.values(), f"{name} {where}"
        for name in frame.get("same_person", ()):
            assert now[name] == ids[name], f"{name} {where}"
        ids.update(now)
        if "people" in frame:
            known = {track.person_id for track in tracks if track.person_id is not None}
            assert known == {ids[name] for name in frame["people"]}, where


def _detection(x: float, y: float, side: float) -> FaceDetection:
    return FaceDetection(Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2), 1.0)


def _appearance(look: Any) -> Appearance | None:
    return None if look is None else Appearance(np.eye(1, 216, look, dtype=np.float32)[0])
