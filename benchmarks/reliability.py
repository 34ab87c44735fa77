"""Kills conversions at random moments and compares what resuming gives; measures memory at several sizes.

``python -m benchmarks.reliability --kills 50 --performances 400 --memory 10000 114480`` kills, and converts simulated
recordings of usual length. ``--tables N ...`` lists recordings and keeps their tables, as the writer does, without
reading any: for sizes that would take hours. ``--files N ...`` converts a folder of N NTU files of two frames, and
``--members N ...`` a zip archive of them;
``--others N ...`` converts N short recordings from other people's formats,
``--commands N ...`` runs the other commands on stores of N short recordings. Every peak is that of a process of its
own.
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
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import islice, product
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import KINECT_V2, Skeleton
from skeleton_data import convert
from skeleton_data.cli import main as skeleton_data_command
from skeleton_data.conversion.encode import Counts
from skeleton_data.conversion.journal import Entry, SampleEntry, TrackEntry
from skeleton_data.conversion.tables import Tables
from skeleton_data.formats.ntu import missing_names
from skeleton_data.packed import Packed
from skeleton_data.raw import Listing, RawBody, RawItem, RawSequence
from skeleton_data.splits import with_clean_variants
from skeleton_data.storage.schema import tables_digest
from skeleton_data.synthetic import synthesize

_ROOT = Path(__file__).resolve().parent.parent
_MIB = 1 << 20
_USUAL_FRAMES, _FEW_FRAMES = 84, 2


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

    def __init__(self, n_recordings: int, n_frames: int = 84, first: int = 0) -> None:
        self.numbers = range(first, first + n_recordings)
        upright = np.linspace([-0.2, -0.8, 2.9], [0.2, 0.8, 3.1], KINECT_V2.n_joints)
        self.motion = (upright + np.random.default_rng(0).normal(0, 0.05, (n_frames, 1, 3))).astype(np.float32)

    def find(self, source: Path) -> Listing:
        return Listing(Packed(_item(source, number) for number in self.numbers))

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
        store = Path(folder) / "a.h5"
        found = _measured("--convert", str(n_recordings), str(_USUAL_FRAMES), "0", str(store))
        return {"recordings": n_recordings, "store MiB": store.stat().st_size / _MIB, **found}


def measure_files(n_files: int, source: str = "raw") -> dict[str, float]:
    """Convert a folder (``raw``) or archive (``raw.zip``) of short NTU files, reading and writing in one process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_short_files(folder / source, n_files)
        found = _measured("--run", "convert", "ntu120", source, "-o", "a.h5", "--workers", "1", folder=folder)
        return {"files" if source == "raw" else "members": n_files, **found}


def write_short_files(target: Path, n_files: int) -> None:
    """Write a folder, or a zip archive, of short NTU files."""
    if target.suffix != ".zip":
        target.mkdir()
        for name, text in short_texts(n_files):
            (target / name).write_text(text, "ascii")
        return
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in short_texts(n_files):
            archive.writestr(f"skeletons/{name}", text)


def short_texts(n_files: int) -> Iterator[tuple[str, str]]:
    """Names of NTU-120 and texts of one body and two frames, all of them different."""
    joint = " 0.2 3 250 200 1000 500 0 0 0 0 2\n"
    missing = missing_names()
    names = (
        f"S{setup:03}C{camera:03}P{subject:03}R{replication:03}A{action:03}"
        for setup, subject, replication, action, camera in product(
            range(1, 33), range(1, 107), (1, 2), range(1, 121), (1, 2, 3)
        )
    )
    for number, name in enumerate(islice((name for name in names if name not in missing), n_files)):
        body = "1\n72057594037932358 0 0 0 0 0 0 0 0 2\n25\n" + f"{1 + 1e-6 * number:.6f}{joint}" * 25
        yield f"{name}.skeleton", f"2\n{body}{body}"


COMMANDS: Mapping[str, tuple[str, ...]] = {
    "open": ("info", "a.h5"),
    "verify": ("verify", "a.h5"),
    "split": ("split", "a.h5", "half", "--train-cameras", "2"),
    "repack": ("repack", "a.h5", "-o", "packed.h5"),
    "export": ("export", "a.h5", "pyskl", "-o", "a.pkl"),
    "merge": ("merge", "a.h5", "b.h5", "-o", "both.h5"),
}


def measure_commands(n_recordings: int) -> dict[str, float]:
    """Peak of each command on a store of short recordings, MiB; merged are two of that size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peaks: dict[str, float] = {"recordings": n_recordings}
        for first, store in ((0, "a.h5"), (n_recordings, "b.h5")):
            options = (str(n_recordings), str(_FEW_FRAMES), str(first), str(folder / store))
            peaks["convert"] = _measured("--convert", *options)["peak MiB"]
        for command, words in COMMANDS.items():
            peaks[command] = _measured("--run", *words, folder=folder)["peak MiB"]
        return peaks


OTHERS: Mapping[str, tuple[str, ...]] = {
    "folder": (),
    "pyskl": (),
    "stgcn": ("--split", "xview", "--frames", str(_FEW_FRAMES)),
    "ctrgcn": ("--split", "xview", "--frames", str(_FEW_FRAMES)),
}


def measure_others(n_recordings: int) -> dict[str, float]:
    """Peak of a conversion from each format of other people, MiB, with short recordings and one process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peaks: dict[str, float] = {"recordings": n_recordings}
        _measured("--convert", str(n_recordings), str(_FEW_FRAMES), "0", str(folder / "a.h5"))
        for source, options in OTHERS.items():
            target = "xview.npz" if source == "ctrgcn" else "xview"
            _measured("--run", "export", "a.h5", source, "-o", target, *options, folder=folder)
            command = ("convert", source, target, "-o", "b.h5", "--workers", "1", "--force")
            peaks[source] = _measured("--run", *command, folder=folder)["peak MiB"]
            shutil.rmtree(folder / target) if (folder / target).is_dir() else (folder / target).unlink()
        return peaks


def _measured(*arguments: str, folder: Path = _ROOT) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.reliability", *arguments]
    done = subprocess.run(command, env=_environment(), cwd=folder, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _peak_bytes() -> int:
    """Peak of this process; the system's count of resources would begin with that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _convert_simulated(n_recordings: int, n_frames: int, first: int, output: Path) -> None:
    convert(Simulated(n_recordings, n_frames, first), output.parent, output)


def _keep_tables(n_recordings: int) -> None:
    """Do what the writer does for simulated recordings, but for their positions and the journal."""
    source = Simulated(n_recordings, _FEW_FRAMES)
    with tempfile.TemporaryDirectory() as name:
        items, tables = source.find(Path("raw")).items, Tables(Path(name))
        for number, item in enumerate(items):
            tables.add(_entry(item, number))
        del items
        samples = tables.samples()
        with_clean_variants(source.splits(samples), samples["duplicate_of"])
        del samples
        with h5py.File(Path(name) / "a.h5", "w") as file:
            tables.digest()
            tables.write(file)
            tables_digest(file)
        tables.close()


def _entry(item: RawItem, number: int) -> Entry:
    checksum = blake2b(item.name.encode(), digest_size=16).hexdigest()
    tracks = [TrackEntry(2**56, 0, _FEW_FRAMES, True)]
    numbers = (number % 106, 1 + number % 3, -1, -1, _FEW_FRAMES, 1)
    sample = SampleEntry(item.name, number % 120, f"P{number // 3:07}", *numbers, checksum, tracks)
    path = item.path.relative_to("raw").as_posix()
    return Entry(item.name, path, item.size, 0, "", "0" * 32, [sample], [], None, Counts())


def _print_measure(work: Callable[[], object]) -> None:
    began = time.perf_counter()
    work()
    print(json.dumps({"peak MiB": _peak_bytes() / _MIB, "seconds": time.perf_counter() - began}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, metavar="N", help="conversions to kill")
    parser.add_argument("--performances", type=int, default=400, metavar="N", help="of the source that is converted")
    parser.add_argument("--memory", type=int, nargs="*", default=[10_000, 114_480], metavar="N", help="recordings")
    parser.add_argument("--files", type=int, nargs="*", default=[], metavar="N", help="short NTU files to convert")
    parser.add_argument("--members", type=int, nargs="*", default=[], metavar="N", help="the same in a zip archive")
    parser.add_argument("--commands", type=int, nargs="*", default=[], metavar="N", help="recordings for all commands")
    parser.add_argument("--others", type=int, nargs="*", default=[], metavar="N", help="recordings in other formats")
    parser.add_argument("--tables", type=int, nargs="*", default=[], metavar="N", help="recordings without positions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--convert", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--keep-tables", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--run", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.convert:
        n_recordings, n_frames, first, output = arguments.convert
        _print_measure(partial(_convert_simulated, int(n_recordings), int(n_frames), int(first), Path(output)))
        return
    if arguments.keep_tables:
        _print_measure(partial(_keep_tables, arguments.keep_tables))
        return
    if arguments.run:
        _print_measure(partial(skeleton_data_command, arguments.run))
        return
    if arguments.kills:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            synthesize(folder / "raw", performances=arguments.performances, seed=arguments.seed, workers=2)
            print(json.dumps(asdict(kill_conversions(folder / "raw", folder, arguments.kills, arguments.seed))))
    for n_recordings in arguments.memory:
        print(json.dumps(measure_memory(n_recordings)), flush=True)
    for n_files in arguments.files:
        print(json.dumps(measure_files(n_files)), flush=True)
    for n_members in arguments.members:
        print(json.dumps(measure_files(n_members, "raw.zip")), flush=True)
    for n_recordings in arguments.tables:
        found = _measured("--keep-tables", str(n_recordings))
        print(json.dumps({"recordings": n_recordings, **found}), flush=True)
    for n_recordings in arguments.commands:
        print(json.dumps(measure_commands(n_recordings)), flush=True)
    for n_recordings in arguments.others:
        print(json.dumps(measure_others(n_recordings)), flush=True)


if __name__ == "__main__":
    main()
