"""Speed of augmentation, beside the best NumPy/SciPy forms and bare copies of the same bytes.

``python -m benchmarks.augmentation [--only SECTION] [--quick] [--cpu-time] [--json FILE]``

One thread, warm, unless a section says otherwise. All contestants of a section take their turn in every round, so that
a busy machine slows each of them alike; tables give the median and the interquartile range over rounds of the time per
sample, and the median over rounds of the ratio to the copy made in the same round.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import pairs, startup, twins_time
from benchmarks.forms import Floats
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
from skeleton_aug import Compose, FitLength, Resample, Samples, SavitzkyGolay, Shear, SideDrop, TemporalShift, presets
from skeleton_aug.presets import Channels

N_BODIES, N_FRAMES, N_JOINTS = 2, 150, 25
Pair = tuple[Compose, Compose]
FILTERS = ("GaussianBlur", "SavitzkyGolay")
IN_CACHE = 64
"""Samples of a batch that, with both views of it, stay in a last cache of 32 MB."""
MOST_COPIES, MOST_COPIES_FILTERS, MOST_SINGLE_US = 2.0, 4.0, 60.0


@dataclass(frozen=True)
class Run:
    """How much is measured."""

    n: int
    rounds: int
    repeats: int
    clock: Clock
    quick: bool

    def batch(self, contestants: dict[str, Contestant], clock: Clock | None = None) -> Timings:
        """Time calls that serve a whole batch."""
        return measure(contestants, rounds=self.rounds, samples=self.n, clock=clock or self.clock)

    def single(self, contestants: dict[str, Contestant]) -> Timings:
        """Time calls that serve one sample."""
        return measure(contestants, rounds=self.rounds, repeats=self.repeats, clock=self.clock)


def make_batch(n: int) -> Floats:
    """Paths of bodies some metres before a sensor, without gaps."""
    rng = np.random.Generator(np.random.Philox(0))
    steps = np.cumsum(rng.normal(0, 0.02, (n, N_BODIES, N_FRAMES, N_JOINTS, 3)), axis=2)
    x = rng.normal(0, 0.3, (n, N_BODIES, 1, N_JOINTS, 3)) + steps
    batch: Floats = (x + np.array([0, 0, 3])).astype(np.float32)
    return batch


def pipelines(*, normalize: bool = True, channels: Channels = "joint") -> Pair:
    """Aggressive and conservative, with or without their first step."""
    if normalize:
        return presets.aggressive(channels=channels), presets.conservative(channels=channels)
    fit = FitLength(n_frames=N_FRAMES, crop="random")
    shake = [Resample(), fit, Shear(), TemporalShift(), SideDrop(p=0.5)]
    return Compose([SavitzkyGolay(p=0.5), *shake]), Compose([Resample(), fit])


def outputs(n: int, n_channels: int = 3) -> list[Floats]:
    """Two views of a batch, touched."""
    return [np.zeros((n, n_channels, N_FRAMES, N_JOINTS, N_BODIES), np.float32) for _ in range(2)]


def ours(pair: Pair, source: Samples | Floats, outs: list[Floats], threads: int = 1) -> Callable[[], object]:
    """Draw and apply both views."""

    def call() -> None:
        for view, (pipeline, out) in enumerate(zip(pair, outs, strict=True)):
            pipeline(source, seed=0, view=view, out=out, layout="model", threads=threads)

    return call


def copies(outs: list[Floats]) -> Callable[[], object]:
    """Write the same bytes."""
    # Zeros would all be read from one page that never leaves the cache.
    source = np.ones_like(outs[0])

    def call() -> None:
        for out in outs:
            np.copyto(out, source)

    return call


def numpy_views(x: Floats, outs: list[Floats], *, normalize: bool, bones: bool = False) -> Callable[[], object]:
    """Draw and apply both views in NumPy and SciPy."""
    rng = np.random.Generator(np.random.SFC64(0))

    def call() -> None:
        for aggressive, out in zip((True, False), outs, strict=True):
            drawn = twins_time.draw_view(rng, (len(x),), N_FRAMES, aggressive=aggressive)
            twins_time.view(x, out, drawn, normalize=normalize, bones=bones)

    return call


def views(run: Run) -> tuple[str, Timings]:
    """Two views of the paper."""
    x = make_batch(run.n)
    samples, outs, wide = Samples.from_arrays(x), outputs(run.n), outputs(run.n, 6)
    bare, full, bones = pipelines(normalize=False), pipelines(), pipelines(channels="joint+bone")
    copy, copy_wide = "np.copyto of both views", "np.copyto of both views with bones"
    timings = run.batch(
        {
            copy: Contestant(copies(outs)),
            "skeleton_aug": Contestant(ours(bare, samples, outs), copy),
            "NumPy/SciPy": Contestant(numpy_views(x, outs, normalize=False), copy),
            "skeleton_aug, normalised": Contestant(ours(full, samples, outs), copy),
            "skeleton_aug, normalised, from bare arrays": Contestant(ours(full, x, outs), copy),
            "skeleton_aug, normalised, drawing alone": Contestant(
                lambda: [pipeline.plan(samples, seed=0, view=view) for view, pipeline in enumerate(full)], copy
            ),
            "NumPy/SciPy, normalised": Contestant(numpy_views(x, outs, normalize=True), copy),
            copy_wide: Contestant(copies(wide)),
            "skeleton_aug, normalised, with bones": Contestant(ours(bones, samples, wide), copy_wide),
            "NumPy/SciPy, normalised, with bones": Contestant(
                numpy_views(x, wide, normalize=True, bones=True), copy_wide
            ),
        }
    )
    return timings_table("two views, per sample", timings), timings


def transforms(run: Run) -> tuple[str, dict[str, Timings]]:
    """Each transform alone, for a batch and for one sample."""
    x, rng = make_batch(run.n), np.random.Generator(np.random.SFC64(0))
    samples, one = Samples.from_arrays(x), x[0].copy()
    own, plain_forms = pairs.transforms(N_FRAMES), pairs.twins(N_FRAMES)
    many: dict[str, Contestant] = {}
    single: dict[str, Contestant] = {}
    results: dict[int, Floats] = {}
    for name, pipeline in own.items():
        twin = plain_forms[name]
        probe = np.asarray(pipeline(x[:1], seed=0, layout="model"))
        size = probe.size
        if size not in results:
            results[size] = np.zeros((run.n, *probe.shape[1:]), np.float32)
            many[f"copy of {size}"] = Contestant(copies([results[size]]))
        many[name] = Contestant(_batch_of_ours(pipeline, samples, results[size]), f"copy of {size}")
        many[f"{name}, NumPy/SciPy"] = Contestant(_batch_of_twin(twin, x, results[size], rng), f"copy of {size}")
        single[name] = Contestant(_one_of_ours(pipeline, one))
        single[f"{name}, NumPy/SciPy"] = Contestant(_one_of_twin(twin, one, rng))
    timings = {"batch": run.batch(many), "single": run.single(single)}
    return transforms_table(list(own), timings["batch"], timings["single"]), timings


def _batch_of_ours(pipeline: Any, samples: Samples, out: Floats) -> Callable[[], object]:
    return lambda: pipeline(samples, seed=0, out=out, layout="model")


def _batch_of_twin(twin: Any, x: Floats, out: Floats, rng: Any) -> Callable[[], object]:
    return lambda: twin.run(x, out, twin.draw(rng, (len(x),), N_FRAMES))


def _one_of_ours(pipeline: Any, x: Floats) -> Callable[[], object]:
    return lambda: pipeline(x, seed=0)


def _one_of_twin(twin: Any, x: Floats, rng: Any) -> Callable[[], object]:
    return lambda: twin.one(x, *twin.draw(rng, (), N_FRAMES))


def transforms_table(names: list[str], batch: Timings, single: Timings) -> str:
    """One row a transform; a star marks what misses its target."""
    rows = []
    for name in names:
        most = MOST_COPIES_FILTERS if name in FILTERS else MOST_COPIES
        mine, other, ratio = batch[name], batch[f"{name}, NumPy/SciPy"], batch[name].ratio or 0.0
        alone, other_alone = single[name].median_us, single[f"{name}, NumPy/SciPy"].median_us
        copied = number(ratio) + star(ratio > most)
        many = [number(mine.median_us), number(mine.iqr_us), copied, number(other.median_us)]
        rows.append([name, *many, number(alone) + star(alone > other_alone), number(other_alone)])
    head = ["alone, µs per sample", "batch", "IQR", "x copy", "NumPy/SciPy", "one sample", "NumPy/SciPy, one"]
    return markdown(head, rows)


def star(missed: bool) -> str:
    """Mark what misses its target."""
    return " *" if missed else ""


def single(run: Run) -> tuple[str, Timings]:
    """The paper's pipelines, called for one sample."""
    x, rng = make_batch(1)[0], np.random.Generator(np.random.SFC64(0))
    aggressive, conservative = pipelines()

    def twin(hard: bool) -> Callable[[], object]:
        return lambda: twins_time.view_one(x, twins_time.draw_view(rng, (), N_FRAMES, aggressive=hard))

    copy, out = "np.copyto of one view", np.zeros_like(x)
    timings = run.single(
        {
            copy: Contestant(lambda: np.copyto(out, x)),
            "aggressive(x, seed=0)": Contestant(lambda: aggressive(x, seed=0), copy),
            "aggressive in NumPy/SciPy": Contestant(twin(True), copy),
            "conservative(x, seed=0)": Contestant(lambda: conservative(x, seed=0), copy),
            "conservative in NumPy/SciPy": Contestant(twin(False), copy),
        }
    )
    slow = timings["aggressive(x, seed=0)"].median_us > MOST_SINGLE_US
    table = timings_table("one sample", timings)
    return table.replace("| aggressive(x, seed=0) |", f"| aggressive(x, seed=0){star(slow)} |"), timings


def copies_in(outs: list[Floats], threads: int) -> Callable[[], object]:
    """Write the same bytes in several threads, each its share of the samples."""
    edges = [len(outs[0]) * k // threads for k in range(threads + 1)]
    parts = [copies([out[a:b] for out in outs]) for a, b in pairwise(edges)]
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(lambda part: part(), parts))


def threads(run: Run) -> tuple[str, Timings]:
    """Two normalised views in one and two threads, beside copies of them; always by the clock on the wall."""
    contestants: dict[str, Contestant] = {}
    for n in sorted({run.n, min(run.n, IN_CACHE)}):
        samples, outs = Samples.from_arrays(make_batch(n)), outputs(n)
        for what, call in (
            ("views", lambda k, x=samples, y=outs: ours(pipelines(), x, y, threads=k)),
            ("copies", lambda k, y=outs: copies_in(y, k)),
        ):
            one, two = (f"{what} of {n} samples, {count}" for count in ("one thread", "two threads"))
            contestants[one] = Contestant(call(1), None, n)
            contestants[two] = Contestant(call(2), one, n)
    timings = run.batch(contestants, WALL)
    return timings_table("normalised, per sample", timings, "x one thread"), timings


def with_gaps(x: Floats) -> dict[str, Floats]:
    """The same batch with what recordings lack."""
    rng = np.random.Generator(np.random.Philox(2))
    n = len(x)
    absent, late, frames, joints = (x.copy() for _ in range(4))
    absent[:, 1] = 0
    for i, (begin, end) in enumerate(rng.integers(1, N_FRAMES // 3, (n, 2))):
        late[i, :, :begin] = late[i, :, N_FRAMES - end :] = 0
    frames[rng.random(x.shape[:3]) < 0.1] = 0
    joints[rng.random(x.shape[:4]) < 0.05] = 0
    return {
        "gapless": x,
        "second body absent": absent,
        "bodies come late and leave early": late,
        "10 % of the frames missing": frames,
        "5 % of the joints missing": joints,
    }


def gaps(run: Run) -> tuple[str, Timings]:
    """Two normalised views of samples in which something is missing."""
    outs, pair = outputs(run.n), pipelines()
    contestants = {
        name: Contestant(ours(pair, Samples.from_arrays(x), outs), None if name == "gapless" else "gapless")
        for name, x in with_gaps(make_batch(run.n)).items()
    }
    timings = run.batch(contestants)
    return timings_table("two views, normalised, per sample", timings, "x gapless"), timings


def start(run: Run) -> tuple[str, dict[str, float]]:
    """Importing and first calls, in processes of their own."""
    seconds = startup.seconds(quick=run.quick)
    rows = [[name, f"{value:.2f}" + star(value > startup.MOST.get(name, np.inf))] for name, value in seconds.items()]
    return markdown(["in a process of its own", "seconds"], rows), seconds


SECTIONS: dict[str, Callable[[Run], tuple[str, Any]]] = {
    "views": views,
    "transforms": transforms,
    "single": single,
    "threads": threads,
    "startup": start,
    "gaps": gaps,
}


def main(arguments: list[str]) -> None:
    """Run what is asked for and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SECTIONS, help="one section")
    parser.add_argument("--quick", action="store_true", help="a small batch and few rounds, to see that it runs")
    parser.add_argument("--cpu-time", action="store_true", help="count this thread's time, for busy machines")
    parser.add_argument("--json", type=Path, help="also write the results there")
    options = parser.parse_args(arguments)
    n, rounds, repeats = (8, 3, 2) if options.quick else (256, 21, 20)
    run = Run(n, rounds, repeats, CPU if options.cpu_time else WALL, options.quick)
    machine, clock = describe_machine(), "CPU time" if options.cpu_time else "wall clock"
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(
        f"Batch {n}, {rounds} rounds, {clock}, samples {(N_BODIES, N_FRAMES, N_JOINTS, 3)} float32. * misses a target."
    )
    found = {}
    for name in [options.only] if options.only else SECTIONS:
        text, found[name] = SECTIONS[name](run)
        print(f"\n### {name.capitalize()}\n\n{text}", flush=True)
    if options.json:
        settings = {"batch": n, "rounds": rounds, "clock": clock, "sample": [N_BODIES, N_FRAMES, N_JOINTS, 3]}
        results = {"machine": machine, "settings": settings, "sections": plain(found)}
        options.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
