"""Replacing a file as a whole: whatever ends the process, the path holds the old content or the new, never a part."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skeleton_data.raw import SkeletonDataError
from skeleton_data.storage.locking import lock, remove_left_over, sync

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
    remove_left_over(path, _SUFFIX)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=_SUFFIX, dir=path.parent))
    except OSError as error:
        raise SkeletonDataError(f"{path}: cannot write to its folder ({error.strerror}).") from error
    try:
        with (folder / "lock").open("ab") as held:
            lock(held)
            made = folder / "made"
            yield made
            sync(made)
            made.replace(path)
            if os.name == "posix":
                sync(path.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
