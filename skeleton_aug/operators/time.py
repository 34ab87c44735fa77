"""Operators on frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skeleton_aug.compiled import kernel
from skeleton_aug.operators.base import Mask, Operator

if TYPE_CHECKING:
    from skeleton_aug.batch import Batch


@dataclass(frozen=True)
class FrameFilter(Operator):
    """On T: a linear filter along each run of present frames.

    Attributes
    ----------
    bank : (W + 1, W, W) float64 array
        ``bank[w][:w, :w]`` gives the output at each place of a window of w frames, rows that sum to one; the middle
        row serves the interior of longer runs, the others their ends. A run of L frames uses the longest odd
        w <= min(L, W).
    shortest : int
        Runs whose window would be shorter than this stay as they are.
    active : (N,) bool array
    """

    bank: NDArray[np.float64]
    shortest: int
    active: Mask

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"bank": np.float64, "active": np.bool_}
    SHARED: ClassVar[tuple[str, ...]] = ("bank",)

    def where(self, mask: Mask, batch: Batch | None = None) -> FrameFilter:
        """Identity where the mask is False."""
        return FrameFilter(self.bank, self.shortest, self.active & mask)

    def check(self, batch: Batch) -> None:
        """One choice a sample."""
        longest = self.bank.shape[-1]
        self.check_shape("active", (batch.n,))
        self.check_shape("bank", (longest + 1, longest, longest))


@dataclass(frozen=True)
class FrameBlur(Operator):
    """On T: a weighted mean of the frames around each one, as far as they belong to the same run of present frames.

    Attributes
    ----------
    taps : (N, W) float64 array
        Weights of the frames t - W // 2 to t + W // 2, W odd, not negative and not zero in the middle; divided by the
        sum of those that are used. A row of zeros leaves the sample as it is.
    """

    taps: NDArray[np.float64]

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"taps": np.float64}

    def where(self, mask: Mask, batch: Batch | None = None) -> FrameBlur:
        """Identity where the mask is False."""
        return FrameBlur(np.where(mask[:, None], self.taps, 0.0))

    def check(self, batch: Batch) -> None:
        """One row a sample, of odd length."""
        if self.taps.ndim != 2 or self.taps.shape[1] % 2 == 0:
            raise ValueError(f"FrameBlur: taps must be (N, W) with W odd, got {self.taps.shape}.")
        self.check_shape("taps", (batch.n, self.taps.shape[1]))


@dataclass(frozen=True)
class Gather(Operator):
    """On T: frame t of the output lies between two frames of the input.

    Attributes
    ----------
    before, after_ : (N, T) int32 arrays
        Input frames; -1 gives a missing frame.
    mix : (N, T) float64 array
        ``(1 - mix) * x[before] + mix * x[after_]``. A joint that is missing in one takes the other.
    n_frames : (N,) int64 array
        Output frames; later columns are not used.
    """

    before: NDArray[np.int32]
    after_: NDArray[np.int32]
    mix: NDArray[np.float64]
    n_frames: NDArray[np.int64]
    whole: bool = False
    """True where every output frame is known to be a frame of the input, as ``before`` says."""

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {
        "before": np.int32, "after_": np.int32, "mix": np.float64, "n_frames": np.int64,
    }  # fmt: skip

    @classmethod
    def at(cls, positions: NDArray[np.float64], n_frames: NDArray[np.int64], n_source: NDArray[np.int64]) -> Gather:
        """Interpolate linearly at fractional frame numbers, clamped to the input's frames."""
        before, after, mix = np.empty(positions.shape, np.int32), np.empty(positions.shape, np.int32), positions.copy()
        _split_positions(mix, n_source, before, after)
        return cls(before, after, mix, n_frames)

    @classmethod
    def frames(cls, frames: NDArray[Any], n_frames: NDArray[np.int64]) -> Gather:
        """Pick whole frames, (N, T) integers; -1 gives a missing frame."""
        frames = frames.astype(np.int32, copy=False)
        return cls(frames, frames, np.zeros(frames.shape), n_frames, True)

    @classmethod
    def cyclic(cls, start: NDArray[np.int64], n_frames: NDArray[np.int64], n_source: NDArray[np.int64]) -> Gather:
        """Pick the frames from ``start`` on, beginning again at frame 0 after the last."""
        frames = np.empty((len(start), int(n_frames.max(initial=0))), np.int32)
        _count_cyclically(start, n_source, frames)
        return cls.frames(frames, n_frames)

    def where(self, mask: Mask, batch: Batch) -> Gather:
        """Identity where the mask is False."""
        if mask.all():
            return self
        n_source = batch.n_frames
        n_frames = np.where(mask, self.n_frames, n_source)
        width = max(self.before.shape[1], int(n_frames.max(initial=0)))
        same = np.minimum(np.arange(width, dtype=np.int32), np.maximum(n_source.astype(np.int32) - 1, 0)[:, None])
        keep = mask[:, None]
        return Gather(
            np.where(keep, _widen(self.before, width), same),
            np.where(keep, _widen(self.after_, width), same),
            np.where(keep, _widen(self.mix, width), 0.0),
            n_frames,
            self.whole,
        )

    def check(self, batch: Batch) -> None:
        """A column for each output frame."""
        self.check_shape("n_frames", (batch.n,))
        longest = int(self.n_frames.max(initial=0))
        shape = (batch.n, longest if self.before.ndim != 2 else self.before.shape[1])
        if longest > shape[1]:
            raise ValueError(f"Gather: before must have a column for each of {longest} frames, got {shape[1]}.")
        for name in ("before", "after_", "mix"):
            self.check_shape(name, shape)

    def after(self, earlier: Gather) -> Gather | None:
        """Return the operator that applies ``earlier`` and then this one; None where both interpolate."""
        if not self.whole and not earlier.whole:
            return None
        frames = self.before, self.before if self.whole else self.after_
        # Where every frame of the earlier one is whole, the frames after them have no share in it.
        earlier_frames = earlier.before, earlier.before if earlier.whole else earlier.after_
        before, after = np.empty(self.before.shape, np.int32), np.empty(self.before.shape, np.int32)
        mix = np.empty(self.before.shape) if self.whole else self.mix
        _chain(*frames, *earlier_frames, earlier.mix, earlier.n_frames, before, after, mix, self.whole)
        return Gather(before, after, mix, self.n_frames, self.whole and earlier.whole)


@kernel()
def _split_positions(positions, n_source, before, after):  # type: ignore[no-untyped-def]
    """Positions, in place, to the share of the frame after them."""
    for n in range(positions.shape[0]):
        last = n_source[n] - 1
        for t in range(positions.shape[1]):
            position = min(max(positions[n, t], 0.0), float(last))
            low = int(position)
            before[n, t], after[n, t], positions[n, t] = low, min(low + 1, last), position - low


@kernel()
def _count_cyclically(start, n_source, frames):  # type: ignore[no-untyped-def]
    for n in range(frames.shape[0]):
        frame = start[n] % n_source[n]
        for t in range(frames.shape[1]):
            frames[n, t] = frame
            frame += 1
            if frame == n_source[n]:
                frame = 0


@kernel()
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
