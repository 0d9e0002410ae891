"""The rows by name, in the order in which they run."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module

from ..measurement import Absence, Measurement, NotAvailableError
from ..options import Options

Row = Callable[[Options], Iterator[Measurement | Absence]]

# The modules are imported as their rows run: one that lacks an optional module stops no other.
ROW_MODULES: Mapping[str, str] = {
    "start_up": "What a user waits for on the command line.",
    "processor": "The processor's peak, the limit of everything else.",
    "exactness": "Full detection against dlib's CNN, face by face.",
    "detectors": "Full detection against dlib's CNN and HOG and YuNet, by size.",
    "sparse": "Sparse detection against full on a moving camera.",
    "nobody": "The processor's time with nobody in view, sparse against full.",
    "recognition": "Recognition of several people at once, one by one, and in ONNX Runtime.",
    "stages": "A frame's time by stage, and several cameras together.",
    "cameras": "Node processes beside a camera: rate, latency, drops.",
    "overhead": "What the node itself adds to the pipeline.",
    "dashboard": "What twenty viewers of the dashboard cost the perception.",
    "overload": "A camera that is faster than the node: memory, latency, drops.",
}


def measured(name: str, options: Options) -> Iterator[Measurement | Absence]:
    """What a row says; where it breaks, what it said before and the failure."""
    try:
        row: Row = import_module(f".{name}", __package__).measure
        yield from row(options)
    except (NotAvailableError, ImportError) as error:
        yield Absence(name, "", str(error))
    except Exception as error:
        traceback.print_exc()
        yield Absence(name, "", f"{type(error).__name__}: {error}", is_failure=True)
