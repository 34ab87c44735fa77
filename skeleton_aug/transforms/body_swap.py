"""Exchange of persons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.operators import BodyOrder
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws
from skeleton_aug.transforms.body_drop import present_bodies


@dataclass(frozen=True, kw_only=True)
class BodySwap(Transform):
    """Let two present bodies change their body slots, since nothing says who of two persons comes first.

    Where a sample has more than two present bodies, the two are drawn at random; samples of one body stay as they are.
    Nobody moves into an empty slot. :class:`Normalize` takes its frame from the first present body, so before it a
    swap changes the point of view as well. What it costs is said at :class:`BodyDrop`. Give ``p=0.5`` to see both
    orders equally often.

    Examples
    --------
    >>> x = np.ones((2, 1, 25, 3), np.float32)
    >>> x[1] = 5
    >>> BodySwap()(x)[:, 0, 0, 0].tolist()
    [5.0, 1.0]
    """

    def sample(self, draws: Draws, batch: Batch) -> tuple[BodyOrder, ...]:
        """Two bodies a sample."""
        present = present_bodies(batch)
        if present is None:
            return ()
        turn = np.where(present, draws.uniform(size=batch.n_bodies), -1.0)
        pair = np.argsort(-turn, axis=1)[:, :2]
        rows = np.flatnonzero(present.sum(axis=1) > 1)
        one, other = pair[rows].T
        source = np.arange(batch.n_bodies)[None].repeat(batch.n, 0)
        source[rows, one], source[rows, other] = other, one
        return (BodyOrder(source),)
