"""Change of speed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import PLAY_AT
from skeleton_aug.operators import Gather
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class Resample(Transform):
    """Play the sequence faster or slower: T frames become round(T / rate), by linear interpolation.

    The first and the last frame stay the first and the last (paper, section 3.2). A missing joint takes its present
    neighbour in time.

    Parameters
    ----------
    rate_range : (float, float)
        Uniform range of the rate; more than 1 is faster.

    Examples
    --------
    >>> Resample(rate_range=(2, 2))(np.ones((1, 100, 25, 3))).shape
    (1, 50, 25, 3)
    """

    rate_range: tuple[float, float] = (0.7, 1.3)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("Resample", "rate_range", self.rate_range, above=0.0)

    def sample(self, draws: Draws, batch: Batch) -> Gather:
        """One rate a sample."""
        return played_at(draws.uniform(*self.rate_range), batch.n_frames)

    def instructions(self, samples: Samples) -> Instructions:
        """A stretch."""
        return (Instruction(PLAY_AT, self.rate_range, 1),)


def played_at(rate: NDArray[np.float64], n_source: NDArray[np.int64]) -> Gather:
    """Return the gather that plays sequences of ``n_source`` frames (N,) at these rates, (N,)."""
    n_frames = np.rint(n_source / rate).astype(np.int64)
    return Gather.stretch(np.maximum(n_frames, 1), n_source)
