"""Speed of data sets: opening and reading stores, parsing text, and converting it.

``python -m benchmarks.data [--only SECTION] [--quick] [--cpu-time] [--json FILE]``

One process and one thread, warm: files lie in the page cache. All contestants of a section take their turn in every
round, so that a busy machine slows each of them alike; tables give the median and the interquartile range over rounds,
and the median over rounds of the ratio to the floor measured in the same round.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from benchmarks.line_reader import read_lines
from benchmarks.measure import (
    CPU,
    WALL,
    Clock,
    Contestant,
    Timings,
    describe_machine,
    markdown,
    measure,
    number,
    plain,
    timings_table,
)
from skeleton_data import Store, convert, repack
from skeleton_data.formats.ntu import NTU120
from skeleton_data.formats.ntu_text import parse
from skeleton_data.raw import Listing, RawBody, RawItem, RawSequence
from skeleton_data.splits import Split
from skeleton_data.synthetic import synthesize
from skeleton_data.synthetic.grid import GridPerformance, grid
from skeleton_data.synthetic.performances import CAMERAS

LONGEST_OPEN_SECONDS, LEAST_TIMES_FROMSTRING, LEAST_CONVERTED, MOST_COPIES = 0.2, 6.0, 100.0, 2.0
"""Targets: seconds to open; times np.fromstring; MB of text per second; copies of the bytes that are read."""

OURS, FROMSTRING, LINES = "skeleton_data", 'np.fromstring(sep=" ")', "Python, line by line"


@dataclass(frozen=True)
class Run:
    """How much is measured, and where files may be written."""

    rounds: int
    quick: bool
    clock: Clock
    folder: Path

    def time(self, contestants: dict[str, Contestant], samples: int = 1) -> Timings:
        """Time the contestants; one call of each serves so many samples."""
        return measure(contestants, rounds=self.rounds, samples=samples, clock=self.clock)


def star(missed: bool) -> str:
    return " *" if missed else ""


class Made:
    """A format of recordings by three cameras each, of one body, without any files."""

    name, skeleton, class_names = "ntu120", NTU120.skeleton, NTU120.class_names

    def __init__(self, performances: Sequence[GridPerformance], lengths: NDArray[np.int64]) -> None:
        seen = sorted((p.sample(camera), p, camera) for p in performances for camera in CAMERAS)
        self._seen = {name: (i, p, camera) for i, (name, p, camera) in enumerate(seen)}
        self._lengths = lengths
        # Each recording is another piece of it, so that none is the copy of another.
        n_rows = len(lengths) + int(lengths.max())
        self._rows = np.random.Generator(np.random.Philox(0)).standard_normal((n_rows, 25, 3), np.float32)

    def find(self, source: Path) -> Listing:
        """One item for each recording."""
        return Listing([RawItem(name, source / f"{name}.skeleton", size=250_000) for name in self._seen])

    def read(self, item: RawItem) -> list[RawSequence]:
        """The recording of this name."""
        i, p, camera = self._seen[item.name]
        n = int(self._lengths[i])
        body = RawBody(2**56 + i, np.arange(n, dtype=np.int32), self._rows[i : i + n])
        numbers = p.subject, camera, p.setup, p.replication
        return [RawSequence(item.name, n, [body], p.label, p.name, *numbers, source_digest=f"{i:032x}")]

    def splits(self, samples: NDArray[np.void]) -> Mapping[str, Split]:
        """Those of NTU-120."""
        return NTU120().splits(samples)


def write_store(path: Path, performances: Sequence[GridPerformance], lengths: NDArray[np.int64]) -> Path:
    """Write a store of recordings of the given lengths."""
    convert(Made(performances, lengths), path.parent, path, force=True)
    return path


def open_store(run: Run) -> tuple[str, Timings]:
    """Opening a store of the size of NTU-120, beside reading the bytes of its tables."""
    performances = grid("ntu120", 40 if run.quick else None)
    n = len(CAMERAS) * len(performances)
    path = write_store(run.folder / "open.h5", performances, np.ones(n, np.int64))

    def tables() -> None:
        with h5py.File(path) as file:
            for table in ("samples", "tracks", "sources", "performances", "classes"):
                _ = file[table][()]

    ours, floor = f"Store.open, {n:,} samples", "h5py reads all tables"
    timings = run.time({floor: Contestant(tables), ours: Contestant(lambda: Store.open(path), floor)})
    rows = [
        [name + star(name == ours and t.median_us > LONGEST_OPEN_SECONDS * 1e6), number(t.median_us / 1e3),
         number(t.iqr_us / 1e3), number(t.ratio)]
        for name, t in timings.items()
    ]  # fmt: skip
    return markdown(["", "median ms", "IQR ms", "x h5py"], rows), timings


def read(run: Run) -> tuple[str, Timings]:
    """Reading 512 samples in random order, beside a copy of as many bytes that lie in one piece."""
    n_performances, n_read = (40, 32) if run.quick else (1400, 512)
    rng = np.random.Generator(np.random.Philox(1))
    performances = grid("ntu120", n_performances)
    lengths = rng.integers(30, 200, len(CAMERAS) * n_performances)
    store = Store.open(write_store(run.folder / "read.h5", performances, lengths))
    packed = Store.open(repack(store.path, run.folder / "packed.h5", force=True))
    chosen = rng.choice(len(store), n_read, replace=False)
    n_rows = int(lengths[chosen].sum())
    source, out = (np.ones((n_rows, 25, 3), np.float32) for _ in range(2))
    floor = "np.copyto of the same bytes"
    contestants = {
        floor: Contestant(lambda: np.copyto(out, source)),
        "Store.read into a buffer": Contestant(lambda: store.read(chosen, out=out), floor),
        "np.copyto into fresh memory": Contestant(lambda: np.copyto(np.empty_like(source), source), floor),
        "Store.read into fresh memory": Contestant(lambda: store.read(chosen), floor),
        "one after the other, store[i]": Contestant(lambda: [store[i] for i in chosen.tolist()], floor),
        "Store.read, compressed with lzf": Contestant(lambda: packed.read(chosen, out=out), floor),
    }
    timings = run.time(contestants, n_read)
    table = timings_table("reading, per sample", timings)
    slow = (timings["Store.read into a buffer"].ratio or 0) > MOST_COPIES
    return table.replace("Store.read into a buffer |", f"Store.read into a buffer{star(slow)} |"), timings


def speed_table(title: str, n_bytes: int, timings: Timings, least: dict[str, float]) -> str:
    """Megabytes per second, and how many times as fast as the floor."""
    rows = []
    for name, t in timings.items():
        speed, times = n_bytes / t.median_us, None if t.ratio is None else 1 / t.ratio
        missed = speed < least.get(f"{name}, MB/s", 0) or (times or np.inf) < least.get(name, 0)
        rows.append([name + star(missed), number(speed), number(n_bytes * t.iqr_us / t.median_us**2), number(times)])
    return markdown([title, "MB/s", "IQR MB/s", "x floor"], rows)


def texts(run: Run, performances: int) -> list[Path]:
    """Simulated files of NTU-60, 0.27 MB each."""
    return synthesize(run.folder / "raw", performances=performances)


def parsing(run: Run) -> tuple[str, Timings]:
    """Reading the text of files that lie in memory."""
    files = [path.read_bytes() for path in texts(run, 2 if run.quick else 12)]
    n_bytes = sum(map(len, files))
    contestants = {
        FROMSTRING: Contestant(lambda: [np.fromstring(data, sep=" ") for data in files]),
        OURS: Contestant(lambda: [parse(data, "file") for data in files], FROMSTRING),
        LINES: Contestant(lambda: [read_lines(data) for data in files], FROMSTRING),
    }
    timings = run.time(contestants)
    return speed_table("parsing, one thread", n_bytes, timings, {OURS: LEAST_TIMES_FROMSTRING}), timings


def converting(run: Run) -> tuple[str, Timings]:
    """Files to store: read, parse, choose bodies, take checksums and digests, write, flush to the disk."""
    paths = texts(run, 2 if run.quick else 100)
    n_bytes = sum(path.stat().st_size for path in paths)
    floor, whole = "reading the files alone", "skeleton-data convert, one process"
    contestants = {
        floor: Contestant(lambda: [path.read_bytes() for path in paths]),
        whole: Contestant(lambda: convert("ntu60", run.folder / "raw", run.folder / "out.h5", force=True), floor),
        f"{LINES}, parsing alone": Contestant(lambda: [read_lines(path.read_bytes()) for path in paths], floor),
    }
    timings = run.time(contestants)
    return speed_table("converting", n_bytes, timings, {f"{whole}, MB/s": LEAST_CONVERTED}), timings


SECTIONS: dict[str, Callable[[Run], tuple[str, Any]]] = {
    "open": open_store,
    "read": read,
    "parse": parsing,
    "convert": converting,
}


def main(arguments: list[str]) -> None:
    """Run what is asked for and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SECTIONS, help="one section")
    parser.add_argument("--quick", action="store_true", help="little data and few rounds, to see that it runs")
    parser.add_argument("--cpu-time", action="store_true", help="count this thread's time, for busy machines")
    parser.add_argument("--json", type=Path, help="also write the results there")
    options = parser.parse_args(arguments)
    rounds, clock = 3 if options.quick else 11, "CPU time" if options.cpu_time else "wall clock"
    machine = {**describe_machine(), "h5py": h5py.__version__, "HDF5": h5py.version.hdf5_version}
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(f"{rounds} rounds, {clock}, one thread. * misses a target.")
    found = {}
    for name in [options.only] if options.only else SECTIONS:
        with tempfile.TemporaryDirectory(prefix="skeleton-data-benchmark-") as folder:
            run = Run(rounds, options.quick, CPU if options.cpu_time else WALL, Path(folder))
            text, found[name] = SECTIONS[name](run)
        print(f"\n### {name.capitalize()}\n\n{text}", flush=True)
    if options.json:
        results = {"machine": machine, "settings": {"rounds": rounds, "clock": clock}, "sections": plain(found)}
        options.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
