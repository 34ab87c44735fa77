"""Writing HDF5 files on disks that may fill up.

HDF5 cannot recover from a write that fails: closing the file fails as well, again at the exit of the process, which
may end in a crash of the library. So the library writes through a Python file that never fails: from the first failure
on it takes everything and keeps nothing, and the failure is raised when the library has closed its file.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from skeleton_data.raw import SkeletonDataError
from skeleton_data.storage.schema import ALIGNMENT, LIBVER


class _Target(io.RawIOBase):
    """A file for HDF5 to write to; after the first failure nothing reaches the disk any more."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)
        self._end = 0
        self.failure: OSError | None = None

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        place = self._file.tell()
        try:
            done = 0
            while self.failure is None and done < len(view):
                done += self._file.write(view[done:])
        except OSError as error:
            self.failure = error
        self._end = max(self._end, place + len(view))
        self._file.seek(place + len(view))
        return len(view)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        n_read = self._file.readinto(view) or 0
        if self.failure is None:
            return n_read
        # What was not kept reads as zeros; whoever stumbles over them is told of the failure instead.
        view[n_read:] = bytes(len(view) - n_read)
        return len(view)

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 2:
            return self._file.seek(max(self._end, self._file.seek(0, 2)) + offset)
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def truncate(self, size: int | None = None) -> int:
        wanted = self._file.tell() if size is None else size
        try:
            if self.failure is None:
                self._file.truncate(wanted)
        except OSError as error:
            self.failure = error
        self._end = wanted
        return wanted

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def writing(path: Path, final: Path) -> Iterator[tuple[h5py.File, Callable[[], None]]]:
    """Open an HDF5 file to write a store to, large data sets on the beginning of a page.

    Gives the file, and a function that raises at once what would be raised at the end: for long work to stop early.

    Parameters
    ----------
    path : Path
        The file to write.
    final : Path
        What errors call it.

    Raises
    ------
    SkeletonDataError
        When the system refuses a write, as on a full disk.
    """
    target = _Target(path)

    def check() -> None:
        if target.failure is not None:
            reason = target.failure.strerror
            raise SkeletonDataError(
                f"{final}: cannot be written ({reason}). Free some space, or choose another folder."
            ) from target.failure

    try:
        with h5py.File(target, "w", libver=LIBVER, alignment_threshold=ALIGNMENT, alignment_interval=ALIGNMENT) as file:
            yield file, check
            file.flush()
    except Exception:
        check()
        raise
    finally:
        target.close()
    check()
