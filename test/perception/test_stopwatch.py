from __future__ import annotations

import pytest

from glamor_ros.perception.stopwatch import Stopwatch


def test_means_since_the_last_look() -> None:
    now_s = 10.0
    stopwatch = Stopwatch(lambda: now_s)
    for took_s in (0.25, 0.75):
        with stopwatch.stage("search"):
            now_s += took_s
    with pytest.raises(ValueError), stopwatch.stage("publish"):  # noqa: PT011, PT012
        now_s += 2.0
        raise ValueError
    assert stopwatch.take_means_s() == {"search": 0.5, "publish": 2.0}
    assert stopwatch.take_means_s() == {}
