"""Rivals take turns, and their times are told apart by rounds."""

import pytest

from benchmarks.pairing import Rival, Rounds, take_turns


def test_rivals_take_turns_after_a_warm_up() -> None:
    calls: list[str] = []
    rivals = {
        "slow": Rival(lambda: calls.append("slow")),
        "fast": Rival(lambda: calls.append("fast"), repeats=2),
    }
    rounds = take_turns(rivals, 2)
    assert calls == ["slow", "fast"] + ["slow", "fast", "fast"] * 2
    assert [len(of_round) for of_round in rounds.times_ms["fast"]] == [2, 2]
    assert rounds.spread("fast").count == 4


def test_warm_up_can_be_left_out() -> None:
    calls: list[int] = []
    take_turns({"slow": Rival(lambda: calls.append(1))}, 3, warm_up=False)
    assert len(calls) == 3


def test_ratio_is_taken_round_by_round() -> None:
    # The machine was ten times as slow in the second round: the ratio is not moved by that.
    rounds = Rounds({"slow": ((60.0,), (600.0,)), "fast": ((1.0, 2.0, 9.0), (20.0, 20.0, 20.0))})
    ratio = rounds.ratio("slow", "fast")
    assert (ratio.minimum, ratio.median) == (30.0, pytest.approx(30.0))
