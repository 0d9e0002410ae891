from __future__ import annotations

from glamor_ros.nodes.common.throttled_log import ThrottledLog


def test_the_first_line_is_written_at_once_and_the_rest_counted() -> None:
    now_s = 100.0
    lines: list[str] = []
    log = ThrottledLog(lines.append, 5.0, clock=lambda: now_s)

    for now_s in (100.0, 101.0, 104.9, 105.0, 106.0):
        log(f"at {now_s:g}")
    now_s = 120.0
    log("later")
    now_s = 130.0
    log("much later")

    assert lines == [
        "at 100",
        "at 105 (and 2 more like it before)",
        "later (and 1 more like it before)",
        "much later",
    ]
