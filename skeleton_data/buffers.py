"""Arrays that are used again once nobody holds them."""

from __future__ import annotations

import sys
import threading

import numpy as np
from numpy.typing import NDArray


class Buffers:
    """Gives arrays; those that all others have let go are given again, as fresh memory costs as much as filling it.

    An array counts as held while any variable, view or tensor refers to it, so whoever keeps one keeps its contents.
    """

    def __init__(self) -> None:
        self._arrays: dict[tuple[int, ...], list[NDArray[np.float32]]] = {}
        self._lock = threading.Lock()

    def take(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return a float32 array of this shape, with anything in it."""
        with self._lock:
            known = self._arrays.setdefault(shape, [])
            for i in range(len(known)):
                if sys.getrefcount(known[i]) <= _UNHELD:
                    return known[i]
            known.append(np.empty(shape, np.float32))
            return known[-1]

    def __len__(self) -> int:
        return sum(map(len, self._arrays.values()))

    def trim(self) -> None:
        """Let go of the arrays that nobody holds."""
        with self._lock:
            for shape, known in self._arrays.items():
                self._arrays[shape] = [known[i] for i in range(len(known)) if sys.getrefcount(known[i]) > _UNHELD]


def _count_unheld() -> int:
    """References to an array in a list that nobody else refers to, as they are counted here."""
    known = [np.empty(1)]
    return sys.getrefcount(known[0])


_UNHELD = _count_unheld()
