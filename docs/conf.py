"""How Sphinx builds these pages (`make docs`); they read as plain Markdown, too."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from sphinx.application import Sphinx

_manifest = ElementTree.parse(Path(__file__).resolve().parent.parent / "package.xml").getroot()

project = "glamor_ros"
author = "glamor_ros contributors"
release = _manifest.findtext("version", "")
extensions = ["myst_parser"]
html_theme = "furo"
html_title = f"glamor_ros {release}"
# Headings can be linked to, as on a forge.
myst_heading_anchors = 3


def setup(app: Sphinx) -> None:
    """What lies outside this folder is no page: links to it become downloads."""

    def link_files(app: Sphinx, page: str, source: list[str]) -> None:
        source[0] = source[0].replace("](../", "](path:../")

    app.connect("source-read", link_files)
