"""Rotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import TURN, fill_rotations
from skeleton_aug.operators import Affine
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class Rotate(Transform):
    """Turn the whole sample about the origin by a random angle for each axis.

    Conventions: degrees, right-handed, so a positive angle about y takes z to x, about z takes x to y, about x takes y
    to z. The axes are those of the data and stay where they are: first about x, then about y, then about z,
    ``R = Rz @ Ry @ Rx``. One rotation per sample, for all its bodies, joints and frames. By default the body turns
    about the vertical axis of sensor space, as another camera would see it; after :class:`Normalize` z is the vertical
    one.

    Two-dimensional data can be turned about z only, within its plane.

    Parameters
    ----------
    x_range, y_range, z_range : (float, float)
        Uniform range of the angle about each axis, in degrees.
    main_range : (float, float), optional
        Range of one of the axes, drawn anew for each sample, in place of its own: a large rotation about any one axis
        with small ones about the others (AimCLR, Guo et al. 2022: ``main_range=(-30, 0)`` and (-1, 0) for the others).

    Examples
    --------
    >>> x = np.zeros((1, 1, 25, 3), np.float32)
    >>> x[..., 2] = 1
    >>> Rotate(y_range=(90, 90))(x)[0, 0, 0].round(6).tolist()
    [1.0, 0.0, 0.0]
    >>> anywhere = Rotate(x_range=(-17, 17), y_range=(-17, 17), z_range=(-17, 17))
    """

    x_range: tuple[float, float] = (0.0, 0.0)
    y_range: tuple[float, float] = (-30.0, 30.0)
    z_range: tuple[float, float] = (0.0, 0.0)
    main_range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("x_range", "y_range", "z_range"):
            check_range("Rotate", name, getattr(self, name))
        if self.main_range is not None:
            check_range("Rotate", "main_range", self.main_range)

    def sample(self, draws: Draws, batch: Batch) -> Affine:
        """Three angles a sample, and its main axis if there is to be one."""
        self._check_plane(batch)
        bounds = np.array([self.x_range, self.y_range, self.z_range])
        units, low, high = draws.uniform(size=3), bounds[:, 0], bounds[:, 1]
        if self.main_range is not None:
            main = np.arange(3) == draws.integers(0, 3)[:, None]
            low, high = np.where(main, self.main_range[0], low), np.where(main, self.main_range[1], high)
        return Affine.linear(rotation_matrix(low + (high - low) * units))

    def instructions(self, samples: Samples) -> Instructions | None:
        """A matrix."""
        if samples.dims == 2 and self._tilts:
            return None
        low, high = zip(self.x_range, self.y_range, self.z_range, strict=True)
        main = (0, 0, 0) if self.main_range is None else (1, *self.main_range)
        return (Instruction(TURN, (*low, *high, *main), 2),)

    @property
    def _tilts(self) -> bool:
        """Whether it leaves the plane."""
        return any(self.x_range) or any(self.y_range) or self.main_range is not None

    def _check_plane(self, batch: Batch) -> None:
        if batch.dims == 2 and self._tilts:
            raise ValueError(
                f"Rotate: samples (M, T, V, C) with C = {batch.channels!r} can be turned about z only, got "
                f"x_range={self.x_range}, y_range={self.y_range}, main_range={self.main_range}. "
                "Pass x_range=(0, 0), y_range=(0, 0), main_range=None and a z_range."
            )


def rotation_matrix(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``Rz @ Ry @ Rx`` of right-handed angles about x, y and z, (N, 3); shape (N, 3, 3)."""
    matrix = np.empty((len(degrees), 3, 3))
    fill_rotations(degrees, matrix)
    return matrix
