"""Model-ready batches of views, straight from a store, made in a thread of this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from numpy.typing import ArrayLike

from skeleton_aug.pipeline import Pipeline
from skeleton_data.dataset import EpochBatches, SkeletonDataset, ViewBatch
from skeleton_data.store import Store


class ViewLoader:
    """Batches of augmented views, made in a background thread that releases the interpreter lock.

    What a batch holds depends on (seed, epoch, place in the epoch) and nothing else; a view depends on (seed, epoch,
    sample, view number) only. A :class:`SkeletonDataset` gives the same views one by one, or to PyTorch's loaders.

    Parameters
    ----------
    store : Store
    indices : int array
        The samples to use, such as the training half of a split.
    views : sequence of Pipeline
        One per view; each must end in one length. Two for BYOL, one for classification.
    batch_size : int
    multi_view : bool
        Go through performances, and draw a camera for every view (multi-viewpoint sampling; paper, section 3.3).
        False goes through samples: all views come from the same recording.
    replacement : bool
        As for :class:`SkeletonDataset`.
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
        replacement: bool = True,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = True,
        prefetch: int = 2,
    ) -> None:
        if not views:
            raise ValueError("ViewLoader: needs at least one pipeline in views.")
        self.dataset = SkeletonDataset(store, indices, views, multi_view=multi_view, replacement=replacement, seed=seed)
        self.batches = EpochBatches(self.dataset, batch_size, shuffle=shuffle, drop_last=drop_last)
        self.store, self.prefetch = store, prefetch

    def __len__(self) -> int:
        return len(self.batches)

    def epoch(self, epoch: int = 0) -> Iterator[ViewBatch]:
        """Batches of one epoch, in order."""
        with ThreadPoolExecutor(1, thread_name_prefix="ViewLoader") as pool:
            ahead: deque[Future[ViewBatch]] = deque()
            try:
                for places in self.batches.places(epoch):
                    ahead.append(pool.submit(self.dataset.batch, places, epoch))
                    if len(ahead) > self.prefetch:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)
