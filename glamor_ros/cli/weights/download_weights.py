"""`glamor-ros download-weights`: the checkpoint that the paper's authors published."""

from __future__ import annotations

import os
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


def download_weights(
    out: Path = typer.Argument(
        Path("glamor_published.safetensors"), help="The .safetensors file to write."
    ),
    directory: Optional[Path] = typer.Option(
        None,
        help="Keeps the files as they were published; a broken download goes on from there. "
        "Default: a folder in the user's cache.",
    ),
    base_url: str = typer.Option(
        BASE_URL, help="The folder with the checkpoint, for a mirror of it."
    ),
) -> None:
    """Fetch the authors' published weights (MIT licence, 9 MB), verify and convert them."""
    if out.suffix != ".safetensors":
        raise typer.BadParameter(f"{out} must end in .safetensors", param_hint="OUT")
    typer.echo(f"{REPOSITORY_URL} at {COMMIT[:7]} ({LICENSE})")
    with _Bars() as bars:
        checkpoint = PublishedWeights(base_url=base_url).fetch(
            directory or _cache_directory(), bars.show
        )
    save_checkpoint(checkpoint, out)
    typer.echo(
        f"verified and converted {stored_values(checkpoint.network):,} values; "
        f"wrote {out} ({out.stat().st_size:,} bytes)"
    )


def _cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "glamor_ros" / f"glamor-net-{COMMIT[:7]}"


class _Bars:
    """One progress bar for each file, on stderr."""

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
