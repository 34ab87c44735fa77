"""Replacing a file as a whole: whatever ends the process, the path holds the old content or the new, never a part."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from skeleton_data.raw import SkeletonDataError

try:
    import fcntl
except ImportError:  # Windows; left-over folders are then for the user to remove.
    fcntl = None  # type: ignore[assignment]

_SUFFIX = ".rewriting"


@contextmanager
def replacement(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary path to write to; when the block ends well, flush that file and rename it to ``path``.

    The temporary path lies in a folder beside ``path``, which is removed in any case; those that killed processes
    have left are removed when the same path is written to again.

    Parameters
    ----------
    path : Path
        The file to make.
    force : bool
        Replace an existing file.

    Raises
    ------
    SkeletonDataError
        When the file exists and ``force`` is false, or its folder does not exist or cannot be written.
    """
    if path.is_dir():
        raise SkeletonDataError(f"{path}: is a folder. Give the name of the file to write.")
    if path.exists() and not force:
        raise SkeletonDataError(f"{path}: exists already. Remove it, or say --force to replace it.")
    if not path.parent.is_dir():
        raise SkeletonDataError(f"{path}: its folder does not exist. Make it first.")
    _sweep(path)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=_SUFFIX, dir=path.parent))
    except OSError as error:
        raise SkeletonDataError(f"{path}: cannot write to its folder ({error.strerror}).") from error
    try:
        with (folder / "lock").open("ab") as lock:
            _lock(lock)
            made = folder / "made"
            yield made
            sync(made)
            made.replace(path)
            if os.name == "posix":
                sync(path.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _lock(file: IO[bytes]) -> bool:
    """Lock a file until it is closed or this process ends, however it ends; tell whether that worked."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sweep(path: Path) -> None:
    for left in path.parent.glob(f".{glob.escape(path.name)}.*{_SUFFIX}"):
        with suppress(OSError), (left / "lock").open("ab") as file:
            if _lock(file):
                shutil.rmtree(left, ignore_errors=True)
