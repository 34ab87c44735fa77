"""Rounds in which every contestant takes its turn, the machine they ran on, and tables."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
import scipy

Call = Callable[[], object]
Clock = Callable[[], float]
WALL, CPU = time.perf_counter, time.thread_time


@dataclass(frozen=True)
class Contestant:
    """Something to time.

    Attributes
    ----------
    call : callable
        Without arguments.
    floor : str, optional
        Name of the contestant that it is compared with, in the same round.
    samples : int, optional
        Samples that a call serves, where they are not as many as others' calls do.
    """

    call: Call
    floor: str | None = None
    samples: int | None = None


@dataclass(frozen=True)
class Timing:
    """Microseconds per sample over rounds, and the median over rounds of the ratio to the floor."""

    median_us: float
    iqr_us: float
    ratio: float | None = None


Timings = dict[str, Timing]


def measure(
    contestants: Mapping[str, Contestant], *, rounds: int, samples: int = 1, repeats: int = 1, clock: Clock = WALL
) -> Timings:
    """Time all contestants in turn in every round, so that a busy machine slows each of them alike.

    Parameters
    ----------
    samples : int
        Samples that one call serves; times are divided by it.
    repeats : int
        Calls that are timed together, for those that are too short for the clock.
    """
    for contestant in contestants.values():
        contestant.call()
    names = list(contestants)
    taken = np.empty((rounds, len(names)))
    for row in taken:
        for i, contestant in enumerate(contestants.values()):
            call = contestant.call
            begin = clock()
            for _ in range(repeats):
                call()
            row[i] = (clock() - begin) / ((contestant.samples or samples) * repeats) * 1e6
    low, middle, high = np.percentile(taken, [25, 50, 75], axis=0)
    timings = {}
    for i, name in enumerate(names):
        floor = contestants[name].floor
        # A clock may be too coarse to see a small copy.
        against = None if floor is None else np.maximum(taken[:, names.index(floor)], 1e-3)
        ratio = None if against is None else float(np.median(taken[:, i] / against))
        timings[name] = Timing(float(middle[i]), float(high[i] - low[i]), ratio)
    return timings


def describe_machine() -> dict[str, str]:
    """Versions, processor and threads."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), cpu)
    return {
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "SciPy": scipy.__version__,
        "Numba": numba.__version__,
        "CPU": cpu,
        "os.cpu_count()": str(os.cpu_count()),
        "cores it may use": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "unset"),
    }


def number(value: float | None, digits: int = 1) -> str:
    """Format a number for a table; nothing for None."""
    return "" if value is None else f"{value:.{digits}f}"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """Lay out a table whose first column is text and whose others are numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def timings_table(title: str, timings: Timings, ratio: str = "x copy") -> str:
    """Median, interquartile range and ratio of every contestant."""
    rows = [[name, number(t.median_us), number(t.iqr_us), number(t.ratio)] for name, t in timings.items()]
    return markdown([title, "median µs", "IQR µs", ratio], rows)


def plain(value: Any) -> Any:
    """Return timings in nested dicts as JSON has them."""
    if isinstance(value, Timing):
        return asdict(value)
    return {key: plain(inner) for key, inner in value.items()} if isinstance(value, Mapping) else value
