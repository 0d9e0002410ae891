"""Datasets by their paths: CAER-S, NCAER-S or a manifest."""

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

    Attributes:
        kind: "caer_s", "ncaer_s" or "manifest".
        root: The folder from which the names of the samples start.
        split: One of SPLITS; None for a manifest, which has none.
        contents: The samples.
    """

    kind: str
    root: Path
    split: str | None
    contents: SampleSet

    def name_of(self, image: str) -> str:
        """The path of an image within the dataset, which is the same wherever the dataset lies."""
        path = Path(image)
        inside = path.is_relative_to(self.root)
        return path.relative_to(self.root).as_posix() if inside else path.as_posix()


def open_dataset(path: Path, split: str, crop_directory: Path | None = None) -> OpenedDataset:
    """One split of the dataset at a path.

    Args:
        path: A folder as `read_caer` takes it, or a file as `read_manifest` takes it.
        split: One of SPLITS; of no account for a manifest.
        crop_directory: See `read_caer`.

    Raises:
        DatasetError: There is neither a folder nor a manifest, or it cannot be used.
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
