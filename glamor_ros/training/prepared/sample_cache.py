"""Prepared samples on disk, so that no epoch decodes an image again.

A cache is a folder `<directory>/<key>` with
    faces.npy (rows, h, w, 3), contexts.npy (rows, 128, 171, 3): uint8 RGB (contexts may
        have a fourth channel, see Batch),
    distributions.npy (rows, 7) float32, used_rows.npy (N,): the rows of samples that were read,
    index.json: the images' names, and what was left out.
The key is a hash of everything that the contents depend on, the images' sizes and times included.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..data.emotion_dataset import Batch, EmotionDataset, Indices, as_batch
from ..data.samples import Sample, Skipped
from .cache_building import CacheBuilder
from .cache_files import CacheError, CacheIndex, CachePaths
from .sample_preparation import SamplePreparation

FORMAT = "glamor_ros.sample_cache.1"


@dataclass(frozen=True)
class SampleCache:
    """A finished cache of prepared samples.

    Attributes:
        directory: Its folder.
        index: What it holds.
    """

    directory: Path
    index: CacheIndex

    @classmethod
    def build(
        cls,
        samples: Sequence[Sample],
        preparation: SamplePreparation,
        directory: Path,
        *,
        workers: int | None = None,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> SampleCache:
        """The cache of these samples: the one that is there already, or a new one.

        An interrupted build continues where it was; several processes that ask for the same cache
        wait for the first. Caches of other samples in the same directory stay.

        Args:
            samples: The samples.
            preparation: How they are prepared.
            directory: The folder that holds this cache beside others.
            workers: Threads, by default one for each core; decoding and resizing run outside
                Python's lock.
            on_progress: Called with the numbers of samples done and of all.

        Raises:
            CacheError: No sample can be prepared, or the disk is too small.
            OSError: The directory cannot be written.
        """
        key = cache_key(samples, preparation)
        final = directory / key
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(directory / f"{key}.lock"):
            if not final.is_dir():
                builder = CacheBuilder(samples, preparation, directory / f"{key}.partial")
                builder.run(workers or os.cpu_count() or 1, on_progress)
                builder.directory.rename(final)
        return cls.open(final)

    @classmethod
    def open(cls, directory: Path) -> SampleCache:
        """The finished cache in a folder.

        Raises:
            CacheError: It is missing or damaged.
        """
        return cls(directory, CacheIndex.read(CachePaths(directory)))

    def __len__(self) -> int:
        return len(self.index.names)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The samples that could not be prepared."""
        return self.index.skipped

    def dataset(self) -> CachedDataset:
        """The samples as a dataset.

        Raises:
            CacheError: A file of the cache is damaged.
        """
        return CachedDataset(CachePaths(self.directory), self.index)


class CachedDataset(EmotionDataset):
    """The samples of a cache; the files are mapped, not read, and mapped anew in every process.

    Args:
        paths: The files of the cache.
        index: Their table of contents.

    Raises:
        CacheError: A file is damaged.
    """

    def __init__(self, paths: CachePaths, index: CacheIndex) -> None:
        self._paths = paths
        self._index = index
        self._rows: NDArray[np.int64] = _loaded(paths.used_rows, np.int64)
        self._distributions: NDArray[np.float32] = _loaded(paths.distributions, np.float32)
        if self._rows.max(initial=-1) >= len(self._distributions):
            raise _damaged(paths.used_rows, "it names rows that are not there")
        self._distributions = self._distributions[self._rows]
        self._images: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None

    @property
    def distributions(self) -> NDArray[np.float32]:
        return self._distributions

    @property
    def names(self) -> Sequence[str]:
        return self._index.names

    def batch(self, indices: Indices) -> Batch:
        """The samples at these indices, in this order; see `EmotionDataset.batch`.

        Raises:
            CacheError: A file of the cache is damaged.
        """
        if self._images is None:
            self._images = (
                _loaded(self._paths.faces, np.uint8, mmap_mode="r"),
                _loaded(self._paths.contexts, np.uint8, mmap_mode="r"),
            )
        faces, contexts = self._images
        rows = self._rows[np.asarray(indices, np.int64)]
        return as_batch(faces[rows], contexts[rows], self._distributions[np.asarray(indices)])

    def __getstate__(self) -> dict[str, object]:
        # A pickled map would carry all images to the worker.
        return self.__dict__ | {"_images": None}


def _loaded(path: Path, dtype: DTypeLike, mmap_mode: Literal["r"] | None = None) -> NDArray[Any]:
    try:
        array = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, str(error)) from error
    if array.dtype != dtype:
        raise _damaged(path, f"it holds {array.dtype}")
    return array


def _damaged(path: Path, problem: str) -> CacheError:
    return CacheError(f"{path} is damaged ({problem}); delete {path.parent}, it is built again")


def cache_key(samples: Sequence[Sample], preparation: SamplePreparation) -> str:
    """A name that changes with the samples, their order, their files and how they are prepared."""
    digest = hashlib.sha256(json.dumps([FORMAT, asdict(preparation)]).encode())
    for sample in samples:
        path = os.path.abspath(sample.image)
        box = asdict(sample.box) if sample.box else None
        digest.update(json.dumps([path, _file_state(path), box, sample.distribution]).encode())
    return digest.hexdigest()[:32]


def _file_state(path: str) -> tuple[int, int, bool] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, os.access(path, os.R_OK)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """A lock that one process holds at a time; it ends with the process."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
