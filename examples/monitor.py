"""The online k-NN monitor: how well nearest neighbours tell actions apart while pre-training goes on.

It looks at the training half alone: labels are read to follow the run, never to train or to choose by the test half.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from examples.encoders import Encoder
from examples.evaluation import accuracy, extract_features, nearest_neighbours, standardize
from examples.run import InputError, Precision, hold_out
from skeleton_aug import Pipeline
from skeleton_data import Store

Halves = tuple[NDArray[np.int64], NDArray[np.int64]]


def monitor_halves(store: Store, train: NDArray[np.int64], most: int) -> Halves:
    """Cut the training half into memory and queries that share no subject.

    Those that :func:`~examples.run.hold_out` sets aside ask. Of more than ``most`` samples, evenly spread ones stay.

    Raises
    ------
    InputError
        When there is only one performance.
    """
    memory, queries = hold_out(store, train)
    if len(memory) == 0:
        raise InputError(f"{store.path}: one performance is too few for the k-NN monitor. Set --monitor-every 0.")
    kept = np.unique(np.linspace(0, len(train) - 1, min(most, len(train))).astype(np.int64))
    return memory[np.isin(memory, train[kept])], queries[np.isin(queries, train[kept])]


class NeighbourMonitor:
    """Top-1 accuracy of k nearest neighbours on frozen features, in percent.

    Parameters
    ----------
    store : Store
    train : int array
        Training half of the split.
    pipeline : Pipeline
        The evaluation view.
    k : int
        Neighbours that vote.
    most : int
        Samples to look at, at most.
    """

    def __init__(
        self,
        store: Store,
        train: NDArray[np.int64],
        pipeline: Pipeline,
        device: torch.device,
        precision: Precision,
        k: int = 1,
        most: int = 5000,
    ) -> None:
        self.store, self.pipeline, self.device, self.precision, self.k = store, pipeline, device, precision, k
        self.memory, self.queries = monitor_halves(store, train, most)

    def __call__(self, encoder: Encoder) -> float:
        """Look at the encoder as it is; it is left in evaluation mode."""
        memory, queries = standardize(*(self._features(encoder, part) for part in (self.memory, self.queries)))
        labels = torch.from_numpy(self.store.labels)
        predicted = nearest_neighbours(memory, labels[self.memory], queries, self.k)
        return accuracy(predicted, labels[self.queries])

    def _features(self, encoder: Encoder, indices: NDArray[np.int64]) -> Tensor:
        return extract_features(encoder, self.store, indices, self.pipeline, self.device, precision=self.precision)
