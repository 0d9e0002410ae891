"""The folders of CAER-S and NCAER-S.

CAER-S (Lee et al., 2019): `<split>/<Class>/*.png`, with crop files in `crop/<split>/<Class>/*.txt`
where there are any. NCAER-S: `images/<split>/<Class>/*` and `crop/<split>/<Class>/*.txt`.
`glamor-ros extract-faces <images> <crop>` makes the crop files.
"""

from __future__ import annotations

from pathlib import Path

from .class_folders import read_class_folders
from .samples import DatasetError, SampleSet, require_samples

SPLITS = ("train", "validation", "test")
_SPLIT_FOLDERS = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid"),
    "test": ("test", "testing"),
}


def split_directory(parent: Path, split: str) -> Path | None:
    """The folder of a split, under any of its usual names in any case.

    Args:
        parent: The folder that holds the splits.
        split: One of SPLITS.

    Returns:
        The folder; None where there is none.

    Raises:
        DatasetError: There is no split of this name.
    """
    if split not in _SPLIT_FOLDERS:
        raise DatasetError(f"unknown split {split!r}; known are {', '.join(SPLITS)}")
    if not parent.is_dir():
        return None
    folders = {path.name.lower(): path for path in sorted(parent.iterdir()) if path.is_dir()}
    return next((folders[name] for name in _SPLIT_FOLDERS[split] if name in folders), None)


def read_caer(root: Path, split: str, crop_directory: Path | None = None) -> SampleSet:
    """The samples of one split of CAER-S or NCAER-S.

    Args:
        root: The folder of the dataset.
        split: One of SPLITS.
        crop_directory: The folder of the split's class folders with crop files; by default
            `<root>/crop/<split>`. Without crop files no sample has a box (see
            `SampleSet.without_box`).

    Raises:
        DatasetError: The split or the crop directory is missing, or no image of it can be used.
    """
    images = split_directory(root / "images", split) or split_directory(root, split)
    if images is None:
        raise DatasetError(
            f"there is no split {split!r} in {root}; expected {split}/<Class>/* or "
            f"images/{split}/<Class>/*"
        )
    if crop_directory is not None and not crop_directory.is_dir():
        raise DatasetError(
            f"there is no folder of crop files {crop_directory}; 'glamor-ros extract-faces "
            f"{images} {crop_directory}' makes them"
        )
    crops = crop_directory or split_directory(root / "crop", split)
    samples, skipped = read_class_folders(images, crops)
    return require_samples(samples, skipped, str(images))
