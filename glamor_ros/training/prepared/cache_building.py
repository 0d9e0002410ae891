"""The filling of a sample cache: in parallel, and such that an interruption costs one block."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...media.pictures import MediaError
from ..data.samples import Sample, Skipped
from .cache_files import CacheError, CacheIndex, CachePaths
from .sample_preparation import SampleError, SamplePreparation

BLOCK = 256


class RowFile:
    """An .npy file of uint8 rows, written in any order; rows never written take no disk space.

    Writes go through the file, not a map: a full disk is then an OSError, not the process's end.

    Args:
        path: The file.
        rows: The number of rows.
        row_shape: The shape of one row.
    """

    def __init__(self, path: Path, rows: int, row_shape: tuple[int, ...]) -> None:
        shape = (rows, *row_shape)
        self.is_new = not _holds_array(path, shape)
        if self.is_new:
            np.lib.format.open_memmap(path, "w+", np.uint8, shape).flush()
        self._row_bytes = math.prod(row_shape)
        self._offset = path.stat().st_size - rows * self._row_bytes
        self._file = os.open(path, os.O_RDWR)

    def write(self, row: int, values: NDArray[np.uint8]) -> None:
        """Write one row.

        Raises:
            OSError: The disk is full, or the file cannot be written.
        """
        data = memoryview(values.tobytes())
        position = self._offset + row * self._row_bytes
        while data:
            written = os.pwrite(self._file, data, position)
            data, position = data[written:], position + written

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class CacheBuilder:
    """A build of a sample cache in a folder of its own, which may hold an interrupted one.

    The progress file has a line for each block of samples, written when the block is on the disk:
    its number, and the rows that were left out with the reasons.

    Args:
        samples: The samples to prepare.
        preparation: How they are prepared.
        directory: The folder of this cache alone.
    """

    def __init__(
        self, samples: Sequence[Sample], preparation: SamplePreparation, directory: Path
    ) -> None:
        self.directory = directory
        self._samples = samples
        self._preparation = preparation
        self._paths = CachePaths(directory)
        self._progress_file = directory / "progress.jsonl"

    def run(self, workers: int, on_progress: Callable[[int, int], None]) -> None:
        """Prepare all samples and leave a finished cache in the directory.

        Args:
            workers: The number of threads.
            on_progress: Called with the numbers of samples done and of all.

        Raises:
            CacheError: No sample can be prepared, or the disk is too small.
            OSError: The directory cannot be written.
        """
        self.directory.mkdir(exist_ok=True)
        self._require_space()
        total = len(self._samples)
        with ExitStack() as stack:
            faces = RowFile(self._paths.faces, total, self._preparation.face_shape)
            stack.callback(faces.close)
            contexts = RowFile(self._paths.contexts, total, self._preparation.context_shape)
            stack.callback(contexts.close)
            if faces.is_new or contexts.is_new:
                self._progress_file.unlink(missing_ok=True)
            reasons = self._read_progress()
            pool = stack.enter_context(ThreadPoolExecutor(workers))

            def store(row: int) -> str | None:
                """Why the sample is left out."""
                try:
                    prepared = self._preparation.read(self._samples[row])
                except MediaError as error:
                    return error.problem
                except SampleError as error:
                    return str(error)
                faces.write(row, prepared.face)
                contexts.write(row, prepared.context)
                return None

            for block in range(-(-total // BLOCK)):
                rows = range(block * BLOCK, min((block + 1) * BLOCK, total))
                if block not in reasons:
                    outcomes = zip(rows, pool.map(store, rows), strict=True)
                    reasons[block] = {row: reason for row, reason in outcomes if reason}
                    faces.sync()
                    contexts.sync()
                    self._append_progress(block, reasons[block])
                on_progress(rows.stop, total)
        self._finish({row: reason for block in reasons.values() for row, reason in block.items()})

    def _require_space(self) -> None:
        shapes = self._preparation.face_shape, self._preparation.context_shape
        needed = len(self._samples) * sum(math.prod(shape) for shape in shapes)
        there = sum(
            path.stat().st_blocks * 512
            for path in (self._paths.faces, self._paths.contexts)
            if path.is_file()
        )
        free = shutil.disk_usage(self.directory).free
        if needed - there > free:
            raise CacheError(
                f"the cache of {len(self._samples)} samples needs {needed - there:,} bytes in "
                f"{self.directory.parent}, but {free:,} are free; give another directory"
            )

    def _read_progress(self) -> dict[int, dict[int, str]]:
        """For each finished block, the rows that were left out with the reasons."""
        reasons: dict[int, dict[int, str]] = {}
        if not self._progress_file.is_file():
            return reasons
        for line in self._progress_file.read_text(encoding="utf-8").splitlines():
            try:
                block, skipped = json.loads(line)
            except ValueError:  # The last line, torn by what ended the process.
                continue
            reasons[block] = dict(skipped)
        return reasons

    def _append_progress(self, block: int, reasons: dict[int, str]) -> None:
        with self._progress_file.open("a", encoding="utf-8") as file:
            # A line torn before must not take this one with it.
            file.write("\n" + json.dumps([block, sorted(reasons.items())]) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _finish(self, reasons: dict[int, str]) -> None:
        used = [row for row in range(len(self._samples)) if row not in reasons]
        skipped = tuple(
            Skipped(str(self._samples[row].image), reason)
            for row, reason in sorted(reasons.items())
        )
        if not used:
            first = f", for example {skipped[0]}" if skipped else ""
            shutil.rmtree(self.directory)
            raise CacheError(f"none of the {len(self._samples)} samples can be prepared{first}")
        distributions = [sample.distribution for sample in self._samples]
        np.save(self._paths.distributions, np.array(distributions, np.float32))
        np.save(self._paths.used_rows, np.array(used, np.int64))
        names = tuple(str(self._samples[row].image) for row in used)
        CacheIndex(names, skipped).write(self._paths)
        self._progress_file.unlink()


def _holds_array(path: Path, shape: tuple[int, ...]) -> bool:
    try:
        array = np.load(path, mmap_mode="r")
    except (OSError, ValueError):
        return False
    return array.shape == shape and array.dtype == np.uint8
