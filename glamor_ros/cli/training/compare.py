"""`glamor-ros compare`: whether models differ by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import typer
from rich.console import Console
from rich.table import Table

from ...atomic_file import atomic_write
from ...training.evaluation.predictions import load_predictions
from ..extras import needs_extra


def compare(
    files: list[Path] = typer.Argument(
        ...,
        metavar="PREDICTIONS",
        help="Predictions of two or more models on the same dataset, from evaluate --predictions.",
    ),
    json_out: Optional[Path] = typer.Option(
        None, "--json", metavar="OUT", help="File for the results of the tests."
    ),
) -> None:
    """Test each pair of models with the Stuart-Maxwell test, as the paper's Table 5 does.

    The diagonal is the test of each model against the labels. A low p value says that the two use
    the classes in different proportions; a high one on the diagonal, that the model uses them as
    the labels do.
    """
    if len(files) < 2:
        raise typer.BadParameter("give the predictions of at least two models")
    with needs_extra("training"):
        from ...training.evaluation.comparison import compare_predictions
    loaded = [load_predictions(path) for path in files]
    comparison = compare_predictions(_names(files), loaded)
    table = Table(title=f"Stuart-Maxwell test, p values, {len(loaded[0])} samples")
    table.add_column("model")
    table.add_column("accuracy", justify="right")
    for name in comparison.models:
        table.add_column(name, justify="right")
    for row, (name, accuracy) in enumerate(
        zip(comparison.models, comparison.accuracies, strict=True)
    ):
        values = [f"{test.p_value:.2e}" for test in comparison.tests[row]]
        table.add_row(name, f"{100 * accuracy:.2f} %", *[""] * row, *values)
    Console().print(table)
    if json_out is not None:
        atomic_write(json_out, comparison.as_json().encode())


def _names(files: Sequence[Path]) -> list[str]:
    """The names of the files without suffix, or their paths where two names are the same."""
    stems = [path.stem for path in files]
    return stems if len(set(stems)) == len(stems) else [str(path) for path in files]
