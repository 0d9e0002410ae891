"""The checkpoint that the paper's authors published: where it is, and how it is fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .checkpoint import Checkpoint
from .resumable_download import DownloadError, ResumableDownload
from .tensorflow_checkpoint import TensorFlowCheckpoint
from .tensorflow_import import import_tensorflow_checkpoint

COMMIT = "c12e1b97aa7354df126795f19402303a00166ec3"
REPOSITORY_URL = "https://github.com/minhnhatvt/glamor-net"
BASE_URL = f"https://raw.githubusercontent.com/minhnhatvt/glamor-net/{COMMIT}/weights/glamor-net"
LICENSE = "MIT, Copyright (c) 2020 Minh Nhat Le"


@dataclass(frozen=True)
class PublishedFile:
    """A file of the published checkpoint.

    Attributes:
        name: Its name, both in the repository and on this machine.
        git_blob_id: The id of its content.
    """

    name: str
    git_blob_id: str


PUBLISHED_FILES = (
    PublishedFile("Model.index", "2ff1968508544f539d2839434506723a6236b1b8"),
    PublishedFile("Model.data-00000-of-00002", "20348e4df03cf8982e3f6c80bcdc5ca75104fcfe"),
    PublishedFile("Model.data-00001-of-00002", "4d8ef22f1065c39bfb28267fa2e16477d5bccb3f"),
)

# The file's name, its bytes that are here, and how many it has (None: not known).
OnFileProgress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class PublishedWeights:
    """The published checkpoint, whose files are fetched, verified and converted.

    Attributes:
        files: Its files, the index first.
        base_url: The address of the folder that holds them.
        download: What fetches each of them.
    """

    files: Sequence[PublishedFile] = PUBLISHED_FILES
    base_url: str = BASE_URL
    download: ResumableDownload = field(default_factory=ResumableDownload)

    def fetch(self, directory: Path, on_progress: OnFileProgress) -> Checkpoint:
        """The published network.

        Args:
            directory: Keeps the files; those that are there already are not fetched again.
            on_progress: Called with each file's name, its bytes so far and in all.

        Raises:
            DownloadError: A file cannot be fetched, or its content is not what was published.
            TensorFlowCheckpointError: The files are no checkpoint.
            GlamorImportError: They hold another network.
        """
        for file in self.files:

            def report(done: int, total: int | None, name: str = file.name) -> None:
                on_progress(name, done, total)

            url = f"{self.base_url.rstrip('/')}/{file.name}"
            try:
                self.download.fetch(url, directory / file.name, file.git_blob_id, report)
            except DownloadError as error:
                raise DownloadError(f"{error}\n{self._by_hand()}") from error
        source = TensorFlowCheckpoint(directory / self.files[0].name)
        checkpoint = import_tensorflow_checkpoint(source)
        origin = {"url": REPOSITORY_URL, "commit": COMMIT, "license": LICENSE}
        return replace(checkpoint, provenance={**checkpoint.provenance, **origin})

    def _by_hand(self) -> str:
        names = ", ".join(file.name for file in self.files)
        prefix = Path(self.files[0].name).stem
        return (
            f"Without a network: fetch {names} from {self.base_url} on another machine, put them "
            f"into one folder here and run 'glamor-ros import-weights FOLDER/{prefix} "
            "OUT.safetensors'"
        )
