"""Rotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.compiled import kernel
from skeleton_aug.operators import Affine
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws


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

    def _check_plane(self, batch: Batch) -> None:
        tilts = any(self.x_range) or any(self.y_range) or self.main_range is not None
        if batch.dims == 2 and tilts:
            raise ValueError(
                f"Rotate: samples (M, T, V, C) with C = {batch.channels!r} can be turned about z only, got "
                f"x_range={self.x_range}, y_range={self.y_range}, main_range={self.main_range}. "
                "Pass x_range=(0, 0), y_range=(0, 0), main_range=None and a z_range."
            )


def rotation_matrix(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``Rz @ Ry @ Rx`` of right-handed angles about x, y and z, (N, 3); shape (N, 3, 3)."""
    matrix = np.empty((len(degrees), 3, 3))
    _fill_rotations(degrees, matrix)
    return matrix


@kernel()
def _fill_rotations(degrees, matrix):  # type: ignore[no-untyped-def]
    for n in range(degrees.shape[0]):
        x, y, z = np.radians(degrees[n, 0]), np.radians(degrees[n, 1]), np.radians(degrees[n, 2])
        cx, cy, cz, sx, sy, sz = np.cos(x), np.cos(y), np.cos(z), np.sin(x), np.sin(y), np.sin(z)
        matrix[n, 0, 0], matrix[n, 0, 1], matrix[n, 0, 2] = cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx
        matrix[n, 1, 0], matrix[n, 1, 1], matrix[n, 1, 2] = sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx
        matrix[n, 2, 0], matrix[n, 2, 1], matrix[n, 2, 2] = -sy, cy * sx, cy * cx
