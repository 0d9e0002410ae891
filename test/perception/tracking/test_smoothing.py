import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from glamor_ros.perception.tracking.smoothing import ProbabilitySmoother


def one_hot(index: int) -> NDArray[np.float32]:
    return np.eye(7, dtype=np.float32)[index]


def random_distribution(generator: np.random.Generator) -> NDArray[np.float32]:
    return generator.dirichlet(np.ones(7)).astype(np.float32)


def test_the_first_input_is_taken_as_it_is() -> None:
    smoother = ProbabilitySmoother(0.5)
    np.testing.assert_array_equal(smoother.update(one_hot(3), 12.0), one_hot(3))


@pytest.mark.parametrize("time_constant_s", [0.1, 0.5, 3.0])
@pytest.mark.parametrize("steps", [1, 7, 40])
def test_a_step_is_covered_by_1_minus_1_over_e_after_the_time_constant(
    time_constant_s: float, steps: int
) -> None:
    generator = np.random.default_rng(steps)
    inner_s = np.sort(generator.uniform(0, time_constant_s, steps - 1))
    smoother = ProbabilitySmoother(time_constant_s)
    smoother.update(one_hot(0), 100.0)
    for stamp_s in [*inner_s, time_constant_s]:
        smoothed = smoother.update(one_hot(5), 100.0 + stamp_s)
    assert smoothed[5] == pytest.approx(1 - 1 / math.e, abs=1e-5)
    assert smoothed[0] == pytest.approx(1 / math.e, abs=1e-5)


def test_the_output_stays_a_distribution_over_many_irregular_steps() -> None:
    generator = np.random.default_rng(0)
    smoother = ProbabilitySmoother(0.4)
    stamps_s = itertools.accumulate(generator.exponential(0.03, 5000))
    for stamp_s in stamps_s:
        smoothed = smoother.update(random_distribution(generator), stamp_s)
        assert smoothed.dtype == np.float32
        assert smoothed.min() >= 0
        assert smoothed.sum() == pytest.approx(1, abs=1e-5)


def test_noise_is_reduced() -> None:
    generator = np.random.default_rng(1)
    smoother = ProbabilitySmoother(0.5)
    raw = np.stack([random_distribution(generator) for _ in range(600)])
    smoothed = np.stack([smoother.update(p, i / 30) for i, p in enumerate(raw)])
    assert smoothed[60:].std(axis=0).max() < 0.3 * raw.std(axis=0).min()


def test_zero_does_not_smooth() -> None:
    generator = np.random.default_rng(2)
    smoother = ProbabilitySmoother(0.0)
    for index in range(5):
        probabilities = random_distribution(generator)
        np.testing.assert_array_equal(smoother.update(probabilities, index / 30), probabilities)


def test_the_time_constant_may_change_while_it_runs() -> None:
    smoother = ProbabilitySmoother(10.0)
    smoother.update(one_hot(0), 0.0)
    assert smoother.update(one_hot(1), 0.1)[1] < 0.02
    smoother.time_constant_s = 0.0
    np.testing.assert_array_equal(smoother.update(one_hot(1), 0.2), one_hot(1))


@pytest.mark.parametrize("later_s", [5.0, 4.0])
def test_a_stamp_that_is_not_later_changes_nothing(later_s: float) -> None:
    smoother = ProbabilitySmoother(0.5)
    smoother.update(one_hot(0), 5.0)
    np.testing.assert_array_equal(smoother.update(one_hot(1), later_s), one_hot(0))


def test_the_input_is_not_modified() -> None:
    smoother = ProbabilitySmoother(0.5)
    first, second = one_hot(0), one_hot(1)
    smoother.update(first, 0.0)
    smoother.update(second, 0.3)
    np.testing.assert_array_equal(first, one_hot(0))
    np.testing.assert_array_equal(second, one_hot(1))
