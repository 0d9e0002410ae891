"""Pictures of a run: time by stage, and cost against people, pixels and cameras."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .measurement import Measurement
from .report import Report
from .rows import detectors, processor, recognition, stages

_STAGE_COLORS = {"detection": "#3b6fb6", "following": "#b9bec6", "recognition": "#d9822b"}
_SIZE_INCHES = (7.0, 4.2)
_RESOLUTION_DPI = 130
# The factor between two sizes from which on both get a label.
_LABEL_DISTANCE = 1.2


def draw_plots(report: Report, directory: Path) -> list[Path]:
    """Draw what the report has figures for.

    Args:
        report: The run.
        directory: Where the PNG files go; made where it is missing.

    Returns:
        The files.
    """
    drawings: dict[str, Callable[[Report, Axes], bool]] = {
        "time_by_stage": _time_by_stage,
        "cost_against_people": _cost_against_people,
        "cost_against_pixels": _cost_against_pixels,
        "cost_against_cameras": _cost_against_cameras,
    }
    paths = []
    for name, draw in drawings.items():
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        if not draw(report, axes):
            continue
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
        machine = report.machine
        figure.text(
            0.995, 0.995, f"{machine.cpu}, {machine.threads} threads", ha="right", va="top", size=7
        )
        directory.mkdir(parents=True, exist_ok=True)
        paths.append(directory / f"{name}.png")
        figure.savefig(paths[-1], dpi=_RESOLUTION_DPI)
    return paths


def _time_by_stage(report: Report, axes: Axes) -> bool:
    by_stage = {s: report.find(stages.STAGES_ROW, s) for s in stages.STAGES}
    cases = list(by_stage[stages.STAGES[0]])
    if not cases:
        return False
    start = [0.0] * len(cases)
    for stage, of_cases in by_stage.items():
        values = [of_cases[case].spread.median for case in cases]
        axes.barh(cases, values, 0.6, left=start, label=stage, color=_STAGE_COLORS[stage])
        start = [a + b for a, b in zip(start, values, strict=True)]
    for index, total in enumerate(start):
        axes.annotate(
            f"{total:.0f} ms", (total, index), (4, 0), textcoords="offset points", va="center"
        )
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("ms a frame, two people, median")
    axes.set_title("Time by stage", loc="left")
    return True


def _cost_against_people(report: Report, axes: Axes) -> bool:
    names = (recognition.ONE_BY_ONE, recognition.ONNX, recognition.TOGETHER, recognition.ENCODER)
    drawn = [_line(axes, report.find(recognition.ROW, name), name, _number) for name in names]
    if not any(drawn):
        return False
    arithmetic = report.find(recognition.ROW, recognition.ARITHMETIC)
    _limit(report, axes, arithmetic, _number, "ours at the processor's peak")
    axes.set_xticks(recognition.PEOPLE)
    axes.set_xlabel("people in view")
    axes.set_ylabel("ms")
    axes.set_ylim(bottom=0)
    axes.set_title("Recognition against people", loc="left")
    return True


def _cost_against_pixels(report: Report, axes: Axes) -> bool:
    names = (detectors.CNN, detectors.HOG, detectors.OURS, detectors.YUNET)
    drawn = [_line(axes, _not_upsampled(report, name), name, _megapixels) for name in names]
    if not any(drawn):
        return False
    sparse = {
        case.partition(",")[0]: measurement
        for case, measurement in report.find(stages.STAGES_ROW, "detection").items()
        if case.endswith("sparse") and "upsample" not in case
    }
    _line(axes, sparse, "ours, sparse, 2 people", _megapixels)
    arithmetic = _not_upsampled(report, detectors.ARITHMETIC)
    _limit(report, axes, arithmetic, _megapixels, "ours at the processor's peak")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    cases = _apart(sorted(_not_upsampled(report, detectors.OURS), key=_megapixels))
    axes.set_xticks([_megapixels(case) for case in cases], cases, size=8)
    axes.minorticks_off()
    axes.set_xlabel("pixels, logarithmic")
    axes.set_ylabel("ms")
    axes.set_title("Face detection against pixels", loc="left")
    return True


def _cost_against_cameras(report: Report, axes: Axes) -> bool:
    found = report.find(stages.CAMERAS_ROW, stages.BATCH)
    for detection in ("full", "sparse"):
        chosen = {c: m for c, m in found.items() if c.endswith(detection)}
        _line(axes, chosen, f"{detection} detection", _number)
    if not found:
        return False
    axes.set_xticks(stages.CAMERAS)
    axes.set_xlabel("cameras of 640x480, two people before each")
    axes.set_ylabel("ms for one frame of each")
    axes.set_ylim(bottom=0)
    axes.set_title("All stages against cameras", loc="left")
    return True


def _apart(cases: list[str]) -> list[str]:
    """Those whose labels do not run into one another."""
    apart = cases[:1]
    for case in cases[1:]:
        if _megapixels(case) > _LABEL_DISTANCE * _megapixels(apart[-1]):
            apart.append(case)
    return apart


def _not_upsampled(report: Report, quantity: str) -> dict[str, Measurement]:
    found = report.find(detectors.ROW, quantity)
    return {case: measurement for case, measurement in found.items() if "upsample" not in case}


def _line(
    axes: Axes, found: dict[str, Measurement], label: str, position: Callable[[str], float]
) -> bool:
    """Medians, with the middle half of the samples as a band."""
    points = sorted((position(case), m.spread) for case, m in found.items()) if found else []
    if not points:
        return False
    x = [at for at, _ in points]
    (line,) = axes.plot(x, [s.median for _, s in points], marker="o", markersize=4, label=label)
    axes.fill_between(
        x,
        [s.p25 for _, s in points],
        [s.p75 for _, s in points],
        alpha=0.2,
        color=line.get_color(),
        linewidth=0,
    )
    return True


def _limit(
    report: Report,
    axes: Axes,
    arithmetic: dict[str, Measurement],
    position: Callable[[str], float],
    label: str,
) -> None:
    """What the arithmetic would take if every operation ran as fast as the fastest."""
    peak_gflops = max(_peaks(report), default=0.0)
    points = sorted((position(case), m.spread.median) for case, m in arithmetic.items())
    if peak_gflops and points:
        times_ms = [1000 * gflop / peak_gflops for _, gflop in points]
        axes.plot([at for at, _ in points], times_ms, label=label, color="black", linestyle="--")


def _peaks(report: Report) -> Iterator[float]:
    case = processor.case_of(report.machine.threads)
    for name in (processor.CONVOLUTION, processor.MATRIX_PRODUCT):
        found = report.find(processor.ROW, name)
        if case in found:
            yield found[case].spread.p95


def _number(case: str) -> float:
    return float(case.split()[0])


def _megapixels(case: str) -> float:
    match = re.match(r"(\d+)x(\d+)", case)
    assert match is not None
    return int(match[1]) * int(match[2]) / 1e6
