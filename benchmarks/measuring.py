"""What the benchmarks share: time, the machine's name and photographs."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage import data


def milliseconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def two_faces(width: int, height: int) -> NDArray[np.uint8]:
    """The astronaut (NASA, public domain) beside her mirror image, BGR, cut to this size."""
    astronaut = data.astronaut()[:height, :, ::-1]
    left = (astronaut.shape[1] - width // 2) // 2
    half = astronaut[:, left : left + width // 2]
    return np.ascontiguousarray(np.concatenate([half, half[:, ::-1]], axis=1))


def cpu_name() -> str:
    """The processor's name where Linux tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
