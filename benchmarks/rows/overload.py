"""A camera that is faster than the node: memory, latency, drops."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator

from ..arrivals import dropped_share, rate_hz
from ..measurement import Absence, Measurement, Spread, Target
from ..nodes_at_work import Camera, Setting, observe
from ..options import Options

ROW = "overload"
CAMERA_RATE_HZ = 120.0
# Until then the libraries make what they keep, and the C library's heap spreads.
WARM_UP_S = 60
# A slope over a shorter time tells of the images in work alone.
MIN_SLOPE_S = 120
MAX_GROWTH_MIB, MAX_LATENCY_FRAMES = 5.0, 2.0
# The part of the memory's samples at each end that is looked at.
_ENDS = 0.1
_DROPPED_IN_LOG = re.compile(r"(\d+) dropped")


def measure(options: Options) -> Iterator[Measurement | Absence]:
    """A minute at 120 Hz, ten in a full run, or as long as is asked for."""
    usual_s = 600 if options.full else options.chosen(10, 60)
    duration_s = options.overload_s or usual_s
    camera = Camera({"width": 640, "height": 480, "rate_hz": CAMERA_RATE_HZ})
    warm_up_s = options.chosen(3, WARM_UP_S)
    observed = observe(Setting({"device": options.device}, (camera,), warm_up_s, duration_s))
    (arrivals,) = observed.arrivals
    case = f"640x480 at {CAMERA_RATE_HZ:g} Hz, {duration_s} s"
    yield Measurement(
        ROW,
        case,
        "growth of emotion_node's memory",
        "MiB",
        Spread.of_one(growth(observed.memory_mib)),
        target=Target(MAX_GROWTH_MIB),
    )
    if duration_s >= MIN_SLOPE_S:
        slope = Spread.of_one(slope_per_min(observed.memory_mib))
        yield Measurement(ROW, case, "slope of emotion_node's memory", "MiB/min", slope)
    rate = rate_hz(arrivals)
    yield Measurement(ROW, case, "published rate", "Hz", Spread.of_one(rate), higher_is_better=True)
    yield Measurement(
        ROW,
        case,
        "latency in frames' processing",
        "",
        Spread.of([a.latency_s * rate for a in arrivals]),
        target=Target(MAX_LATENCY_FRAMES),
    )
    dropped = 100 * dropped_share(arrivals, CAMERA_RATE_HZ)
    yield Measurement(ROW, case, "images without a message", "%", Spread.of_one(dropped))
    counted = _DROPPED_IN_LOG.findall(observed.log)
    if not counted:
        yield Absence(ROW, case, "emotion_node's log tells no dropped images", is_failure=True)
        return
    yield Measurement(
        ROW,
        case,
        "dropped images that emotion_node counts",
        "",
        Spread.of_one(float(counted[-1])),
        higher_is_better=True,
        target=Target(1.0),
    )


def growth(samples: tuple[float, ...]) -> float:
    """By how much the last tenth of the samples lies above the first, each by its smallest one.

    What lies above that is taken by the image in work and given back after it.
    """
    count = max(round(_ENDS * len(samples)), 1)
    return min(samples[-count:]) - min(samples[:count])


def slope_per_min(samples: tuple[float, ...]) -> float:
    """The slope of the line through samples that were taken once a second, by least squares."""
    slope, _ = statistics.linear_regression(range(len(samples)), samples)
    return 60 * slope
