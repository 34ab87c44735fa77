"""On C: what moves, turns and bends the body."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from skeleton_aug.batch import Batch
from skeleton_aug.functional.given import Data, apply, expect, rows_of
from skeleton_aug.operators import Affine, Operator
from skeleton_aug.skeletons import Skeleton
from skeleton_aug.transforms.axis_mask import AxisMask
from skeleton_aug.transforms.mirror import Mirror
from skeleton_aug.transforms.normalize import Center, Measure, Normalize, Rotation
from skeleton_aug.transforms.rotate import rotation_matrix
from skeleton_aug.transforms.shear import shear_matrix


def normalize(
    x: Data,
    *,
    center: Center = "sequence",
    rotation: Rotation = "canonical",
    scale: float | None = None,
    measure: Measure = "spine",
    skeleton: str | Skeleton = "kinect_v2",
    channels: str | None = None,
) -> Data:
    """Move the body to the origin and turn it to a canonical orientation; settings of :class:`skeleton_aug.Normalize`.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(1, 1, 25, 3)) + 1
    >>> (normalize(x)[0, 0, :2].round(6)[:, :2] + 0).tolist()  # base at the origin, spine along z
    [[0.0, 0.0], [0.0, 0.0]]
    """
    made = Normalize(center=center, rotation=rotation, scale=scale, measure=measure, skeleton=skeleton)
    return apply(x, made, channels)


def shear(x: Data, factors: ArrayLike, *, channels: str | None = None) -> Data:
    """Multiply every joint by ``[[1, a, b], [c, 1, d], [e, f, 1]]``.

    Parameters
    ----------
    factors : (6,) or (N, 6) floats
        a to f. Two-dimensional data takes the upper left block, ``[[1, a], [c, 1]]``.

    Examples
    --------
    >>> shear(np.ones((1, 1, 25, 3)), (0.5, 0, 0, 0, 0, -1))[0, 0, 0].tolist()
    [1.5, 1.0, 0.0]
    """

    def operator(batch: Batch) -> Operator:
        return Affine.linear(shear_matrix(rows_of("shear", "factors", factors, batch.n, 6)))

    return apply(x, operator, channels)


def rotate(x: Data, degrees: ArrayLike, *, channels: str | None = None) -> Data:
    """Turn the sample about the origin, right-handed, about x, then y, then z, which stay where they are.

    Parameters
    ----------
    degrees : (3,) or (N, 3) floats
        Angles about x, y and z. Two-dimensional data turns about z only.

    Examples
    --------
    >>> x = np.zeros((1, 1, 25, 3))
    >>> x[..., 2] = 1
    >>> rotate(x, (0, 90, 0))[0, 0, 0].round(6).tolist()
    [1.0, 0.0, 0.0]
    """

    def operator(batch: Batch) -> Operator:
        angles = rows_of("rotate", "degrees", degrees, batch.n, 3)
        plane = batch.dims == 2 and angles[:, :2].any()
        expect("rotate", not plane, "degrees of (0, 0, z) for data in the plane", degrees)
        return Affine.linear(rotation_matrix(angles))

    return apply(x, operator, channels)


def scale(x: Data, factors: ArrayLike, *, channels: str | None = None) -> Data:
    """Multiply all coordinates by a factor, about the origin.

    Parameters
    ----------
    factors : float, or (3,) or (N, 3) floats
        One for all, or one for each axis; above 0.

    Examples
    --------
    >>> scale(np.ones((1, 1, 25, 3)), (1, 2, 1))[0, 0, 0].tolist()
    [1.0, 2.0, 1.0]
    """

    def operator(batch: Batch) -> Operator:
        rows = rows_of("scale", "factors", factors, batch.n, 3, spread=True)
        expect("scale", (rows > 0).all(), "factors above 0", factors)
        return Affine.linear(np.eye(3) * rows[:, None])

    return apply(x, operator, channels)


def translate(x: Data, offset: ArrayLike, *, channels: str | None = None) -> Data:
    """Add a distance to every present joint; bones and other differences are not moved.

    Parameters
    ----------
    offset : (3,) or (N, 3) floats
        Along x, y and z, in the unit of the data (metres). Two-dimensional data does not use z.

    Examples
    --------
    >>> translate(np.ones((1, 1, 25, 3)), (2, 0, -0.5))[0, 0, 0].tolist()
    [3.0, 1.0, 0.5]
    """

    def operator(batch: Batch) -> Operator:
        return Affine(np.eye(3)[None].repeat(batch.n, 0), rows_of("translate", "offset", offset, batch.n, 3))

    return apply(x, operator, channels)


def mirror(
    x: Data,
    *,
    skeleton: str | Skeleton = "kinect_v2",
    axis: Literal["x", "y", "z"] = "x",
    channels: str | None = None,
) -> Data:
    """Change the sign of the lateral axis and let left and right joints change places.

    Examples
    --------
    >>> x = np.zeros((1, 1, 25, 3))
    >>> x[0, 0, 11] = 0.5, 1.0, 3.0  # the right hand
    >>> mirror(x)[0, 0, 7].tolist()  # the left hand
    [-0.5, 1.0, 3.0]
    """
    return apply(x, Mirror(skeleton=skeleton, axis=axis), channels)


def axis_mask(x: Data, axis: Literal["x", "y", "z"], *, channels: str | None = None) -> Data:
    """Set one coordinate of every joint to zero.

    Examples
    --------
    >>> axis_mask(np.ones((1, 1, 25, 3)), "z")[0, 0, 0].tolist()
    [1.0, 1.0, 0.0]
    """
    expect("axis_mask", axis in ("x", "y", "z"), "axis 'x', 'y' or 'z'", axis)
    return apply(x, AxisMask(axes=axis), channels)
