"""The positions of a store: mapped from the file, or decompressed when asked for."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, TypeAlias

import h5py
import numpy as np
from numpy.typing import NDArray

from skeleton_aug.compiled import kernel
from skeleton_aug.samples import Samples
from skeleton_data.raw import SkeletonDataError
from skeleton_data.storage.opening import Tables, check_same, open_file, reading_store

_BLOSC = 32001
_FEW_TRACKS = 32
"""So few are copied one by one: nothing needs to be compiled for a look at a sample."""

Rows: TypeAlias = "NDArray[np.float32] | h5py.Dataset"
"""Rows (n, V, C) that are read when they are sliced."""


@kernel()
def _copy_tracks(rows, out, places):  # type: ignore[no-untyped-def]
    """Copy tracks; a place tells where its body begins, its track, the track ends, the body ends, and the source."""
    for i in range(len(places)):
        start, first, stop, end, row = places[i]
        out[start:first] = 0
        source, target = rows[row : row + stop - first], out[first:stop]
        for k in range(target.size):
            target[k] = source[k]
        out[stop:end] = 0


def open_rows(path: Path, tables: Tables) -> Rows:
    """Open the positions that belong to these tables.

    Raises
    ------
    SkeletonDataError
        When the file was replaced by another one, cannot be read, or needs a filter that is not installed.
    """
    with reading_store(path):
        file = open_file(path)
        offset = _find_positions(file, path, tables)
        if offset is None:
            return file["positions"]
        with file, _content(file) as content:
            return np.memmap(content, "<f4", mode="r", offset=offset, shape=tables.shape)


def _find_positions(file: h5py.File, path: Path, tables: Tables) -> int | None:
    """Byte at which the positions begin, None where they are compressed."""
    check_same(file, path, tables)
    if "blosc" in tables.filters and not h5py.h5z.filter_avail(_BLOSC):
        load_plugins(f"{path}: its positions are compressed with blosc")
    offset = file["positions"].id.get_offset()
    return None if offset is None else int(offset)


def _content(file: h5py.File) -> BinaryIO:
    """Bytes of an open file, by its handle: the path may lead to another file at any moment."""
    return os.fdopen(os.dup(file.id.get_vfd_handle()), "rb", buffering=0)


def load_plugins(reason: str) -> None:
    """Make the filters of hdf5plugin known to h5py.

    Raises
    ------
    SkeletonDataError
        When the package is not installed; the message starts with ``reason``.
    """
    try:
        import hdf5plugin  # noqa: F401  # importing it is what registers the filters
    except ImportError as error:
        mend = "Install it: pip install 'skeleton-aug[compression]'"
        raise SkeletonDataError(f"{reason}, which needs the package hdf5plugin. {mend}.") from error


class Positions:
    """Positions of the samples that some tables tell of, opened in each process when they are first read."""

    def __init__(self, path: Path, tables: Tables) -> None:
        self._path, self._tables = path, tables
        samples, tracks = tables.samples, tables.tracks
        self.offsets = np.searchsorted(tracks["sample"], np.arange(len(samples) + 1)).astype(np.int64)
        for array in (samples, tracks, self.offsets):
            array.flags.writeable = False
        # Columns of the tables as arrays of their own, which many samples are picked from much faster.
        self._sizes = samples["n_bodies"].astype(np.int64), samples["n_frames"].astype(np.int64)
        self._spans = np.stack([tracks[field] for field in ("first_frame", "n_frames", "row")], axis=1).astype(np.int64)
        self._opened: tuple[int, Rows] | None = None
        self._places: Samples | None = None

    @property
    def rows(self) -> Rows:
        """All tracks end to end; this process has a handle or a mapping of its own, shared with no parent."""
        opened = self._opened
        if opened is None or opened[0] != os.getpid():
            opened = self._opened = (os.getpid(), open_rows(self._path, self._tables))
        return opened[1]

    def mapped(self) -> NDArray[np.float32]:
        """All tracks as an array that lies in the file; see :attr:`skeleton_data.Store.rows`."""
        rows = self.rows
        if not isinstance(rows, np.ndarray):
            raise SkeletonDataError(
                f"{self._path}: is compressed, so its rows cannot be mapped. Read samples, or make a mappable store "
                "with 'skeleton-data repack --filter none'."
            )
        return rows

    def read(self, wanted: NDArray[np.int64], out: NDArray[np.float32] | None) -> list[NDArray[np.float32]]:
        """Read samples; see :meth:`skeleton_data.Store.read`."""
        n_bodies, n_frames = self._sizes
        bodies, frames = n_bodies[wanted], n_frames[wanted]
        ends = np.cumsum(bodies * frames)
        buffer = self._buffer(int(ends[-1]) if len(ends) else 0, out)
        self._read_into(buffer, wanted, ends - bodies * frames)
        _, *joint = buffer.shape
        pieces = zip(ends.tolist(), bodies.tolist(), frames.tolist(), strict=True)
        return [
            buffer[None, end - t : end] if m == 1 else buffer[end - m * t : end].reshape(m, t, *joint)
            for end, m, t in pieces
        ]

    def _buffer(self, n_rows: int, out: NDArray[np.float32] | None) -> NDArray[np.float32]:
        joint = self._tables.shape[1:]
        if out is None:
            return np.empty((n_rows, *joint), np.float32)
        if out.dtype != np.float32 or out.shape[1:] != joint or len(out) < n_rows or not out.flags.c_contiguous:
            expected = f"({n_rows} or more, {joint[0]}, {joint[1]}) float32, C-contiguous"
            raise ValueError(f"Store.read: expected out of shape {expected}, got {out.shape} {out.dtype}.")
        return out

    def _read_into(self, buffer: NDArray[np.float32], wanted: NDArray[np.int64], starts: NDArray[np.int64]) -> None:
        """Copy the tracks of samples to where each of them starts, with zeros before and behind a track."""
        counts = self.offsets[wanted + 1] - self.offsets[wanted]
        sample = np.repeat(np.arange(len(wanted)), counts)
        body = np.arange(len(sample)) - np.repeat(np.cumsum(counts) - counts, counts)
        first, length, row = self._spans[self.offsets[wanted][sample] + body].T
        n_frames = self._sizes[1][wanted[sample]]
        begin = starts[sample] + body * n_frames
        at, rows = begin + first, self.rows
        places = np.stack([begin, at, at + length, begin + n_frames, row], axis=1)
        if isinstance(rows, np.ndarray) and len(places) > _FEW_TRACKS:
            width = rows.shape[1] * rows.shape[2]
            _copy_tracks(rows.reshape(-1).view(np.ndarray), buffer.reshape(-1), places * width)
            return
        for start, here, stop, end, source in places.tolist():
            buffer[start:here] = 0
            buffer[here:stop] = rows[source : source + stop - here]
            buffer[stop:end] = 0

    def read_ahead(self, wanted: NDArray[np.int64]) -> None:
        """Ask the operating system to have the rows of some samples in memory soon; see :meth:`Store.read_ahead`."""
        rows = self.rows
        if not isinstance(rows, np.memmap) or self._tables.offset is None or not hasattr(mmap, "MADV_WILLNEED"):
            return
        first, behind = self.offsets[:-1][wanted], self.offsets[1:][wanted]
        some = first < behind
        starts = self._spans[first[some], 2]
        ends = self._spans[behind[some] - 1, 2] + self._spans[behind[some] - 1, 1]
        mapping: mmap.mmap = rows._mmap  # type: ignore[attr-defined]
        # A memory map begins on a page of the file, some bytes before its array.
        begin, width = self._tables.offset % mmap.ALLOCATIONGRANULARITY, 4 * rows.shape[1] * rows.shape[2]
        for start, end in zip((begin + starts * width).tolist(), (begin + ends * width).tolist(), strict=True):
            page = start - start % mmap.PAGESIZE
            mapping.madvise(mmap.MADV_WILLNEED, page, end - page)

    def describe(self, wanted: NDArray[np.int64]) -> Samples:
        """Tell the kernels where samples lie; see :meth:`skeleton_data.Store.describe`."""
        tracks = self._track_places()
        row, first, length = tracks.row[wanted], tracks.first[wanted], tracks.length[wanted]
        gapless, n_frames = tracks.gapless[wanted], tracks.n_frames[wanted]
        if self._tables.offset is not None:
            return Samples(self.mapped(), row, first, length, gapless, n_frames)
        ends = np.cumsum(length).reshape(length.shape).astype(np.int64)
        read = np.empty((int(length.sum()), *self._tables.shape[1:]), np.float32)
        for start, end, n in zip(row.ravel().tolist(), ends.ravel().tolist(), length.ravel().tolist(), strict=True):
            read[end - n : end] = self.rows[start : start + n]
        return Samples(read, ends - length, first, length, gapless, n_frames)

    def _track_places(self) -> Samples:
        """Where the tracks of all samples lie, without the rows that they lie in."""
        if self._places is None:
            samples, tracks = self._tables.samples, self._tables.tracks
            shape, sample = (len(samples), max(int(samples["n_bodies"].max()), 1)), tracks["sample"]
            row, first, length = (np.zeros(shape, np.int64) for _ in range(3))
            gapless = np.ones(shape, np.bool_)
            place = sample, np.arange(len(tracks)) - self.offsets[sample]
            row[place], first[place], length[place] = tracks["row"], tracks["first_frame"], tracks["n_frames"]
            gapless[place] = tracks["gapless"]
            no_rows = np.empty((0, *self._tables.shape[1:]), np.float32)
            self._places = Samples(no_rows, row, first, length, gapless, samples["n_frames"].astype(np.int64))
        return self._places


class RowReader:
    """Reads rows from beginning to end in constant memory; use as a context manager.

    A mapping would serve as well, but its pages count as memory of this process, and where a disk fails it ends the
    process where a read gives an error.
    """

    def __init__(self, path: Path, tables: Tables) -> None:
        self._path, self._tables = path, tables

    def __enter__(self) -> RowReader:
        with reading_store(self._path):
            self._file = open_file(self._path)
        self._offset = _find_positions(self._file, self._path, self._tables)
        self._content = _content(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._content.close()
        self._file.close()

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Read rows ``start`` to ``stop - 1``, (n, V, C); OSError where the file does not give them."""
        if self._offset is None:
            rows: NDArray[np.float32] = self._file["positions"][start:stop]
            return rows
        made = np.empty((stop - start, *self._tables.shape[1:]), "<f4")
        wanted = made.reshape(-1).view(np.uint8).data
        self._content.seek(self._offset + start * (wanted.nbytes // max(1, stop - start)))
        while wanted.nbytes:
            n_read = self._content.readinto(wanted)  # type: ignore[attr-defined]
            if not n_read:
                raise OSError("the file ends here")
            wanted = wanted[n_read:]
        return made
