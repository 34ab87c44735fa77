"""What of a store is to be exported, and what an export format has to offer."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skeleton_data.channels import CHANNELS
from skeleton_data.raw import SkeletonDataError
from skeleton_data.splits import Split
from skeleton_data.store import Sample, Store

_RELEASE_AFTER = 1000


@dataclass
class Selection:
    """Recordings of a store in their order, and the splits that go with them.

    Attributes
    ----------
    store : Store
    indices : (n,) int64 array
        The recordings, increasing.
    splits : dict
        Name -> (train, test) indices into the store.
    advance : callable
        Called with a number of recordings whenever so many are done.
    """

    store: Store
    indices: NDArray[np.int64]
    splits: dict[str, Split]
    advance: Callable[[int], object] = field(default=lambda n: None)

    @cached_property
    def channels(self) -> dict[str, NDArray[Any]]:
        """What the store has besides positions, by name, mapped: a row for every row of positions."""
        return {name: self.store.channel(name) for name in self.store.channels if name in CHANNELS}

    def channels_of(self, sample: Sample) -> dict[str, NDArray[Any]]:
        """Channels of a recording, (M, T, ...) beside its positions."""
        return {name: self.store.laid_out(sample.index, rows) for name, rows in self.channels.items()}

    @classmethod
    def of(cls, store: Store, split: str | None) -> Selection:
        """All of a store, or the recordings of one split."""
        if split is None:
            return cls(store, np.arange(len(store)), {name: store.split(name) for name in store.splits})
        train, test = store.split(split)
        indices = np.union1d(train, test).astype(np.int64)
        if not len(indices):
            raise SkeletonDataError(f"{store.path}: the split {split!r} has no recordings.")
        return cls(store, indices, {split: (train, test)})

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def names(self) -> list[str]:
        """Names of the recordings."""
        return [str(name) for name in self.store.samples["name"][self.indices]]

    def only_split(self, what: str) -> tuple[str, Split]:
        """Name and parts of the one split; an error names those there are."""
        if len(self.splits) != 1:
            have = f"it has {', '.join(self.splits)}" if self.splits else "it has none"
            raise SkeletonDataError(f"{self.store.path}: {what} holds one split; say which with --split ({have}).")
        return next(iter(self.splits.items()))

    def samples(self, indices: NDArray[np.int64] | None = None) -> Iterator[Sample]:
        """Read recordings one by one, all by default, with the progress told."""
        for at, index in enumerate(self.indices if indices is None else indices):
            yield self.store[int(index)]
            self.advance(1)
            if at % _RELEASE_AFTER == 0:
                self._release()

    def _release(self) -> None:
        """Give back the pages of the store that were read: mapped pages count as memory of this process."""
        mapped = list(self.channels.values())
        with suppress(SkeletonDataError):
            mapped.append(self.store.rows)
        for rows in mapped:
            if isinstance(rows.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
                rows.base.madvise(mmap.MADV_DONTNEED)

    def refuse(self, where: NDArray[np.bool_] | Sequence[bool], why: str) -> None:
        """Raise an error that counts and names the recordings at ``where``, if there are any."""
        wrong = np.flatnonzero(np.asarray(where, bool))
        if len(wrong):
            shown = ", ".join(self.names[at] for at in wrong[:3])
            more = ", ..." if len(wrong) > 3 else ""
            raise SkeletonDataError(f"{self.store.path}: {len(wrong):,} recordings {why}: {shown}{more}")


class Exporter(Protocol):
    """A format that stores can be written in; instances hold options only."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of the files in the folder that it writes; empty if it writes one file."""

    def check(self, selection: Selection) -> None:
        """Raise :class:`SkeletonDataError` where the format cannot hold the recordings, before anything is written."""

    def write(self, selection: Selection, place: Path) -> None:
        """Write the recordings to the file or folder ``place``, which is not there yet."""
