"""Temporal crop of a sequence that is padded by reflection."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import REFLECT_CROP
from skeleton_aug.operators import Gather
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class ReflectCrop(Transform):
    """Pad the sequence by reflection at both ends and keep a random window of its own length.

    The temporal crop of CrosSCLR and AimCLR: floor(ratio * T) frames are added on each side, the end frames twice, and
    T frames are kept, from a frame that is uniform on those possible. So the sequence is moved either way by no more
    than the padding, and what is missing at one end is its end played backwards.

    Parameters
    ----------
    ratio : float
        Padding on each side as a share of the sequence, in [0, 1]; the published code takes 1/6.

    Examples
    --------
    >>> x = np.ones((1, 6, 25, 3)) * np.arange(1, 7)[:, None, None]
    >>> ReflectCrop(ratio=0.5)(x, seed=0)[0, :, 0, 0]
    array([3., 4., 5., 6., 6., 5.])
    """

    ratio: float = 1 / 6

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.ratio, Real) or not 0 <= self.ratio <= 1:
            raise ValueError(f"ReflectCrop: ratio must lie in [0, 1], got {self.ratio!r}.")

    def sample(self, draws: Draws, batch: Batch) -> Gather:
        """One window a sample."""
        # A ratio such as 1/6 is not a binary fraction; its product with a multiple of 6 must not fall below the whole.
        padding = np.floor(batch.n_frames * self.ratio + 1e-9).astype(np.int64)
        start = draws.integers(0, 2 * padding + 1) - padding
        return Gather.window(start, batch.n_frames, batch.n_frames, beyond="reflect")

    def instructions(self, samples: Samples) -> Instructions:
        """A window."""
        return (Instruction(REFLECT_CROP, (self.ratio,), 1, "reflect"),)
