"""Examples in docstrings give what they show."""

import doctest
import pkgutil
from importlib import import_module

import numpy as np
import pytest

import skeleton_aug

MODULES = [module.name for module in pkgutil.walk_packages(skeleton_aug.__path__, "skeleton_aug.")]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    """They run with NumPy and the package's names at hand."""
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
