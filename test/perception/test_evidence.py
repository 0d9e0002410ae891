"""What is enough evidence, and that a person does not flicker about a limit."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest

from glamor_ros.perception.evidence import Evidence, EvidenceLimits, Weakness, weakness

LIMITS = EvidenceLimits(
    min_size_px=20,
    min_visible_fraction=0.8,
    min_sharpness=0.25,
    max_turn=0.6,
    min_confidence=0.4,
    hysteresis=0.2,
)
GOOD = Evidence(size_px=90, visible_fraction=1, sharpness=0.7, turn=0.05, confidence=0.8)

WEAK = [
    (Weakness.SMALL, {"size_px": 19.9}, {"size_px": 20.0}, {"size_px": 24.0}),
    (
        Weakness.CUT_OFF,
        {"visible_fraction": 0.79},
        {"visible_fraction": 0.8},
        {"visible_fraction": 0.97},
    ),
    (Weakness.BLURRED, {"sharpness": 0.24}, {"sharpness": 0.25}, {"sharpness": 0.3}),
    (Weakness.TURNED_AWAY, {"turn": 0.61}, {"turn": 0.6}, {"turn": 0.5}),
    (Weakness.UNSURE, {"confidence": 0.39}, {"confidence": 0.4}, {"confidence": 0.481}),
]


@pytest.mark.parametrize(("reason", "weak", "at_limit", "clearly_better"), WEAK)
def test_each_limit_has_its_reason_and_its_hysteresis(
    reason: Weakness,
    weak: dict[str, float],
    at_limit: dict[str, float],
    clearly_better: dict[str, float],
) -> None:
    assert weakness(GOOD, LIMITS) is None
    assert weakness(replace(GOOD, **weak), LIMITS) is reason
    assert weakness(replace(GOOD, **at_limit), LIMITS) is None
    # Who was unknown for this stays so at the limit, and is known when it is passed by a fifth.
    assert weakness(replace(GOOD, **at_limit), LIMITS, before=reason) is reason
    assert weakness(replace(GOOD, **clearly_better), LIMITS, before=reason) is None


@pytest.mark.parametrize(("reason", "weak", "at_limit", "clearly_better"), WEAK)
def test_zero_takes_a_limit_away(
    reason: Weakness,
    weak: dict[str, float],
    at_limit: dict[str, float],
    clearly_better: dict[str, float],
) -> None:
    names = dict(zip(WEAK_FIELDS, [field.name for field in fields(EvidenceLimits)], strict=False))
    without = replace(LIMITS, **{names[next(iter(weak))]: 0.0})
    assert weakness(replace(GOOD, **weak), without, before=reason) is None


WEAK_FIELDS = [field.name for field in fields(Evidence)]


def test_what_was_not_measured_is_held_against_nobody() -> None:
    assert weakness(replace(GOOD, turn=math.nan, sharpness=math.nan), LIMITS) is None


def test_the_best_there_is_suffices_whatever_the_hysteresis() -> None:
    strict = replace(LIMITS, min_visible_fraction=0.99, min_confidence=0.99, hysteresis=1.0)
    best = replace(GOOD, confidence=1.0)
    assert weakness(best, strict, before=Weakness.CUT_OFF) is None
    assert weakness(best, strict, before=Weakness.UNSURE) is None


def test_a_value_that_wavers_about_its_limit_changes_once() -> None:
    before: Weakness | None = None
    seen = []
    for step in range(50):
        wavering = replace(GOOD, sharpness=0.27 + (-0.025 if step % 2 else 0.02))
        before = weakness(wavering, LIMITS, before)
        seen.append(before)
    assert seen == [None] + [Weakness.BLURRED] * 49


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_impossible_limits_are_named(value: float) -> None:
    with pytest.raises(ValueError, match="min_sharpness is"):
        EvidenceLimits(min_sharpness=value)
