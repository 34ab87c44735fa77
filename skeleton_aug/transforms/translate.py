"""Change of place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import TRANSLATE
from skeleton_aug.operators import Affine
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class Translate(Transform):
    """Move the whole sample by a random distance along each axis.

    One draw per sample, for all its bodies, joints and frames, so that movement and the distance between persons stay.
    Bones and other differences are not moved. In sensor space x is sideways, y up and z away from the sensor.
    Two-dimensional data has no z, and ``z_range`` does not matter to it.

    Parameters
    ----------
    x_range, y_range, z_range : (float, float)
        Uniform range of the distance along each axis, in the unit of the data: metres, for depth sensors.

    Examples
    --------
    >>> x = np.ones((1, 4, 25, 3), np.float32)
    >>> Translate(x_range=(2, 2), y_range=(0, 0), z_range=(-0.5, -0.5))(x)[0, 0, 0].tolist()
    [3.0, 1.0, 0.5]
    """

    x_range: tuple[float, float] = (-0.1, 0.1)
    y_range: tuple[float, float] = (-0.1, 0.1)
    z_range: tuple[float, float] = (-0.1, 0.1)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("x_range", "y_range", "z_range"):
            check_range("Translate", name, getattr(self, name))

    def sample(self, draws: Draws, batch: Batch) -> Affine:
        """Three distances a sample."""
        low, high = np.array([self.x_range, self.y_range, self.z_range]).T
        offset = low + (high - low) * draws.uniform(size=3)
        return Affine(np.eye(3)[None].repeat(batch.n, 0), offset)

    def instructions(self, samples: Samples) -> Instructions:
        """An offset."""
        low, high = zip(self.x_range, self.y_range, self.z_range, strict=True)
        return (Instruction(TRANSLATE, (*low, *high), 1),)
