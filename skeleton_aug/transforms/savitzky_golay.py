"""Savitzky-Golay low-pass filter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import FILTER
from skeleton_aug.operators import FrameFilter
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class SavitzkyGolay(Transform):
    """Smooth every joint's path by least-squares polynomials over a sliding window.

    Equals :func:`scipy.signal.savgol_filter` with ``mode="interp"`` on each run of present frames. Shorter runs use
    the longest odd window that fits and exceeds the order; where none does they stay as they are (paper, section 3.2:
    order 2, window 15, p = 0.5).

    Parameters
    ----------
    window : int
        Frames, odd.
    order : int
        Degree of the polynomials, below the window.

    Examples
    --------
    >>> x = np.ones((1, 60, 25, 3)) * np.linspace(1, 2, 60)[:, None, None] ** 2
    >>> bool(np.allclose(SavitzkyGolay(window=15, order=2)(x), x))
    True
    """

    window: int = 15
    order: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window < 1 or self.window % 2 == 0 or not 0 <= self.order < self.window:
            raise ValueError(
                "SavitzkyGolay: window must be odd and exceed order >= 0, "
                f"got window={self.window}, order={self.order}."
            )

    def sample(self, draws: Draws, batch: Batch) -> FrameFilter:
        """Nothing to draw but whether it acts, which ``p`` does."""
        return FrameFilter(savgol_bank(self.window, self.order), self.order + 1, np.ones(batch.n, np.bool_))

    def instructions(self, samples: Samples) -> Instructions:
        """A filter."""
        bank = savgol_bank(self.window, self.order)
        return (Instruction(FILTER, bank=bank, shortest=self.order + 1),)


@lru_cache(maxsize=32)
def savgol_bank(window: int, order: int) -> NDArray[np.float64]:
    """Matrices that fit a polynomial to w frames and evaluate it at each of them, for every odd w <= window."""
    bank = np.zeros((window + 1, window, window))
    for width in range(1, window + 1, 2):
        if width > order:
            places = np.arange(width) - width // 2
            basis, _ = np.linalg.qr(np.vander(places, order + 1, increasing=True).astype(np.float64))
            bank[width, :width, :width] = basis @ basis.T
    bank.flags.writeable = False
    return bank
