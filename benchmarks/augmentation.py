"""Speed of augmentation: two views of a batch, beside the best NumPy/SciPy form and a bare copy of the same bytes.

``python -m benchmarks.augmentation [--quick] [--json FILE]``

One thread, warm; set OMP_NUM_THREADS=1, or BLAS may take more for the NumPy form. All contestants run in turn in every
round, so that a busy machine slows each of them alike; the table gives the median and the interquartile range over
rounds of the time per sample, and the median over rounds of the ratio to the copy made in the same round.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from skeleton_aug import Compose, FitLength, Resample, Samples, SavitzkyGolay, Shear, SideDrop, TemporalShift, presets
from skeleton_aug.skeletons import KINECT_V2

N_BODIES, N_FRAMES, N_JOINTS = 2, 150, 25
Floats = NDArray[np.float32]


def make_batch(n: int) -> Floats:
    """Paths of bodies some metres before a sensor, without gaps."""
    rng = np.random.Generator(np.random.Philox(0))
    shape = (n, N_BODIES, N_FRAMES, N_JOINTS, 3)
    x = rng.normal(0, 0.3, (n, N_BODIES, 1, N_JOINTS, 3)) + np.cumsum(rng.normal(0, 0.02, shape), axis=2)
    batch: Floats = (x + np.array([0, 0, 3])).astype(np.float32)
    return batch


def canonical_frames(x: Floats) -> tuple[Floats, Floats]:
    """Rotation and origin of each sample from its first frame, for gapless data."""
    first = x[:, 0, 0]
    z = first[:, 1] - first[:, 0]
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    left = first[:, 4] - first[:, 8]
    left -= (left * z).sum(1, keepdims=True) * z
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    return np.stack([left, np.cross(z, left), z], axis=1), first[:, 0]


def numpy_view(x: Floats, out: Floats, rng: np.random.Generator, *, aggressive: bool, normalize: bool) -> None:
    """Either of the paper's pipelines in whole-batch NumPy and SciPy: one gather, one matrix product, one copy."""
    n, _, t, v, _ = x.shape
    rows = np.arange(n)
    matrix, origin = canonical_frames(x) if normalize else (np.eye(3, dtype=np.float32)[None], np.zeros((1, 3)))
    if aggressive:
        chosen = rng.random(n) < 0.5
        x = x.copy()
        x[chosen] = savgol_filter(x[chosen], 15, 2, axis=2, mode="interp")
        shear = np.ones((n, 3, 3), np.float32)
        shear[:, ~np.eye(3, dtype=bool)] = rng.uniform(-1, 1, (n, 6))
        matrix = shear @ matrix
    length = np.rint(t / rng.uniform(0.7, 1.3, n)).astype(np.int64)
    start = (rng.random(n) * (np.maximum(length - t, 0) + 1)).astype(np.int64)
    frames = (np.arange(t) + start[:, None]) % length[:, None]
    if aggressive:
        frames = frames[rows[:, None], (np.arange(t) + rng.integers(0, t + 1, n)[:, None]) % t]
    positions = frames * (t - 1) / np.maximum(length - 1, 1)[:, None]
    low = positions.astype(np.int64)
    high, share = np.minimum(low + 1, t - 1), (positions - low).astype(np.float32)[:, :, None, None, None]
    frames_first = x.transpose(0, 2, 1, 3, 4)
    y = frames_first[rows[:, None], low]
    y += share * (frames_first[rows[:, None], high] - y)
    if normalize:
        y -= origin[:, None, None, None].astype(np.float32)
    if normalize or aggressive:
        y = (y.reshape(n, -1, 3) @ matrix.transpose(0, 2, 1)).reshape(y.shape)
    if aggressive:
        keep = np.ones((3, v), np.float32)
        keep[1, list(KINECT_V2.left)] = keep[2, list(KINECT_V2.right)] = 0
        y *= keep[rng.choice(3, n, p=[0.5, 0.25, 0.25])][:, None, None, :, None]
    np.copyto(out, y.transpose(0, 4, 1, 3, 2))


def pipelines(*, normalize: bool) -> tuple[Compose, Compose]:
    """Aggressive and conservative, with or without their first step."""
    if normalize:
        return presets.aggressive(), presets.conservative()
    fit = FitLength(n_frames=N_FRAMES, crop="random")
    shake = [Resample(), fit, Shear(), TemporalShift(), SideDrop(p=0.5)]
    return Compose([SavitzkyGolay(p=0.5), *shake]), Compose([Resample(), fit])


def contestants(n: int) -> dict[str, Callable[[], object]]:
    """Each makes two views of n samples, (n, 3, T, V, M) float32."""
    x = make_batch(n)
    samples = Samples.from_arrays(x)
    outs = [np.empty((n, 3, N_FRAMES, N_JOINTS, N_BODIES), np.float32) for _ in range(2)]
    flat = [out.reshape(x.shape) for out in outs]
    rng = np.random.Generator(np.random.Philox(1))

    def copy() -> None:
        for out in flat:
            np.copyto(out, x)

    def ours(pair: tuple[Compose, Compose], source: Samples | Floats) -> None:
        for view, (pipeline, out) in enumerate(zip(pair, outs, strict=True)):
            pipeline(source, seed=0, view=view, out=out, layout="model")

    def draw(pair: tuple[Compose, Compose]) -> None:
        for view, pipeline in enumerate(pair):
            pipeline.plan(samples, seed=0, view=view)

    def plain(normalize: bool) -> None:
        for aggressive, out in zip((True, False), outs, strict=True):
            numpy_view(x, out, rng, aggressive=aggressive, normalize=normalize)

    wide = [np.empty((n, 6, N_FRAMES, N_JOINTS, N_BODIES), np.float32) for _ in range(2)]
    wide_source = np.zeros_like(wide[0])
    bones = presets.aggressive(channels="joint+bone"), presets.conservative(channels="joint+bone")

    def copy_wide() -> None:
        for out in wide:
            np.copyto(out, wide_source)

    def with_bones() -> None:
        for view, (pipeline, out) in enumerate(zip(bones, wide, strict=True)):
            pipeline(samples, seed=0, view=view, out=out, layout="model")

    def in_two_threads() -> None:
        for view, (pipeline, out) in enumerate(zip(full, outs, strict=True)):
            pipeline(samples, seed=0, view=view, out=out, layout="model", threads=2)

    bare, full = pipelines(normalize=False), pipelines(normalize=True)
    return {
        "np.copyto of both views": copy,
        "skeleton_aug, two views": lambda: ours(bare, samples),
        "skeleton_aug, two views, normalised": lambda: ours(full, samples),
        "skeleton_aug, the same from bare arrays": lambda: ours(full, x),
        "skeleton_aug, drawing alone": lambda: draw(full),
        "skeleton_aug, normalised, two threads": in_two_threads,
        "np.copyto of both views with bones": copy_wide,
        "skeleton_aug, normalised, with bones": with_bones,
        "NumPy/SciPy, two views": lambda: plain(False),
        "NumPy/SciPy, two views, normalised": lambda: plain(True),
    }


def measure(calls: dict[str, Callable[[], object]], n: int, rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds per sample and ratio to the first contestant, over rounds in which all take their turn."""
    for call in calls.values():
        call()
    taken = np.empty((rounds, len(calls)))
    for row in taken:
        for i, call in enumerate(calls.values()):
            begin = time.perf_counter()
            call()
            row[i] = (time.perf_counter() - begin) / n * 1e6
    low, middle, high = np.percentile(taken, [25, 50, 75], axis=0)
    ratio = np.median(taken / taken[:, :1], axis=0)
    return {
        name: {"median_us": middle[i], "iqr_us": high[i] - low[i], "ratio_to_copy": ratio[i]}
        for i, name in enumerate(calls)
    }


def describe_machine() -> dict[str, str]:
    """Versions and processor."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    return {
        **versions,
        "numba": numba.__version__,
        "cpu": cpu,
        "cores": str(os.cpu_count()),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "unset"),
    }


def table(results: dict[str, dict[str, float]]) -> str:
    """Markdown."""
    lines = ["| per sample | median µs | IQR µs | x copy |", "|---|---:|---:|---:|"]
    for name, r in results.items():
        lines.append(f"| {name} | {r['median_us']:.1f} | {r['iqr_us']:.1f} | {r['ratio_to_copy']:.1f} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small batch and few rounds, to see that it runs")
    parser.add_argument("--json", type=Path, help="also write the results there")
    options = parser.parse_args(arguments)
    n, rounds = (16, 3) if options.quick else (256, 21)
    machine, batch = describe_machine(), measure(contestants(n), n, rounds)
    x = make_batch(1)[0]
    aggressive, out = presets.aggressive(), np.empty((N_BODIES, N_FRAMES, N_JOINTS, 3), np.float32)
    one = measure(
        {
            "np.copyto of one view": lambda: np.copyto(out, x),
            "aggressive(x), one sample": lambda: aggressive(x, seed=0),
        },
        1,
        rounds * 20,
    )
    settings = {"n": n, "rounds": rounds, "sample": [N_BODIES, N_FRAMES, N_JOINTS, 3], "dtype": "float32"}
    if options.json:
        results = {"machine": machine, "settings": settings, "batch": batch, "single": one}
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    print(", ".join(f"{k} {v}" for k, v in machine.items()))
    print(f"batch {n}, {rounds} rounds, sample {(N_BODIES, N_FRAMES, N_JOINTS, 3)}\n\n{table(batch)}\n\n{table(one)}")


if __name__ == "__main__":
    main(sys.argv[1:])
