"""Temporal Gaussian blur."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.operators import FrameBlur
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws


@dataclass(frozen=True, kw_only=True)
class GaussianBlur(Transform):
    """Replace every frame by a mean of those around it, with weight exp(-k² / (2 sigma²)) for those k frames away.

    The weights are divided by the sum of those that fall into the same run of present frames, at its ends as in its
    middle, so a joint that stands still stays where it is. A missing joint has no share and stays missing.

    Parameters
    ----------
    sigma_range : (float, float)
        Uniform range of the standard deviation of the weights, in frames; more is smoother.
    window : int
        Frames that have a share, odd: up to window // 2 on each side.

    Notes
    -----
    The Gaussian filter of AimCLR has the same weights, sigmas and window (and p = 0.5), but does not divide: it also
    multiplies the coordinates by the sum of the weights, a factor between 1 and 5 that grows with sigma, pads the ends
    with zeros, and blends missing joints in.

    Examples
    --------
    >>> x = np.ones((1, 7, 25, 3))
    >>> x[:, 3] = 2
    >>> GaussianBlur(sigma_range=(1, 1))(x)[0, :, 0, 0].round(2)
    array([1.01, 1.06, 1.24, 1.4 , 1.24, 1.06, 1.01])
    """

    sigma_range: tuple[float, float] = (0.1, 2.0)
    window: int = 15

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("GaussianBlur", "sigma_range", self.sigma_range, above=0.0)
        if self.window < 1 or self.window % 2 == 0:
            raise ValueError(f"GaussianBlur: window must be odd and at least 1, got {self.window}.")

    def sample(self, draws: Draws, batch: Batch) -> FrameBlur:
        """One standard deviation a sample."""
        return FrameBlur(gaussian_taps(draws.uniform(*self.sigma_range), self.window))


def gaussian_taps(sigma: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the weights of the ``window`` frames around one, not divided by their sum, for each of N sigmas."""
    distance = np.arange(window) - window // 2
    taps: NDArray[np.float64] = np.exp(-0.5 * (distance / sigma[:, None]) ** 2)
    return taps
