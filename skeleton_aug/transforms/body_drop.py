"""Missing persons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.operators import BodyOrder
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws

_KEEP_BODIES = {"bodies", "frame_filter", "affine"}
"""Operators of a stage that leave something of every body that goes in."""


@dataclass(frozen=True, kw_only=True)
class BodyDrop(Transform):
    """Make single bodies missing in the whole sequence, but never all of them.

    Every present body of a sample is dropped with probability ``drop_p``, independently; if that would leave nobody,
    one of them, drawn at random, stays. Samples of one body stay as they are, and the others keep their body slots.
    Costs nothing but behind a transform that may itself leave nothing of a body (a crop in time, a mask of joints, a
    function of your own): there, what stands before is carried out once more to see who is left, unless there is one
    body only.

    Parameters
    ----------
    drop_p : float
        Probability that a body is dropped, in the samples that ``p`` selects.

    Examples
    --------
    >>> x = np.ones((2, 1, 25, 3), np.float32)
    >>> int(BodyDrop(drop_p=1)(x, seed=0).any(axis=(1, 2, 3)).sum())
    1
    """

    drop_p: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.drop_p, int | float) or not 0 <= self.drop_p <= 1:
            raise ValueError(f"BodyDrop: drop_p must lie in [0, 1], got {self.drop_p!r}.")

    def sample(self, draws: Draws, batch: Batch) -> tuple[BodyOrder, ...]:
        """One number a body."""
        present = present_bodies(batch)
        if present is None:
            return ()
        luck = np.where(present, draws.uniform(size=batch.n_bodies), -1.0)
        # The luckiest stays whatever happens: for equally likely bodies that is each of them equally often.
        stays = (luck >= self.drop_p) | (luck == luck.max(axis=1, keepdims=True))
        return (BodyOrder(np.where(present & ~stays, -1, np.arange(batch.n_bodies))),)


def present_bodies(batch: Batch) -> NDArray[np.bool_] | None:
    """Which bodies have anything left at this point, (N, M); None where no sample has more than one."""
    present = batch.source.length > 0
    for stage in batch.stages:
        if stage.bodies is not None:
            source = stage.bodies.source
            present = np.take_along_axis(present, np.maximum(source, 0), axis=1) & (source >= 0)
    surely = all(stage.operators.keys() <= _KEEP_BODIES for stage in batch.stages)
    unknown = any(stage.alone is not None for stage in batch.stages)
    if unknown or (not surely and _several(present)):
        present = batch.samples().length > 0
    return present if _several(present) else None


def _several(present: NDArray[np.bool_]) -> bool:
    return bool((present.sum(axis=1) > 1).any())
