"""The tables of a store while it is made, packed: what a conversion holds in memory grows by these alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skeleton_data.conversion.journal import Entry, SampleEntry
from skeleton_data.storage.schema import TRACK_DTYPE, sample_dtype, source_dtype, store_digest, text_dtype

# Rows are packed without their texts, whose common length is known at the end only.
_SAMPLE_NUMBERS = np.dtype([(name, sample_dtype("U1")[name]) for name in (sample_dtype("U1").names or ())[1:]])
_SOURCE_NUMBERS = np.dtype([(name, source_dtype("S1")[name]) for name in (source_dtype("S1").names or ())[1:]])


class _Rows:
    """A structured array that grows by a half when it is full."""

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        self._array: NDArray[np.void] = np.empty(1024, dtype)
        self.n = 0

    def append(self, row: tuple[Any, ...]) -> None:
        if self.n == len(self._array):
            grown = np.empty(self.n + self.n // 2, self._array.dtype)
            grown[: self.n] = self._array
            self._array = grown
        self._array[self.n] = row
        self.n += 1

    @property
    def values(self) -> NDArray[np.void]:
        return self._array[: self.n]


class Tables:
    """Samples, tracks, sources and performances, filled entry by entry in the order of their rows."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.performances: dict[str, int] = {}
        self.n_rows = 0
        self._samples, self._tracks, self._sources = _Rows(_SAMPLE_NUMBERS), _Rows(TRACK_DTYPE), _Rows(_SOURCE_NUMBERS)
        self._paths: list[str] = []
        self._first_with: dict[bytes, int] = {}

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
        index, checksum = len(self.names), bytes.fromhex(sample.checksum)
        self.names[sample.name] = None
        for body_id, first_frame, n_frames, gapless in sample.tracks:
            self._tracks.append((index, body_id, first_frame, n_frames, self.n_rows, gapless))
            self.n_rows += n_frames
        first = self._first_with.setdefault(checksum, index)
        self._samples.append(
            (
                sample.label,
                sample.subject,
                sample.camera,
                sample.setup,
                sample.replication,
                sample.n_frames,
                len(sample.tracks),
                self.performances.setdefault(sample.performance, len(self.performances)),
                -1 if first == index else first,
                len(self._paths) - 1,
                np.frombuffer(checksum, np.uint8),
            )
        )

    def samples(self, *, encoded: bool = False) -> NDArray[np.void]:
        """Return the table of samples, names as text, or as fixed-length UTF-8 for the file."""
        names = [name.encode() for name in self.names] if encoded else list(self.names)
        longest = max(1, max(map(len, names), default=1))
        made = np.empty(len(names), sample_dtype(text_dtype(longest) if encoded else f"U{longest}"))
        made["name"] = names
        return _filled(made, self._samples.values)

    def tracks(self) -> NDArray[np.void]:
        """Return the table of tracks."""
        return self._tracks.values

    def sources(self) -> NDArray[np.void]:
        """Return the table of raw files, as the file has it."""
        paths = [path.encode() for path in self._paths]
        made = np.empty(len(paths), source_dtype(text_dtype(max(map(len, paths), default=1))))
        made["path"] = paths
        return _filled(made, self._sources.values)

    def digest(self) -> str:
        """Return the identity of the content, see :func:`skeleton_data.storage.schema.store_digest`."""
        return store_digest(list(self.names), self._samples.values["checksum"])


def _filled(table: NDArray[np.void], numbers: NDArray[np.void]) -> NDArray[np.void]:
    for name in numbers.dtype.names or ():
        table[name] = numbers[name]
    return table
