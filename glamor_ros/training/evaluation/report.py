"""Measured accuracies beside the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from .evaluation_record import EvaluationRecord
from .paper_tables import PAPER_RESULTS, TITLES, PaperResult

# The paper's figures are of the test splits.
TEST_SPLIT = "test"
MEASURED = "measured"
NOT_RUN = "not run"
NOT_IN_PACKAGE = "not in this package"

_DATASET_NAMES = {"caer_s": "CAER-S", "ncaer_s": "NCAER-S", "manifest": "a manifest"}


@dataclass(frozen=True)
class ReportRow:
    """A result of the paper beside what was measured of the same network on the same dataset.

    Attributes:
        paper: The paper's result.
        measured: The evaluations of that network.
    """

    paper: PaperResult
    measured: tuple[EvaluationRecord, ...]

    @property
    def status(self) -> str:
        """MEASURED, NOT_RUN, or NOT_IN_PACKAGE where there is no network for it."""
        if self.measured:
            return MEASURED
        return NOT_RUN if self.paper.network is not None else NOT_IN_PACKAGE

    @property
    def accuracies_percent(self) -> list[float]:
        """The measured accuracies."""
        return [100 * record.accuracy for record in self.measured]

    @property
    def difference_percent(self) -> float | None:
        """The mean measured accuracy less the paper's; None where nothing was measured."""
        if not self.measured:
            return None
        return fmean(self.accuracies_percent) - self.paper.accuracy_percent


@dataclass(frozen=True)
class Report:
    """All results of the paper beside the measured ones.

    Attributes:
        rows: The results of the paper, in its order.
        others: The evaluations that belong to none of them.
    """

    rows: tuple[ReportRow, ...]
    others: tuple[EvaluationRecord, ...]

    @classmethod
    def of(
        cls, records: Sequence[EvaluationRecord], paper: Sequence[PaperResult] = PAPER_RESULTS
    ) -> Report:
        """The report of these evaluations, which find their rows by network, dataset and split.

        Args:
            records: The evaluations.
            paper: The results of the paper.
        """
        rows = tuple(
            ReportRow(result, tuple(record for record in records if _belongs(record, result)))
            for result in paper
        )
        used = [record for row in rows for record in row.measured]
        return cls(rows, tuple(record for record in records if record not in used))

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "rows": [_row_as_dict(row) for row in self.rows],
            "others": [asdict(record) for record in self.others],
        }

    def markdown(self) -> str:
        """The report as Markdown: a section for each table, and how many of the rows were run."""
        possible = [row for row in self.rows if row.paper.network is not None]
        run = sum(bool(row.measured) for row in possible)
        lines = [
            "# Measured beside the paper",
            "",
            f"{run} of the {len(possible)} results that this package has a network for were "
            f"measured, {len(possible) - run} were not run. Accuracies in percent, on the test "
            "split.",
        ]
        for table in dict.fromkeys(row.paper.table for row in self.rows):
            rows = [row for row in self.rows if row.paper.table == table]
            lines += ["", f"## Table {table}: {TITLES[table]}", "", *_markdown_table(rows)]
        if self.others:
            lines += ["", "## Other evaluations", ""]
            lines += [_describe_other(record) for record in self.others]
        return "\n".join(lines) + "\n"


def _belongs(record: EvaluationRecord, result: PaperResult) -> bool:
    network = {**record.input_spec, **record.architecture}
    return record.dataset.split == TEST_SPLIT and result.is_of(record.dataset.kind, network)


def _markdown_table(rows: Sequence[ReportRow]) -> list[str]:
    with_sizes = any(row.paper.stored_millions is not None for row in rows)
    header = ["Method", "Dataset", "Paper", "Measured", "Difference"]
    header += ["Size, paper", "Size, measured"] if with_sizes else []
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    for row in rows:
        difference = row.difference_percent
        cells = [
            row.paper.method,
            _DATASET_NAMES[row.paper.dataset],
            f"{row.paper.accuracy_percent:.2f}",
            _measured(row),
            "" if difference is None else f"{difference:+.2f}",
        ]
        if with_sizes:
            sizes = sorted({record.stored_values for record in row.measured})
            cells += [
                "" if row.paper.stored_millions is None else f"{row.paper.stored_millions:.2f}M",
                ", ".join(f"{size:,}" for size in sizes),
            ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _measured(row: ReportRow) -> str:
    values = row.accuracies_percent
    if not values:
        return f"{row.status}: {row.paper.absence}" if row.paper.absence else row.status
    if len(values) == 1:
        return f"{values[0]:.2f}"
    spread = f"{min(values):.2f} to {max(values):.2f}"
    return f"{fmean(values):.2f} (mean of {len(values)}, {spread})"


def _describe_other(record: EvaluationRecord) -> str:
    split = f", {record.dataset.split} split" if record.dataset.split else ""
    return (
        f"- {record.weights} on {record.dataset.path} ({_DATASET_NAMES[record.dataset.kind]}"
        f"{split}): {100 * record.accuracy:.2f}"
    )


def _row_as_dict(row: ReportRow) -> dict[str, Any]:
    return {
        **asdict(row.paper),
        "status": row.status,
        "difference_percent": row.difference_percent,
        "measured": [
            {
                "weights": record.weights,
                "accuracy_percent": 100 * record.accuracy,
                "samples": record.metrics.get("samples"),
                "stored_values": record.stored_values,
            }
            for record in row.measured
        ],
    }
