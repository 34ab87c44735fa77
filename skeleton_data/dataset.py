"""A store as a map-style data set: samples, or model-ready views of them, one by one or a batch at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_aug.pipeline import Pipeline
from skeleton_aug.randomness import Draws, Key, stream_key
from skeleton_data.buffers import Buffers
from skeleton_data.store import Sample, Store
from skeleton_data.viewpoints import pick_distinct, pick_one

ItemKey: TypeAlias = "int | tuple[int, int]"
"""An item of a data set in epoch 0, or (epoch, item). Items are places 0..n - 1; from n on they are the same again
with other draws."""

# Draws are named after the class that made them first: seeds give what they always gave.
_CAMERA = stream_key("ViewLoader camera")
_DISTINCT = stream_key("SkeletonDataset distinct cameras")
_COPY = 40
"""Bits of a sample's index; those above count how often it came before in the epoch."""


@dataclass(frozen=True)
class ViewBatch:
    """One batch.

    Attributes
    ----------
    views : tuple of (N, C, T, V, M) float32 arrays
        One per pipeline; fresh memory that belongs to the caller.
    labels : (N,) int64 array
        0-based class of each performance.
    samples : (views, N) int64 array
        Which sample of the store each view was made from.
    """

    views: tuple[NDArray[np.float32], ...]
    labels: NDArray[np.int64]
    samples: NDArray[np.int64]


class ViewItem(NamedTuple):
    """One item of a batch; PyTorch's own collation makes the same tuple of tensors from many of them.

    Attributes
    ----------
    views : tuple of (C, T, V, M) float32 arrays
        One per pipeline.
    label : int
    samples : (views,) int64 array
        Which sample of the store each view was made from.
    """

    views: tuple[Any, ...]
    label: Any
    samples: Any


class ViewItems(list[ViewItem]):
    """Items of one batch, and the batch that they are slices of, for a collation that need not copy them."""

    def __init__(self, batch: ViewBatch) -> None:
        super().__init__(
            ViewItem(tuple(view[i] for view in batch.views), int(label), batch.samples[:, i])
            for i, label in enumerate(batch.labels)
        )
        self.batch = batch


class SkeletonDataset:
    """Samples of a store by place, for :class:`torch.utils.data.DataLoader` or a loop; PyTorch is not imported.

    With pipelines an item is a :class:`ViewItem`, without them a :class:`Sample`. A view depends on (seed, epoch,
    sample, view number) and nothing else. The epoch is part of the key, ``dataset[epoch, place]``, so that no worker
    that lives on can miss it; :class:`EpochBatches` makes such keys. Items beyond the last place are the same
    recordings again with other draws. Data sets may be pickled, sent to workers or
    inherited by a fork: each process opens the file for itself.

    Parameters
    ----------
    store : Store or path
    indices : int array, optional
        The samples to use, such as the training half of a split; by default all.
    views : sequence of Pipeline
        One per view; each must end in one length.
    multi_view : bool
        Go through performances, and draw a camera for every view (multi-viewpoint sampling; paper, section 3.3).
        False goes through samples: all views come from the same recording.
    replacement : bool
        Whether views of a performance may come from one camera by chance, as in the paper; False draws others as long
        as there are any. Without ``multi_view`` it means nothing.
    seed : int

    Raises
    ------
    ValueError
        When an index is not one of the store's, there are none, or ``multi_view`` has no views to draw.

    Examples
    --------
    >>> pairs = SkeletonDataset(store, train, [aggressive, conservative], multi_view=True)  # doctest: +SKIP
    >>> first, second = pairs[3, 17].views  # epoch 3, performance 17  # doctest: +SKIP
    """

    def __init__(
        self,
        store: Store | str | os.PathLike[str],
        indices: ArrayLike | None = None,
        views: Sequence[Pipeline] = (),
        *,
        multi_view: bool = False,
        replacement: bool = True,
        seed: int = 0,
    ) -> None:
        self.store = store if isinstance(store, Store) else Store.open(store)
        self.views, self.multi_view, self.replacement, self.seed = tuple(views), multi_view, replacement, seed
        n = len(self.store)
        wanted = np.arange(n) if indices is None else np.asarray(indices, np.int64)
        if wanted.ndim != 1 or wanted.size == 0:
            raise ValueError(f"SkeletonDataset: expected indices of some samples, (n,) ints, got shape {wanted.shape}.")
        if wanted.min() < 0 or wanted.max() >= n:
            raise ValueError(f"SkeletonDataset: indices must lie in 0..{n - 1}, got {wanted.min()} to {wanted.max()}.")
        if multi_view and not self.views:
            raise ValueError("SkeletonDataset: multi_view draws a camera for each view; give at least one pipeline.")
        groups = self.store.performances(wanted) if multi_view else list(wanted[:, None])
        self._sizes = np.array([len(group) for group in groups])
        self._members, self._starts = np.concatenate(groups), np.cumsum(self._sizes) - self._sizes
        first = self._members[self._starts]
        # A group's number in the store: draws must not depend on which other groups are used.
        numbers = self.store.samples["performance"][first] if multi_view else wanted
        self.numbers = numbers.astype(np.int64)
        self.labels, self.lengths = self.store.labels[first], self.store.samples["n_frames"][first]
        tracks, offsets = self.store.tracks["row"], self.store.track_offsets[first]
        self.rows = tracks[np.minimum(offsets, len(tracks) - 1)]

    def __len__(self) -> int:
        return len(self.numbers)

    def batch(self, items: ArrayLike, epoch: int = 0, *, threads: int = 1, buffers: Buffers | None = None) -> ViewBatch:
        """Make the views of some items.

        Parameters
        ----------
        items : (N,) int array
            Places 0..len - 1 in any order, or more: place + len * k is the same recording with other draws.
        epoch : int
        threads : int
            That share the samples.
        buffers : Buffers, optional
            Where the views are written; by default each is fresh memory.

        Raises
        ------
        Exception
            Whatever a pipeline raises, with a note that names the recording.
        """
        copies, places = np.divmod(np.asarray(items, np.int64), len(self))
        samples = self._draw_samples(places, copies, epoch)
        try:
            views = self._make_views(samples, copies, epoch, threads, buffers)
        except Exception as error:
            self._name_culprit(error, samples, copies, epoch)
            raise
        return ViewBatch(views, self.labels[places], samples)

    def read_ahead(self, items: ArrayLike, epoch: int = 0) -> None:
        """Ask the operating system to have the recordings of a batch in memory soon."""
        copies, places = np.divmod(np.asarray(items, np.int64), len(self))
        self.store.read_ahead(np.unique(self._draw_samples(places, copies, epoch)))

    def _make_views(
        self,
        samples: NDArray[np.int64],
        copies: NDArray[np.int64],
        epoch: int,
        threads: int = 1,
        buffers: Buffers | None = None,
    ) -> tuple[NDArray[np.float32], ...]:
        views = []
        for view, pipeline in enumerate(self.views):
            here, indices = self.store.describe(samples[view]), samples[view] + (copies << _COPY)
            plan = pipeline.plan(here, seed=self.seed, epoch=epoch, indices=indices, view=view)
            out, length = None, int(plan.n_frames[0])
            if buffers is not None and (plan.n_frames == length).all():
                out = buffers.take((here.n, plan.n_channels, length, here.n_joints, here.n_bodies))
            views.append(np.asarray(plan.apply(here, layout="model", threads=threads, out=out)))
        return tuple(views)

    def _name_culprit(
        self, error: Exception, samples: NDArray[np.int64], copies: NDArray[np.int64], epoch: int
    ) -> None:
        """Note which recording it is that fails: the first that fails alone."""
        for i in range(samples.shape[1]):
            try:
                self._make_views(samples[:, i : i + 1], copies[i : i + 1], epoch)
            except Exception:
                names = dict.fromkeys(self.store.samples["name"][samples[:, i]].tolist())
                error.add_note(f"While views were made of {' and '.join(names)} of {self.store.path}, epoch {epoch}.")
                return

    def _draw_samples(self, places: NDArray[np.int64], copies: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
        """Draw the sample of every view and place, (views, N)."""
        numbers, sizes, starts = self.numbers[places] + (copies << _COPY), self._sizes[places], self._starts[places]
        n_views = len(self.views)
        if not self.replacement:
            uniforms = Draws(Key(self.seed, numbers, epoch), _DISTINCT).uniform(size=int(sizes.max(initial=1)))
            distinct: NDArray[np.int64] = self._members[starts[:, None] + pick_distinct(sizes, n_views, uniforms)].T
            return distinct
        drawn = [Draws(Key(self.seed, numbers, epoch, view), _CAMERA).uniform() for view in range(n_views)]
        chosen: NDArray[np.int64] = np.stack([self._members[starts + pick_one(sizes, u)] for u in drawn])
        return chosen

    def __getitem__(self, key: ItemKey) -> Sample | ViewItem:
        return self.__getitems__([key])[0]

    def __getitems__(self, keys: Sequence[ItemKey]) -> list[Sample] | ViewItems:
        """Fetch many items at once, as PyTorch's loaders do where they can."""
        epochs, items = zip(*(key if isinstance(key, tuple) else (0, key) for key in keys), strict=True)
        at = [item if item >= 0 else range(len(self))[item] for item in items]
        if not self.views:
            return [self.store[int(self.numbers[range(len(self))[i]])] for i in at]
        if len(set(epochs)) > 1:
            raise ValueError(
                f"SkeletonDataset: a batch belongs to one epoch, got keys of epochs {sorted(set(epochs))}."
            )
        return ViewItems(self.batch(at, epochs[0]))
