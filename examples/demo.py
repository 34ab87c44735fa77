"""The whole way in a few minutes: raw recordings, one file, pre-training, evaluation, a table and pictures.

    python -m examples.demo --data path/to/all_sqe.zip

Without --data it simulates NTU-format recordings of people before three cameras.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm import tqdm

from examples.demo_report import TRAINED, Scores, choose_protocols, evaluate_run, score_raw, write_report
from examples.pretrain import SMALL
from examples.run import InputError, Precision, run_command
from skeleton_data import SkeletonDataError, Store, get_format
from skeleton_data.formats import FORMATS
from skeleton_data.raw import bound

MARK = "Made by 'python -m examples.demo', which replaces this folder when it runs again.\n"


@dataclass(frozen=True)
class DemoConfig:
    """Settings.

    Parameters
    ----------
    data : Path, optional
        Raw recordings (a folder or an archive) in place of the simulated ones.
    format : str, optional
        Format of the data, as `skeleton-data convert` names it; found out by default.
    out : Path, optional
        Folder for everything that is made; replaced if an earlier demo made it. By default runs/demo, or runs/demo-NAME
        for data called NAME.
    performances : int
        Performances to simulate, three recordings each.
    steps : int
        Steps of each pre-training, rounded up to whole epochs.
    jobs : int
        Networks trained side by side; each gets an equal share of the processor's cores.
    seed : int
        Of simulation, weights, order and augmentation.
    precision : str
        "auto" is bfloat16 where the processor multiplies in it, float32 elsewhere.
    """

    data: Path | None = None
    format: str | None = None
    out: Path | None = None
    performances: int = 420
    steps: int = 900
    jobs: int = 2
    seed: int = 0
    precision: Precision = "auto"


@dataclass(frozen=True)
class Job:
    """A training run in a process of its own."""

    folder: Path
    command: tuple[str, ...]


def demo(config: DemoConfig) -> None:
    """Run all steps; each prints the command that it stands for."""
    started = time.monotonic()
    kind = "ntu60" if config.data is None else config.format or detect_format(config.data)
    out = config.out or Path("runs", "demo" if config.data is None else f"demo-{config.data.stem}")
    claim_folder(out)
    store_path = out / "data.h5"
    if config.data is None:
        raw = out / "raw"
        run_step("Simulate", "skeleton_data", "synth", str(raw), "--performances", str(config.performances),
                 "--seed", str(config.seed), "--workers", str(config.jobs))  # fmt: skip
    else:
        raw = config.data
    run_step("Convert", "skeleton_data", "convert", kind, str(raw), "-o", str(store_path))
    store = Store.open(store_path)
    protocols = choose_protocols(store, every=config.data is None)

    precision = choose_precision(config.precision)
    jobs = [job for protocol in protocols for job in training_jobs(config, out, store, protocol, precision)]
    print(f"\n== Train: {len(jobs)} networks, {config.jobs} at a time")
    for job in jobs:
        print("   ", shlex.join(["python", *job.command[1:]]))
    sys.stdout.flush()
    train_all(jobs, config.jobs)

    print("\n== Evaluate")
    scores: list[Scores] = []
    with tqdm(total=len(protocols) * (len(TRAINED) + 1), desc="evaluate", unit="encoder") as bar:
        for name, protocol in protocols.items():
            scores.append(score_raw(store, name, protocol))
            bar.update()
            for method in TRAINED:
                scores.append(evaluate_run(store_path, out / name / method, name, protocol, method, precision))
                bar.update()
    origin = "simulated" if config.data is None else str(config.data)
    write_report(out, store, origin, scores, protocols, config.seed, time.monotonic() - started)


def detect_format(data: Path) -> str:
    """Name of the first format that finds recordings in the data."""
    if not data.exists():
        raise InputError(f"{data}: no such file or folder. Check the path of the recordings.")
    for name in FORMATS:
        try:
            if bound(get_format(name), data).find(data).items:
                return name
        except SkeletonDataError:
            continue
    raise InputError(f"{data}: holds no recordings of any known format ({', '.join(FORMATS)}).")


def claim_folder(folder: Path) -> None:
    """Empty the folder of an earlier demo, or make it; a folder with other things in it is refused."""
    mark = folder / ".demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise InputError(f"{folder}: holds something else than an earlier demo. Give another --out.")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    mark.write_text(MARK)


def run_step(title: str, *command: str) -> None:
    """Run ``python -m command`` before the user's eyes."""
    print(f"\n== {title}\n    {shlex.join(['python', '-m', *command])}", flush=True)
    done = subprocess.run([sys.executable, "-m", *command])
    # 3: done, but some files were rejected, which the converter has said.
    if done.returncode not in (0, 3):
        raise InputError(f"'{command[0]} {command[1]}' ended with exit code {done.returncode}; see above.")


def choose_precision(precision: Precision) -> Precision:
    """Half precision doubles the speed of processors that have instructions for it, and is very slow on others."""
    if precision != "auto" or torch.cuda.is_available():
        return precision
    flags = Path("/proc/cpuinfo")
    supported = flags.exists() and "avx512_bf16" in flags.read_text()
    return "bfloat16" if supported else "float32"


def training_jobs(config: DemoConfig, out: Path, store: Store, split: str, precision: Precision) -> list[Job]:
    """One training run for each method that is compared."""
    per_epoch = len(store.performances(store.split(split)[0])) // SMALL.batch_size
    epochs = ("--epochs", str(-(-config.steps // max(per_epoch, 1))))
    jobs = []
    for method, command in TRAINED.items():
        folder = out / split / method
        options = ("--store", str(out / "data.h5"), "--split", split, "--out", str(folder), "--seed", str(config.seed))
        length = epochs if command[0] == "examples.pretrain" and "--epochs" not in command else ()
        jobs.append(Job(folder, (sys.executable, "-m", *command, *options, *length, "--precision", precision)))
    return jobs


def train_all(jobs: Sequence[Job], at_once: int) -> None:
    """Run the jobs, a few at a time, with one progress bar for all; the first that fails ends the others."""
    threads = max((os.cpu_count() or 1) // at_once, 1)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    waiting, running = list(jobs), dict[subprocess.Popen[bytes], Job]()
    try:
        often = 0.5 if sys.stderr.isatty() else 10.0
        layout = "{l_bar}{bar}| {elapsed}{postfix}"
        with tqdm(total=100 * len(jobs), desc="train", bar_format=layout, mininterval=often, miniters=0) as bar:
            while waiting or running:
                while waiting and len(running) < at_once:
                    job = waiting.pop(0)
                    job.folder.parent.mkdir(parents=True, exist_ok=True)
                    with Path(f"{job.folder}.txt").open("wb") as output:
                        running[
                            subprocess.Popen(job.command, stdout=output, stderr=subprocess.STDOUT, env=environment)
                        ] = job
                time.sleep(0.5)
                for process in [p for p in running if p.poll() is not None]:
                    job = running.pop(process)
                    if process.returncode != 0:
                        tail = Path(f"{job.folder}.txt").read_text().splitlines()[-1:]
                        raise InputError(f"{job.folder}: training failed ({' '.join(tail)}); see {job.folder}.txt.")
                shares = {job: share_done(job.folder) for job in running.values()}
                bar.set_postfix_str(
                    "  ".join(f"{j.folder.parent.name}/{j.folder.name} {s:.0%}" for j, s in shares.items()),
                    refresh=False,
                )
                finished = len(jobs) - len(waiting) - len(running)
                bar.update(100 * finished + sum(int(100 * share) for share in shares.values()) - bar.n)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def share_done(folder: Path) -> float:
    """How much of a training run its log says is done."""
    log = folder / "log.jsonl"
    # What follows the last line end is being written at this moment.
    lines = log.read_text().split("\n")[:-1] if log.exists() else []
    if not lines:
        return 0.0
    last = json.loads(lines[-1])
    return float(last["epoch"] / last["epochs"])


if __name__ == "__main__":
    run_command(demo, {"default": ("", DemoConfig())}, __doc__)
