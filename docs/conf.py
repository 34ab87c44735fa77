"""Sphinx configuration. Draws the gallery and runs the notebook before it reads the pages."""

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

project = "skeleton-aug"
author = "The skeleton-aug authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "**.ipynb"]
html_theme = "pydata_sphinx_theme"
# Pages that stand alone have no section to navigate.
html_sidebars = {"index": [], "tutorial": [], "gallery/index": []}
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False, "header_links_before_dropdown": 7}
html_title = "skeleton-aug"
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
myst_heading_anchors = 3


def prepare(app: Any) -> None:
    """Make what the pages show."""
    from docs.notebook import execute
    from docs.pictures.gallery import draw_gallery

    draw_gallery(HERE / "gallery")
    execute(HERE / "tutorial.ipynb")


def setup(app: Any) -> None:
    """Let Sphinx prepare before it reads."""
    app.connect("builder-inited", prepare)
