"""The result of a run: as a file, and as a table that tells every target and every miss."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .machine import Machine
from .measurement import Absence, Measurement, Spread, Target, with_unit

FORMAT = "glamor_ros.benchmark.1"


class ReportError(Exception):
    """A file is no result of a benchmark."""


@dataclass(frozen=True)
class Report:
    """Everything that one run has measured.

    Attributes:
        machine: Where.
        measurements: What, in the order of the rows.
        absences: What could not be measured, and why.
    """

    machine: Machine
    measurements: tuple[Measurement, ...]
    absences: tuple[Absence, ...] = ()

    def save(self, path: Path) -> None:
        """Write the report as JSON; the folder is made where it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"format": FORMAT, **asdict(self)}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Report:
        """Read what `save` wrote.

        Raises:
            ReportError: There is no such file, or it holds something else.
        """
        try:
            content = json.loads(path.read_text())
            if content["format"] != FORMAT:
                raise ReportError(f"{path} has the format {content['format']}, expected {FORMAT}")
            return cls(
                Machine(**content["machine"]),
                tuple(_measurement(fields) for fields in content["measurements"]),
                tuple(Absence(**fields) for fields in content["absences"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ReportError(
                f"{path} is no result of a benchmark ({error}); `make benchmark` makes one"
            ) from error

    def find(self, row: str, quantity: str) -> dict[str, Measurement]:
        """The measurements of a quantity by case."""
        return {m.case: m for m in self.measurements if (m.row, m.quantity) == (row, quantity)}


def markdown(report: Report) -> str:
    """The report as Markdown tables, one for each row."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield str(report.machine)
    for row in dict.fromkeys(m.row for m in report.measurements):
        yield ""
        yield f"### {row}"
        yield ""
        yield "| case | quantity | median | minimum | p25 to p75 | p95 | target | verdict |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
        for measurement in report.measurements:
            if measurement.row == row:
                yield f"| {' | '.join(_cells(measurement))} |"
    if report.absences:
        yield ""
        yield "### Not measured"
        yield ""
        for absence in report.absences:
            where = ": ".join(filter(None, (absence.row, absence.case)))
            yield f"- {where}: {'FAILED: ' if absence.is_failure else ''}{absence.reason}"
    held = [m for m in report.measurements if m.target is not None]
    missed = sum(not m.is_met for m in held)
    yield ""
    yield f"{len(held) - missed} of {len(held)} targets met, {missed} missed."


def _cells(measurement: Measurement) -> list[str]:
    spread, unit = measurement.spread, measurement.unit
    cells = [measurement.case, measurement.quantity, with_unit(spread.median, unit)]
    if spread.count > 1:
        cells += [
            with_unit(spread.minimum, unit),
            f"{with_unit(spread.p25, '')} to {with_unit(spread.p75, unit)}",
            with_unit(spread.p95, unit),
        ]
    else:
        cells += ["", "", ""]
    return [*cells, measurement.target_text(), measurement.verdict()]


def _measurement(fields: dict[str, Any]) -> Measurement:
    target = Target(**fields["target"]) if fields["target"] else None
    return Measurement(**{**fields, "spread": Spread(**fields["spread"]), "target": target})
