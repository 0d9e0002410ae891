"""The README says what the code does."""

import re
from pathlib import Path

import pytest
import typer

from glamor_ros.cli.main import app
from glamor_ros.nodes.documentation import SECTIONS

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text()
TABLES = [name for name in SECTIONS if name != "parameters_file"]


@pytest.mark.parametrize("name", TABLES)
def test_its_tables_are_the_code_s(name: str) -> None:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", README, re.DOTALL)
    assert found, f"the README lacks the section {name}"
    assert found[1] == SECTIONS[name](), (
        f"run: python -m glamor_ros.nodes.documentation {name}, and put it into the README"
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
