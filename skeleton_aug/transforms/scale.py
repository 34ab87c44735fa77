"""Change of size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import SCALE
from skeleton_aug.operators import Affine
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class Scale(Transform):
    """Multiply all coordinates by a random factor, or each axis by one of its own.

    Scaling is about the origin: in sensor space a larger body also stands further away. One draw per sample, for all
    its bodies, joints and frames; bones grow with the joints.

    Parameters
    ----------
    factor_range : (float, float)
        Uniform range of the factors, above 0; 1 changes nothing.
    per_axis : bool
        Draw a factor for each axis, which makes the body taller or broader.

    Examples
    --------
    >>> x = np.ones((1, 4, 25, 3), np.float32)
    >>> float(Scale(factor_range=(2, 2))(x).max())
    2.0
    """

    factor_range: tuple[float, float] = (0.8, 1.2)
    per_axis: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("Scale", "factor_range", self.factor_range, above=0.0)

    def sample(self, draws: Draws, batch: Batch) -> Affine:
        """One factor a sample, or three."""
        matrix = np.zeros((batch.n, 9))
        matrix[:, ::4] = draws.uniform(*self.factor_range, size=3 if self.per_axis else 1)
        return Affine.linear(matrix.reshape(-1, 3, 3))

    def instructions(self, samples: Samples) -> Instructions:
        """A matrix."""
        return (Instruction(SCALE, (*self.factor_range, self.per_axis), 1),)
