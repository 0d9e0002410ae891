"""What became slower from one run to another."""

import math
from dataclasses import replace

import pytest

from benchmarks.compare import compare, comparison_lines
from benchmarks.machine import Machine
from benchmarks.measurement import Measurement, Spread
from benchmarks.report import Report

MACHINE = Machine("A processor", 2, "", 2, False, "2026-01-01T00:00:00", "abc", "1", "3", "2", "4")
THRESHOLD = 0.1


def report(values: list[float], *, higher_is_better: bool = False, quantity: str = "q") -> Report:
    measurement = Measurement("row", "case", quantity, "ms", Spread.of(values), higher_is_better)
    return Report(MACHINE, (measurement,))


@pytest.mark.parametrize(
    ("before", "after", "higher_is_better", "worse", "better"),
    [
        ([10.0, 10.0, 10.0], [12.0, 12.0, 12.0], False, True, False),
        ([10.0, 10.0, 10.0], [12.0, 12.0, 12.0], True, False, True),
        ([12.0, 12.0, 12.0], [10.0, 10.0, 10.0], False, False, True),
        ([12.0, 12.0, 12.0], [10.0, 10.0, 10.0], True, True, False),
        # Within the threshold.
        ([10.0, 10.0, 10.0], [10.5, 10.5, 10.5], False, False, False),
        # Within the spread.
        ([8.0, 10.0, 20.0], [9.0, 14.0, 15.0], False, False, False),
        # From nothing to something.
        ([0.0], [1.0], False, True, False),
        ([0.0], [0.0], False, False, False),
    ],
)
def test_change_is_judged(
    before: list[float], after: list[float], higher_is_better: bool, worse: bool, better: bool
) -> None:
    (change,) = compare(
        report(before, higher_is_better=higher_is_better),
        report(after, higher_is_better=higher_is_better),
    )
    assert (change.is_worse(THRESHOLD), change.is_better(THRESHOLD)) == (worse, better)


def test_worsening_is_a_factor() -> None:
    (slower,) = compare(report([10.0]), report([15.0]))
    (less,) = compare(report([30.0], higher_is_better=True), report([20.0], higher_is_better=True))
    (appeared,) = compare(report([0.0]), report([2.0]))
    assert (slower.worsening, less.worsening) == (1.5, 1.5)
    assert math.isinf(appeared.worsening)


def test_lines_name_what_became_worse_and_what_is_gone() -> None:
    before, after = report([10.0]), report([20.0])
    gone = report([1.0], quantity="gone").measurements
    text = "\n".join(
        comparison_lines(replace(before, measurements=before.measurements + gone), after, THRESHOLD)
    )
    assert "1 of 1 quantities became worse:\n  row / case / q: 10 ms → 20 ms" in text
    assert "0 of 1 quantities became better:" in text
    assert "1 quantities are no longer measured:\n  row / case / gone" in text
    assert "machines differ" not in text


def test_lines_say_when_the_machines_differ() -> None:
    other = replace(report([10.0]), machine=replace(MACHINE, threads=8))
    assert "machines differ" in next(comparison_lines(report([10.0]), other, THRESHOLD))
