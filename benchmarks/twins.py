"""The best plain NumPy and SciPy forms of the transforms that we could write, for gapless samples of x, y, z.

A twin draws its parameters from a NumPy generator, for one sample or for n, and applies them: to a batch ``(n, M, T, V,
3)`` into model layout ``(n, C, T, V, M)``, or to one sample ``(M, T, V, 3)``. All is float32 throughout. Batches go
through in chunks that stay in the nearer caches, matrices act on coordinates as one product a sample, filters as
products of bands of a (T, T) matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from skeleton_aug.skeletons import KINECT_V2

Floats = NDArray[np.float32]
Generator = np.random.Generator
Shape = tuple[int, ...]
Parameters = tuple[Any, ...]

CHUNK = 8
"""Samples of a batch that go through together: 0.7 MB of 150 frames, twice that with the result."""
BAND = 30
"""Frames that one product of a filter serves."""
MIRROR, PARENTS = KINECT_V2.mirror, np.where(KINECT_V2.parent_array < 0, np.arange(25), KINECT_V2.parent_array)
ROOT = int(np.argmin(KINECT_V2.parent_array))
PARTS = np.zeros((len(KINECT_V2.parts), 25), np.bool_)
for _part, _joints in enumerate(KINECT_V2.parts.values()):
    PARTS[_part, list(_joints)] = True
WITHOUT_SIDE = KINECT_V2.without_side.astype(np.float32)


@dataclass(frozen=True)
class Twin:
    """A transform in NumPy.

    Attributes
    ----------
    draw : callable
        ``draw(rng, lead, t)`` gives parameters with leading axes ``lead``, ``(n,)`` or ``()`` for one sample.
    batch : callable
        ``batch(x, out, *parameters)`` for a chunk.
    one : callable
        ``one(x, *parameters)`` for one sample, sample layout.
    """

    draw: Callable[[Generator, Shape, int], Parameters]
    batch: Callable[..., None]
    one: Callable[..., Floats]
    chunk: int = CHUNK

    def run(self, x: Floats, out: Floats, parameters: Parameters) -> None:
        """Apply to a batch, chunk by chunk."""
        for at in range(0, len(x), self.chunk):
            these = slice(at, at + self.chunk)
            self.batch(x[these], out[these], *(p[these] for p in parameters))


def units(rng: Generator, lead: Shape, *more: int) -> Any:
    """Uniform numbers in [0, 1), a plain number for one sample."""
    return rng.random((*lead, *more) or None)


def between(rng: Generator, low: float, high: float, lead: Shape, *more: int) -> Any:
    return low + (high - low) * units(rng, lead, *more)


def lay_out(x: Floats, out: Floats) -> None:
    """Copy (n, M, T, V, C) into (n, C, T, V, M): body by body, which takes a quarter of the time of one copy."""
    for m in range(x.shape[1]):
        np.copyto(out[..., m], x[:, m].transpose(0, 3, 1, 2))


def lay_out_planes(planes: Floats, out: Floats) -> None:
    """Copy (n, C, M, T, V) into (n, C, T, V, M)."""
    for m in range(planes.shape[2]):
        np.copyto(out[..., m], planes[:, :, m])


def below(rng: Generator, lead: Shape, bound: Any) -> Any:
    """Uniform integers in [0, bound)."""
    product = units(rng, lead) * bound
    return product.astype(np.int64) if lead else int(product)


# Coordinates


def turn(x: Floats, out: Floats, matrix: Floats, offset: Floats | None = None) -> None:
    """One product a sample, of coordinates before points, which is how the result lies."""
    n, m, t, v, _ = x.shape
    y = matrix @ x.reshape(n, -1, 3).transpose(0, 2, 1)
    if offset is not None:
        y += offset[:, :, None]
    lay_out_planes(y.reshape(n, 3, m, t, v), out)


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
    for m in range(x.shape[1]):
        np.multiply(x[:, m].transpose(0, 3, 1, 2), factor[:, None, None, None], out=out[..., m])


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
    n, m, t, v, _ = x.shape
    lay_out(x, out)
    lines = out.reshape(n, 3 * t, v * m)
    lines *= np.repeat(weights, m, axis=1)[:, None]


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
    lay_out(x.take(MIRROR, axis=3), out)
    np.negative(out[:, 0], out=out[:, 0])


def mirror_one(x: Floats) -> Floats:
    y = x.take(MIRROR, axis=2)
    np.negative(y[..., 0], out=y[..., 0])
    return y


def bones(x: Floats, out: Floats) -> None:
    lay_out(x, out[:, :3])
    lay_out(x - x.take(PARENTS, axis=3), out[:, 3:])


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
    planes = np.ascontiguousarray(x.transpose(0, 4, 1, 2, 3)).reshape(n, -1, v)
    y = planes @ scale_bones_matrix(factors).transpose(0, 2, 1)
    lay_out_planes(y.reshape(n, 3, m, t, v), out)


def scale_bones_one(x: Floats, factors: Floats) -> Floats:
    wide = np.zeros((25, 3, 25, 3), np.float32)
    wide[:, range(3), :, range(3)] = scale_bones_matrix(factors).T
    return (x.reshape(-1, 75) @ wide.reshape(75, 75)).reshape(x.shape)


# Bodies


def drop_bodies(x: Floats, out: Floats, stays: NDArray[np.bool_]) -> None:
    lay_out(x, out)
    for i, m in np.argwhere(~stays):
        out[i, ..., m] = 0


def drop_bodies_one(x: Floats, stays: NDArray[np.bool_]) -> Floats:
    y = x.copy()
    y[~stays] = 0
    return y


def draw_bodies(rng: Generator, lead: Shape, t: int) -> Parameters:
    luck = units(rng, lead, 2)
    return ((luck >= 0.5) | (luck == luck.max(axis=-1, keepdims=True)),)


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
    buffer = np.empty(x.shape[1:], np.float32)
    for i, other in enumerate(partner):
        np.copyto(buffer, x[i])
        taken = np.flatnonzero(joints[i])
        buffer[:, :, taken] = x[other].take(taken, axis=2)
        lay_out(buffer[None], out[i : i + 1])


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


def each(one: Callable[..., Floats]) -> Callable[..., None]:
    """The form for one sample, and a transposed copy while the result is in the nearest caches."""

    def batch(x: Floats, out: Floats, *parameters: Any) -> None:
        for i in range(len(x)):
            lay_out(one(x[i], *(p[i] for p in parameters))[None], out[i : i + 1])

    return batch


@cache
def savgol_bands(t: int) -> tuple[tuple[slice, slice, Floats], ...]:
    """Output frames, input frames and weights between them, window 15 and order 2."""
    matrix = savgol_filter(np.eye(t), 15, 2, axis=0, mode="interp").astype(np.float32)
    bands = []
    for begin in range(0, t, BAND):
        end = min(begin + BAND, t)
        rows = slice(max(min(begin - 7, t - 15), 0), min(max(end + 7, 15), t))
        bands.append((slice(begin, end), rows, np.ascontiguousarray(matrix[begin:end, rows])))
    return tuple(bands)


def smooth_one(x: Floats) -> Floats:
    m, t, v, _ = x.shape
    y = np.empty_like(x)
    lines, result = x.reshape(m, t, v * 3), y.reshape(m, t, v * 3)
    for frames, rows, weights in savgol_bands(t):
        np.matmul(weights, lines[:, rows], out=result[:, frames])
    return y
