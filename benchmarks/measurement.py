"""What a benchmark says: quantities with their spread, and the targets they are held to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """The distribution of a quantity over its samples.

    Attributes:
        median: The middle sample.
        minimum: The smallest one.
        p25: A quarter of the samples is smaller.
        p75: A quarter is larger.
        p95: One in twenty is larger.
        count: How many samples there are.
    """

    median: float
    minimum: float
    p25: float
    p75: float
    p95: float
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """The spread of one sample or more.

        Raises:
            ValueError: There is none, or one is not finite.
        """
        if not len(samples) or not np.all(np.isfinite(samples)):
            raise ValueError(f"a spread needs finite samples, got {list(samples)}")
        p25, median, p75, p95 = np.percentile(samples, [25, 50, 75, 95]).tolist()
        return cls(median, float(min(samples)), p25, p75, p95, len(samples))

    @classmethod
    def of_one(cls, value: float) -> Spread:
        """The spread of a quantity that is counted, not sampled."""
        return cls.of([value])


@dataclass(frozen=True)
class Target:
    """A bound that a quantity is held to.

    Attributes:
        bound: The worst value that meets the target, in the quantity's unit.
        statistic: Which field of Spread is held to it.
    """

    bound: float
    statistic: str = "median"


@dataclass(frozen=True)
class Measurement:
    """One quantity of one case.

    Attributes:
        row: The row of the table of measures that it belongs to.
        case: What was measured: sizes, numbers of people, settings.
        quantity: What was taken of it, with the rival's name where there are several.
        unit: Of all values; "" for a plain number.
        spread: The values.
        higher_is_better: False for times and errors, True for rates and speed-ups.
        target: What it is held to; None: it is only told.
    """

    row: str
    case: str
    quantity: str
    unit: str
    spread: Spread
    higher_is_better: bool = False
    target: Target | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What names the quantity from run to run."""
        return self.row, self.case, self.quantity

    @property
    def judged(self) -> float:
        """The value that counts: the statistic that the target names, else the median."""
        value = getattr(self.spread, self.target.statistic if self.target else "median")
        return float(value)

    @property
    def is_met(self) -> bool:
        """Whether the target holds; True where there is none."""
        if self.target is None:
            return True
        if self.higher_is_better:
            return self.judged >= self.target.bound
        return self.judged <= self.target.bound

    def target_text(self) -> str:
        """The target as it stands in the table: "p95 ≤ 80 ms"."""
        if self.target is None:
            return ""
        statistic = "" if self.target.statistic == "median" else f"{self.target.statistic} "
        sign = "≥" if self.higher_is_better else "≤"
        return f"{statistic}{sign} {with_unit(self.target.bound, self.unit)}"

    def verdict(self) -> str:
        """The verdict as it stands in the table: "met" or "missed: 27×, target ≥ 30×"."""
        if self.target is None:
            return ""
        if self.is_met:
            return "met"
        return f"missed: {with_unit(self.judged, self.unit)}, target {self.target_text()}"


@dataclass(frozen=True)
class Absence:
    """A case that could not be measured.

    Attributes:
        row: The row that it belongs to.
        case: Which case; "" stands for the whole row.
        reason: Why, and what to do about it.
        is_failure: Whether something broke, as opposed to being not at hand.
    """

    row: str
    case: str
    reason: str
    is_failure: bool = False


class NotAvailableError(Exception):
    """What a case needs is not at hand: an optional module, a file, a parameter of the node."""


def with_unit(value: float, unit: str) -> str:
    """A value with three significant digits at least, and its unit."""
    if value == 0 or abs(value) >= 100:
        digits = f"{value:.0f}"
    elif abs(value) < 1e-3:
        digits = f"{value:.1e}"
    else:
        digits = f"{value:.3g}"
    return f"{digits}{unit}" if unit in ("", "×", "%") else f"{digits} {unit}"
