"""The reference has every public name."""

import re
from importlib import import_module

import pytest

from tests.docs.blocks import ROOT

REFERENCE = (ROOT / "docs/api.md").read_text("utf-8")
WHOLE = re.findall(r"automodule:: (\S+)\n   :members:\n", REFERENCE)
"""Modules that are listed with all that they hold."""
NAMED = set(re.findall(r":: (skeleton_\S+)", REFERENCE))


@pytest.mark.parametrize("package", ["skeleton_aug", "skeleton_data"])
def test_every_public_name_is_in_the_reference(package):
    """Named itself, or a member of a module that is listed as a whole."""
    module = import_module(package)
    members = {name for whole in WHOLE for name in getattr(import_module(whole), "__all__", ())}
    lacking = [
        name
        for name in module.__all__
        if f"{package}.{name}" not in NAMED and name not in members and not name.startswith("__")
    ]
    assert not lacking
