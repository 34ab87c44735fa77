"""Temporal crop stretched to one length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import CROP_STRETCH
from skeleton_aug.operators import Gather
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class CropResize(Transform):
    """Keep a random window of the sequence and stretch it to ``n_frames`` by linear interpolation.

    The window is drawn first, its place evenly over what is left. It begins and ends between frames.

    Parameters
    ----------
    n_frames : int
        Frames of the result.
    ratio_range : (float, float)
        Uniform range of the window's share of the sequence, in (0, 1]; (1, 1) resizes the whole sequence.

    Examples
    --------
    >>> CropResize(n_frames=50)(np.ones((1, 120, 25, 3))).shape
    (1, 50, 25, 3)
    """

    n_frames: int
    ratio_range: tuple[float, float] = (0.5, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("CropResize", "ratio_range", self.ratio_range, above=0.0)
        if self.n_frames < 1 or self.ratio_range[1] > 1:
            raise ValueError(
                "CropResize: n_frames must be at least 1 and ratios at most 1, "
                f"got n_frames={self.n_frames}, ratio_range={self.ratio_range}."
            )

    def sample(self, draws: Draws, batch: Batch) -> Gather:
        """One window a sample."""
        last = (batch.n_frames - 1).astype(np.float64)
        span = last * draws.uniform(*self.ratio_range)
        start = (last - span) * draws.uniform()
        return Gather.stretch(self.n_frames, batch.n_frames, start, span)

    def instructions(self, samples: Samples) -> Instructions:
        """A stretch."""
        return (Instruction(CROP_STRETCH, (self.n_frames, *self.ratio_range), 2),)
