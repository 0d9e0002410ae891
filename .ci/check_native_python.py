"""Checks an installation that works on the Python packages of the system.

Usage: check_native_python.py CHECKOUT
"""

import json
import pkgutil
import re
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from typer.testing import CliRunner

import glamor_ros

SYSTEM_PACKAGES = Path("/usr/lib/python3/dist-packages")
FROM_SYSTEM = ("cv2", "numpy", "rich", "scipy", "skimage", "typer", "yaml")
# What the optional dependencies bring (pyproject.toml), and message packages that may be missing.
OPTIONAL = {
    "anyio",
    "distributed",
    "dlib",
    "hri_msgs",
    "lightning",
    "lz4",
    "mcap",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "pydantic",
    "rosbags",
    "starlette",
    "statsmodels",
    "uvicorn",
    "zstandard",
}
NODE_STARTS = re.compile(r"waiting for images")
PREFIX = Path(sys.prefix)


def check_origins() -> None:
    """The system's packages and the installed package are the ones that are imported."""
    for name in FROM_SYSTEM:
        module = import_module(name)
        file = Path(str(module.__file__))
        if SYSTEM_PACKAGES not in file.parents:
            sys.exit(f"{name} was imported from {file}, not from {SYSTEM_PACKAGES}")
        print(f"{name} {getattr(module, '__version__', '')} from {SYSTEM_PACKAGES}")
    if PREFIX not in Path(str(glamor_ros.__file__)).parents:
        sys.exit(f"glamor_ros was imported from {glamor_ros.__file__}, not from {PREFIX}")


def check_modules() -> None:
    """Every module of the package can be imported, but for what needs an optional dependency."""
    imported = without = 0
    for module in pkgutil.walk_packages(glamor_ros.__path__, "glamor_ros."):
        if module.name.endswith("__main__"):
            continue
        try:
            import_module(module.name)
            imported += 1
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] not in OPTIONAL:
                raise
            without += 1
    print(f"imported {imported} modules; {without} need an optional dependency")


def run(*command: str | Path) -> str:
    """What the command prints; it must succeed."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        sys.exit(f"{command} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


def check_commands(photograph: Path) -> None:
    """All commands explain themselves, and predict finds the two people in the photograph."""
    command_line = import_module("glamor_ros.cli.main")
    commands = command_line.COMMANDS
    told = run(PREFIX / "bin/glamor-ros", "--help")
    for name in commands:
        if name not in told:
            sys.exit(f"glamor-ros --help leaves out {name}:\n{told}")
        result = CliRunner().invoke(command_line.app, [name, "--help"])
        if result.exit_code != 0:
            sys.exit(f"glamor-ros {name} --help failed: {result.exception!r}\n{result.output}")
    (image,) = json.loads(run(PREFIX / "bin/glamor-ros", "predict", photograph, "--json", "-"))
    emotions = [person["emotion"] for person in image["people"]]
    if len(emotions) != 2:
        sys.exit(f"predict found {len(emotions)} people in {photograph}, expected 2")
    print(f"{len(commands)} commands; predict: {', '.join(emotions)}")
    print(run(PREFIX / "bin/glamor-ros", "predict", photograph), end="")


def check_node() -> None:
    """emotion_node becomes active, and ends in order on Ctrl-C."""
    node = subprocess.Popen(
        [PREFIX / "lib/glamor_ros/emotion_node"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    # Ends the node, and with it the output, when it never becomes active.
    patience = subprocess.Popen(["sh", "-c", f"sleep 90; kill {node.pid}"])
    lines = []
    assert node.stdout is not None
    for line in node.stdout:
        lines.append(line)
        if NODE_STARTS.search(line):
            node.send_signal(signal.SIGINT)
    patience.kill()
    if node.wait() != 0 or not NODE_STARTS.search("".join(lines)):
        sys.exit(f"emotion_node ended with {node.returncode}:\n{''.join(lines)}")
    print("emotion_node was active, and ended in order")


check_origins()
check_modules()
check_commands(Path(sys.argv[1]) / "test/data/images/two_people.png")
check_node()
