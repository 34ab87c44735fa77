"""The README's code runs as it stands, but for the paths that a reader would put in."""

import doctest
import re
from pathlib import Path

import numpy as np

from skeleton_aug.transforms import shear
from skeleton_data import convert
from skeleton_data.synthetic import synthesize

README = Path(__file__).parents[1] / "README.md"


def test_python_blocks(tmp_path):
    """Both blocks, one after the other, on a small simulated store: shapes are those that the comments name."""
    synthesize(tmp_path / "raw", performances=4)
    convert("ntu60", tmp_path / "raw", tmp_path / "ntu60.h5")
    code = "\n".join(re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL))
    code = code.replace('"ntu60.h5"', repr(str(tmp_path / "ntu60.h5"))).replace("batch_size=256", "batch_size=2")
    names: dict[str, np.ndarray] = {}
    exec(compile(code, str(README), "exec"), names)
    assert names["view"].shape == (2, 150, 25, 3) and names["many"].shape == (2, 3, 150, 25, 2)
    assert names["first"].shape == names["second"].shape == (2, 3, 150, 25, 1)


def test_docstring_examples():
    """Examples in docstrings give what they show."""
    result = doctest.testmod(shear, extraglobs={"np": np})
    assert result.attempted and not result.failed
