"""A file or folder that appears at its place when it is whole, and not before."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skeleton_data.raw import SkeletonDataError
from skeleton_data.storage.locking import lock, remove_left_over, sync

_SUFFIX = ".exporting"


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
    remove_left_over(target, _SUFFIX)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=_SUFFIX, dir=target.parent))
    except OSError as error:
        raise SkeletonDataError(f"{target}: cannot write to its folder ({error.strerror}).") from error
    try:
        with (folder / "lock").open("ab") as held:
            lock(held)
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
        sync(target.parent)


def _sync(place: Path) -> None:
    if place.is_file():
        sync(place)
    elif hasattr(os, "sync"):
        # One call for a hundred thousand small files.
        os.sync()
