"""A dataset by its path: CAER-S, NCAER-S or a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .caer import read_caer
from .manifest import read_manifest
from .samples import DatasetError, SampleSet

CAER_S, NCAER_S, MANIFEST = "caer_s", "ncaer_s", "manifest"


@dataclass(frozen=True)
class OpenedDataset:
    """One split of a dataset.

    kind: "caer_s", "ncaer_s" or "manifest". root: the folder that the samples' names start from.
    split: None for a manifest, which has none.
    """

    kind: str
    root: Path
    split: str | None
    contents: SampleSet

    def name_of(self, image: str) -> str:
        """The image's path within the dataset, which is the same wherever the dataset lies."""
        path = Path(image)
        inside = path.is_relative_to(self.root)
        return path.relative_to(self.root).as_posix() if inside else path.as_posix()


def open_dataset(path: Path, split: str, crop_directory: Path | None = None) -> OpenedDataset:
    """A folder as `read_caer` takes it, or a manifest file as `read_manifest` takes it.

    Raises DatasetError where there is neither, or where it cannot be used.
    """
    if path.is_file():
        return OpenedDataset(MANIFEST, path.parent, None, read_manifest(path))
    if not path.is_dir():
        raise DatasetError(
            f"there is no dataset {path}; give the folder of CAER-S or NCAER-S, or a manifest "
            "(.csv or .jsonl)"
        )
    kind = NCAER_S if (path / "images").is_dir() else CAER_S
    return OpenedDataset(kind, path, split, read_caer(path, split, crop_directory))
