"""The best plain NumPy and SciPy forms of the transforms that we could write, for gapless samples of x, y, z.

A twin draws its parameters from a NumPy generator, for one sample or for n, and applies them: to a batch ``(n, M, T, V,
3)`` into model layout ``(n, C, T, V, M)``, or to one sample ``(M, T, V, 3)``. All is float32 throughout. Batches go
through in chunks that stay in the nearer caches, and what can act on the model layout acts there, where coordinates
stand before points and bodies in pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.forms import (
    Floats,
    Generator,
    Parameters,
    Shape,
    below,
    between,
    buffer,
    laid_out,
    lay_out,
    units,
    weigh_in_place,
)
from skeleton_aug.skeletons import KINECT_V2

MIRROR, PARENTS = KINECT_V2.mirror, np.where(KINECT_V2.parent_array < 0, np.arange(25), KINECT_V2.parent_array)
MIRROR_COLUMNS = (3 * MIRROR[:, None] + np.arange(3)).ravel()
MIRROR_SIGNS = np.tile(np.array([-1, 1, 1], np.float32), 25)
ROOT = int(np.argmin(KINECT_V2.parent_array))
PARTS = np.zeros((len(KINECT_V2.parts), 25), np.bool_)
for _part, _joints in enumerate(KINECT_V2.parts.values()):
    PARTS[_part, list(_joints)] = True
WITHOUT_SIDE = KINECT_V2.without_side.astype(np.float32)


# Coordinates


def turn(x: Floats, out: Floats, matrix: Floats, offset: Floats | None = None) -> None:
    """One product a sample, of coordinates before points, from the layout that the result has."""
    n, c = len(x), x.shape[4]
    np.matmul(matrix, laid_out(x).reshape(n, c, -1), out=out.reshape(n, c, -1))
    if offset is not None:
        out += offset[:, :, None, None, None]


def turn_one(x: Floats, matrix: Floats, offset: Floats | None = None) -> Floats:
    y = x.reshape(-1, 3) @ matrix.T
    if offset is not None:
        lines = y.reshape(-1, x.shape[2] * 3)
        lines += np.tile(offset, x.shape[2])
    return y.reshape(x.shape)


def draw_shear(rng: Generator, lead: Shape, t: int) -> Parameters:
    matrix = np.ones((*lead, 9), np.float32)
    factors = rng.random((*lead, 6), np.float32) * 2 - 1
    matrix[..., 1:4], matrix[..., 5:8] = factors[..., :3], factors[..., 3:]
    return (matrix.reshape(*lead, 3, 3),)


def draw_rotation(rng: Generator, lead: Shape, t: int) -> Parameters:
    angle = np.radians(between(rng, -30, 30, lead))
    matrix = np.zeros((*lead, 3, 3), np.float32)
    matrix[..., 0, 0] = matrix[..., 2, 2] = np.cos(angle)
    matrix[..., 0, 2] = np.sin(angle)
    matrix[..., 2, 0] = -matrix[..., 0, 2]
    matrix[..., 1, 1] = 1
    return (matrix,)


def scale(x: Floats, out: Floats, factor: Any) -> None:
    lay_out(x, out)
    out *= factor[:, None, None, None, None]


def translate(x: Floats, out: Floats, offset: Floats) -> None:
    for m in range(x.shape[1]):
        np.add(x[:, m].transpose(0, 3, 1, 2), offset[:, :, None, None], out=out[..., m])


def translate_one(x: Floats, offset: Floats) -> Floats:
    return (x.reshape(-1, x.shape[2] * 3) + np.tile(offset, x.shape[2])).reshape(x.shape)


def mask_axis(x: Floats, out: Floats, axis: Any) -> None:
    lay_out(x, out)
    out[np.arange(len(x)), axis] = 0


def mask_axis_one(x: Floats, axis: int) -> Floats:
    y = x.copy()
    y[..., axis] = 0
    return y


def canonical_frame(first: Floats) -> tuple[Floats, Floats]:
    """Rotations and offsets (n, 3, 3) and (n, 3) of first frames (n, V, 3) without gaps."""
    base = first[:, 0]
    z = first[:, 1] - base
    z /= np.sqrt(np.einsum("nc,nc->n", z, z))[:, None]
    left = first[:, 4] - first[:, 8]
    left -= np.einsum("nc,nc->n", left, z)[:, None] * z
    left /= np.sqrt(np.einsum("nc,nc->n", left, left))[:, None]
    matrix = np.empty((len(first), 3, 3), np.float32)
    matrix[:, 0], matrix[:, 2] = left, z
    # By hand: np.cross takes longer than all the rest for one sample.
    (a, b, c), (d, e, f) = z.T, left.T
    matrix[:, 1, 0], matrix[:, 1, 1], matrix[:, 1, 2] = b * f - c * e, c * d - a * f, a * e - b * d
    return matrix, -(matrix @ base[:, :, None])[:, :, 0]


def normalize(x: Floats, out: Floats) -> None:
    turn(x, out, *canonical_frame(x[:, 0, 0]))


def canonical_frame_one(first: Floats) -> tuple[Floats, Floats]:
    """Of one frame (V, 3), in plain Python numbers: for nine of them that is faster than arrays."""
    o, spine, a, b = first[0].tolist(), first[1].tolist(), first[4].tolist(), first[8].tolist()
    z = [p - q for p, q in zip(spine, o, strict=True)]
    size = math.hypot(*z)
    z = [p / size for p in z]
    left = [p - q for p, q in zip(a, b, strict=True)]
    along = left[0] * z[0] + left[1] * z[1] + left[2] * z[2]
    left = [p - along * q for p, q in zip(left, z, strict=True)]
    size = math.hypot(*left)
    (d, e, f), (g, h, i) = z, (p / size for p in left)
    matrix = np.array([[g, h, i], [e * i - f * h, f * g - d * i, d * h - e * g], [d, e, f]], np.float32)
    return matrix, -(matrix @ first[0])


def normalize_one(x: Floats) -> Floats:
    return turn_one(x, *canonical_frame_one(x[0, 0]))


# Joints


def weigh(x: Floats, out: Floats, weights: Floats) -> None:
    lay_out(x, out)
    weigh_in_place(out, weights)


def weigh_one(x: Floats, weights: Floats) -> Floats:
    return (x.reshape(-1, x.shape[2] * 3) * np.repeat(weights, 3)).reshape(x.shape)


def subsets(rng: Generator, lead: Shape, n: int, low: int, high: int) -> NDArray[np.bool_]:
    """Mark a random number of different members."""
    count = low + below(rng, lead, high - low + 1)
    ranks = units(rng, lead, n).argsort(axis=-1).argsort(axis=-1)
    marked: NDArray[np.bool_] = ranks < np.asarray(count)[..., None]
    return marked


def draw_joint_mask(rng: Generator, lead: Shape, t: int) -> Parameters:
    return ((~subsets(rng, lead, 25, 1, 5)).astype(np.float32),)


def draw_part_mask(rng: Generator, lead: Shape, t: int) -> Parameters:
    return ((~PARTS[below(rng, lead, len(PARTS))]).astype(np.float32),)


def draw_side(rng: Generator, lead: Shape, t: int) -> Parameters:
    return (WITHOUT_SIDE[below(rng, lead, 2)],)


def mirror(x: Floats, out: Floats) -> None:
    joints = laid_out(x)
    np.negative(joints[:, 0], out=joints[:, 0])
    np.take(joints, MIRROR, axis=3, out=out, mode="clip")


def mirror_one(x: Floats) -> Floats:
    y = x.reshape(-1, 75)[:, MIRROR_COLUMNS]
    y *= MIRROR_SIGNS
    return y.reshape(x.shape)


def bones(x: Floats, out: Floats) -> None:
    add_bones(laid_out(x), out)


def add_bones(joints: Floats, out: Floats) -> None:
    """Joints that are laid out, and joint minus parent behind them."""
    parents = buffer("parents", *joints.shape)
    np.take(joints, PARENTS, axis=3, out=parents, mode="clip")
    out[:, :3] = joints
    np.subtract(joints, parents, out=out[:, 3:])


def bones_one(x: Floats) -> Floats:
    y = np.empty((*x.shape[:3], 6), np.float32)
    difference = x - x.take(PARENTS, axis=2)
    # One coordinate at a time: loops over three numbers are slow.
    for c in range(3):
        y[..., c], y[..., 3 + c] = x[..., c], difference[..., c]
    return y


@cache
def tree() -> tuple[Floats, Floats]:
    """Joints to bones, the root's being its position, and back, (V, V) each."""
    to_bones = np.eye(25, dtype=np.float32)
    has_parent = np.delete(np.arange(25), ROOT)
    to_bones[has_parent, PARENTS[has_parent]] -= 1
    return to_bones, np.linalg.inv(to_bones).astype(np.float32)


def draw_bone_scales(rng: Generator, lead: Shape, t: int) -> Parameters:
    factors = between(rng, 0.9, 1.1, lead, 25).astype(np.float32)
    return (factors[..., np.minimum(MIRROR, np.arange(25))],)


def scale_bones_matrix(factors: Floats) -> Floats:
    """Which joints each joint is made of, (..., V, V)."""
    to_bones, to_joints = tree()
    factors = factors.copy()
    factors[..., ROOT] = 1
    matrix: Floats = to_joints @ (factors[..., None] * to_bones)
    return matrix


def scale_bones(x: Floats, out: Floats, factors: Floats) -> None:
    n, m, t, v, _ = x.shape
    planes, scaled = buffer("planes", n, 3, m, t, v), buffer("scaled", n, 3 * m * t, v)
    for k in range(m):
        planes[:, :, k] = x[:, k].transpose(0, 3, 1, 2)
    np.matmul(planes.reshape(n, -1, v), scale_bones_matrix(factors).transpose(0, 2, 1), out=scaled)
    for k in range(m):
        out[..., k] = scaled.reshape(planes.shape)[:, :, k]


def scale_bones_one(x: Floats, factors: Floats) -> Floats:
    wide = np.zeros((25, 3, 25, 3), np.float32)
    wide[:, range(3), :, range(3)] = scale_bones_matrix(factors).T
    return (x.reshape(-1, 75) @ wide.reshape(75, 75)).reshape(x.shape)


# Bodies


def drop_bodies(x: Floats, out: Floats, stays: NDArray[np.bool_]) -> None:
    lay_out(x, out)
    for i, m in np.argwhere(~stays):
        out[i, ..., m] = 0


def drop_bodies_one(x: Floats, stays: Any) -> Floats:
    y = x.copy()
    for m, there in enumerate(stays):
        if not there:
            y[m] = 0
    return y


def draw_bodies(rng: Generator, lead: Shape, t: int) -> Parameters:
    luck = units(rng, lead, 2)
    if lead:
        return ((luck >= 0.5) | (luck == luck.max(axis=-1, keepdims=True)),)
    highest = max(numbers := luck.tolist())
    return ([number >= 0.5 or number == highest for number in numbers],)


# Other samples


def draw_joint_mixing(rng: Generator, lead: Shape, t: int) -> Parameters:
    return draw_partners(rng, lead), subsets(rng, lead, 25, 5, 12)


def draw_part_mixing(rng: Generator, lead: Shape, t: int) -> Parameters:
    chosen = subsets(rng, lead, len(PARTS), 2, 3)
    return draw_partners(rng, lead), (chosen[..., None] & PARTS).any(axis=-2)


def draw_partners(rng: Generator, lead: Shape) -> Any:
    if not lead:
        return 0
    order, partner = rng.permutation(lead[0]), np.empty(lead[0], np.int64)
    partner[order] = np.roll(order, -1)
    return partner


def mix(x: Floats, out: Floats, partner: NDArray[np.int64], joints: NDArray[np.bool_]) -> None:
    """Partners may be anywhere in the batch, so it goes through whole, eight samples at a time."""
    for begin in range(0, len(x), 8):
        at = slice(begin, begin + 8)
        lay_out(x[at], out[at])
        theirs = laid_out(x[partner[at]])
        n, _, _, v, m = theirs.shape
        chosen = np.repeat(joints[at], m, axis=1)[:, None]
        np.copyto(out[at].reshape(n, -1, v * m), theirs.reshape(n, -1, v * m), where=chosen)


def mix_one(x: Floats, partner: int, joints: NDArray[np.bool_]) -> Floats:
    return x.copy()


# Noise


def draw_noise_scale(low: float, high: float) -> Callable[[Generator, Shape, int], Parameters]:
    def draw(rng: Generator, lead: Shape, t: int) -> Parameters:
        generator = np.broadcast_to(np.array(rng, object), lead) if lead else rng
        return np.float32(between(rng, low, high, lead)), generator

    return draw


def add_noise_one(x: Floats, std: Any, rng: Generator) -> Floats:
    y = rng.standard_normal(x.shape, np.float32)
    y *= np.float32(std)
    y += x
    return y


def add_noise(x: Floats, out: Floats, std: Floats, rngs: Any) -> None:
    rngs[0].standard_normal(out=out, dtype=np.float32)
    out *= std[:, None, None, None, None]
    out += laid_out(x)


def add_kinect_noise(x: Floats, out: Floats, factor: Floats, rngs: Any) -> None:
    joints, factor = laid_out(x), factor[:, None, None, None]
    rngs[0].standard_normal(out=out, dtype=np.float32)
    z = np.maximum(joints[:, 2], np.float32(0.4))
    out[:, :2] *= (z * (factor * np.float32(0.8 / 585)))[:, None]
    z -= np.float32(0.4)
    z *= z
    z *= factor * np.float32(0.0019)
    z += factor * np.float32(0.0012)
    out[:, 2] *= z
    out += joints


def add_kinect_noise_one(x: Floats, factor: Any, rng: Generator) -> Floats:
    y = rng.standard_normal(x.shape, np.float32)
    z = np.maximum(x[..., 2], np.float32(0.4))
    lateral = z * np.float32(0.8 / 585 * factor)
    y[..., 0] *= lateral
    y[..., 1] *= lateral
    z -= np.float32(0.4)
    z *= z
    z *= np.float32(0.0019 * factor)
    z += np.float32(0.0012 * factor)
    y[..., 2] *= z
    y += x
    return y
