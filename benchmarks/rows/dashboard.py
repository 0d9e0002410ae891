"""What viewers of the dashboard cost the perception."""

from __future__ import annotations

import json
import socket
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..arrivals import Arrival
from ..dashboard_viewers import TURNS
from ..measurement import Measurement, Spread, Target
from ..nodes_at_work import BenchmarkProcess, Camera, InstalledNode, Setting, observe
from ..options import Options
from ..subjects import CAMERA_RATE_HZ

ROW = "dashboard"
VIEWERS = 20
LEAST_SHARE = 0.95
TURN_S = 4
# A turn, with the second in which viewers join and settle.
WHOLE_TURN_S = TURN_S + 1
WARM_UP_S = 5
SIZE = {"width": 640, "height": 480, "rate_hz": CAMERA_RATE_HZ}


def measure(options: Options) -> Iterator[Measurement]:
    """The published rate with viewers of pictures, and of attention, against that without."""
    rounds = options.chosen(2, 6)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        port = _free_port()
        log = directory / "dashboard_viewers.log"
        arguments = (str(port), "--viewers", str(VIEWERS), "--turn", str(TURN_S))
        viewers = BenchmarkProcess("dashboard_viewers", {}, log, arguments)
        dashboard = InstalledNode("dashboard_node", {"port": port}, directory / "dashboard.log")
        setting = Setting(
            {"device": options.device},
            (Camera(SIZE),),
            WARM_UP_S,
            (rounds * len(TURNS) + 1) * WHOLE_TURN_S,
            beside=(dashboard, viewers),
        )
        (arrivals,) = observe(setting).arrivals
        turns = [json.loads(line) for line in viewers.output.read_text().splitlines()]
    rates_hz: dict[str, list[float]] = {name: [] for name in TURNS}
    pictures_hz: dict[str, list[float]] = {name: [] for name in TURNS}
    for name, begin_s, end_s, of_viewer_hz in turns:
        if arrivals[0].arrival_s <= begin_s and end_s <= arrivals[-1].arrival_s:
            rates_hz[name].append(_rate_hz(arrivals, begin_s, end_s))
            pictures_hz[name].append(of_viewer_hz)
    alone_hz = statistics.median(rates_hz.pop("nothing"))
    yield Measurement(
        ROW, "nobody looks", "published rate", "Hz", Spread.of_one(alone_hz), higher_is_better=True
    )
    for name, of_turns_hz in rates_hz.items():
        case = f"{VIEWERS} viewers of {name}"
        share = Spread.of([100 * rate / alone_hz for rate in of_turns_hz])
        yield Measurement(
            ROW,
            case,
            "published rate, of that without",
            "%",
            share,
            higher_is_better=True,
            target=Target(100 * LEAST_SHARE),
        )
        yield Measurement(
            ROW,
            case,
            "pictures to a viewer",
            "Hz",
            Spread.of(pictures_hz[name]),
            higher_is_better=True,
        )


def _rate_hz(arrivals: tuple[Arrival, ...], begin_s: float, end_s: float) -> float:
    return sum(begin_s <= a.arrival_s < end_s for a in arrivals) / (end_s - begin_s)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
