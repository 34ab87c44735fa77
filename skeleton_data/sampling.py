"""What comes when: the items of an epoch, in batches, shared out between processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.randomness import Draws, Key, stream_key
from skeleton_data.dataset import SkeletonDataset

Sampling = Literal["plain", "balanced", "length", "near"]

# The order is named after the class that made it first: seeds give what they always gave.
_ORDER, _BALANCED = stream_key("ViewLoader order"), stream_key("EpochBatches balanced")
_BATCHES, _BLOCKS = stream_key("EpochBatches length"), stream_key("EpochBatches near")
_POOL = 16
"""Batches among which recordings are sorted by length."""
_BLOCK, _WINDOW = 64, 16
"""Neighbours in the file that stay together, and how many such blocks are shuffled with one another."""


class EpochBatches:
    """Items of the batches of one epoch after the other, as (epoch, item) keys for a :class:`SkeletonDataset`.

    Fits ``DataLoader(dataset, batch_sampler=...)``. Each pass is the next epoch; ``epoch`` says which, and may be set.

    Parameters
    ----------
    dataset : SkeletonDataset
    batch_size : int
        Items of a batch of one process.
    shuffle : bool
        A new order each epoch; False keeps that of the data set.
    drop_last : bool
        Leave out the last batch where it would be smaller.
    sampling : {"plain", "balanced", "length", "near"}
        "plain" takes everything once. "balanced" takes as many items as that, equally many of each class, so that rare
        classes come several times, with other draws each time. "length" puts recordings of similar length into a batch
        (the order of the batches stays random). "near" shuffles blocks of recordings that are neighbours in the file
        with others near them, which reads a store larger than memory nearly from its beginning to its end.
    repeats : int
        Times that everything comes in an epoch, with other draws each time.
    rank, world_size : int
        This process and how many there are. Together they go through one epoch, the same for any number of processes
        that have the same ``batch_size * world_size``: batch k of all ranks, put together, is batch k of one process.
        All ranks have equally many batches. A last batch that is not full is shared out as evenly as it goes; a rank
        that would get none of it gets its first item again.
    epoch : int
        Of the first pass.

    Raises
    ------
    ValueError
        When there is nothing to make a single batch of, or the settings contradict each other.
    """

    def __init__(
        self,
        dataset: SkeletonDataset,
        batch_size: int,
        *,
        shuffle: bool = True,
        drop_last: bool = True,
        sampling: Sampling = "plain",
        repeats: int = 1,
        rank: int = 0,
        world_size: int = 1,
        epoch: int = 0,
    ) -> None:
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        self.sampling, self.repeats, self.rank, self.world_size = sampling, repeats, rank, world_size
        self.epoch = epoch
        for name, value in (("batch_size", batch_size), ("repeats", repeats)):
            if value < 1:
                raise ValueError(f"EpochBatches: {name} must be at least 1, got {value}.")
        if not 0 <= rank < world_size:
            raise ValueError(f"EpochBatches: rank must lie in 0..world_size - 1, got {rank} of {world_size}.")
        if sampling not in get_args(Sampling):
            raise ValueError(f"EpochBatches: sampling must be one of {get_args(Sampling)}, got {sampling!r}.")
        if sampling != "plain" and (not shuffle or repeats > 1):
            raise ValueError(f"EpochBatches: sampling={sampling!r} has an order of its own; leave shuffle and repeats.")
        if len(self) == 0:
            what = "performances" if dataset.multi_view else "samples"
            together = f"{batch_size}" if world_size == 1 else f"{world_size} times {batch_size}"
            raise ValueError(
                f"EpochBatches: {len(dataset)} {what} do not fill one batch of {together}. Use a smaller "
                "batch_size, or drop_last=False."
            )

    def __len__(self) -> int:
        whole, rest = divmod(len(self.dataset) * self.repeats, self.batch_size * self.world_size)
        return whole + (rest > 0 and not self.drop_last)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Items of all processes in the order of an epoch."""
        if self.sampling == "balanced":
            return self._balanced(epoch)
        if self.sampling == "near":
            return self._near(epoch)
        n = len(self.dataset)
        if not self.shuffle:
            return np.arange(n * self.repeats)
        order = np.concatenate([n * copy + self._shuffled(_ORDER, epoch, copy) for copy in range(self.repeats)])
        return self._by_length(order, epoch) if self.sampling == "length" else order

    def batches(self, epoch: int) -> list[NDArray[np.int64]]:
        """Items of each batch of this process, in order."""
        order, together = self.order(epoch), self.batch_size * self.world_size
        return [self._share(order[i * together : (i + 1) * together]) for i in range(len(self))]

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        # A generator begins with its first key: PyTorch makes iterators that it never asks for any.
        epoch, self.epoch = self.epoch, self.epoch + 1
        for items in self.batches(epoch):
            yield [(epoch, item) for item in items.tolist()]

    def _share(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """This rank's part of a batch of all."""
        if len(items) == self.batch_size * self.world_size:
            return items[self.rank * self.batch_size : (self.rank + 1) * self.batch_size]
        part = np.array_split(items, self.world_size)[self.rank]
        return part if len(part) else items[:1]

    def _uniform(self, stream: int, numbers: NDArray[np.int64], epoch: int, view: int = 0) -> NDArray[np.float64]:
        return Draws(Key(self.dataset.seed, numbers, epoch, view), stream).uniform()

    def _shuffled(self, stream: int, epoch: int, copy: int = 0) -> NDArray[np.int64]:
        return np.argsort(self._uniform(stream, self.dataset.numbers, epoch, copy))

    def _balanced(self, epoch: int) -> NDArray[np.int64]:
        labels, n = self.dataset.labels, len(self.dataset)
        classes, counts = np.unique(labels, return_counts=True)
        most = -(-n // len(classes))
        copies = [self._shuffled(_BALANCED, epoch, copy) for copy in range(-(-most // counts.min()))]
        chosen = []
        for number, label in enumerate(classes):
            wanted = n // len(classes) + (number < n % len(classes))
            members = [n * copy + order[labels[order] == label] for copy, order in enumerate(copies)]
            chosen.append(np.concatenate(members)[:wanted])
        items = np.concatenate(chosen)
        return items[np.argsort(self._uniform(_ORDER, items, epoch))]

    def _by_length(self, order: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
        together = self.batch_size * self.world_size
        lengths, whole = self.dataset.lengths[order], len(order) // together
        for start in range(0, len(order), _POOL * together):
            part = slice(start, start + _POOL * together)
            order[part] = order[part][np.argsort(lengths[part], kind="stable")]
        places = np.argsort(self._uniform(_BATCHES, np.arange(whole), epoch))
        full = order[: whole * together].reshape(whole, together)[places].reshape(-1)
        return np.concatenate([full, order[whole * together :]])

    def _near(self, epoch: int) -> NDArray[np.int64]:
        order = np.argsort(self.dataset.rows, kind="stable")
        starts = np.arange(0, len(order), _BLOCK)
        blocks = np.argsort(self._uniform(_BLOCKS, starts, epoch) + starts // (_BLOCK * _WINDOW))
        order = np.concatenate([order[start : start + _BLOCK] for start in starts[blocks].tolist()])
        window = np.arange(len(order)) // (_BLOCK * _WINDOW)
        return order[np.argsort(self._uniform(_ORDER, self.dataset.numbers[order], epoch) + window)]
