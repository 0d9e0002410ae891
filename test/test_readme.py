"""The README and the pages beside it say what the code does."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from glamor_ros.cli.main import app
from glamor_ros.nodes.documentation import SECTIONS

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text()
PAGES = [README, *(path.read_text() for path in sorted((REPOSITORY / "docs").glob("*.md")))]
TABLES = [name for name in SECTIONS if name != "parameters_file"]


@pytest.mark.parametrize("name", TABLES)
def test_its_tables_are_the_code_s(name: str) -> None:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", "\n".join(PAGES), re.DOTALL)
    assert found, f"neither the README nor docs/ has the section {name}"
    assert found[1] == SECTIONS[name](), (
        f"run: python -m glamor_ros.nodes.documentation {name}, and put it there"
    )


def test_its_commands_exist() -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"glamor-ros ([a-z][a-z-]+)", README))
    assert {"predict", "train", "evaluate"} <= named
    assert named <= known


def test_its_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", README)) <= targets


def test_its_files_exist() -> None:
    links = re.findall(r"\]\(([^)#h][^)]*)\)", README)
    recipes = re.findall(r"glamor-ros train (\w+)", README)
    assert links
    assert recipes
    paths = [*links, *(f"config/training/{name}.yaml" for name in recipes), "config/glamor.yaml"]
    for path in paths:
        assert (REPOSITORY / path).is_file(), path


def test_its_python_example_runs(images_dir: Path, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    shutil.copy(images_dir / "two_people.png", tmp_path / "photo.jpg")
    result = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    people = [line.split() for line in result.stdout.splitlines()]
    assert [person_id for person_id, _, _ in people] == ["person_1", "person_2"]
    assert all(0 < float(confidence) <= 1 for _, _, confidence in people)
