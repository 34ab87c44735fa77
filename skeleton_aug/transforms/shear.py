"""Shear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.operators import Affine
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws

_CANDIDATES = 8


@dataclass(frozen=True, kw_only=True)
class Shear(Transform):
    """Multiply every joint by a matrix with unit diagonal and six random factors off it.

    One matrix per sample, for all its bodies, joints and frames (paper, section 3.2).

    Parameters
    ----------
    factor_range : (float, float)
        Uniform range of the six factors.
    keep_orientation : bool
        Draw again (up to 8 times, then no shear) while the determinant is not positive: 4.8 % of the draws from
        (-1, 1) mirror the body, of those from (-0.5, 0.5) none.

    Examples
    --------
    >>> x = np.ones((1, 4, 25, 3), np.float32)
    >>> Shear(factor_range=(-0.5, 0.5))(x, seed=0).shape
    (1, 4, 25, 3)
    """

    factor_range: tuple[float, float] = (-1.0, 1.0)
    keep_orientation: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("Shear", "factor_range", self.factor_range)

    def sample(self, draws: Draws, batch: Batch) -> Affine:
        """Six factors a sample."""
        matrix = shear_matrix(draws.uniform(*self.factor_range, size=6))
        if self.keep_orientation:
            for _ in range(_CANDIDATES - 1):
                again = shear_matrix(draws.uniform(*self.factor_range, size=6))
                matrix = np.where((np.linalg.det(matrix) > 0)[:, None, None], matrix, again)
            matrix = np.where((np.linalg.det(matrix) > 0)[:, None, None], matrix, np.eye(3))
        return Affine.linear(matrix)


def shear_matrix(factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix ``[[1, a, b], [c, 1, d], [e, f, 1]]`` of factors (..., 6), shape (..., 3, 3)."""
    matrix = np.empty((*factors.shape[:-1], 9))
    matrix[..., [0, 4, 8]] = 1.0
    matrix[..., [1, 2, 3, 5, 6, 7]] = factors
    return matrix.reshape(*factors.shape[:-1], 3, 3)
