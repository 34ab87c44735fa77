"""Loss of an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import MATRICES
from skeleton_aug.operators import Affine
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples

_WITHOUT = np.eye(3) - np.eye(3)[:, :, None] * np.eye(3)[:, None, :]
"""Matrices that set x, y or z to zero, (3, 3, 3)."""


@dataclass(frozen=True, kw_only=True)
class AxisMask(Transform):
    """Set one random axis to zero for the whole sample, as if it were seen flattened onto a plane.

    One axis per sample, for all its bodies, joints and frames (AimCLR, Guo et al. 2022: one of the three, p = 0.5). No
    joint becomes missing by it: one that would land on the origin stays a picometre beside it. Only a bone that lies
    exactly along the axis has no length left, which is as good as missing, whether bones are made before or after.

    Parameters
    ----------
    axes : str
        Which of the axes "x", "y" and "z" may be lost, each as likely; two-dimensional data takes "xy", "x" or "y".

    Examples
    --------
    >>> x = np.ones((1, 1, 25, 3), np.float32)
    >>> AxisMask(axes="z")(x)[0, 0, 0].tolist()
    [1.0, 1.0, 0.0]
    """

    axes: str = "xyz"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.axes, str) or not self.axes or sorted(self.axes) != sorted(set(self.axes) & set("xyz")):
            raise ValueError(f"AxisMask: axes must be some of 'x', 'y', 'z' in one string, got {self.axes!r}.")

    def sample(self, draws: Draws, batch: Batch) -> Affine:
        """One axis a sample."""
        axes = np.array(["xyz".index(axis) for axis in self.axes])
        if axes.max() >= batch.dims:
            raise ValueError(
                f"AxisMask: samples (M, T, V, C) with C = {batch.channels!r} have no axis 'z', got "
                f"axes={self.axes!r}; pass axes='xy'."
            )
        return Affine.linear(_WITHOUT[axes[draws.integers(0, len(axes))]])

    def instructions(self, samples: Samples) -> Instructions | None:
        """One of several matrices."""
        axes = ["xyz".index(axis) for axis in self.axes]
        if max(axes) >= samples.dims:
            return None
        return (Instruction(MATRICES, (len(axes), *_WITHOUT[axes].ravel()), 1),)
