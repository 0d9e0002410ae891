"""What the package says it needs, to rosdep, to pip and to the Makefile."""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# rosdep's keys where they are not python3-<name on PyPI>.
ROSDEP_KEYS = {
    "opencv-python-headless": "python3-opencv",
    "pyyaml": "python3-yaml",
    "scikit-image": "python3-skimage",
}


def named_in_manifest(element: str) -> set[str]:
    manifest = ElementTree.parse(REPOSITORY / "package.xml").getroot()
    return {str(found.text) for found in manifest.iter(element)}


def test_rosdep_and_pip_install_the_same_python_packages() -> None:
    lines = (REPOSITORY / "requirements/in-rosdep.txt").read_text().splitlines()
    names = [re.split("[<>=]", line)[0] for line in lines if not line.startswith("#")]
    for_pip = {ROSDEP_KEYS.get(name, f"python3-{name}") for name in names}
    for_rosdep = {name for name in named_in_manifest("exec_depend") if name.startswith("python3-")}
    assert for_rosdep == for_pip


def test_every_ros_package_that_the_wheels_bring_is_named_to_rosdep() -> None:
    lines = (REPOSITORY / "requirements/ros-jazzy.txt").read_text().splitlines()
    wheels = [re.split(r"[\[=]", line)[0] for line in lines if not line.startswith("#")]
    named = named_in_manifest("depend") | named_in_manifest("exec_depend")
    assert {wheel.removeprefix("ros-").replace("-", "_") for wheel in wheels} <= named


def test_the_index_for_torch_serves_torch_alone(tmp_path: Path) -> None:
    index = "file:///index-of-torch"
    steps = subprocess.run(
        ["make", "--dry-run", "setup", f"VENV={tmp_path / 'venv'}", f"TORCH_INDEX={index}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.replace("\\\n", " ")
    installing = [line for line in steps.splitlines() if " -m pip install " in line]
    with_index = [line for line in installing if index in line]
    assert len(installing) == 4
    assert len(with_index) == 1
    assert with_index[0].endswith(f"--index-url '{index}' torch")
