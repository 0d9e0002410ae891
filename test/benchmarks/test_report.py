"""Results as files and as tables."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.machine import Machine
from benchmarks.measurement import Absence, Measurement, Spread, Target
from benchmarks.report import Report, ReportError, markdown

MACHINE = Machine("A processor", 2, "", 2, False, "2026-01-01T00:00:00", "abc", "1", "3", "2", "4")
RATE = Measurement(
    "camera", "640x480", "rate", "Hz", Spread.of([9.0, 9.2, 9.4]), True, Target(25.0)
)
LATENCY = Measurement(
    "camera", "640x480", "latency", "ms", Spread.of([40.0, 60.0]), False, Target(80.0, "p95")
)
REPORT = Report(
    MACHINE, (RATE, LATENCY), (Absence("detectors", "YuNet", "no file", is_failure=True),)
)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "made" / "result.json"
    REPORT.save(path)
    assert Report.load(path) == REPORT


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": "glamor_ros.benchmark.1"}', '{"format": "other"}']
)
def test_other_files_are_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(content)
    with pytest.raises(ReportError, match=str(path)):
        Report.load(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="make benchmark"):
        Report.load(tmp_path / "nowhere.json")


def test_table_hides_neither_misses_nor_absences() -> None:
    text = markdown(REPORT)
    assert "missed: 9.2 Hz, target ≥ 25 Hz" in text
    assert "- detectors: YuNet: FAILED: no file" in text
    assert text.endswith("1 of 2 targets met, 1 missed.\n")


def test_single_values_have_no_spread_in_the_table() -> None:
    counted = replace(RATE, spread=Spread.of_one(9.0), target=None)
    row = markdown(Report(MACHINE, (counted,))).splitlines()[-3]
    assert row == "| 640x480 | rate | 9 Hz |  |  |  |  |  |"


def test_quantities_are_found_by_row_and_name() -> None:
    assert REPORT.find("camera", "rate") == {"640x480": RATE}
    assert REPORT.find("camera", "other") == {}
