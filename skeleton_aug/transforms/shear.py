"""Shear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import SHEAR
from skeleton_aug.operators import Affine
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples

_CANDIDATES = 8


@dataclass(frozen=True, kw_only=True)
class Shear(Transform):
    """Multiply every joint by a matrix with unit diagonal and six random factors off it.

    One matrix per sample, for all its bodies, joints and frames (paper, section 3.2). Two-dimensional data takes its
    upper left block, ``[[1, a], [c, 1]]``.

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
        factors = draws.uniform(*self.factor_range, size=6)
        if self.keep_orientation:
            mirrors = _determinant(factors, batch.dims) <= 0
            for _ in range(_CANDIDATES - 1):
                if not mirrors.any():
                    break
                factors = np.where(mirrors[:, None], draws.uniform(*self.factor_range, size=6), factors)
                mirrors = _determinant(factors, batch.dims) <= 0
            factors[mirrors] = 0.0
        return Affine.linear(shear_matrix(factors))

    def instructions(self, samples: Samples) -> Instructions | None:
        """A matrix; drawing again is left to :meth:`sample`."""
        return None if self.keep_orientation else (Instruction(SHEAR, self.factor_range, 2),)


def shear_matrix(factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix ``[[1, a, b], [c, 1, d], [e, f, 1]]`` of factors (..., 6), shape (..., 3, 3)."""
    matrix = np.empty((*factors.shape[:-1], 9))
    matrix[..., ::4] = 1.0
    matrix[..., 1:4], matrix[..., 5:8] = factors[..., :3], factors[..., 3:]
    return matrix.reshape(*factors.shape[:-1], 3, 3)


def _determinant(factors: NDArray[np.float64], dims: int) -> NDArray[np.float64]:
    """Determinant of the matrices of factors (N, 6), as far as they act on ``dims`` coordinates."""
    a, b, c, d, e, f = factors.T
    plane: NDArray[np.float64] = 1 - a * c
    return plane if dims == 2 else plane - b * e - d * f + a * d * e + b * c * f
