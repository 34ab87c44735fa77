"""Kills conversions at random moments and compares what resuming gives; measures the writer's memory at two sizes.

``python -m benchmarks.reliability --kills 50 --performances 400 --memory 10000 114480``
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import KINECT_V2, Skeleton
from skeleton_data import convert
from skeleton_data.raw import Listing, RawBody, RawItem, RawSequence
from skeleton_data.synthetic import synthesize

_ROOT = Path(__file__).resolve().parent.parent
_MIB = 1 << 20


@dataclass
class Kills:
    """Outcome of conversions that were killed with SIGKILL.

    ``whole`` were killed after the store stood in its place, ``none`` before; of the latter ``resumed`` files on
    average were taken over. ``wrong`` counts stores that were neither, or differ from an unbroken conversion's.
    """

    kills: int = 0
    whole: int = 0
    none: int = 0
    wrong: int = 0
    files: int = 0
    seconds_unbroken: float = 0.0
    resumed: list[int] = field(default_factory=list)


def kill_conversions(source: Path, folder: Path, kills: int, seed: int, workers: int = 2) -> Kills:
    """Kill a conversion of ``source`` at ``kills`` moments spread over its time, and resume each."""
    whole, options = folder / "whole.h5", ("--workers", str(workers))
    began = time.perf_counter()
    _run(_convert(source, whole, *options))
    outcome = Kills(files=sum(1 for _ in source.glob("*.skeleton")), seconds_unbroken=time.perf_counter() - began)
    expected, rng = whole.read_bytes(), random.Random(seed)
    for number in range(kills):
        target = folder / f"{number}" / "a.h5"
        target.parent.mkdir()
        # Strata, so that every part of a conversion's life is met, its last moments included.
        moment = outcome.seconds_unbroken * 1.05 * (number + rng.random()) / kills
        _kill_after(_convert(source, target, *options), moment)
        outcome.kills += 1
        there = target.exists()
        outcome.whole += there
        outcome.none += not there
        if there:
            outcome.wrong += target.read_bytes() != expected
        else:
            printed = _run(_convert(source, target, *options, "--resume"))
            taken = [line.split()[1] for line in printed.splitlines() if line.strip().startswith("resumed")]
            outcome.resumed.append(int(taken[0].replace(",", "")) if taken else 0)
            outcome.wrong += target.read_bytes() != expected
            outcome.wrong += sorted(path.name for path in target.parent.iterdir()) != ["a.h5"]
        shutil.rmtree(target.parent)
    return outcome


def _convert(source: Path, target: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "skeleton_data", "convert", "ntu60", str(source), "-o", str(target), *options]


def _environment() -> dict[str, str]:
    paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": paths}


def _run(command: Sequence[str]) -> str:
    return subprocess.run(command, env=_environment(), check=True, capture_output=True, text=True).stdout


def _kill_after(command: Sequence[str], seconds: float) -> None:
    process = subprocess.Popen(command, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.kill()
    process.wait()


class Simulated:
    """Recordings of one body and, every fifth time, two, made in memory: for sizes whose text no disk needs to hold."""

    name = "simulated"
    skeleton: Skeleton = KINECT_V2
    class_names: Sequence[str] = tuple(f"A{n}" for n in range(120))

    def __init__(self, n_recordings: int, n_frames: int = 84) -> None:
        self.n_recordings = n_recordings
        upright = np.linspace([-0.2, -0.8, 2.9], [0.2, 0.8, 3.1], KINECT_V2.n_joints)
        self.motion = (upright + np.random.default_rng(0).normal(0, 0.05, (n_frames, 1, 3))).astype(np.float32)

    def find(self, source: Path) -> Listing:
        return Listing([_item(source, number) for number in range(self.n_recordings)])

    def read(self, item: RawItem) -> list[RawSequence]:
        number = int(item.name[1:])
        frames = np.arange(len(self.motion), dtype=np.int32)
        shift = np.float32(1e-6 * number)
        bodies = [RawBody(2**56 + k, frames, self.motion + shift + k) for k in range(1 + (number % 5 == 0))]
        return [
            RawSequence(
                name=item.name,
                n_frames=len(frames),
                bodies=bodies,
                label=number % 120,
                performance=f"P{number // 3:07}",
                subject=number % 106,
                camera=1 + number % 3,
                source_digest="0" * 32,
            )
        ]

    def splits(self, samples: NDArray[np.void]) -> Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        test = samples["camera"] == 1
        return {"xview": (np.flatnonzero(~test).astype(np.int64), np.flatnonzero(test).astype(np.int64))}


def _item(source: Path, number: int) -> RawItem:
    return RawItem(f"R{number:07}", source / "skeletons" / f"R{number:07}.skeleton", size=150_000)


def measure_memory(n_recordings: int) -> dict[str, float]:
    """Convert simulated recordings in a process of its own; its peak of resident memory, and the store's size."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.reliability", "--convert", str(n_recordings), folder]
        return dict(json.loads(_run(command)))


def _peak_bytes() -> int:
    """Peak of this process; the system's count of resources would begin with that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _convert_simulated(n_recordings: int, folder: Path) -> None:
    output = folder / "a.h5"
    began = time.perf_counter()
    convert(Simulated(n_recordings), folder, output)
    peak = _peak_bytes()
    found = {
        "recordings": n_recordings,
        "store MiB": output.stat().st_size / _MIB,
        "peak MiB": peak / _MIB,
        "seconds": time.perf_counter() - began,
    }
    print(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, metavar="N", help="conversions to kill")
    parser.add_argument("--performances", type=int, default=400, metavar="N", help="of the source that is converted")
    parser.add_argument("--memory", type=int, nargs="*", default=[10_000, 114_480], metavar="N", help="recordings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--convert", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.convert:
        _convert_simulated(int(arguments.convert[0]), Path(arguments.convert[1]))
        return
    if arguments.kills:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            synthesize(folder / "raw", performances=arguments.performances, seed=arguments.seed, workers=2)
            print(json.dumps(asdict(kill_conversions(folder / "raw", folder, arguments.kills, arguments.seed))))
    for n_recordings in arguments.memory:
        print(json.dumps(measure_memory(n_recordings)))


if __name__ == "__main__":
    main()
