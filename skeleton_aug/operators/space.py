"""Operators on channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skeleton_aug.compiled import kernel
from skeleton_aug.operators.base import Mask, Operator

if TYPE_CHECKING:
    from skeleton_aug.batch import Batch


@dataclass(frozen=True)
class Affine(Operator):
    """On C: ``y = matrix @ x + offset`` for every present joint. Two-dimensional data has z = 0.

    Attributes
    ----------
    matrix : (N, 3, 3) float64 array
    offset : (N, 3) float64 array, metres
        Moves positions only; bones and motion are differences, which it leaves alone.
    """

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"matrix": np.float64, "offset": np.float64}

    @classmethod
    def linear(cls, matrix: NDArray[np.float64]) -> Affine:
        """Without an offset."""
        return cls(matrix, np.zeros((len(matrix), 3)))

    def where(self, mask: Mask, batch: Batch | None = None) -> Affine:
        """Identity where the mask is False."""
        return Affine(np.where(mask[:, None, None], self.matrix, np.eye(3)), np.where(mask[:, None], self.offset, 0.0))

    def check(self, batch: Batch) -> None:
        """One matrix and one offset a sample."""
        self.check_shape("matrix", (batch.n, 3, 3))
        self.check_shape("offset", (batch.n, 3))

    def after(self, earlier: Affine) -> Affine:
        """Return the operator that applies ``earlier`` and then this one."""
        matrix, offset = np.empty_like(self.matrix), np.empty_like(self.offset)
        _multiply(self.matrix, self.offset, earlier.matrix, earlier.offset, matrix, offset)
        return Affine(matrix, offset)


@kernel()
def _multiply(a, b, c, d, matrix, offset):  # type: ignore[no-untyped-def]
    """``a @ (c @ x + d) + b``."""
    for n in range(len(a)):
        for i in range(3):
            x, y, z = a[n, i, 0], a[n, i, 1], a[n, i, 2]
            for j in range(3):
                matrix[n, i, j] = x * c[n, 0, j] + y * c[n, 1, j] + z * c[n, 2, j]
            offset[n, i] = x * d[n, 0] + y * d[n, 1] + z * d[n, 2] + b[n, i]
