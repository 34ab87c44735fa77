"""Writing a store: rows are spilled to a partial folder beside the target, the finished file is put into place.

Memory does not grow with the positions; whatever ends the process, the final path holds a whole store or nothing new.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import Skeleton
from skeleton_data.channels import CHANNELS, write_channel
from skeleton_data.conversion.encode import Track
from skeleton_data.conversion.journal import Entry, Journal, mark, read_journal, write_all
from skeleton_data.conversion.partial import JOURNAL, claim, remove_dead, take_over
from skeleton_data.conversion.tables import Tables
from skeleton_data.raw import SkeletonDataError
from skeleton_data.splits import Split
from skeleton_data.storage.hdf5_writing import writing
from skeleton_data.storage.locking import sync
from skeleton_data.storage.schema import (
    FORMAT,
    FORMAT_VERSION,
    tables_digest,
    text_dtype,
)

_COPY_BYTES = 8 << 20
_POSITIONS = "positions"
# File systems without hard links answer with one of these.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)


class StoreWriter:
    """Collects recordings and writes them as one store; use as a context manager.

    Leaving the context without :meth:`commit` throws everything away, unless ``keep`` was set: then the partial folder
    stays for a later writer with ``resume``.

    Parameters
    ----------
    path : Path
        The store to make.
    skeleton : Skeleton
        Joint layout of every recording.
    channels : sequence of str
        Channels that every track carries.
    force : bool
        Replace an existing file.
    resume : mapping, optional
        Go on with what a dead process left, where it left something, preferably under this header.

    Raises
    ------
    SkeletonDataError
        When the file exists and ``force`` is false, or its folder does not exist or cannot be written, or ``resume``
        is asked for while a living process makes the file.
    """

    def __init__(
        self,
        path: Path,
        skeleton: Skeleton,
        *,
        channels: Sequence[str] = (),
        force: bool = False,
        resume: Mapping[str, Any] | None = None,
    ) -> None:
        self.path, self.skeleton, self.channels, self.force = path, skeleton, tuple(channels), force
        self.keep = self.committed = False
        self.n_entries = 0
        if path.parent.is_dir():
            self.left_by_dead = remove_dead(path, spare=1 if resume is None else None)
        self._refuse_existing()
        if not path.parent.is_dir():
            raise SkeletonDataError(f"{path}: its folder does not exist. Make it first.")
        try:
            taken = None if resume is None else take_over(path, resume)
            self._partial = taken or claim(path)
            self._spills = {name: self._spill_path(name).open("ab", buffering=0) for name in self._row_bytes()}
            self._tables = Tables(self.folder)
            self._journal = Journal(self.folder / JOURNAL)
        except OSError as error:
            raise SkeletonDataError(f"{path}: cannot write to its folder ({error.strerror}).") from error

    @property
    def folder(self) -> Path:
        """The partial folder."""
        return self._partial.path

    def _spill_path(self, name: str) -> Path:
        return self.folder / f"rows.{name}"

    def _row_bytes(self) -> dict[str, int]:
        """Bytes of one row of positions, and of each channel."""
        n_joints = self.skeleton.n_joints
        return {_POSITIONS: 12 * n_joints, **{name: CHANNELS[name].row_bytes(n_joints) for name in self.channels}}

    def _refuse_existing(self) -> None:
        if self.path.is_dir():
            raise SkeletonDataError(f"{self.path}: is a folder. Give the name of the file to write.")
        if self.path.exists() and not self.force:
            raise SkeletonDataError(f"{self.path}: exists already. Remove it, or say --force to replace it.")

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journal.close()
        self._tables.close()
        for spill in self._spills.values():
            spill.close()
        with suppress(OSError):
            (self.folder / "store.h5").unlink(missing_ok=True)
        self._partial.release(keep=self.keep)

    def __len__(self) -> int:
        return len(self._tables)

    @property
    def n_tracks(self) -> int:
        """Tracks written so far."""
        return self._tables.n_tracks

    def __contains__(self, name: str) -> bool:
        return name in self._tables

    def begin(self, header: Mapping[str, Any]) -> None:
        """Start a new journal, and forget rows whose journal has lost its first line."""
        self._cut(0, 0)
        self._journal.start(header)

    def write(self, entry: Entry, tracks: Sequence[Track]) -> Entry:
        """Append the recordings of one raw file, whose tracks are given in order; returns the entry as journalled."""
        parts: list[memoryview] = []
        for name, spill in self._spills.items():
            values = [track.positions if name == _POSITIONS else track.channels[name] for track in tracks]
            views = [np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for array in values]
            for view in views:
                write_all(spill, view)
            parts += views
        entry = entry._replace(rows=mark(*parts))
        self._journal.append(entry)
        self._register(entry)
        return entry

    def header(self) -> dict[str, Any] | None:
        """Header of the journal that a dead process left; None for a new folder or a torn header."""
        found = next(read_journal(self.folder / JOURNAL), None)
        return None if found is None else found[0]

    def replay(self) -> Iterator[Entry]:
        """Take over, one by one, what the journal holds and the spilled rows confirm; cut off what is torn."""
        end = rows = 0
        whole = read_journal(self.folder / JOURNAL)
        with_spills = {name: self._spill_path(name).open("rb") for name in self._spills}
        try:
            for number, (entry, stop) in enumerate(whole):
                if number:
                    if self._spilled(with_spills, entry.n_rows) != entry.rows:
                        break
                    self._register(entry)
                    rows += entry.n_rows
                    yield entry
                end = stop
        finally:
            for file in with_spills.values():
                file.close()
        self._cut(end, rows)

    def _cut(self, journal_bytes: int, rows: int) -> None:
        self._journal.cut(journal_bytes)
        for name, size in self._row_bytes().items():
            os.truncate(self._spill_path(name), rows * size)

    def _spilled(self, files: Mapping[str, IO[bytes]], n_rows: int) -> str:
        parts = [files[name].read(n_rows * size) for name, size in self._row_bytes().items()]
        return mark(*parts)

    def _register(self, entry: Entry) -> None:
        self.n_entries += 1
        self._tables.add(entry)

    def samples(self) -> NDArray[np.void]:
        """Return the table of the samples so far, names as text."""
        return self._tables.samples()

    def commit(self, class_names: Sequence[str], splits: Mapping[str, Split], provenance: Mapping[str, Any]) -> None:
        """Write the store, flush it to the disk and put it in place.

        Parameters
        ----------
        class_names : sequence of str
            Name of each label.
        splits : mapping
            Name -> (train, test) sample indices.
        provenance : mapping
            JSON values.

        Raises
        ------
        SkeletonDataError
            When another process has made the file meanwhile and ``force`` is false.
        """
        made = self.folder / "store.h5"
        try:
            self._write_file(made, class_names, splits, provenance)
        except SkeletonDataError as error:
            if not isinstance(error.__cause__, OSError):
                raise
            raise OSError(error.__cause__.errno, error.__cause__.strerror, str(self.path)) from error
        sync(made)
        self._put_in_place(made)
        self.committed = True
        # Whoever is killed from here on leaves nothing that is worth going on from, and the next one sweeps it up.
        (self.folder / JOURNAL).unlink()
        remove_dead(self.path)

    def _write_file(
        self, made: Path, class_names: Sequence[str], splits: Mapping[str, Split], provenance: Mapping[str, Any]
    ) -> None:
        with writing(made, self.path) as (file, check):
            self._write_tables(file, class_names, splits)
            _write_text(file, "skeleton", self.skeleton.to_dict())
            _write_text(file, "provenance", provenance)
            file.attrs["tables_digest"] = np.bytes_(tables_digest(file))
            for name in self.channels:
                write_channel(file, name, self.skeleton.n_joints, self._parts(name), self._tables.n_rows)
            self._write_positions(file, check)

    def _put_in_place(self, made: Path) -> None:
        if self.force:
            made.replace(self.path)
        else:
            self._link(made)
        if os.name == "posix":
            sync(self.path.parent)

    def _link(self, made: Path) -> None:
        """Put the file where there must be none; unlike a rename, a link never replaces what came in between."""
        try:
            self.path.hardlink_to(made)
        except FileExistsError:
            raise SkeletonDataError(
                f"{self.path}: another process has made it meanwhile; that file stays, this one is thrown away."
            ) from None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._refuse_existing()
            made.replace(self.path)

    def _write_tables(self, file: h5py.File, class_names: Sequence[str], splits: Mapping[str, Split]) -> None:
        tables = self._tables
        file.attrs["format"] = np.bytes_(FORMAT)
        file.attrs["format_version"] = np.int32(FORMAT_VERSION)
        file.attrs["digest"] = np.bytes_(tables.digest())
        tables.write(file)
        _write_names(file, "classes", class_names)
        group = file.create_group("splits")
        for name, (train, test) in splits.items():
            group[f"{name}/train"], group[f"{name}/test"] = train.astype("<i4"), test.astype("<i4")

    def _write_positions(self, file: h5py.File, check: Callable[[], None]) -> None:
        shape = (self._tables.n_rows, self.skeleton.n_joints, 3)
        positions = file.create_dataset("positions", shape, "<f4", fill_time="never")
        start = 0
        for part in self._parts(_POSITIONS):
            positions[start : start + len(part)] = part
            check()
            start += len(part)

    def _parts(self, name: str) -> Iterator[NDArray[Any]]:
        """Give the rows of the positions or a channel as spilled, piece by piece."""
        n_joints = self.skeleton.n_joints
        shape = (n_joints, 3) if name == _POSITIONS else CHANNELS[name].shape(n_joints)
        kind = "<f4" if name == _POSITIONS else CHANNELS[name].dtype
        step = max(1, _COPY_BYTES // self._row_bytes()[name])
        with self._spill_path(name).open("rb") as spill:
            for start in range(0, self._tables.n_rows, step):
                n_rows = min(step, self._tables.n_rows - start)
                part = np.fromfile(spill, kind, n_rows * int(np.prod(shape, dtype=np.int64)))
                yield part.reshape(n_rows, *shape)


def _text_type(texts: Sequence[str]) -> np.dtype[np.void]:
    return text_dtype(max((len(text.encode()) for text in texts), default=1))


def _write_names(file: h5py.File, name: str, texts: Sequence[str]) -> None:
    file[name] = np.array([text.encode() for text in texts], _text_type(texts))


def _write_text(file: h5py.File, name: str, values: Mapping[str, Any]) -> None:
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, indent=1)
    file[name] = np.array(text.encode(), _text_type([text]))
