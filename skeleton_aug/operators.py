"""What a transform does to a batch: small operators, each on one axis of ``(M, T, V, C)``.

Every operator holds one row per sample, and :meth:`where` turns it into the identity for samples that are spared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
BoneChannels = Literal["bone", "joint+bone"]


@dataclass(frozen=True)
class Affine:
    """On C: ``y = matrix @ x + offset`` for every present joint.

    Attributes
    ----------
    matrix : (N, 3, 3) float64 array
    offset : (N, 3) float64 array, metres
        Moves positions only; bones are differences, which it leaves alone.
    """

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]

    @classmethod
    def linear(cls, matrix: NDArray[np.float64]) -> Affine:
        """Without an offset."""
        return cls(matrix, np.zeros((len(matrix), 3)))

    def where(self, mask: Mask) -> Affine:
        """Identity where the mask is False."""
        return Affine(np.where(mask[:, None, None], self.matrix, np.eye(3)), np.where(mask[:, None], self.offset, 0.0))

    def after(self, earlier: Affine) -> Affine:
        """The operator that applies ``earlier`` and then this one."""
        return Affine(self.matrix @ earlier.matrix, (self.matrix @ earlier.offset[..., None])[..., 0] + self.offset)


@dataclass(frozen=True)
class JointWeights:
    """On V: each joint times its weight; a weight of 0 makes the joint missing.

    Attributes
    ----------
    weights : (N, V) float64 array
    """

    weights: NDArray[np.float64]

    @property
    def drops_only(self) -> bool:
        """Whether joints are kept or dropped and none is scaled."""
        return bool(((self.weights == 0) | (self.weights == 1)).all())

    def where(self, mask: Mask) -> JointWeights:
        """Identity where the mask is False."""
        return JointWeights(np.where(mask[:, None], self.weights, 1.0))

    def after(self, earlier: JointWeights) -> JointWeights:
        """The operator that applies ``earlier`` and then this one."""
        return JointWeights(self.weights * earlier.weights)


@dataclass(frozen=True)
class FrameFilter:
    """On T: a linear filter along each run of present frames.

    Attributes
    ----------
    bank : (W + 1, W, W) float64 array
        ``bank[w][:w, :w]`` gives the output at each place of a window of w frames; the middle row serves the
        interior of longer runs, the others their ends. A run of L frames uses the longest odd w <= min(L, W).
    shortest : int
        Runs whose window would be shorter than this stay as they are.
    active : (N,) bool array
    """

    bank: NDArray[np.float64]
    shortest: int
    active: Mask

    def where(self, mask: Mask) -> FrameFilter:
        """Identity where the mask is False."""
        return FrameFilter(self.bank, self.shortest, self.active & mask)


@dataclass(frozen=True)
class Gather:
    """On T: frame t of the output lies between two frames of the input.

    Attributes
    ----------
    before, after_ : (N, T) int64 arrays
        Input frames; -1 gives a missing frame.
    mix : (N, T) float64 array
        ``(1 - mix) * x[before] + mix * x[after_]``. A joint that is missing in one takes the other.
    n_frames : (N,) int64 array
        Output frames; later columns are not used.
    """

    before: NDArray[np.int64]
    after_: NDArray[np.int64]
    mix: NDArray[np.float64]
    n_frames: NDArray[np.int64]
    _whole: bool | None = field(default=None, repr=False)

    @classmethod
    def at(cls, positions: NDArray[np.float64], n_frames: NDArray[np.int64], n_source: NDArray[np.int64]) -> Gather:
        """Interpolate linearly at fractional frame numbers, clamped to the input's frames."""
        before, after, mix = np.empty(positions.shape, np.int64), np.empty(positions.shape, np.int64), positions.copy()
        _split_positions(mix, n_source, before, after)
        return cls(before, after, mix, n_frames)

    @classmethod
    def frames(cls, frames: NDArray[np.int64], n_frames: NDArray[np.int64]) -> Gather:
        """Pick whole frames; -1 gives a missing frame."""
        return cls(frames, frames, np.zeros(frames.shape), n_frames, True)

    @classmethod
    def cyclic(cls, start: NDArray[np.int64], n_frames: NDArray[np.int64], n_source: NDArray[np.int64]) -> Gather:
        """Pick the frames from ``start`` on, beginning again at frame 0 after the last."""
        frames = np.empty((len(start), int(n_frames.max(initial=0))), np.int64)
        _count_cyclically(start, n_source, frames)
        return cls.frames(frames, n_frames)

    @property
    def whole(self) -> bool:
        """Whether every output frame is a frame of the input."""
        return not self.mix.any() if self._whole is None else self._whole

    def where(self, mask: Mask, n_source: NDArray[np.int64]) -> Gather:
        """Identity where the mask is False."""
        if mask.all():
            return self
        n_frames = np.where(mask, self.n_frames, n_source)
        width = max(self.before.shape[1], int(n_frames.max(initial=0)))
        same = np.minimum(np.arange(width), np.maximum(n_source - 1, 0)[:, None])
        keep = mask[:, None]
        return Gather(
            np.where(keep, _widen(self.before, width), same),
            np.where(keep, _widen(self.after_, width), same),
            np.where(keep, _widen(self.mix, width), 0.0),
            n_frames,
        )

    def after(self, earlier: Gather) -> Gather | None:
        """The operator that applies ``earlier`` and then this one; None where both interpolate."""
        if not self.whole and not earlier.whole:
            return None
        frames = self.before, self.before if self.whole else self.after_
        # Where every frame of the earlier one is whole, the frames after them have no share in it.
        earlier_frames = earlier.before, earlier.before if earlier.whole else earlier.after_
        before, after = np.empty(self.before.shape, np.int64), np.empty(self.before.shape, np.int64)
        mix = np.empty(self.before.shape) if self.whole else self.mix
        _chain(*frames, *earlier_frames, earlier.mix, earlier.n_frames, before, after, mix, self.whole)
        return Gather(before, after, mix, self.n_frames, self.whole and earlier.whole)


@njit(cache=True, nogil=True)
def _split_positions(positions, n_source, before, after):  # type: ignore[no-untyped-def]
    """Positions, in place, to the share of the frame after them."""
    for n in range(positions.shape[0]):
        last = n_source[n] - 1
        for t in range(positions.shape[1]):
            position = min(max(positions[n, t], 0.0), float(last))
            low = int(position)
            before[n, t], after[n, t], positions[n, t] = low, min(low + 1, last), position - low


@njit(cache=True, nogil=True)
def _count_cyclically(start, n_source, frames):  # type: ignore[no-untyped-def]
    for n in range(frames.shape[0]):
        frame = start[n] % n_source[n]
        for t in range(frames.shape[1]):
            frames[n, t] = frame
            frame += 1
            if frame == n_source[n]:
                frame = 0


@njit(cache=True, nogil=True)
def _chain(low, high, earlier_low, earlier_high, earlier_mix, n_earlier, before, after, mix, take_mix):  # type: ignore[no-untyped-def]
    """Look frames up in an earlier gather; -1 for those that it does not have."""
    for n in range(low.shape[0]):
        for t in range(low.shape[1]):
            a, b = low[n, t], high[n, t]
            in_a, in_b = 0 <= a < n_earlier[n], 0 <= b < n_earlier[n]
            before[n, t] = earlier_low[n, a] if in_a else -1
            after[n, t] = earlier_high[n, b] if in_b else -1
            if take_mix:
                mix[n, t] = earlier_mix[n, a] if in_a else 0.0


def _widen(array: NDArray[Any], width: int) -> NDArray[Any]:
    return np.pad(array, ((0, 0), (0, width - array.shape[1])), mode="edge")


@dataclass(frozen=True)
class BonesOf:
    """On V: joint minus parent, in place of the joints or behind them on C. Missing where either end is missing.

    Attributes
    ----------
    parents : (V,) int64 array
        -1 at the root, whose bone is zero.
    channels : {"bone", "joint+bone"}
    """

    parents: NDArray[np.int64]
    channels: BoneChannels


@dataclass(frozen=True)
class Custom:
    """Any function of one sample, for what no other operator expresses. Never fused.

    Attributes
    ----------
    function : callable
        ``function(sample, i)`` takes sample i, an (M, T, V, C) array that it must not change, and returns one.
    active : (N,) bool array
    """

    function: Callable[[NDArray[Any], int], NDArray[Any]]
    active: Mask

    def where(self, mask: Mask) -> Custom:
        """Identity where the mask is False."""
        return Custom(self.function, self.active & mask)


Operator = Affine | JointWeights | FrameFilter | Gather | BonesOf | Custom
