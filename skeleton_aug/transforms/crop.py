"""Temporal crop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import CROP
from skeleton_aug.operators import Gather
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class Crop(Transform):
    """Keep a random window of the sequence, at the speed that it has: the result is shorter.

    The window has round(share * T) frames and at least one; its place is uniform. :class:`CropResize` stretches the
    window to a given length, and :class:`FitLength` crops to one.

    Parameters
    ----------
    ratio_range : (float, float)
        Uniform range of the window's share of the sequence, in (0, 1].

    Examples
    --------
    >>> x = np.ones((1, 6, 25, 3)) * np.arange(1, 7)[:, None, None]
    >>> Crop(ratio_range=(0.5, 0.5))(x, seed=1)[0, :, 0, 0]
    array([2., 3., 4.])
    """

    ratio_range: tuple[float, float] = (0.5, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("Crop", "ratio_range", self.ratio_range, above=0.0)
        if self.ratio_range[1] > 1:
            raise ValueError(f"Crop: ratios of ratio_range must be at most 1, got {self.ratio_range}.")

    def sample(self, draws: Draws, batch: Batch) -> Gather:
        """One window a sample."""
        share = np.rint(batch.n_frames * draws.uniform(*self.ratio_range)).astype(np.int64)
        n_frames = np.maximum(share, 1)
        return Gather.window(draws.integers(0, batch.n_frames - n_frames + 1), n_frames, batch.n_frames)

    def instructions(self, samples: Samples) -> Instructions:
        """A window."""
        return (Instruction(CROP, self.ratio_range, 2),)
