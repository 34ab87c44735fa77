"""Writes a folder of simulated recordings, in parallel, every file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from skeleton_data.raw import SkeletonDataError
from skeleton_data.synthetic.grid import grid
from skeleton_data.synthetic.ntu_text import ntu_text
from skeleton_data.synthetic.performances import CAMERAS, Performance, performance_list
from skeleton_data.synthetic.recording import check_seed, record
from skeleton_data.synthetic.stage import perform

MARKER = ".synthetic"
_MARK = "Simulated NTU RGB+D recordings of skeleton_data.synthetic, seed {}."


def synthesize(
    directory: str | os.PathLike[str],
    *,
    performances: int | None = None,
    shape: str = "simulated",
    seed: int = 0,
    workers: int = 1,
    progress: bool = False,
) -> list[Path]:
    """Simulate performances before three cameras each, and write them as NTU RGB+D ``.skeleton`` files.

    A file's bytes depend on ``seed`` and its name alone. The files of fewer performances are among those of more.
    The folder gets a hidden file ``.synthetic`` that says what it is; an interrupted run can be run again.

    Parameters
    ----------
    directory : path
        Folder to write to; made if need be. Files of the same name are replaced if they are simulated ones.
    performances : int, optional
        How many, 1 to 21760; each gives three files. By default all of an official shape.
    shape : {"simulated", "ntu60", "ntu120"}
        ``simulated`` has the 16 actions that the simulator knows. The others have the names of the complete data sets,
        18,960 and 38,160 performances, for load tests: their classes hold repeated actions.
    seed : int
        Non-negative.
    workers : int
        Processes to use; 1 works in this one.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    list of Path
        The files, by performance and camera.

    Raises
    ------
    SkeletonDataError
        When an argument is out of range, or the folder holds anything but simulated files of the same seed.
    """
    check_seed(seed)
    if workers < 1:
        raise SkeletonDataError(f"workers must be 1 or more, got {workers}.")
    jobs = _jobs(shape, performances)
    folder = Path(directory)
    _claim(folder, seed)
    work = partial(_write_performance, folder=folder, seed=seed)
    with tqdm(total=len(jobs), unit="performance", disable=not progress) as bar:
        if workers == 1:
            return [path for job in jobs for path in _step(work(job), bar)]
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            chunk = max(1, min(32, len(jobs) // (4 * workers)))
            return [path for paths in pool.map(work, jobs, chunksize=chunk) for path in _step(paths, bar)]


def _jobs(shape: str, count: int | None) -> Sequence[Performance]:
    if shape != "simulated":
        return grid(shape, count)
    if count is None:
        raise SkeletonDataError("Say how many performances to simulate.")
    return performance_list(count)


def _step(paths: list[Path], bar: tqdm) -> list[Path]:
    bar.update()
    return paths


def _claim(folder: Path, seed: int) -> None:
    """Make the folder and mark it as simulated, or say why it cannot be used."""
    mark, marker = _MARK.format(seed), folder / MARKER
    if folder.exists() and not folder.is_dir():
        raise SkeletonDataError(f"{folder}: is a file; give a folder for the simulated recordings.")
    if marker.exists():
        found = marker.read_text(encoding="utf-8", errors="replace").strip()
        if found != mark:
            raise SkeletonDataError(
                f"{folder}: holds other simulated recordings ({found}); choose an empty folder, or that seed."
            )
        for leftover in folder.glob(".*.skeleton.*.part"):
            leftover.unlink(missing_ok=True)
        return
    strangers = sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []
    if strangers:
        raise SkeletonDataError(
            f"{folder}: holds {strangers[0]!r}, which the simulator did not write; choose an empty folder."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SkeletonDataError(f"{folder}: cannot be made ({error.strerror}); choose another folder.") from error
    _write(marker, f"{mark}\n".encode())


def _write_performance(performance: Performance, *, folder: Path, seed: int) -> list[Path]:
    world = perform(performance, seed)
    paths = []
    for camera in CAMERAS:
        path = folder / f"{performance.sample(camera)}.skeleton"
        _write(path, ntu_text(record(performance, camera, seed, world), seed))
        paths.append(path)
    return paths


def _write(path: Path, text: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(text)
        part.replace(path)
    except OSError as error:
        raise SkeletonDataError(
            f"{path}: cannot be written ({error.strerror}); free some space, or choose another folder."
        ) from error
    finally:
        part.unlink(missing_ok=True)
