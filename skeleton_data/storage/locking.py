"""Files locked by a process for as long as it lives, and files flushed to the disk."""

from __future__ import annotations

import glob
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows; left-over folders are then for the user to remove.
    fcntl = None  # type: ignore[assignment]


def lock(file: IO[bytes]) -> bool:
    """Lock a file until it is closed or this process ends, however it ends; tell whether that worked."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def lockable(file: IO[bytes]) -> bool:
    """Tell whether the file system knows locks at all: a lock that another process holds says so."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def remove_left_over(target: Path, suffix: str) -> None:
    """Remove the temporary folders beside a target in which no living process holds the file ``lock``."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*{suffix}"):
        # One that has no lock file yet is just being made.
        with suppress(OSError), (left / "lock").open("r+b") as file:
            if lock(file):
                shutil.rmtree(left, ignore_errors=True)


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
