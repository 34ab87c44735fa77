"""Every transform and pipeline once more, plain and slow: float64, one sample, one body, one joint after another.

What is present is carried along explicitly here (the package reads it from zeros). Each function re-draws its
parameters from the same stream of random numbers and applies them with textbook NumPy and SciPy.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import savgol_filter

from skeleton_aug import (
    Bones,
    Compose,
    CropResize,
    FitLength,
    Normalize,
    Resample,
    SavitzkyGolay,
    Shear,
    SideDrop,
    TemporalShift,
    get_skeleton,
)
from skeleton_aug.randomness import Draws, Key, stream_key


@dataclass
class Reference:
    """One sample: values (M, T, V, C) and which 3-vectors are present, (M, T, V, C // 3)."""

    values: np.ndarray
    present: np.ndarray

    @classmethod
    def of(cls, x):
        vectors = x.astype(np.float64).reshape(*x.shape[:3], -1, 3)
        return cls(x.astype(np.float64), (vectors != 0).any(-1))

    @property
    def n_frames(self):
        return self.values.shape[1]

    def dense(self):
        return np.where(np.repeat(self.present, 3, axis=-1), self.values, 0.0)


def runs(present):
    edges = np.flatnonzero(np.diff(np.concatenate([[0], present.astype(int), [0]])))
    return zip(edges[::2], edges[1::2], strict=True)


def smooth(sample, window, order):
    """SciPy's filter on every run of present frames of every path, with a window that fits."""
    values = sample.values.copy()
    for m, body in enumerate(sample.present):
        patterns = body.reshape(sample.n_frames, -1).T
        for pattern in np.unique(patterns, axis=0):
            joints, vectors = np.divmod(np.flatnonzero((patterns == pattern).all(1)), body.shape[-1])
            columns = joints[:, None], 3 * vectors[:, None] + np.arange(3)
            path = sample.values[m][:, *columns]
            for begin, end in runs(pattern):
                width = min(window, end - begin)
                width -= width % 2 == 0
                if width > order:
                    smoothed = savgol_filter(path[begin:end], width, order, axis=0, mode="interp")
                    values[m][begin:end, *columns] = smoothed
    return replace(sample, values=values)


def interpolate(sample, positions):
    """Linear interpolation; a path that is missing on one side takes the other side as it is."""
    low, high = np.floor(positions).astype(int), np.ceil(positions).astype(int)
    share = (positions - low)[:, None, None, None]  # against (M, T, V, K, 3)
    shape = (sample.values.shape[0], len(positions), *sample.present.shape[2:])
    a, b = (sample.values[:, at].reshape(*shape, 3) for at in (low, high))
    in_a, in_b = sample.present[:, low], sample.present[:, high]
    values = (1 - share) * a + share * b
    values = np.where((in_a & ~in_b)[..., None], a, values)
    values = np.where((in_b & ~in_a)[..., None], b, values)
    return Reference(values.reshape(*shape[:3], -1), in_a | in_b)


def pick(sample, frames):
    """Whole frames, -1 for a missing one."""
    frames = np.asarray(frames)
    present = sample.present[:, frames] & (frames >= 0)[:, None, None]
    return Reference(sample.values[:, frames], present)


def shear_factors(transform, draws, i):
    def matrix():
        a, b, c, d, e, f = draws.uniform(*transform.factor_range, size=6)[i]
        return np.array([[1, a, b], [c, 1, d], [e, f, 1]])

    first = matrix()
    if not transform.keep_orientation:
        return first
    for candidate in [first] + [matrix() for _ in range(7)]:
        if np.linalg.det(candidate) > 0:
            return candidate
    return np.eye(3)


def multiply(sample, matrix, origin=None):
    """``matrix @ (x - origin)`` for positions, ``matrix @ x`` for bones."""
    vectors = sample.values.reshape(*sample.present.shape, 3).copy()
    if origin is not None:
        vectors[..., 0, :] -= origin
    turned = np.einsum("ij,mtvkj->mtvki", matrix, vectors)
    return replace(sample, values=turned.reshape(sample.values.shape))


def canonical_frame(sample, transform):
    """Rotation (rows are the axes) and origin, from the first frame of the first present body that has the joints."""
    skeleton = get_skeleton(transform.skeleton)
    base, spine, left, right = (skeleton.frame_joints[r] for r in ("base", "spine", "left_shoulder", "right_shoulder"))
    for joints in [[base, spine, left, right], [base]] if transform.rotate else [[base]]:
        for body, present in zip(sample.values, sample.present[..., 0], strict=True):
            for frame in np.flatnonzero(present[:, joints].all(1)):
                at = body[frame, :, :3]
                rotation = np.eye(3)
                if len(joints) == 4:
                    z, x = at[spine] - at[base], at[left] - at[right]
                    if np.linalg.norm(z) > 1e-9:
                        z /= np.linalg.norm(z)
                        x = x - (x @ z) * z
                        if np.linalg.norm(x) > 1e-9:
                            x /= np.linalg.norm(x)
                            rotation = np.stack([x, np.cross(z, x), z])
                return rotation, at[base]
    return np.eye(3), np.zeros(3)


def bones(sample, transform):
    parents = get_skeleton(transform.skeleton).parents
    values, present = np.zeros_like(sample.values), np.zeros_like(sample.present)
    for joint, parent in enumerate(parents):
        if parent >= 0:
            values[:, :, joint] = sample.values[:, :, joint] - sample.values[:, :, parent]
            present[:, :, joint] = sample.present[:, :, joint] & sample.present[:, :, parent]
            # A bone of no length cannot be told from a missing one once it is stored.
            present[:, :, joint, 0] &= (values[:, :, joint] != 0).any(-1)
    if transform.channels == "bone":
        return Reference(values, present)
    return Reference(np.concatenate([sample.values, values], -1), np.concatenate([sample.present, present], -1))


def apply_one(transform, sample, draws, i):
    """Transform sample i of the batch that ``draws`` serves."""
    if not draws.uniform()[i] < transform.p:
        return sample
    n = sample.n_frames
    match transform:
        case Normalize():
            return multiply(sample, *canonical_frame(sample, transform))
        case SavitzkyGolay():
            return smooth(sample, transform.window, transform.order)
        case Resample():
            n_new = max(round(n / draws.uniform(*transform.rate_range)[i]), 1)
            return interpolate(sample, np.arange(n_new) * (n - 1) / max(n_new - 1, 1))
        case CropResize():
            span = (n - 1) * draws.uniform(*transform.ratio_range)[i]
            start = (n - 1 - span) * draws.uniform()[i]
            return interpolate(sample, np.clip(start + span * np.linspace(0, 1, transform.n_frames), 0, n - 1))
        case FitLength():
            spare = max(n - transform.n_frames, 0)
            start = {"start": 0, "center": spare // 2, "random": int(draws.uniform()[i] * (spare + 1))}[transform.crop]
            frames = list(range(n))[start : start + transform.n_frames]
            lack = transform.n_frames - len(frames)
            more = {"repeat": (frames * (lack // n + 1))[:lack], "zeros": [-1] * lack, "last": [n - 1] * lack}
            return pick(sample, frames + more[transform.short])
        case TemporalShift():
            longest = n if transform.max_offset is None else transform.max_offset
            offset = int(draws.uniform()[i] * (longest + 1))
            return pick(sample, np.roll(np.arange(n), -offset))
        case Shear():
            return multiply(sample, shear_factors(transform, draws, i))
        case SideDrop():
            skeleton = get_skeleton(transform.skeleton)
            side = skeleton.left if draws.uniform()[i] < 0.5 else skeleton.right
            present = sample.present.copy()
            present[:, :, list(side)] = False
            return replace(sample, present=present)
        case Bones():
            return bones(sample, transform)
    raise TypeError(f"No reference for {transform}.")


def steps(pipeline):
    """(transform, stream of random numbers) in order; equal names are numbered."""
    transforms = []

    def flatten(item):
        if isinstance(item, Compose):
            for inner in item.transforms:
                flatten(inner)
        else:
            transforms.append(item)

    flatten(pipeline)
    seen = Counter()
    for transform in transforms:
        yield transform, stream_key(f"{transform.name}#{seen[transform.name]}")
        seen[transform.name] += 1


def trace(pipeline, arrays, *, seed, epoch=0, indices=None, view=0):
    """List of References, one per sample."""
    key = Key.of(seed, np.arange(len(arrays)) if indices is None else indices, epoch, view)
    done = [Reference.of(x) for x in arrays]
    for transform, stream in steps(pipeline):
        done = [apply_one(transform, x, Draws(key, stream), i) for i, x in enumerate(done)]
    return done


def run(pipeline, arrays, **settings):
    """List of (M, T, V, C) float64 results, zeros where something is missing."""
    return [x.dense() for x in trace(pipeline, arrays, **settings)]


def model_layout(x):
    """(N, M, T, V, C) -> (N, C, T, V, M)."""
    return np.ascontiguousarray(x.transpose(0, 4, 2, 3, 1))
