"""Rivals timed in turns, so that whatever else the machine does slows all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .measurement import Spread


@dataclass(frozen=True)
class Rival:
    """Something to be timed.

    Attributes:
        call: Does the work once and returns when it is done, on a GPU as well.
        repeats: How often a round calls it: short work is repeated, long work is not.
    """

    call: Callable[[], object]
    repeats: int = 1


@dataclass(frozen=True)
class Rounds:
    """The times of all rivals, in milliseconds: for each its rounds, each with its repeats."""

    times_ms: Mapping[str, tuple[tuple[float, ...], ...]]

    def spread(self, name: str) -> Spread:
        """Of all of a rival's times."""
        return Spread.of([time_ms for of_round in self.times_ms[name] for time_ms in of_round])

    def medians(self, name: str) -> list[float]:
        """A rival's median in each round."""
        return [statistics.median(of_round) for of_round in self.times_ms[name]]

    def ratio(self, slow: str, fast: str) -> Spread:
        """How many times as long the one takes as the other, round by round."""
        pairs = zip(self.medians(slow), self.medians(fast), strict=True)
        return Spread.of([slow_ms / fast_ms for slow_ms, fast_ms in pairs])


def take_turns(rivals: Mapping[str, Rival], rounds: int, *, warm_up: bool = True) -> Rounds:
    """The rivals' times over some rounds, in each of which every rival has its turn.

    Args:
        rivals: What is timed, by name.
        rounds: How many rounds.
        warm_up: Call each once before, without timing it.
    """
    times_ms: dict[str, list[tuple[float, ...]]] = {name: [] for name in rivals}
    if warm_up:
        for rival in rivals.values():
            rival.call()
    for _ in range(rounds):
        for name, rival in rivals.items():
            times_ms[name].append(tuple(milliseconds(rival.call) for _ in range(rival.repeats)))
    return Rounds({name: tuple(of_rival) for name, of_rival in times_ms.items()})


def milliseconds(call: Callable[[], object]) -> float:
    """The wall time of one call."""
    start_s = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start_s)
