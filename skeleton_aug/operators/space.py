"""Operators on channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

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
        return Affine(self.matrix @ earlier.matrix, (self.matrix @ earlier.offset[..., None])[..., 0] + self.offset)
