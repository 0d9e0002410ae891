"""`glamor-ros download-weights`: the paper authors' checkpoint, or OpenCV's face detector YuNet."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Optional

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)

from glamor_ros.network.architecture import stored_values
from glamor_ros.network.weights.checkpoint import save_checkpoint
from glamor_ros.network.weights.published_weights import (
    BASE_URL,
    COMMIT,
    LICENSE,
    REPOSITORY_URL,
    PublishedWeights,
)
from glamor_ros.perception.detection import yunet
from glamor_ros.resources import cache_directory


class PublishedNetwork(str, Enum):
    """The name of something that can be fetched."""

    GLAMOR_NET = "glamor-net"
    YUNET = "yunet"


def download_weights(
    name: PublishedNetwork = typer.Argument(
        PublishedNetwork.GLAMOR_NET,
        help="glamor-net: what the paper's authors published. yunet: the face detector 'yunet'.",
    ),
    out: Optional[Path] = typer.Argument(
        None,
        help="The file to write: .safetensors for glamor-net (default: "
        "glamor_published.safetensors), .onnx for yunet (default: in the user's cache, where the "
        "detector looks for it).",
    ),
    directory: Optional[Path] = typer.Option(
        None,
        help="Folder that keeps glamor-net's files as they were published, from which a broken "
        "download continues. Default: a folder in the user's cache.",
    ),
    base_url: Optional[str] = typer.Option(
        None, help="The folder with the files, for a mirror of it."
    ),
) -> None:
    """Fetch published weights (MIT licence) and verify them: 9 MB for glamor-net, 0.2 for yunet."""
    suffix = ".onnx" if name is PublishedNetwork.YUNET else ".safetensors"
    if out is not None and out.suffix != suffix:
        raise typer.BadParameter(f"{out} must end in {suffix}", param_hint="OUT")
    if name is PublishedNetwork.YUNET:
        _download_yunet(out, base_url or yunet.BASE_URL)
    else:
        _download_glamor_net(
            out or Path("glamor_published.safetensors"),
            directory or cache_directory() / f"glamor-net-{COMMIT[:7]}",
            base_url or BASE_URL,
        )


def _download_glamor_net(out: Path, directory: Path, base_url: str) -> None:
    typer.echo(f"{REPOSITORY_URL} at {COMMIT[:7]} ({LICENSE})")
    with _Bars() as bars:
        checkpoint = PublishedWeights(base_url=base_url).fetch(directory, bars.show)
    save_checkpoint(checkpoint, out)
    typer.echo(
        f"verified and converted {stored_values(checkpoint.network):,} values; "
        f"wrote {out} ({out.stat().st_size:,} bytes)"
    )


def _download_yunet(out: Path | None, base_url: str) -> None:
    typer.echo(f"{yunet.REPOSITORY_URL} ({yunet.FILE_LICENSE})")
    with _Bars() as bars:
        path = yunet.fetch_network(
            lambda done, total: bars.show(yunet.FILE_NAME, done, total), out, base_url
        )
    typer.echo(f"verified {path} ({path.stat().st_size:,} bytes)")


class _Bars:
    """Progress bars on stderr, one for each file."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def show(self, name: str, done_bytes: int, total_bytes: int | None) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name)
        self._progress.update(self._tasks[name], completed=done_bytes, total=total_bytes)
