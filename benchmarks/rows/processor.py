"""The processor's peak, the limit of everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from ..measurement import Measurement, Spread
from ..options import Options
from ..pairing import milliseconds

CHANNELS, SIDE_PX, KERNEL = 128, 96, 3
MATRIX_SIDE = 1536
ROW = "processor"
CONVOLUTION, MATRIX_PRODUCT = "convolution", "matrix product"


def measure(options: Options) -> Iterator[Measurement]:
    """Arithmetic per second of a large convolution and a matrix product, in float32."""
    threads = sorted({1, options.threads}) if options.device == "cpu" else [options.threads]
    before = torch.get_num_threads()
    try:
        for count in threads:
            torch.set_num_threads(count)
            for name, (call, operations) in _work(torch.device(options.device)).items():
                call()
                rates = [
                    operations / (1e6 * milliseconds(call)) for _ in range(options.chosen(5, 20))
                ]
                yield Measurement(
                    ROW,
                    case_of(count),
                    name,
                    "GFLOP/s",
                    Spread.of(rates),
                    higher_is_better=True,
                )
    finally:
        torch.set_num_threads(before)


def case_of(threads: int) -> str:
    """The case's name for a number of threads."""
    return f"{threads} thread" if threads == 1 else f"{threads} threads"


def _work(device: torch.device) -> dict[str, tuple[Callable[[], object], float]]:
    """What is computed, and its floating-point operations."""
    images = torch.rand(1, CHANNELS, SIDE_PX, SIDE_PX, device=device)
    images = images.to(memory_format=torch.channels_last)
    convolution = torch.nn.Conv2d(CHANNELS, CHANNELS, KERNEL, bias=False).to(device)
    convolution = convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    matrix = torch.rand(MATRIX_SIDE, MATRIX_SIDE, device=device)
    positions = (SIDE_PX - KERNEL + 1) ** 2

    @torch.inference_mode()
    def convolve() -> None:
        # One value is fetched: a GPU is done only then.
        convolution(images)[0, 0, 0, 0].item()

    def multiply() -> None:
        (matrix @ matrix)[0, 0].item()

    return {
        CONVOLUTION: (convolve, 2.0 * CHANNELS * CHANNELS * KERNEL * KERNEL * positions),
        MATRIX_PRODUCT: (multiply, 2.0 * MATRIX_SIDE**3),
    }
