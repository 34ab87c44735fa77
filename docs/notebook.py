"""The tutorial as a notebook.

python -m docs.notebook     writes docs/tutorial.ipynb from docs/tutorial.md, and runs it
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

import jupytext
import nbclient
import nbformat

HERE = Path(__file__).parent
SECONDS = 300
_ROLE = re.compile(r"\{[\w:]+\}`([^`]+)`")
"""References of Sphinx, which a notebook shows as plain words."""


def write(page: Path, notebook: Path) -> None:
    """Make a notebook of a page: blocks of Python and of shell commands become cells, but for the installation."""
    made = jupytext.read(page, fmt="md")
    for number, cell in enumerate(made.cells):
        cell.id, cell.metadata = f"cell-{number}", {}
        if "pip install" in cell.source:
            body = cell.source.removeprefix("%%sh\n")
            made.cells[number] = nbformat.v4.new_markdown_cell(f"```sh\n{body}\n```", id=cell.id)
        elif cell.cell_type == "markdown":
            cell.source = _ROLE.sub(r"*\1*", cell.source.replace("<!-- parsed only -->", "")).strip()
    made.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(made, notebook)


def execute(notebook: Path) -> None:
    """Run all cells in an empty folder; an error in one of them is raised, with the cell."""
    made = nbformat.read(notebook, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        places = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        programs = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(places),
            "PATH": os.pathsep.join(programs),
            "MPLBACKEND": "agg",
        }
        client = nbclient.NotebookClient(made, timeout=SECONDS, resources={"metadata": {"path": folder}})
        client.execute(env=environment)


if __name__ == "__main__":
    write(HERE / "tutorial.md", HERE / "tutorial.ipynb")
    execute(HERE / "tutorial.ipynb")
