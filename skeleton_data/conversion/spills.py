"""Columns of a table that grow in files: rows of numbers, and texts whose common length is known at the end only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

PIECE = 1 << 14
"""Rows that are read at a time."""


class SpilledRows:
    """A structured array in a file; from the beginning whatever the file held."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self.dtype, self.n = dtype, 0
        self._file: IO[bytes] = path.open("w+b")

    def append(self, row: tuple[Any, ...]) -> None:
        """Add a row."""
        self._file.write(np.array(row, self.dtype).tobytes())
        self.n += 1

    def pieces(self) -> Iterator[NDArray[Any]]:
        """Give all rows, a piece after the other."""
        place = self._file.tell()
        self._file.seek(0)
        for start in range(0, self.n, PIECE):
            count = min(PIECE, self.n - start)
            yield np.frombuffer(self._file.read(count * self.dtype.itemsize), self.dtype)
        self._file.seek(place)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class SpilledTexts:
    """Texts in a file, and the bytes of each in another.

    Attributes
    ----------
    longest, longest_bytes : int
        Of the texts so far, in letters and in bytes of UTF-8; at least 1.
    """

    def __init__(self, path: Path) -> None:
        self.longest = self.longest_bytes = 1
        self._lengths = SpilledRows(path.with_name(f"{path.name}.lengths"), np.dtype("<u4"))
        self._file: IO[bytes] = path.open("w+b")

    def __len__(self) -> int:
        return self._lengths.n

    def append(self, text: str) -> None:
        """Add a text."""
        data = text.encode()
        self._file.write(data)
        self._lengths.append((len(data),))
        self.longest, self.longest_bytes = max(self.longest, len(text)), max(self.longest_bytes, len(data))

    def pieces(self) -> Iterator[list[bytes]]:
        """Give all texts as UTF-8, a piece after the other."""
        self._file.seek(0)
        for lengths in self._lengths.pieces():
            ends = np.cumsum(lengths, dtype=np.int64).tolist()
            data = self._file.read(ends[-1])
            yield [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def close(self) -> None:
        """Let go of the files."""
        self._lengths.close()
        self._file.close()
