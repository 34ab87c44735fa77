"""The tables of a store while it is made: spilled to files, so that a conversion holds next to nothing of them.

In memory stay the digests of names, performances and recordings, which tell what has come before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from skeleton_data.conversion.first_seen import FirstSeen, text_key
from skeleton_data.conversion.journal import Entry, SampleEntry
from skeleton_data.conversion.spills import SpilledRows, SpilledTexts
from skeleton_data.storage.schema import TRACK_DTYPE, StoreDigest, sample_dtype, source_dtype, text_dtype


def _numbers(dtype: np.dtype[np.void]) -> np.dtype[np.void]:
    """The type of a table without its text, which comes first."""
    return np.dtype([(name, dtype[name]) for name in (dtype.names or ())[1:]])


class Tables:
    """Samples, tracks, sources and performances, filled entry by entry in the order of their rows.

    Parameters
    ----------
    folder : Path
        Where to spill them; files of other tables there are overwritten.
    """

    def __init__(self, folder: Path) -> None:
        self.n_rows = 0
        self._samples = SpilledRows(folder / "table.samples", _numbers(sample_dtype("U1")))
        self._tracks = SpilledRows(folder / "table.tracks", TRACK_DTYPE)
        self._sources = SpilledRows(folder / "table.sources", _numbers(source_dtype("S1")))
        self._names = SpilledTexts(folder / "table.names")
        self._paths = SpilledTexts(folder / "table.paths")
        self._performances = SpilledTexts(folder / "table.performances")
        self._by_name, self._by_performance, self._by_checksum = FirstSeen(), FirstSeen(), FirstSeen()

    def close(self) -> None:
        """Let go of the files."""
        for spill in (self._samples, self._tracks, self._sources, self._names, self._paths, self._performances):
            # What a full disk did not take is of no use any more.
            with suppress(OSError):
                spill.close()

    def __len__(self) -> int:
        return self._samples.n

    def __contains__(self, name: str) -> bool:
        return text_key(name) in self._by_name

    @property
    def n_tracks(self) -> int:
        """Tracks so far."""
        return self._tracks.n

    def add(self, entry: Entry) -> None:
        """Take what an entry tells; one without recordings leaves no trace."""
        if not entry.samples:
            return
        self._paths.append(entry.path)
        self._sources.append((entry.size, entry.digest))
        for sample in entry.samples:
            self._add(sample)

    def _add(self, sample: SampleEntry) -> None:
        index, checksum = len(self), bytes.fromhex(sample.checksum)
        self._by_name.setdefault(text_key(sample.name), index)
        self._names.append(sample.name)
        for body_id, first_frame, n_frames, gapless in sample.tracks:
            self._tracks.append((index, body_id, first_frame, n_frames, self.n_rows, gapless))
            self.n_rows += n_frames
        first = self._by_checksum.setdefault(checksum, index)
        performance = self._by_performance.setdefault(text_key(sample.performance), len(self._performances))
        if performance == len(self._performances):
            self._performances.append(sample.performance)
        self._samples.append(
            (
                sample.label,
                sample.subject,
                sample.camera,
                sample.setup,
                sample.replication,
                sample.n_frames,
                len(sample.tracks),
                performance,
                -1 if first == index else first,
                len(self._paths) - 1,
                np.frombuffer(checksum, np.uint8),
            )
        )

    def samples(self) -> NDArray[np.void]:
        """Return the table of samples, names as text."""
        made = np.empty(len(self), sample_dtype(f"U{self._names.longest}"))
        for start, piece in _places(self._sample_pieces(made.dtype)):
            made[start : start + len(piece)] = piece
        return made

    def _sample_pieces(self, dtype: np.dtype[np.void]) -> Iterator[NDArray[np.void]]:
        as_text = dtype[0].kind == "U"
        for names, numbers in zip(self._names.pieces(), self._samples.pieces(), strict=True):
            yield _joined([name.decode() for name in names] if as_text else names, numbers, dtype)

    def _source_pieces(self, dtype: np.dtype[np.void]) -> Iterator[NDArray[np.void]]:
        for paths, numbers in zip(self._paths.pieces(), self._sources.pieces(), strict=True):
            yield _joined(paths, numbers, dtype)

    def write(self, file: h5py.File) -> None:
        """Write all tables to a store."""
        samples = sample_dtype(text_dtype(self._names.longest_bytes))
        sources = source_dtype(text_dtype(self._paths.longest_bytes))
        names = text_dtype(self._performances.longest_bytes)
        _write(file, "samples", samples, len(self), self._sample_pieces(samples))
        _write(file, "tracks", TRACK_DTYPE, self.n_tracks, self._tracks.pieces())
        _write(file, "sources", sources, len(self._paths), self._source_pieces(sources))
        performances = (np.array(piece, names) for piece in self._performances.pieces())
        _write(file, "performances", names, len(self._performances), performances)

    def digest(self) -> str:
        """Return the identity of the content, see :func:`skeleton_data.storage.schema.store_digest`."""
        made = StoreDigest()
        for names in self._names.pieces():
            made.add_names(names)
        for numbers in self._samples.pieces():
            made.add_checksums(numbers["checksum"])
        return made.hexdigest()


def _joined(texts: list[Any], numbers: NDArray[np.void], dtype: np.dtype[np.void]) -> NDArray[np.void]:
    made = np.empty(len(texts), dtype)
    made[(dtype.names or ())[0]] = texts
    for name in numbers.dtype.names or ():
        made[name] = numbers[name]
    return made


def _places(pieces: Iterable[NDArray[Any]]) -> Iterator[tuple[int, NDArray[Any]]]:
    start = 0
    for piece in pieces:
        yield start, piece
        start += len(piece)


def _write(file: h5py.File, name: str, dtype: np.dtype[Any], n: int, pieces: Iterable[NDArray[Any]]) -> None:
    """Write a table piece by piece; it gets its name last, as h5py gives it to a table that is written at once."""
    dataset = file.create_dataset(None, (n,), dtype)
    for start, piece in _places(pieces):
        dataset[start : start + len(piece)] = piece
    file[name] = dataset
