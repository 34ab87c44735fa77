"""Code in the README, in the documentation and in docstrings runs as it stands, but for a reader's own paths."""

import doctest
import pkgutil
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import skeleton_aug
from skeleton_data import convert
from skeleton_data.synthetic import synthesize

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
# Pages that need something to run on have a test of their own, such as tests/skeleton_data/test_store_format.py.
ELSEWHERE = {"store-format", "viewing"}
PAGES = [
    page
    for page in sorted((README.parent / "docs").glob("*.md"))
    if BLOCK.search(page.read_text("utf-8")) and page.stem not in ELSEWHERE
]
MODULES = [module.name for module in pkgutil.walk_packages(skeleton_aug.__path__, "skeleton_aug.")]


def test_python_blocks(tmp_path):
    """Both blocks, one after the other, on a small simulated store: shapes are those that the comments name."""
    synthesize(tmp_path / "raw", performances=4)
    convert("ntu60", tmp_path / "raw", tmp_path / "ntu60.h5")
    code = "\n".join(BLOCK.findall(README.read_text("utf-8")))
    code = code.replace('"ntu60.h5"', repr(str(tmp_path / "ntu60.h5"))).replace("batch_size=256", "batch_size=2")
    names: dict[str, np.ndarray] = {}
    exec(compile(code, str(README), "exec"), names)
    assert names["view"].shape == (2, 150, 25, 3) and names["many"].shape == (2, 3, 150, 25, 2)
    assert names["first"].shape == names["second"].shape == (2, 3, 150, 25, 1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_blocks_of_other_pages(page, tmp_path, monkeypatch):
    """One block after the other as one module in an empty folder, and then the tests that it defines."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": f"docs_{page.stem}"}
    exec(compile("\n".join(BLOCK.findall(page.read_text("utf-8"))), str(page), "exec"), names)
    for test in [value for name, value in names.items() if name.startswith("test_")]:
        cases = [{mark.args[0]: case} for mark in getattr(test, "pytestmark", ()) for case in mark.args[1]]
        for case in cases or [{}]:
            test(**case)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    """Examples in docstrings give what they show, with NumPy and the package's names at hand."""
    if name == "skeleton_aug.torch":
        pytest.importorskip("torch")
    names = {name: getattr(skeleton_aug, name) for name in skeleton_aug.__all__}
    result = doctest.testmod(import_module(name), extraglobs={"np": np, **names})
    assert not result.failed


def test_there_are_examples():
    """The transforms, at least, show how they are used."""
    finder = doctest.DocTestFinder()
    shown = [t for t in skeleton_aug.transforms.__all__ if finder.find(getattr(skeleton_aug, t))[0].examples]
    assert len(shown) > len(skeleton_aug.transforms.__all__) / 2
