"""`glamor-ros report`: what was measured, beside the paper's tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Optional

import typer

from ...atomic_file import atomic_write
from ...training.evaluation.evaluation_record import find_records
from ...training.evaluation.report import Report


def report(
    runs: list[Path] = typer.Argument(
        ...,
        metavar="RUN_DIR",
        help="Folders, searched with all folders in them, or files from evaluate --json.",
    ),
    markdown_out: Optional[Path] = typer.Option(
        None, "--markdown", metavar="OUT", help="File for the report, in place of stdout."
    ),
    json_out: Optional[Path] = typer.Option(None, "--json", metavar="OUT"),
) -> None:
    """Set measured accuracies beside the paper's Tables 2, 3, 4, 6 and 7, in Markdown.

    Each evaluation finds its rows by the network's parts, the dataset and the test split. Rows that
    were not run say so.
    """
    result = Report.of(find_records(runs))
    if json_out is not None:
        atomic_write(json_out, (json.dumps(result.as_dict(), indent=2) + "\n").encode())
    if markdown_out is not None:
        atomic_write(markdown_out, result.markdown().encode())
    else:
        typer.echo(result.markdown(), nl=False)
