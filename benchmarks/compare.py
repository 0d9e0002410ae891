"""What became slower or faster from one run to another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from .measurement import Measurement, with_unit
from .report import Report

DEFAULT_THRESHOLD = 0.1


@dataclass(frozen=True)
class Change:
    """One quantity in two runs.

    Attributes:
        before: As it was.
        after: As it is.
        worsening: How many times as bad it has become: 1.2 is a fifth worse, 0.5 twice as good.
        is_beyond_spread: Whether the two runs' middle halves do not even overlap.
    """

    before: Measurement
    after: Measurement
    worsening: float
    is_beyond_spread: bool

    def is_worse(self, threshold: float) -> bool:
        """Whether it has become worse by more than a fraction, and beyond the spread."""
        return self.is_beyond_spread and self.worsening > 1 + threshold

    def is_better(self, threshold: float) -> bool:
        """Whether it would be worse, were the runs exchanged."""
        return self.is_beyond_spread and self.worsening < 1 / (1 + threshold)

    def __str__(self) -> str:
        unit = self.after.unit
        return (
            f"{' / '.join(self.after.key)}: {with_unit(self.before.spread.median, unit)} → "
            f"{with_unit(self.after.spread.median, unit)}"
        )


def compare(before: Report, after: Report) -> list[Change]:
    """The quantities that both runs hold, in the order of the later one."""
    earlier = {m.key: m for m in before.measurements}
    return [_change(earlier[m.key], m) for m in after.measurements if m.key in earlier]


def comparison_lines(before: Report, after: Report, threshold: float) -> Iterator[str]:
    """The comparison as text: what became worse, what better, what cannot be told."""
    if not before.machine.is_like(after.machine):
        yield "The machines differ: times say little, ratios from within one run still count."
        yield f"  before: {before.machine}"
        yield f"  after:  {after.machine}"
    changes = compare(before, after)
    for title, chosen in (
        ("worse", [c for c in changes if c.is_worse(threshold)]),
        ("better", [c for c in changes if c.is_better(threshold)]),
    ):
        yield f"{len(chosen)} of {len(changes)} quantities became {title}:"
        yield from (f"  {change}" for change in chosen)
    missing = {m.key for m in before.measurements} - {m.key for m in after.measurements}
    if missing:
        yield f"{len(missing)} quantities are no longer measured:"
        yield from (f"  {' / '.join(key)}" for key in sorted(missing))


def _change(before: Measurement, after: Measurement) -> Change:
    if after.higher_is_better:
        worsening = _ratio(before.spread.median, after.spread.median)
    else:
        worsening = _ratio(after.spread.median, before.spread.median)
    overlaps = before.spread.p25 <= after.spread.p75 and after.spread.p25 <= before.spread.p75
    return Change(before, after, worsening, is_beyond_spread=not overlaps)


def _ratio(numerator: float, denominator: float) -> float:
    if numerator == denominator:
        return 1.0
    return numerator / denominator if denominator > 0 else math.inf
