from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from glamor_ros.cli.main import COMMANDS, app


def test_the_command_line_runs_as_a_process() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "glamor_ros.cli.main", "--version"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("glamor-ros ")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_as_the_list_of_commands_does(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"glamor-ros {command}" in result.stdout
    told = " ".join(result.stdout.replace("│", " ").split())
    assert COMMANDS[command].summary in told


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_what_needs_no_network_loads_none(option: str) -> None:
    code = (
        "import atexit, sys; "
        "heavy = {'torch', 'cv2', 'numpy', 'scipy', 'skimage', 'rclpy'}; "
        "atexit.register(lambda: print('loaded', sorted(heavy & set(sys.modules)))); "
        "from glamor_ros.cli.main import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, option], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "loaded []"


def test_the_list_of_commands_has_all_of_them() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    assert [name for name in COMMANDS if f" {name} " not in result.stdout] == []


@pytest.mark.parametrize("command", ["import-weights", "import-detector"])
def test_a_missing_source_is_named(command: str, tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    result = CliRunner().invoke(app, [command, "/nowhere/model", str(out)])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert "/nowhere/model" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_in_the_code_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(paths: list[Path]) -> None:
        raise ValueError("operands could not be broadcast")

    monkeypatch.setattr("glamor_ros.cli.predict.command.find_inputs", broken)
    result = CliRunner().invoke(app, ["predict", "image.png"])
    assert isinstance(result.exception, ValueError)


def test_import_detector_makes_the_file_that_ships(
    golden_dir: Path, weights_dir: Path, tmp_path: Path
) -> None:
    name = "mmod_human_face_detector"
    out = tmp_path / f"{name}.safetensors"
    dat = golden_dir / f"{name}.dat"
    result = CliRunner().invoke(app, ["import-detector", str(dat), str(out)])
    assert result.exit_code == 0, result.stderr
    digests = [hashlib.sha256(p.read_bytes()).digest() for p in (out, weights_dir / out.name)]
    assert digests[0] == digests[1]


def test_import_weights_makes_a_checkpoint_that_predict_takes(
    golden_dir: Path, images_dir: Path, tmp_path: Path
) -> None:
    (index,) = (golden_dir / "tensorflow_checkpoint" / "two_shards").glob("*.index")
    out = tmp_path / "imported.safetensors"
    result = CliRunner().invoke(app, ["import-weights", str(index), str(out)])
    assert result.exit_code == 0, result.stderr
    image = images_dir / "two_people.png"
    result = CliRunner().invoke(app, ["predict", str(image), "--weights", str(out)])
    assert result.exit_code == 0, result.stderr
    assert "person_2" in result.stdout


@pytest.mark.parametrize("command", ["import-weights", "import-detector"])
def test_the_name_of_the_file_to_write_is_checked(command: str) -> None:
    result = CliRunner().invoke(app, [command, "model", "model.bin"])
    assert result.exit_code == 2
    assert ".safetensors" in result.stderr
