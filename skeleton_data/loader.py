"""Model-ready batches of views, straight from a store."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_aug.pipeline import Pipeline
from skeleton_aug.randomness import Draws, Key, stream_key
from skeleton_aug.samples import Samples
from skeleton_data.store import Store
from skeleton_data.viewpoints import draw_pairs

_ORDER, _CAMERA = stream_key("ViewLoader order"), stream_key("ViewLoader camera")


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


class ViewLoader:
    """Batches of augmented views, made in a background thread that releases the interpreter lock.

    What a batch holds depends on (seed, epoch, place in the epoch) and nothing else; a view depends on (seed, epoch,
    sample, view number) only.

    Parameters
    ----------
    store : Store
    indices : int array
        The samples to use, such as the training half of a split.
    views : sequence of Pipeline
        One per view; each must end in one length. Two for BYOL, one for classification.
    batch_size : int
    multi_view : bool
        Go through performances, and draw a camera for every view, with replacement (multi-viewpoint sampling; paper,
        section 3.3). False goes through samples: all views come from the same recording.
    seed : int
    shuffle : bool
        A new order each epoch; False keeps the order of ``indices`` (of performances, with ``multi_view``).
    drop_last : bool
        Leave out the last batch where it would be smaller.
    prefetch : int
        Batches made ahead.

    Raises
    ------
    ValueError
        When there is nothing to make a single batch of, or an index is not one of the store's.
    """

    def __init__(
        self,
        store: Store,
        indices: ArrayLike,
        views: Sequence[Pipeline],
        *,
        batch_size: int,
        multi_view: bool = False,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = True,
        prefetch: int = 2,
    ) -> None:
        self.store, self.views, self.batch_size, self.seed = store, tuple(views), batch_size, seed
        self.shuffle, self.drop_last, self.prefetch = shuffle, drop_last, prefetch
        wanted = np.asarray(indices, np.int64)
        if batch_size < 1:
            raise ValueError(f"ViewLoader: batch_size must be at least 1, got {batch_size}.")
        if wanted.ndim != 1 or wanted.size == 0:
            raise ValueError(f"ViewLoader: expected indices of some samples, (n,) ints, got shape {wanted.shape}.")
        if wanted.min() < 0 or wanted.max() >= len(store):
            raise ValueError(
                f"ViewLoader: indices must lie in 0..{len(store) - 1}, got {wanted.min()} to {wanted.max()}."
            )
        self._groups = store.performances(wanted) if multi_view else list(wanted[:, None])
        # A group's number in the store: draws must not depend on which other groups are used.
        self._numbers = store.samples["performance"][[g[0] for g in self._groups]] if multi_view else wanted
        self._described = describe(store)
        if not self.views:
            raise ValueError("ViewLoader: needs at least one pipeline in views.")
        if len(self) == 0:
            raise ValueError(
                f"ViewLoader: {len(self._groups)} {'performances' if multi_view else 'samples'} do not fill one batch "
                f"of {batch_size}. Use a smaller batch_size, or drop_last=False."
            )

    def __len__(self) -> int:
        whole, rest = divmod(len(self._groups), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def epoch(self, epoch: int = 0) -> Iterator[ViewBatch]:
        """Batches of one epoch, in order."""
        order = np.arange(len(self._groups))
        if self.shuffle:
            order = np.argsort(Draws(Key(self.seed, self._numbers.astype(np.int64), epoch), _ORDER).uniform())
        batches = [order[i * self.batch_size : (i + 1) * self.batch_size] for i in range(len(self))]
        with ThreadPoolExecutor(1, thread_name_prefix="ViewLoader") as pool:
            ahead: deque[Future[ViewBatch]] = deque()
            try:
                for chosen in batches:
                    ahead.append(pool.submit(self._make, chosen, epoch))
                    if len(ahead) > self.prefetch:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _make(self, chosen: NDArray[np.int64], epoch: int) -> ViewBatch:
        groups = [self._groups[i] for i in chosen]
        numbers = self._numbers[chosen].astype(np.int64)
        samples = np.empty((len(self.views), len(chosen)), np.int64)
        views = []
        for view, pipeline in enumerate(self.views):
            uniforms = Draws(Key(self.seed, numbers, epoch, view), _CAMERA).uniform(size=2)
            samples[view] = draw_pairs(groups, uniforms)[:, 0]
            here = take(self._described, samples[view])
            plan = pipeline.plan(here, seed=self.seed, epoch=epoch, indices=samples[view], view=view)
            views.append(np.asarray(plan.apply(here, layout="model")))
        return ViewBatch(tuple(views), self.store.labels[samples[0]], samples)


def describe(store: Store) -> Samples:
    """All samples of a store as the kernels see them, without touching the positions."""
    tracks, offsets = store.tracks, store.track_offsets
    sample = tracks["sample"]
    shape = (len(store), max(store.max_bodies, 1))
    row, first, length = (np.zeros(shape, np.int64) for _ in range(3))
    gapless = np.ones(shape, np.bool_)
    place = sample, np.arange(len(tracks)) - offsets[sample]
    row[place], first[place], length[place] = tracks["row"], tracks["first_frame"], tracks["n_frames"]
    gapless[place] = tracks["gapless"]
    return Samples(store.rows, row, first, length, gapless, store.samples["n_frames"].astype(np.int64))


def take(samples: Samples, indices: NDArray[np.int64]) -> Samples:
    """Some of the samples, in the order of ``indices``; the rows are shared."""
    s = samples
    return Samples(s.rows, s.row[indices], s.first[indices], s.length[indices], s.gapless[indices], s.n_frames[indices])
