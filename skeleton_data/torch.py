"""Data sets for PyTorch's loaders; the only module of this package that imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, default_collate

from skeleton_data.dataset import SkeletonDataset, ViewBatch, ViewItem, ViewItems
from skeleton_data.sampling import EpochBatches

_BATCHES = ("shuffle", "drop_last", "sampling", "repeats", "rank", "world_size", "epoch")


def data_loader(dataset: SkeletonDataset, batch_size: int, **options: Any) -> DataLoader[ViewItem]:
    """Make a loader whose every pass is the next epoch, with the same batches for any number of workers.

    Parameters
    ----------
    dataset : SkeletonDataset
        With pipelines.
    batch_size : int
    **options
        Those of :class:`skeleton_data.EpochBatches`, and of :class:`torch.utils.data.DataLoader`, such as
        ``num_workers``. ``loader.batch_sampler.epoch`` is the epoch of the next pass.

    Returns
    -------
    DataLoader
        Gives :class:`skeleton_data.ViewItem` of tensors: views (N, C, T, V, M) float32, label (N,) int64, samples
        (N, views) int64.

    Raises
    ------
    ValueError
        When the data set has no pipelines, or does not fill a batch.
    """
    if not dataset.views:
        raise ValueError("data_loader: recordings of different length make no batch; give the data set pipelines.")
    own = {name: options.pop(name) for name in _BATCHES if name in options}
    batches = EpochBatches(dataset, batch_size, **own)
    return DataLoader(dataset, batch_sampler=batches, collate_fn=collate, **options)  # type: ignore[arg-type]


def collate(items: Sequence[ViewItem]) -> ViewItem:
    """Make tensors of the items of a batch, without a copy where they are slices of one."""
    if not isinstance(items, ViewItems):
        collated: ViewItem = default_collate(list(items))
        return collated
    batch = items.batch
    views = tuple(torch.from_numpy(view) for view in batch.views)
    return ViewItem(views, torch.from_numpy(batch.labels), torch.from_numpy(batch.samples.T.copy()))


def to_tensors(batch: ViewBatch) -> ViewBatch:
    """Return the batch as tensors that share its memory."""
    tensors: dict[str, Any] = {name: torch.from_numpy(getattr(batch, name)) for name in ("labels", "samples")}
    tensors["views"] = tuple(torch.from_numpy(view) for view in batch.views)
    return replace(batch, **tensors)


class PinnedMemory:
    """Gives arrays in pinned memory, which PyTorch keeps and gives again once copies to the device are done."""

    def take(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return a float32 array of this shape, with anything in it."""
        array: NDArray[np.float32] = torch.empty(shape, pin_memory=True).numpy()
        return array
