from __future__ import annotations

import pytest

from glamor_ros.training.fit.learning_rate import Schedule

RELEASED = Schedule("step", at_epochs=(25, 40), factor=0.1, minimum_learning_rate=1e-5)


@pytest.mark.parametrize(
    ("epoch", "rate"), [(0.0, 5e-4), (24.99, 5e-4), (25.0, 5e-5), (39.9, 5e-5), (40.0, 1e-5)]
)
def test_released_schedule(epoch: float, rate: float) -> None:
    """Its last step would give 5e-6, which its own minimum forbids."""
    assert RELEASED.learning_rate(5e-4, epoch, 60) == pytest.approx(rate)


def test_cosine_rises_and_then_falls_to_nothing() -> None:
    schedule = Schedule("cosine", warmup_epochs=2)
    rates = [schedule.learning_rate(0.2, epoch / 10, 10) for epoch in range(101)]
    assert rates[10] == pytest.approx(0.1)
    assert rates[20] == max(rates) == pytest.approx(0.2)
    assert rates[60] == pytest.approx(0.1)
    assert rates[100] == pytest.approx(0)
    assert rates[20:] == sorted(rates[20:], reverse=True)


def test_constant() -> None:
    assert {Schedule().learning_rate(0.3, epoch, 5) for epoch in (0, 2.5, 5)} == {0.3}
