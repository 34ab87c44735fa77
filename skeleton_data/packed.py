"""Long sequences of small objects in little memory: the listing of a large source, most of all."""

from __future__ import annotations

import heapq
import pickle
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")

_BATCH = 256
_RUN = 64 * _BATCH


class Packed(Sequence[T], Generic[T]):
    """A sequence that holds all but its last items pickled and compressed, some hundreds at a time.

    A hundredth to a tenth of the memory of a list; made to be appended to and gone through from front to back. Every
    access gives a new object, so the items should not be changed.

    Parameters
    ----------
    items : iterable
        Picklable.
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._batches: list[bytes] = []
        self._last: list[T] = []
        self._opened: tuple[int, list[T]] = (-1, [])
        self.extend(items)

    def append(self, item: T) -> None:
        """Add an item at the end."""
        self._last.append(item)
        if len(self._last) == _BATCH:
            self._batches.append(zlib.compress(pickle.dumps(self._last, pickle.HIGHEST_PROTOCOL), 1))
            self._last = []

    def extend(self, items: Iterable[T]) -> None:
        """Add items at the end."""
        for item in items:
            self.append(item)

    def __len__(self) -> int:
        return _BATCH * len(self._batches) + len(self._last)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        number, at = divmod(range(len(self))[index], _BATCH)
        if number == len(self._batches):
            return self._last[at]
        if self._opened[0] != number:
            self._opened = number, self._open(number)
        return self._opened[1][at]

    def __iter__(self) -> Iterator[T]:
        for number in range(len(self._batches)):
            yield from self._open(number)
        yield from self._last

    def _open(self, number: int) -> list[T]:
        items: list[T] = pickle.loads(zlib.decompress(self._batches[number]))
        return items


def in_order(items: Iterable[T], key: Callable[[T], Any]) -> Iterator[T]:
    """Give items sorted by a key, equal ones in their order, with some thousands of them unpacked at a time."""
    waiting, runs = iter(items), []
    while run := sorted(islice(waiting, _RUN), key=key):
        runs.append(Packed(run))
    return heapq.merge(*runs, key=key)
