"""The files of a sample cache."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...atomic_file import atomic_write
from ...errors import GlamorError
from ..data.samples import Skipped


class CacheError(GlamorError, ValueError):
    """A sample cache that cannot be built or used; the message names it and what to do."""


@dataclass(frozen=True)
class CachePaths:
    """The files in the folder of a cache.

    Attributes:
        directory: The folder.
    """

    directory: Path

    @property
    def faces(self) -> Path:
        return self.directory / "faces.npy"

    @property
    def contexts(self) -> Path:
        return self.directory / "contexts.npy"

    @property
    def distributions(self) -> Path:
        return self.directory / "distributions.npy"

    @property
    def used_rows(self) -> Path:
        return self.directory / "used_rows.npy"

    @property
    def index(self) -> Path:
        return self.directory / "index.json"


@dataclass(frozen=True)
class CacheIndex:
    """The table of contents of a cache.

    Attributes:
        names: The images of the samples that were read, in order.
        skipped: The samples that could not be prepared.
    """

    names: tuple[str, ...]
    skipped: tuple[Skipped, ...]

    @classmethod
    def read(cls, paths: CachePaths) -> CacheIndex:
        """The index of a finished cache.

        Raises:
            CacheError: A file of the cache is missing, or the index is damaged.
        """
        files = (paths.faces, paths.contexts, paths.distributions, paths.used_rows, paths.index)
        missing = [path.name for path in files if not path.is_file()]
        if missing:
            raise CacheError(
                f"{paths.directory} is no whole sample cache, it lacks {', '.join(missing)}; "
                "delete the folder, it is built again"
            )
        try:
            content = json.loads(paths.index.read_text(encoding="utf-8"))
            skipped = tuple(Skipped(where, reason) for where, reason in content["skipped"])
            return cls(tuple(content["names"]), skipped)
        except (ValueError, KeyError, TypeError) as error:
            raise CacheError(
                f"{paths.index} is damaged ({error}); delete {paths.directory}, it is built again"
            ) from error

    def write(self, paths: CachePaths) -> None:
        """Write the index, whole or not at all."""
        skipped: Sequence[tuple[str, str]] = [(one.where, one.reason) for one in self.skipped]
        content = {"names": self.names, "skipped": skipped}
        atomic_write(paths.index, json.dumps(content, indent=0).encode())
