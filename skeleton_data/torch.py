"""Data sets for PyTorch's loaders; the only module of this package that imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, default_collate

from skeleton_data.dataset import EpochBatches, SkeletonDataset, ViewItem, ViewItems


def data_loader(
    dataset: SkeletonDataset,
    batch_size: int,
    *,
    shuffle: bool = True,
    drop_last: bool = True,
    epoch: int = 0,
    **options: Any,
) -> DataLoader[ViewItem]:
    """Make a loader whose every pass is the next epoch, with the same batches for any number of workers.

    Parameters
    ----------
    dataset : SkeletonDataset
        With pipelines.
    batch_size, shuffle, drop_last, epoch
        As for :class:`skeleton_data.EpochBatches`. ``loader.batch_sampler.epoch`` is the epoch of the next pass.
    **options
        Of :class:`torch.utils.data.DataLoader`, such as ``num_workers``.

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
    batches = EpochBatches(dataset, batch_size, shuffle=shuffle, drop_last=drop_last, epoch=epoch)
    return DataLoader(dataset, batch_sampler=batches, collate_fn=collate, **options)  # type: ignore[arg-type]


def collate(items: Sequence[ViewItem]) -> ViewItem:
    """Make tensors of the items of a batch, without a copy where they are slices of one."""
    if not isinstance(items, ViewItems):
        collated: ViewItem = default_collate(list(items))
        return collated
    batch = items.batch
    views = tuple(torch.from_numpy(view) for view in batch.views)
    return ViewItem(views, torch.from_numpy(batch.labels), torch.from_numpy(batch.samples.T.copy()))
