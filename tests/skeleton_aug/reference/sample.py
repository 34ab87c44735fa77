"""One sample as the references see it: what is present is carried along (the package reads it from zeros)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass
class Reference:
    """One sample: float64 values (M, T, V, C), and which vectors of ``len(channels)`` are present, (M, T, V, K)."""

    values: np.ndarray
    present: np.ndarray
    channels: str = "xyz"

    @classmethod
    def of(cls, x, channels="xyz"):
        vectors = x.astype(np.float64).reshape(*x.shape[:3], x.shape[3] // len(channels), len(channels))
        return cls(x.astype(np.float64), (vectors != 0).any(-1), channels)

    @property
    def n_frames(self):
        return self.values.shape[1]

    @property
    def width(self):
        return len(self.channels)

    @property
    def dims(self):
        return len(self.channels.rstrip("c"))

    @property
    def vectors(self):
        """A copy of the values, (M, T, V, K, width)."""
        return self.values.reshape(*self.present.shape, self.width).copy()

    def with_vectors(self, vectors):
        return replace(self, values=vectors.reshape(self.values.shape))

    def dense(self):
        return np.where(np.repeat(self.present, self.width, axis=-1), self.values, 0.0)


def runs(present):
    """(begin, end) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], present.astype(int), [0]])))
    return zip(edges[::2], edges[1::2], strict=True)


def along_runs(sample, function):
    """``function(path)`` on every run (T', K, width) of present frames of the vectors that are present together."""
    vectors = sample.vectors
    for m, body in enumerate(sample.present):
        patterns = body.reshape(sample.n_frames, -1).T
        for pattern in np.unique(patterns, axis=0):
            joints, kinds = np.divmod(np.flatnonzero((patterns == pattern).all(1)), body.shape[-1])
            for begin, end in runs(pattern):
                vectors[m][begin:end, joints, kinds] = function(vectors[m][begin:end, joints, kinds])
    return sample.with_vectors(vectors)


def interpolate(sample, positions):
    """Linear interpolation; a vector that is missing on one side takes the other side as it is."""
    low, high = np.floor(positions).astype(int), np.ceil(positions).astype(int)
    share = (positions - low)[:, None, None, None]  # against (M, T, V, K, width)
    vectors = sample.vectors
    a, b, in_a, in_b = vectors[:, low], vectors[:, high], sample.present[:, low], sample.present[:, high]
    blend = (1 - share) * a + share * b
    blend = np.where((in_a & ~in_b)[..., None], a, blend)
    blend = np.where((in_b & ~in_a)[..., None], b, blend)
    return Reference(blend.reshape(*blend.shape[:3], sample.values.shape[3]), in_a | in_b, sample.channels)


def pick(sample, frames):
    """Whole frames, -1 for a missing one."""
    frames = np.asarray(frames)
    present = sample.present[:, frames] & (frames >= 0)[:, None, None]
    return Reference(sample.values[:, frames], present, sample.channels)


def multiply(sample, matrix, origin=None, offset=None):
    """``matrix @ (x - origin) + offset`` for positions, ``matrix @ x`` for bones; a confidence stays."""
    vectors, dims = sample.vectors, sample.dims
    if origin is not None:
        vectors[..., 0, :dims] -= np.asarray(origin)[:dims]
    vectors[..., :dims] = np.einsum("ij,mtvkj->mtvki", np.asarray(matrix)[:dims, :dims], vectors[..., :dims])
    if offset is not None:
        vectors[..., 0, :dims] += np.asarray(offset)[:dims]
    return sample.with_vectors(vectors)


def without_joints(sample, joints):
    """The joints, and what stands behind them on C, missing throughout."""
    present = sample.present.copy()
    present[:, :, list(joints)] = False
    return replace(sample, present=present)
