"""Model-ready batches of views, straight from a store, made in threads of this process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_aug import Bones, Compose
from skeleton_aug.pipeline import Pipeline
from skeleton_aug.presets import Channels
from skeleton_data.buffers import Buffers
from skeleton_data.dataset import SkeletonDataset, ViewBatch
from skeleton_data.sampling import EpochBatches, Sampling
from skeleton_data.store import Store


class ViewLoader:
    """Batches of augmented views, made ahead in background threads that release the interpreter lock.

    What a batch holds depends on (seed, epoch, place in the epoch) and nothing else; a view depends on (seed, epoch,
    sample, view number) only. A :class:`SkeletonDataset` gives the same views one by one, or to PyTorch's loaders.

    A loader is iterated over epoch by epoch, ``for batch in loader.epoch(3)``, or with ``for batch in loader``, each
    pass of which is the next epoch; the first after :meth:`load_state_dict` goes on where that says. Leaving a loop
    early, by an exception or Ctrl-C too, ends the threads; errors in them are raised where the batch is asked for.

    The arrays of a batch are the caller's for as long as they, views of them or tensors of them are kept. Once they are
    let go their memory serves a later batch, so that no more is in use than ``prefetch + threads`` batches and those
    that are kept.

    Attributes
    ----------
    waited : float
        Seconds that whoever iterates has waited for batches so far: a small part of the time where the loader keeps up.

    Parameters
    ----------
    store : Store
    indices : int array
        The samples to use, such as the training half of a split.
    views : sequence of Pipeline
        One per view; each must end in one length. Two for BYOL, one for classification; the same pipeline several times
        for several crops of each sample.
    batch_size : int
    multi_view : bool
        Go through performances, and draw a camera for every view (multi-viewpoint sampling; paper, section 3.3).
        False goes through samples: all views come from the same recording.
    replacement : bool
        As for :class:`SkeletonDataset`.
    seed : int
    shuffle, drop_last, sampling, repeats, rank, world_size
        As for :class:`EpochBatches`.
    channels : {"joint", "joint+bone", "bone"}
        What views hold: joints as the pipelines leave them, or bones taken of these. The presets take theirs before
        they drop a side, as the paper does: for them, pass ``channels`` there.
    prefetch : int
        Batches made ahead.
    threads : int
        Batches made at once.
    tensors : bool
        Give PyTorch's tensors, without a copy, in place of arrays.
    pin_memory : bool
        Give tensors in pinned memory, from which a GPU copies while the next step is prepared.
    read_ahead : bool
        Ask the operating system to read each batch from the disk while those before it are made, for stores that are
        larger than memory.

    Raises
    ------
    ValueError
        When there is nothing to make a single batch of, an index is not one of the store's, or settings contradict
        each other.

    Examples
    --------
    >>> loader = ViewLoader(store, train, [aggressive, conservative], batch_size=256, multi_view=True)  # doctest: +SKIP
    >>> for first, second in (batch.views for batch in loader.epoch(0)): ...  # doctest: +SKIP
    """

    def __init__(
        self,
        store: Store,
        indices: ArrayLike,
        views: Sequence[Pipeline],
        *,
        batch_size: int,
        multi_view: bool = False,
        replacement: bool = True,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = True,
        sampling: Sampling = "plain",
        repeats: int = 1,
        rank: int = 0,
        world_size: int = 1,
        prefetch: int = 2,
        threads: int = 1,
        tensors: bool = False,
        pin_memory: bool = False,
        read_ahead: bool = False,
        channels: Channels = "joint",
    ) -> None:
        if not views:
            raise ValueError("ViewLoader: needs at least one pipeline in views.")
        if prefetch < 0 or threads < 1:
            raise ValueError(
                f"ViewLoader: expected prefetch of 0 or more and threads of 1 or more, got {prefetch} and {threads}."
            )
        if channels != "joint":
            bones = Bones(skeleton=store.skeleton, channels=channels)
            views = [Compose([view, bones]) for view in views]
        self.dataset = SkeletonDataset(store, indices, views, multi_view=multi_view, replacement=replacement, seed=seed)
        self.sampler = EpochBatches(
            self.dataset, batch_size, shuffle=shuffle, drop_last=drop_last, sampling=sampling, repeats=repeats,
            rank=rank, world_size=world_size,
        )  # fmt: skip
        self.store, self.prefetch, self.threads, self.read_ahead = store, prefetch, threads, read_ahead
        adapter = import_module("skeleton_data.torch") if tensors or pin_memory else None
        self._finish: Callable[[ViewBatch], ViewBatch] | None = adapter.to_tensors if adapter else None
        self._buffers: Any = adapter.PinnedMemory() if adapter and pin_memory else Buffers()
        self._epoch, self._batch, self._start = 0, 0, (0, 0)
        self.waited = 0.0

    def __len__(self) -> int:
        return len(self.sampler)

    def epoch(self, epoch: int = 0, first: int = 0) -> Iterator[ViewBatch]:
        """Batches of one epoch, in order, from batch ``first`` on."""
        self._epoch, self._batch = epoch, first
        with ThreadPoolExecutor(self.threads, thread_name_prefix="ViewLoader") as pool:
            ahead: deque[Future[ViewBatch]] = deque()
            try:
                for items in self.sampler.batches(epoch)[first:]:
                    if self.read_ahead:
                        self.dataset.read_ahead(items, epoch)
                    ahead.append(pool.submit(self._make, items, epoch))
                    if len(ahead) > self.prefetch:
                        yield self._next(ahead)
                while ahead:
                    yield self._next(ahead)
            finally:
                pool.shutdown(cancel_futures=True)
        self._epoch, self._batch = epoch + 1, 0

    def __iter__(self) -> Iterator[ViewBatch]:
        epoch, first = self._start
        self._start = epoch + 1, 0
        return self.epoch(epoch, first)

    def state_dict(self) -> dict[str, Any]:
        """Where the loader is, counting the batches that it has given, and what it gives batches of; plain values."""
        sampler = self.sampler
        together = sampler.batch_size * sampler.world_size
        return {"epoch": self._epoch, "batch": self._batch, "batches of": together, "data": self.store.digest} | {
            name: getattr(sampler, name) for name in ("shuffle", "drop_last", "sampling", "repeats")
        } | {name: getattr(self.dataset, name) for name in ("seed", "multi_view", "replacement")}  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where the loader was whose state this is, with exactly the batches that would have come.

        The number of processes may be another one, where all together have batches of the same size.

        Raises
        ------
        ValueError
            When the state is that of a loader with other data or settings, whose batches these would not be.
        """
        mine = self.state_dict()
        differing = [name for name in mine if name not in ("epoch", "batch") and state.get(name) != mine[name]]
        if differing or not {"epoch", "batch"} <= set(state):
            raise ValueError(
                f"ViewLoader: the state is that of another loader; {', '.join(differing) or 'epoch and batch'} differ."
            )
        passed, self._batch = divmod(int(state["batch"]), len(self))
        self._epoch = int(state["epoch"]) + passed
        self._start = self._epoch, self._batch

    def _next(self, ahead: deque[Future[ViewBatch]]) -> ViewBatch:
        began = time.perf_counter()
        batch = ahead.popleft().result()
        self.waited += time.perf_counter() - began
        self._batch += 1
        return batch

    def _make(self, items: NDArray[np.int64], epoch: int) -> ViewBatch:
        batch = self.dataset.batch(items, epoch, buffers=self._buffers)
        return batch if self._finish is None else self._finish(batch)
