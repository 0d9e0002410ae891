"""Statistics, targets and verdicts."""

import math

import pytest

from benchmarks.measurement import Measurement, Spread, Target, with_unit


def measurement(values: list[float], **fields: object) -> Measurement:
    return Measurement("row", "case", "quantity", "ms", Spread.of(values), **fields)  # type: ignore[arg-type]


def test_spread_of_known_samples() -> None:
    samples = [float(value) for value in range(101)]
    assert Spread.of(samples[::-1]) == Spread(50.0, 0.0, 25.0, 75.0, 95.0, 101)


def test_spread_of_one_sample_is_that_sample() -> None:
    assert Spread.of_one(3.0) == Spread(3.0, 3.0, 3.0, 3.0, 3.0, 1)


@pytest.mark.parametrize("samples", [[], [1.0, math.nan], [math.inf]])
def test_samples_that_have_no_spread_are_refused(samples: list[float]) -> None:
    with pytest.raises(ValueError, match="finite samples"):
        Spread.of(samples)


def test_verdict_tells_the_figure_and_the_target_of_a_miss() -> None:
    ratio = Measurement(
        "row", "case", "ratio", "×", Spread.of([26.0, 27.0, 40.0]), True, Target(30.0)
    )
    assert not ratio.is_met
    assert ratio.verdict() == "missed: 27×, target ≥ 30×"


def test_verdict_holds_the_named_statistic_to_the_target() -> None:
    values = [10.0] * 9 + [200.0]
    assert measurement(values, target=Target(80.0)).verdict() == "met"
    late = measurement(values, target=Target(80.0, "p95"))
    assert late.judged == pytest.approx(114.5)
    assert late.verdict() == "missed: 114 ms, target p95 ≤ 80 ms"


def test_bound_itself_meets_the_target() -> None:
    assert measurement([5.0], target=Target(5.0)).is_met
    assert measurement([5.0], target=Target(5.0), higher_is_better=True).is_met


def test_without_target_there_is_no_verdict() -> None:
    assert (measurement([1.0]).verdict(), measurement([1.0]).target_text()) == ("", "")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "", "0"),
        (2.1e-6, "", "2.1e-06"),
        (0.4567, "ms", "0.457 ms"),
        (31.77, "×", "31.8×"),
        (1234.5, "ms", "1234 ms"),
    ],
)
def test_values_are_written_with_their_unit(value: float, unit: str, text: str) -> None:
    assert with_unit(value, unit) == text
