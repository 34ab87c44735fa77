"""A file or folder that appears at its place when it is whole, and not before."""

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


@contextmanager
def replacing(target: Path, suffixes: tuple[str, ...], force: bool) -> Iterator[Path]:
    """Give a temporary place to write to, and move it to ``target`` in the end.

    Parameters
    ----------
    target : Path
        Absolute.
    suffixes : tuple of str
        Endings of the files of a folder; empty for a single file.
    force : bool
        Replace what is there: a file by a file, a folder only if all files in it have such endings.

    Raises
    ------
    SkeletonDataError
        When the target exists and may not be replaced, or cannot be written. Nothing is left behind then.
    """
    _check(target, suffixes, force)
    _sweep(target)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    except OSError as error:
        raise SkeletonDataError(f"{target}: cannot write to its folder ({error.strerror}).") from error
    try:
        with (folder / "lock").open("ab") as lock:
            _lock(lock)
            place = folder / "made"
            yield place
            _sync(place)
            _check(target, suffixes, force)
            _move(place, target, folder)
    except OSError as error:
        raise SkeletonDataError(f"{target}: cannot be written ({error.strerror or error}).") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check(target: Path, suffixes: tuple[str, ...], force: bool) -> None:
    if not target.parent.is_dir():
        raise SkeletonDataError(f"{target}: its folder does not exist. Make it first.")
    if not target.exists() or (suffixes and target.is_dir() and not any(target.iterdir())):
        return
    if bool(suffixes) != target.is_dir():
        kind, wanted = ("folder", "file") if target.is_dir() else ("file", "folder")
        raise SkeletonDataError(f"{target}: is a {kind}. Give the name of the {wanted} to write.")
    if not force:
        raise SkeletonDataError(f"{target}: exists already. Remove it, or say --force to replace it.")
    if suffixes:
        _check_own(target, suffixes)


def _check_own(target: Path, suffixes: tuple[str, ...]) -> None:
    """Replace no folder that holds anything else: a slip in its name must not cost a home folder."""
    for root, folders, files in os.walk(target):
        foreign = [name for name in files if not name.endswith(suffixes)] or folders
        if foreign:
            raise SkeletonDataError(
                f"{target}: holds {Path(root, foreign[0])}, which is not of this format; it is left as it is. Give "
                "another name, or remove it."
            )


def _move(place: Path, target: Path, folder: Path) -> None:
    if not target.is_dir():
        place.replace(target)
    else:
        # A folder cannot be renamed onto a full one: for a moment there is none, and a failure brings the old one back.
        target.rename(folder / "former")
        try:
            place.rename(target)
        except OSError:
            (folder / "former").rename(target)
            raise
    if os.name == "posix":
        _sync_one(target.parent)


def _sync(place: Path) -> None:
    if place.is_file():
        _sync_one(place)
    elif hasattr(os, "sync"):
        # One call for a hundred thousand small files.
        os.sync()


def _sync_one(path: Path) -> None:
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


def _sweep(target: Path) -> None:
    """Remove what killed exports to the same place have left: folders whose lock nobody holds any more."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.partial"):
        # One that has no lock file yet is just being made.
        with suppress(OSError), (left / "lock").open("r+b") as file:
            if _lock(file):
                shutil.rmtree(left, ignore_errors=True)
