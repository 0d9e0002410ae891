"""Small FER+ archives and folders of heads whose pixels tell where they were cut."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from glamor_ros.network.emotions import EMOTIONS

from .made_images import write_text

COLUMNS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"]
COLUMNS += ["contempt", "unknown", "not_a_face"]
HEAD_PX = 100


def write_ferplus(path: Path, count: int, *, seed: int = 0) -> np.ndarray:
    """Smooth faces, seven votes for happiness and one for another emotion; returns the images."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 216, (count, 6, 6), dtype=np.uint8)
    images = np.stack([cv2.resize(one, (48, 48), interpolation=cv2.INTER_CUBIC) for one in coarse])
    votes = np.zeros((count, len(COLUMNS)), np.uint8)
    votes[:, 1] = 7
    votes[np.arange(count), 2 + np.arange(count) % 5] = 1
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, images=images.astype(np.uint8), votes=votes, vote_columns=np.array(COLUMNS))
    return images


def head(number: int) -> np.ndarray:
    """Red is twice the column, green twice the row, blue tells the number."""
    rows, columns = np.mgrid[:HEAD_PX, :HEAD_PX]
    return np.stack([0 * rows + number, 2 * rows, 2 * columns], axis=2).astype(np.uint8)


def write_heads(
    root: Path, people: int, mmod: str = "30,20,70,60", yunet: str = "32,22,62,52"
) -> None:
    """Two heads of each person, of all classes in turn; mmod finds nothing in the first."""
    lines = ["emotion,image,identity"]
    for number in range(2 * people):
        emotion = EMOTIONS[number % 7]
        name = f"head_{number:03d}"
        folder = root / "images" / emotion
        folder.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / f"{name}.png"), head(number))
        lines.append(f"{emotion},{name}.png,person {number // 2}")
        boxes = {"mmod": "0,0,0,0" if number == 0 else mmod, "yunet": yunet}
        for detector, box in boxes.items():
            write_text(root / "crop" / detector / emotion / f"{name}.txt", box)
    write_text(root / "labels.csv", "\n".join(lines) + "\n")
