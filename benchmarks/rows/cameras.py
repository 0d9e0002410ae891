"""Node processes beside a camera: rate, latency, drops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..arrivals import Arrival, dropped_share, mean_people, rates_hz
from ..measurement import Absence, Measurement, NotAvailableError, Spread, Target
from ..nodes_at_work import NODE_FAILURES, Camera, Parameters, Setting, observe
from ..options import Options
from ..subjects import CAMERA_RATE_HZ

ROW = "camera"
RATE, LATENCY = "published rate", "image stamp to publish"
WARM_UP_S = 4
_RATE_WINDOW_S = 2.0


@dataclass(frozen=True)
class Case:
    """One setting of the nodes with what is asked of it.

    Attributes:
        name: The case's name.
        width: Of the camera's images, in pixels.
        height: Of the camera's images, in pixels.
        parameters: Of emotion_node.
        rate_hz: The least rate that meets the target; None: no target.
        p95_ms: The largest latency that meets the target; None: no target.
        namespaces: Of the cameras.
        viewed: The topic of images that somebody looks at.
        is_quick: Whether a quick run holds the case.
    """

    name: str
    width: int
    height: int
    parameters: Parameters
    rate_hz: float | None = None
    p95_ms: float | None = None
    namespaces: tuple[str, ...] = ("",)
    viewed: str = ""
    is_quick: bool = False


SPARSE: Parameters = {"detection": "sparse"}
FULL: Parameters = {"detection": "full"}
TWO_CAMERAS = ("front", "rear")
CASES = (
    Case("640x480", 640, 480, SPARSE, 25.0, 80.0, is_quick=True),
    Case("1920x1080", 1920, 1080, SPARSE, 15.0, 150.0, is_quick=True),
    Case(
        "640x480, faces from 40 px",
        640,
        480,
        {**SPARSE, "detector_upsample": 1},
        20.0,
        is_quick=True,
    ),
    Case("640x480, full detection", 640, 480, FULL),
    Case("640x480, a viewer", 640, 480, SPARSE, viewed="/annotated_image"),
    Case("640x480, YuNet", 640, 480, {"detector": "yunet"}),
    Case(
        "640x480, two cameras",
        640,
        480,
        {**SPARSE, "cameras": list(TWO_CAMERAS)},
        namespaces=TWO_CAMERAS,
    ),
)


def measure(options: Options) -> Iterator[Measurement | Absence]:
    """Two people before a moving camera of 30 Hz, all nodes on this machine."""
    for case in CASES:
        if options.quick and not case.is_quick:
            continue
        parameters = {**case.parameters, "device": options.device}
        if options.yunet is not None and parameters.get("detector") == "yunet":
            parameters["detector_weights"] = str(options.yunet)
        try:
            yield from _measured(case, parameters, options)
        except NotAvailableError as error:
            yield Absence(ROW, case.name, str(error))
        except NODE_FAILURES as error:
            yield Absence(ROW, case.name, str(error), is_failure=True)


def _measured(case: Case, parameters: Parameters, options: Options) -> Iterator[Measurement]:
    source = {"width": case.width, "height": case.height, "rate_hz": CAMERA_RATE_HZ}
    cameras = tuple(Camera(source, namespace) for namespace in case.namespaces)
    duration_s = options.chosen(6, 20)
    warm_up_s = options.chosen(2, WARM_UP_S)
    observed = observe(Setting(parameters, cameras, warm_up_s, duration_s, case.viewed))
    for camera, arrivals in zip(cameras, observed.arrivals, strict=True):
        name = case.name + (f", {camera.namespace}" if camera.namespace else "")
        yield from _measurements(name, arrivals, case)


def _measurements(name: str, arrivals: Sequence[Arrival], case: Case) -> Iterator[Measurement]:
    yield Measurement(
        ROW,
        name,
        RATE,
        "Hz",
        Spread.of(rates_hz(arrivals, _RATE_WINDOW_S)),
        higher_is_better=True,
        target=Target(case.rate_hz) if case.rate_hz else None,
    )
    latencies_ms = [1000 * a.latency_s for a in arrivals]
    if latencies_ms:
        yield Measurement(
            ROW,
            name,
            LATENCY,
            "ms",
            Spread.of(latencies_ms),
            target=Target(case.p95_ms, "p95") if case.p95_ms else None,
        )
        arrived_ms = [1000 * (a.arrival_s - a.stamp_s) for a in arrivals]
        yield Measurement(ROW, name, "image stamp to arrival", "ms", Spread.of(arrived_ms))
    dropped = 100 * dropped_share(arrivals, CAMERA_RATE_HZ)
    yield Measurement(ROW, name, "images without a message", "%", Spread.of_one(dropped))
    yield Measurement(
        ROW,
        name,
        "people in a message",
        "",
        Spread.of_one(mean_people(arrivals)),
        higher_is_better=True,
    )
