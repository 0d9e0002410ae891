"""The command line: run the benchmarks, compare two runs, draw a run's plots.

python -m benchmarks [run] [--quick] [--only ROW] ...
python -m benchmarks compare [A.json [B.json]]
python -m benchmarks plots [A.json]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from .compare import DEFAULT_THRESHOLD, compare, comparison_lines
from .machine import describe_machine
from .measurement import Absence, Measurement, with_unit
from .options import (
    BASELINE,
    DEFAULT_IMAGES,
    DEFAULT_MMOD_DAT,
    DEFAULT_PICTURES,
    DEFAULT_RESULTS,
    Options,
)
from .plots import draw_plots
from .report import Report, ReportError, markdown
from .rows.registry import ROW_MODULES, measured


def main() -> int:
    """Do what the command line says.

    Returns:
        1 where a row broke, a quantity became worse than the threshold, or a file is no result.
    """
    arguments = _parser().parse_args(sys.argv[1:] or ["run"])
    try:
        code: int = arguments.command(arguments)
    except ReportError as error:
        print(error, file=sys.stderr)
        return 1
    return code


def _run(arguments: argparse.Namespace) -> int:
    options = Options(
        device=arguments.device,
        threads=arguments.threads,
        quick=arguments.quick,
        full=arguments.full,
        mmod_dat=arguments.mmod_dat,
        yunet=arguments.yunet,
        pictures=arguments.pictures,
        overload_s=arguments.overload_s,
    )
    torch.set_num_threads(options.threads)
    machine = describe_machine(options)
    measurements: list[Measurement] = []
    absences: list[Absence] = []
    for name in arguments.only or ROW_MODULES:
        print(f"{name}: {ROW_MODULES[name]}", file=sys.stderr, flush=True)
        for outcome in measured(name, options):
            if isinstance(outcome, Measurement):
                measurements.append(outcome)
                value = with_unit(outcome.judged, outcome.unit)
                line = f"  {outcome.case}, {outcome.quantity}: {value} {outcome.verdict()}"
                print(line.rstrip(), file=sys.stderr, flush=True)
            else:
                absences.append(outcome)
    report = Report(machine, tuple(measurements), tuple(absences))
    path = arguments.results / f"{arguments.name or machine.date.replace(':', '')}.json"
    report.save(path)
    print(markdown(report))
    pictures = draw_plots(report, path.with_suffix(""))
    print(f"saved: {', '.join(map(str, [path, *pictures]))}", file=sys.stderr)
    return int(any(absence.is_failure for absence in absences))


def _compare(arguments: argparse.Namespace) -> int:
    before = Report.load(arguments.before)
    after = Report.load(arguments.after or _newest())
    for line in comparison_lines(before, after, arguments.threshold):
        print(line)
    return int(any(change.is_worse(arguments.threshold) for change in compare(before, after)))


def _plots(arguments: argparse.Namespace) -> int:
    for path in draw_plots(Report.load(arguments.result or _newest()), arguments.output):
        print(path)
    return 0


def _newest() -> Path:
    results = sorted(DEFAULT_RESULTS.glob("*.json"), key=lambda path: path.stat().st_mtime)
    if not results:
        raise ReportError(f"no result in {DEFAULT_RESULTS}: `make benchmark` makes one")
    return results[-1]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="run | compare | plots")
    run = commands.add_parser("run", help="measure, print the tables, save them with plots")
    run.set_defaults(command=_run)
    run.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N (default: %(default)s)")
    run.add_argument("--threads", type=int, default=torch.get_num_threads())
    run.add_argument("--quick", action="store_true", help="fewer cases and repetitions")
    run.add_argument("--full", action="store_true", help="dlib at 1920x1080, 10 min of overload")
    run.add_argument(
        "--only", action="append", choices=list(ROW_MODULES), help="a row; may be repeated"
    )
    run.add_argument("--overload-s", type=int, metavar="SECONDS", help="of the row `overload`")
    run.add_argument("--mmod-dat", type=Path, default=DEFAULT_MMOD_DAT, metavar="FILE")
    run.add_argument("--yunet", type=Path, metavar="FILE", help="YuNet's ONNX file")
    run.add_argument("--pictures", type=Path, default=DEFAULT_PICTURES, metavar="DIR")
    run.add_argument("--results", type=Path, default=DEFAULT_RESULTS, metavar="DIR")
    run.add_argument("--name", help="of the result (default: the time)")
    comparing = commands.add_parser("compare", help="what became slower or faster; 1: slower")
    comparing.set_defaults(command=_compare)
    comparing.add_argument("before", type=Path, nargs="?", default=BASELINE)
    comparing.add_argument("after", type=Path, nargs="?", help="default: the newest result")
    comparing.add_argument(
        "--threshold", type=float, default=DEFAULT_THRESHOLD, help="default: %(default)s"
    )
    plots = commands.add_parser("plots", help="draw a result")
    plots.set_defaults(command=_plots)
    plots.add_argument("result", type=Path, nargs="?", help="default: the newest result")
    plots.add_argument("--output", type=Path, default=DEFAULT_IMAGES, metavar="DIR")
    return parser


if __name__ == "__main__":
    sys.exit(main())
