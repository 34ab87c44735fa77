"""The folder beside a target in which a store is made: claimed by one process, taken over only from a dead one.

It is called ``.<target>.<random>.partial``. The process that works in it holds a lock on the file ``lock`` there,
which the system lets go of however that process ends. Where files cannot be locked (Windows, some network file
systems) a left-over folder counts as in use: it is never taken over, and is for the user to remove.
"""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from skeleton_data.conversion.journal import read_journal
from skeleton_data.raw import SkeletonDataError
from skeleton_data.storage.locking import lock, lockable

JOURNAL = "journal"
_TRIES = 20


@dataclass(frozen=True)
class PartialFolder:
    """A folder that this process holds until :meth:`release`."""

    path: Path
    lock: IO[bytes]

    def release(self, *, keep: bool) -> None:
        """Let go of the folder; unless it is to be kept it is removed."""
        if not keep:
            shutil.rmtree(self.path, ignore_errors=True)
        self.lock.close()
        # Network file systems keep a removed file under another name for as long as it is open.
        if not keep and self.path.exists():
            shutil.rmtree(self.path, ignore_errors=True)


def claim(target: Path) -> PartialFolder:
    """Make a folder for ``target`` and hold it."""
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
        # Between making and locking it, another process may take the folder for a dead one's and remove it.
        with suppress(FileNotFoundError):
            file = (folder / "lock").open("ab")
            if (lock(file) or not lockable(file)) and _is_at(file, folder / "lock"):
                return PartialFolder(folder, file)
            file.close()
    raise SkeletonDataError(f"{target}: other processes keep removing its partial folder. Try again.")


def take_over(target: Path, header: Mapping[str, Any]) -> PartialFolder | None:
    """Hold the folder in which a dead process got furthest; None if there is none.

    One that was begun with this ``header`` comes before others; these are left as they are.

    Raises
    ------
    SkeletonDataError
        When all there is belongs to a living process.
    """
    held = _hold_dead(target)
    if not held:
        if living := _folders(target):
            raise SkeletonDataError(
                f"{target}: is being made by another process (or its folder does not support locks), so there is "
                f"nothing to resume. Wait for it, or remove {living[0]}."
            )
        return None
    best, *others = sorted(held, key=lambda folder: (not _begun_with(folder, header), -_progress(folder)))
    for folder in others:
        folder.release(keep=True)
    return best


def remove_dead(target: Path, *, spare: int | None = 0) -> list[Path]:
    """Remove what dead processes left for ``target``, but for the ``spare`` folders that are furthest; return these.

    With ``spare=None`` every folder stays that has a journal to go on from.
    """
    held = sorted(_hold_dead(target), key=lambda folder: -_progress(folder))
    worth_it = [folder for folder in held if _progress(folder)][:spare]
    for folder in held:
        folder.release(keep=folder in worth_it)
    return [folder.path for folder in worth_it]


def _folders(target: Path) -> list[Path]:
    return sorted(target.parent.glob(f".{glob.escape(target.name)}.*.partial"))


def _hold_dead(target: Path) -> list[PartialFolder]:
    held = []
    for path in _folders(target):
        with suppress(OSError):
            file = (path / "lock").open("ab")
            if lock(file) and _is_at(file, path / "lock"):
                held.append(PartialFolder(path, file))
            else:
                file.close()
    return held


def _begun_with(folder: PartialFolder, header: Mapping[str, Any]) -> bool:
    if not _progress(folder):
        return False
    found = next(read_journal(folder.path / JOURNAL), None)
    return found is not None and {**found[0], **header} == found[0]


def _progress(folder: PartialFolder) -> int:
    journal = folder.path / JOURNAL
    return journal.stat().st_size if journal.exists() else 0


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
