import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.skeleton_aug import plain

ROOT = Path(__file__).parents[2]


def test_plain_python_gives_the_same(tmp_path):
    """Kernels give the same with and without compilation, to rounding, and neither warns: what one reads, happens."""
    command = [sys.executable, "-W", "error", "-m", "tests.skeleton_aug.plain", str(tmp_path / "plain.npz")]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "plain.npz") as interpreted:
        compiled = list(plain.results())
        assert len(interpreted) == len(compiled)
        for i, (what, numbers) in enumerate(compiled):
            assert interpreted[str(i)].dtype == numbers.dtype, what
            np.testing.assert_allclose(interpreted[str(i)], numbers, rtol=1e-5, atol=1e-5, err_msg=what)
