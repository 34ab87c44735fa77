"""A store as a map-style data set: samples, or model-ready views of them, one by one or a batch at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_aug.pipeline import Pipeline
from skeleton_aug.randomness import Draws, Key, stream_key
from skeleton_data.store import Sample, Store
from skeleton_data.viewpoints import draw_distinct, draw_pairs

ItemKey: TypeAlias = "int | tuple[int, int]"
"""A place in a data set, in epoch 0, or (epoch, place)."""

# Draws are named after the class that made them first: seeds give what they always gave.
_ORDER, _CAMERA = stream_key("ViewLoader order"), stream_key("ViewLoader camera")
_DISTINCT = stream_key("SkeletonDataset distinct cameras")


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
    that lives on can miss it; :class:`EpochBatches` makes such keys. Data sets may be pickled, sent to workers or
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
        self._groups = self.store.performances(wanted) if multi_view else list(wanted[:, None])
        # A group's number in the store: draws must not depend on which other groups are used.
        numbers = self.store.samples["performance"][[group[0] for group in self._groups]] if multi_view else wanted
        self._numbers = numbers.astype(np.int64)

    def __len__(self) -> int:
        return len(self._groups)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Places in the order of a shuffled epoch, (n,)."""
        return np.argsort(Draws(Key(self.seed, self._numbers, epoch), _ORDER).uniform())

    def batch(self, places: ArrayLike, epoch: int = 0) -> ViewBatch:
        """Make the views of some places.

        Parameters
        ----------
        places : (N,) int array
            In 0..len - 1, in any order.
        epoch : int
        """
        chosen = np.asarray(places, np.int64)
        samples = self._draw_samples([self._groups[i] for i in chosen], self._numbers[chosen], epoch)
        views = []
        for view, pipeline in enumerate(self.views):
            here = self.store.describe(samples[view])
            plan = pipeline.plan(here, seed=self.seed, epoch=epoch, indices=samples[view], view=view)
            views.append(np.asarray(plan.apply(here, layout="model")))
        return ViewBatch(tuple(views), self.store.samples["label"][samples[0]].astype(np.int64), samples)

    def _draw_samples(
        self, groups: list[NDArray[np.int64]], numbers: NDArray[np.int64], epoch: int
    ) -> NDArray[np.int64]:
        """Draw the sample of every view and group, (views, N)."""
        n_views = len(self.views)
        if not self.replacement:
            largest = max((len(group) for group in groups), default=1)
            uniforms = Draws(Key(self.seed, numbers, epoch), _DISTINCT).uniform(size=largest)
            return draw_distinct(groups, n_views, uniforms).T
        drawn = [Draws(Key(self.seed, numbers, epoch, view), _CAMERA).uniform(size=2) for view in range(n_views)]
        return np.stack([draw_pairs(groups, uniforms)[:, 0] for uniforms in drawn])

    def __getitem__(self, key: ItemKey) -> Sample | ViewItem:
        return self.__getitems__([key])[0]

    def __getitems__(self, keys: Sequence[ItemKey]) -> list[Sample] | ViewItems:
        """Fetch many items at once, as PyTorch's loaders do where they can."""
        epochs, places = zip(*(key if isinstance(key, tuple) else (0, key) for key in keys), strict=True)
        at = [range(len(self))[place] for place in places]
        if not self.views:
            return [self.store[int(self._numbers[i])] for i in at]
        if len(set(epochs)) > 1:
            raise ValueError(
                f"SkeletonDataset: a batch belongs to one epoch, got keys of epochs {sorted(set(epochs))}."
            )
        return ViewItems(self.batch(at, epochs[0]))


class EpochBatches:
    """Keys of the batches of one epoch after the other, for ``DataLoader(dataset, batch_sampler=...)``.

    Each pass is the next epoch; ``epoch`` says which, and may be set.

    Parameters
    ----------
    dataset : SkeletonDataset
    batch_size : int
    shuffle : bool
        A new order each epoch; False keeps that of the data set.
    drop_last : bool
        Leave out the last batch where it would be smaller.
    epoch : int
        Of the first pass.

    Raises
    ------
    ValueError
        When there is nothing to make a single batch of.
    """

    def __init__(
        self,
        dataset: SkeletonDataset,
        batch_size: int,
        *,
        shuffle: bool = True,
        drop_last: bool = True,
        epoch: int = 0,
    ) -> None:
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        self.epoch = epoch
        if batch_size < 1:
            raise ValueError(f"EpochBatches: batch_size must be at least 1, got {batch_size}.")
        if len(self) == 0:
            what = "performances" if dataset.multi_view else "samples"
            raise ValueError(
                f"EpochBatches: {len(dataset)} {what} do not fill one batch of {batch_size}. Use a smaller "
                "batch_size, or drop_last=False."
            )

    def __len__(self) -> int:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def places(self, epoch: int) -> list[NDArray[np.int64]]:
        """Places of each batch of an epoch, in order."""
        order = self.dataset.order(epoch) if self.shuffle else np.arange(len(self.dataset))
        return [order[i * self.batch_size : (i + 1) * self.batch_size] for i in range(len(self))]

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        # A generator begins with its first key: PyTorch makes iterators that it never asks for any.
        epoch, self.epoch = self.epoch, self.epoch + 1
        for places in self.places(epoch):
            yield [(epoch, place) for place in places.tolist()]
