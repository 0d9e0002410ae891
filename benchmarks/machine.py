"""The machine that a run was made on, and the versions of what ran."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cv2
import torch

from .options import REPOSITORY, Options


@dataclass(frozen=True)
class Machine:
    """What figures depend on besides the code.

    Attributes:
        cpu: The processor's name.
        cores: How many of its cores this process may use.
        gpu: The graphics card's name; "" where none was used.
        threads: Of PyTorch, and of every rival that can be told.
        quick: Whether the run was a short one.
        date: When it began, UTC.
        commit: Of the checkout, with "+" where it had changes; "" outside git.
        package: The package's version.
        python: Python's version.
        torch: PyTorch's version.
        opencv: OpenCV's version.
    """

    cpu: str
    cores: int
    gpu: str
    threads: int
    quick: bool
    date: str
    commit: str
    package: str
    python: str
    torch: str
    opencv: str

    def is_like(self, other: Machine) -> bool:
        """Whether times measured on the two may be compared."""
        return (self.cpu, self.cores, self.gpu, self.threads) == (
            other.cpu,
            other.cores,
            other.gpu,
            other.threads,
        )

    def __str__(self) -> str:
        gpu = f", {self.gpu}" if self.gpu else ""
        quick = ", a quick run" if self.quick else ""
        return (
            f"{self.cpu}, {self.cores} cores, {self.threads} threads{gpu}; PyTorch {self.torch}, "
            f"OpenCV {self.opencv}, glamor_ros {self.package}, {self.date[:10]}{quick}"
        )


def describe_machine(options: Options) -> Machine:
    """The machine as it is now."""
    return Machine(
        cpu=_cpu_name(),
        cores=len(os.sched_getaffinity(0)),
        gpu=torch.cuda.get_device_name(options.device) if options.device != "cpu" else "",
        threads=options.threads,
        quick=options.quick,
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        commit=_commit(),
        package=_package_version(),
        python=platform.python_version(),
        torch=torch.__version__,
        opencv=cv2.__version__,
    )


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _package_version() -> str:
    try:
        return version("glamor_ros")
    except PackageNotFoundError:
        return "not installed"
