"""A part of the tests once more with kernels as plain Python: what they do must not hang on how Numba reads them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent.relative_to(ROOT).as_posix()
PART = [
    f"{HERE}/test_kernels_layout.py",
    f"{HERE}/test_randomness.py::test_words_are_numpys_philox",
    f"{HERE}/test_randomness.py::test_draws_do_not_depend_on_order",
    "tests/skeleton_data/formats/test_ntu_text.py",
]


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="all tests run without compilation")
def test_the_tests_pass_without_compilation():
    """Words are NumPy's, layouts are right, and the parser reads and refuses as it should, in plain Python too."""
    settings = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *PART]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
