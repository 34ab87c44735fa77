"""Writes a pickle piece by piece, with one array in memory at a time.

Python's own pickler keeps every object until the end. What is written here is protocol 3, for Python 3 of any age, and
names NumPy's functions where both NumPy 1 and 2 find them.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
_DTYPE = b"cnumpy\ndtype\n"


class PickleWriter:
    """Writes one object to a file: open containers, put values into them, and :meth:`end`.

    Parameters
    ----------
    file : binary file
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._write = file.write
        self._write(pickle.PROTO + b"\3")

    def end(self) -> None:
        """Close the pickle."""
        self._write(pickle.STOP)

    @contextmanager
    def dictionary(self) -> Iterator[None]:
        """A dictionary; what is written within are its keys and values in turn."""
        self._write(pickle.EMPTY_DICT + pickle.MARK)
        yield
        self._write(pickle.SETITEMS)

    @contextmanager
    def sequence(self) -> Iterator[None]:
        """A list; what is written within are its entries."""
        self._write(pickle.EMPTY_LIST + pickle.MARK)
        yield
        self._write(pickle.APPENDS)

    def text(self, value: str) -> None:
        """A text."""
        data = value.encode()
        self._write(pickle.BINUNICODE + len(data).to_bytes(4, "little") + data)

    def integer(self, value: int) -> None:
        """A whole number of 32 bits."""
        self._write(pickle.BININT + value.to_bytes(4, "little", signed=True))

    def array(self, values: NDArray[Any]) -> None:
        """An array of plain numbers."""
        little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        self._write(_RECONSTRUCT + pickle.MARK)
        self.integer(1)
        self._write(pickle.MARK)
        for n in values.shape:
            self.integer(n)
        self._write(pickle.TUPLE + _DTYPE)
        self.text(little.dtype.str[1:])
        self._write(pickle.NEWFALSE + pickle.NEWTRUE + pickle.TUPLE3 + pickle.REDUCE + pickle.MARK)
        self.integer(3)
        self.text("<")
        self._write(3 * pickle.NONE)
        for n in (-1, -1, 0):
            self.integer(n)
        self._write(pickle.TUPLE + pickle.BUILD + pickle.NEWFALSE)
        self._write(pickle.BINBYTES + little.nbytes.to_bytes(4, "little"))
        self._write(little.data if little.ndim == 1 else little.reshape(-1).data)
        self._write(pickle.TUPLE + pickle.BUILD)
