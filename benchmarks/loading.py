"""Speed of loading: batches of views from a store, beside the kernels alone and a plain loop over PyTorch's loader.

``python -m benchmarks.loading [--only SECTION] [--quick] [--plot FILE] [--json FILE] [--soak N]``

All contestants of a section take their turn in every round, so that a busy machine slows each of them alike; tables
give the median and the interquartile range over rounds, and the median of the ratio measured in the same round. By the
clock on the wall: much of the work happens in other threads.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from benchmarks import twins_time
from benchmarks.forms import Floats
from benchmarks.measure import (
    Contestant,
    Timings,
    describe_machine,
    markdown,
    measure,
    number,
    plain,
    timings_table,
)
from benchmarks.twins import PARENTS
from skeleton_aug import presets
from skeleton_data import RawBody, RawSequence, Store, ViewLoader, convert_sequences

N_FRAMES = 150
LEAST_OF_KERNEL, LEAST_TIMES_PLAIN, MOST_BATCHES = 0.85, 25.0, 3.0
VIEWS = [presets.aggressive(channels="joint+bone"), presets.conservative(channels="joint+bone")]


@dataclass(frozen=True)
class Run:
    """How much is measured, and where files may be written."""

    rounds: int
    quick: bool
    folder: Path
    plot: Path | None = None

    @property
    def batch(self) -> int:
        """Recordings of a batch."""
        return 32 if self.quick else 512

    @property
    def n(self) -> int:
        """Recordings of an epoch."""
        return self.batch if self.quick else 4 * self.batch


def make_store(path: Path, n: int, n_frames: int = N_FRAMES, n_bodies: int = 2) -> Store:
    """A store of n recordings, each of them a performance of its own."""
    rng = np.random.Generator(np.random.Philox(0))
    rows = rng.standard_normal((n_frames * n_bodies + 4096, 25, 3), np.float32) * np.float32(0.3) + np.float32(2)
    frames = np.arange(n_frames, dtype=np.int32)

    def sequences() -> Iterator[RawSequence]:
        for i in range(n):
            at = i % 4000
            bodies = [
                RawBody(m, frames, rows[at + m * n_frames : at + (m + 1) * n_frames] + np.float32(i))
                for m in range(n_bodies)
            ]
            yield RawSequence(f"r{i:06}", n_frames, bodies, i % 60, f"p{i:06}", subject=i % 40)

    names = [f"class {k}" for k in range(60)]
    convert_sequences(sequences(), path, skeleton="kinect_v2", class_names=names, force=True)
    return Store.open(path)


class PlainViews(Dataset[Any]):
    """One recording at a time in NumPy and SciPy, as data sets for PyTorch usually are."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, i: int) -> tuple[Floats, Floats, int]:
        sample = self.store[i]
        rng = np.random.Generator(np.random.SFC64(i))
        views = [self._view(sample.positions, rng, aggressive=aggressive) for aggressive in (True, False)]
        return views[0], views[1], sample.label

    @staticmethod
    def _view(x: Floats, rng: np.random.Generator, *, aggressive: bool) -> Floats:
        joints = twins_time.view_one(x, twins_time.draw_view(rng, (), x.shape[1], aggressive=aggressive))
        both = np.concatenate([joints, joints - joints[:, :, PARENTS]], axis=-1)
        return np.ascontiguousarray(both.transpose(3, 1, 2, 0))


def epoch_of(loader: Any) -> Callable[[], object]:
    """Take every batch of an epoch, and no more."""

    def call() -> None:
        for _ in loader:
            pass

    return call


def kernel(store: Store, batch: int) -> Callable[[], object]:
    """Draw and apply the views of as many samples, into arrays that exist already."""
    parts = [store.describe(np.arange(i, i + batch)) for i in range(0, len(store), batch)]
    outs = [np.zeros((batch, 6, N_FRAMES, 25, 2), np.float32) for _ in VIEWS]

    def call() -> None:
        for part in parts:
            for view, (pipeline, out) in enumerate(zip(VIEWS, outs, strict=True)):
                pipeline(part, seed=0, view=view, out=out, layout="model")

    return call


def throughput(run: Run) -> tuple[str, Timings]:
    """Two views with bones: the kernels, the loader, and a plain loop."""
    n = run.n
    store = make_store(run.folder / "throughput.h5", n)
    settings: dict[str, Any] = {"batch_size": run.batch, "multi_view": True}
    usual = DataLoader(PlainViews(store), run.batch, shuffle=True, num_workers=1, persistent_workers=True)
    alone, ours, other = (
        "drawing and kernels alone",
        "ViewLoader, one thread",
        "PyTorch's loader, one worker, NumPy/SciPy",
    )
    timings = measure(
        {
            alone: Contestant(kernel(store, run.batch)),
            ours: Contestant(epoch_of(ViewLoader(store, np.arange(n), VIEWS, **settings)), alone),
            "ViewLoader, two threads": Contestant(
                epoch_of(ViewLoader(store, np.arange(n), VIEWS, threads=2, **settings)), alone
            ),
            "ViewLoader, tensors": Contestant(
                epoch_of(ViewLoader(store, np.arange(n), VIEWS, tensors=True, **settings)), alone
            ),
            other: Contestant(epoch_of(usual), alone),
        },
        rounds=run.rounds,
        samples=n,
    )
    table = timings_table("two views of 6 channels, per sample", timings, "x kernels")
    share, times = 1 / (timings[ours].ratio or 1), (timings[other].ratio or 0) / (timings[ours].ratio or 1)
    verdict = (
        f"The loader reaches {100 * share:.0f} % of the speed of its kernels (target: {100 * LEAST_OF_KERNEL:.0f} %), "
        f"and {times:.1f} times that of the plain loop in one worker (target: {LEAST_TIMES_PLAIN:.0f})."
    )
    return f"{table}\n\n{verdict}", timings


def memory(run: Run) -> tuple[str, dict[str, float]]:
    """Memory of this process that is no page of a file, while batches come and go."""
    n = run.n
    store = make_store(run.folder / "memory.h5", n)
    loader = ViewLoader(store, np.arange(n), VIEWS, batch_size=run.batch, multi_view=True)
    small = ViewLoader(store, np.arange(n), VIEWS, batch_size=8, multi_view=True, prefetch=0)
    next(small.epoch())
    before, most = anonymous_bytes(), 0
    for epoch in range(1 if run.quick else 4):
        for _ in loader.epoch(epoch):
            most = max(most, anonymous_bytes() - before)
    one = run.batch * 2 * 6 * N_FRAMES * 25 * 2 * 4
    found = {"a batch of two views, MB": one / 1e6, "growth at most, MB": most / 1e6, "batches": most / one}
    mark = " *" if found["batches"] > MOST_BATCHES else ""
    rows = [[name, number(value) + (mark if name == "batches" else "")] for name, value in found.items()]
    return markdown(["memory beside mapped files", ""], rows), found


def anonymous_bytes() -> int:
    """Resident memory of this process that belongs to no file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def scaling(run: Run) -> tuple[str, dict[str, Timings]]:
    """Batch sizes and threads."""
    n = run.n
    store = make_store(run.folder / "scaling.h5", n)
    sizes = (8, 16) if run.quick else (8, 32, 128, 512, 1024)
    found = {}
    for threads in (1, 2):
        contestants = {
            str(size): Contestant(
                epoch_of(ViewLoader(store, np.arange(n), VIEWS, batch_size=size, threads=threads, multi_view=True))
            )
            for size in sizes
        }
        found[f"{threads}"] = measure(contestants, rounds=max(3, run.rounds // 2), samples=n)
    rows = [[size, *(number(found[threads][size].median_us) for threads in found)] for size in map(str, sizes)]
    if run.plot is not None:
        _draw(found, run.plot)
    return markdown(["µs per sample; batch size", "one thread", "two threads"], rows), found


def _draw(found: dict[str, Timings], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.5), layout="constrained")
    for threads, timings in found.items():
        sizes = [int(size) for size in timings]
        axes.plot(sizes, [1e6 / t.median_us for t in timings.values()], "o-", label=f"{threads} thread(s)")
    axes.set(xscale="log", xlabel="batch size", ylabel="pairs of views per second", xticks=sizes)
    axes.set_xticklabels([str(size) for size in sizes])
    axes.set_ylim(bottom=0)
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def growth(run: Run) -> tuple[str, dict[str, dict[str, float]]]:
    """The first batch, and the others, as the data set grows."""
    found: dict[str, dict[str, float]] = {}
    pipelines = [presets.conservative(n_frames=16)] * 2
    for n in (200, 1_000) if run.quick else (1_000, 10_000, 114_480):
        store = make_store(run.folder / "growth.h5", n, 8, 1)
        loader = ViewLoader(store, np.arange(n), pipelines, batch_size=64, multi_view=True)
        for _ in range(2):
            begin = time.perf_counter()
            batches = loader.epoch()
            next(batches)
            first = time.perf_counter() - begin
            cast(Generator[object], batches).close()
        begin = time.perf_counter()
        count = sum(1 for _, _ in zip(range(200), loader.epoch(1), strict=False))
        found[f"{n:,}"] = {"first": first * 1e3, "each": (time.perf_counter() - begin) / count * 1e3}
    rows = [[n, number(times["first"], 2), number(times["each"], 2)] for n, times in found.items()]
    return markdown(["samples", "first batch, ms", "each of 200, ms"], rows), found


def soak(folder: Path, n_batches: int) -> str:
    """Small batches without end: memory, threads and pace of each tenth."""
    store = make_store(folder / "soak.h5", 200, 8, 1)
    views = [presets.conservative(n_frames=8)] * 2
    loader = ViewLoader(store, np.arange(len(store)), views, batch_size=4, multi_view=True, threads=2)
    rows: list[list[str]] = []
    done, begin = 0, time.perf_counter()
    while done < n_batches:
        done += sum(1 for _ in loader)
        if done * 10 >= n_batches * (len(rows) + 1):
            each = (time.perf_counter() - begin) / done * 1e3
            rows.append([f"{done:,}", number(each, 2), number(anonymous_bytes() / 1e6), str(threading.active_count())])
    return markdown(["batches", "ms each so far", "memory, MB", "threads between epochs"], rows)


SECTIONS: dict[str, Callable[[Run], tuple[str, Any]]] = {
    "throughput": throughput,
    "memory": memory,
    "scaling": scaling,
    "growth": growth,
}


def main(arguments: list[str]) -> None:
    """Run what is asked for and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SECTIONS, help="one section")
    parser.add_argument("--quick", action="store_true", help="small data and few rounds, to see that it runs")
    parser.add_argument("--plot", type=Path, help="draw the section on scaling there")
    parser.add_argument("--json", type=Path, help="also write the results there")
    parser.add_argument("--soak", type=int, metavar="N", help="instead: N batches of four small samples")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    machine = {**describe_machine(), "PyTorch": torch.__version__}
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        if options.soak:
            print(f"\n### Soak\n\n{soak(Path(folder), options.soak)}")
            return
        run = Run(3 if options.quick else 9, options.quick, Path(folder), options.plot)
        for name in [options.only] if options.only else SECTIONS:
            text, found[name] = SECTIONS[name](run)
            print(f"\n### {name.capitalize()}\n\n{text}", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "sections": plain(found)}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
