"""The pages of docs/: built without a warning, with log lines that the package really writes."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from glamor_ros.nodes.documentation import SECTIONS

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
PAGES = sorted(DOCS.glob("*.md"))
PLACEHOLDER = "…"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_the_code_s_tables(page: Path) -> None:
    for name, table in re.findall(
        r"<!-- (\w+) -->\n(.*?)<!-- end -->", page.read_text(), re.DOTALL
    ):
        assert table == SECTIONS[name](), f"run: python -m glamor_ros.nodes.documentation {name}"


def test_the_index_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\((\w+\.md)\)", (DOCS / "index.md").read_text()))
    assert linked == {page.name for page in PAGES} - {"index.md"}


def test_sphinx_builds_them_without_a_warning(tmp_path: Path) -> None:
    for module in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(module)
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    built = subprocess.run(
        [*command, "-b", "html", "-d", tmp_path / "doctrees", DOCS, tmp_path / "html"],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    assert 'href="troubleshooting.html"' in (tmp_path / "html" / "index.html").read_text()


def written_texts() -> Iterator[str]:
    """Every text in the package's code; what a formatted one is filled with is a placeholder."""
    for path in (REPOSITORY / "glamor_ros").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                parts = (getattr(part, "value", None) for part in node.values)
                yield "".join(part if isinstance(part, str) else PLACEHOLDER for part in parts)


def test_the_log_lines_of_the_troubleshooting_are_the_package_s() -> None:
    page = (DOCS / "troubleshooting.md").read_text()
    lines = re.findall(r"^```\n(.+?)\n```$", page, re.MULTILINE)
    assert len(lines) > 15
    texts = set(written_texts())
    for line in lines:
        known = line.removesuffix(PLACEHOLDER).rstrip()
        assert any(known in text for text in texts), f"nothing in the package writes {line!r}"
