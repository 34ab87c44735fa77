"""Time until the package is there, and until its first result: in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

IMPORT, COLD, WARM = "import skeleton_aug", "first aggressive(x), nothing compiled before", "first aggressive(x), warm"
MOST = {IMPORT: 0.5, COLD: 15.0}
"""Targets in seconds."""
_ROOT = Path(__file__).resolve().parent.parent
_TIMED = "import time; begin = time.perf_counter(); {}; print(time.perf_counter() - begin)"
_FIRST = (
    "import numpy as np; from skeleton_aug import presets; x = np.ones((2, 150, 25, 3), np.float32); "
    "x *= np.arange(1, 26, dtype=np.float32)[:, None]; a = presets.aggressive(); " + _TIMED.format("a(x, seed=0)")
)


def seconds(*, quick: bool) -> dict[str, float]:
    """Imports, best of five, and first calls with an empty and a full cache; ``quick`` imports once and no more."""
    times = 1 if quick else 5
    found = {
        "import numpy": min(_run(_TIMED.format("import numpy")) for _ in range(times)),
        IMPORT: min(_run(_TIMED.format("import skeleton_aug")) for _ in range(times)),
    }
    if not quick:
        with tempfile.TemporaryDirectory() as folder:
            found[COLD] = _run(_FIRST, NUMBA_CACHE_DIR=folder)
            found[WARM] = min(_run(_FIRST, NUMBA_CACHE_DIR=folder) for _ in range(times))
    return found


def _run(code: str, **environment: str) -> float:
    """Seconds that the code prints; the first import of numpy may read from the disk, so best of some is asked for."""
    paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
