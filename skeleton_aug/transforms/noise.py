"""Gaussian noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.operators.noise import JointNoise
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws


@dataclass(frozen=True, kw_only=True)
class Noise(Transform):
    """Add Gaussian noise to every coordinate of every present joint, independent from one to the next.

    One standard deviation per sample; the noise is independent between bodies, frames, joints and coordinates. A
    confidence stays as it is. Bones and motion, where there are any, get noise of their own: to keep them those of the
    noisy joints, put this before what makes them.

    Parameters
    ----------
    std_range : (float, float)
        Uniform range of the standard deviation, metres (or whatever the coordinates are in), not negative.

    Examples
    --------
    >>> x = np.ones((1, 100, 25, 3), np.float32)
    >>> y = Noise(std_range=(0.01, 0.01))(x, seed=0)
    >>> round(float((y - x).std()), 3)
    0.01
    """

    std_range: tuple[float, float] = (0.0, 0.01)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_not_negative("Noise", "std_range", self.std_range)

    def sample(self, draws: Draws, batch: Batch) -> JointNoise:
        """One standard deviation and one key a sample."""
        std = np.zeros((batch.n, 2))
        std[:, 0] = draws.uniform(*self.std_range)
        return JointNoise(draws.words(1)[:, 0], std, std)


def check_not_negative(who: str, name: str, bounds: tuple[float, float]) -> None:
    """Raise ValueError unless ``bounds`` is (low, high) with 0 <= low <= high."""
    check_range(who, name, bounds)
    if bounds[0] < 0:
        raise ValueError(f"{who}: {name} must be (low, high) with 0 <= low, got {bounds!r}.")
