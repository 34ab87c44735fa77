"""Operators on frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skeleton_aug.operators.base import Mask, Operator
from skeleton_aug.operators.frame_steps import Beyond, Step, Stretch, Table, Window

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


class Gather(Operator):
    """On T: frame t of the output lies between two frames of the input.

    Windows and stretches are held as a few numbers a sample, and gathers that follow one another as a chain; the
    arrays are worked out when they are first asked for.

    Parameters
    ----------
    before, after_ : (N, T) int32 arrays
        Input frames; -1 gives a missing frame.
    mix : (N, T) float64 array
        ``(1 - mix) * x[before] + mix * x[after_]``. A joint that is missing in one takes the other.
    n_frames : (N,) int64 array
        Output frames; later columns are not used.
    whole : bool
        True where every output frame is known to be a frame of the input, as ``before`` says.
    """

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {
        "before": np.int32, "after_": np.int32, "mix": np.float64, "n_frames": np.int64,
    }  # fmt: skip

    def __init__(
        self,
        before: NDArray[Any],
        after_: NDArray[Any],
        mix: NDArray[np.float64],
        n_frames: NDArray[Any],
        whole: bool = False,
    ) -> None:
        first = np.asarray(before, np.int32)
        second = first if after_ is before else np.asarray(after_, np.int32)
        self._steps: tuple[Step, ...] = (
            Table(first, second, np.asarray(mix, np.float64), np.asarray(n_frames, np.int64), whole),
        )

    @classmethod
    def of_steps(cls, *steps: Step) -> Gather:
        """Carry out one step after the other; at most one of them may interpolate."""
        gather = cls.__new__(cls)
        gather._steps = steps
        return gather

    @classmethod
    def at(cls, positions: NDArray[np.float64], n_frames: NDArray[np.int64], n_source: NDArray[np.int64]) -> Gather:
        """Interpolate linearly at fractional frame numbers, (N, T), clamped to the input's frames."""
        return cls.of_steps(Table.at(positions, n_frames, n_source))

    @classmethod
    def frames(cls, frames: NDArray[Any], n_frames: NDArray[np.int64]) -> Gather:
        """Pick whole frames, (N, T) integers; -1 gives a missing frame."""
        return cls(frames, frames, np.zeros(frames.shape), n_frames, True)

    @classmethod
    def window(
        cls,
        start: NDArray[np.int64],
        n_frames: NDArray[np.int64] | int,
        n_source: NDArray[np.int64],
        beyond: Beyond = "repeat",
    ) -> Gather:
        """Pick the ``n_frames`` frames from ``start`` on.

        Parameters
        ----------
        start, n_source : (N,) int64 arrays
            The input has ``n_source`` frames.
        n_frames : (N,) int64 array, or int
        beyond : {"repeat", "reflect", "last", "zeros"}
            What stands beyond both ends of the input: the input again, the input backwards (its end frames twice),
            the frame at that end, or missing frames.
        """
        return cls.of_steps(Window(start, _for_each(n_source, n_frames), n_source, beyond))

    @classmethod
    def cyclic(cls, start: NDArray[np.int64], n_frames: NDArray[np.int64], n_source: NDArray[np.int64]) -> Gather:
        """Pick the frames from ``start`` on, beginning again at frame 0 after the last."""
        return cls.of_steps(Window(start, n_frames, n_source))

    @classmethod
    def stretch(
        cls,
        n_frames: NDArray[np.int64] | int,
        n_source: NDArray[np.int64],
        start: NDArray[np.float64] | None = None,
        span: NDArray[np.float64] | None = None,
    ) -> Gather:
        """Interpolate linearly at ``n_frames`` even places from ``start`` to ``start + span``, (N,) in input frames.

        The whole sequence by default, first frame to first and last to last.
        """
        start = np.zeros(len(n_source)) if start is None else start
        span = np.subtract(n_source, 1, dtype=np.float64) if span is None else span
        return cls.of_steps(Stretch(start, span, _for_each(n_source, n_frames), n_source))

    @property
    def n_frames(self) -> NDArray[np.int64]:
        """Output frames, (N,)."""
        return self._steps[-1].n_frames

    @property
    def whole(self) -> bool:
        """Whether every output frame is known to be a frame of the input."""
        return all(step.whole for step in self._steps)

    @property
    def before(self) -> NDArray[np.int32]:
        """Input frames, (N, T)."""
        return self._arrays[0]

    @property
    def after_(self) -> NDArray[np.int32]:
        """Input frames, (N, T)."""
        return self._arrays[1]

    @property
    def mix(self) -> NDArray[np.float64]:
        """Share of ``after_``, (N, T)."""
        return self._arrays[2]

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
        if len(self._steps) == 1 and isinstance(self._steps[0], Table):
            return self._steps[0].before, self._steps[0].after, self._steps[0].mix
        longest = int(self.n_frames[0] if len(self.n_frames) == 1 else self.n_frames.max(initial=0))
        before = after = np.arange(longest, dtype=np.int32)[None]
        mix: NDArray[np.float64] | None = None
        for step in reversed(self._steps):
            first, second, share = step.look_up(before)
            # At most one step interpolates, so those before it are looked up at both ends.
            after = second if after is before else step.look_up(after)[1]
            before, mix = first, share if mix is None else mix
        return before, after, np.zeros(before.shape) if mix is None else mix

    def where(self, mask: Mask, batch: Batch) -> Gather:
        """Identity where the mask is False."""
        if mask.all():
            return self
        step = self._steps[0]
        if len(self._steps) > 1:
            step = Table(*self._arrays, self.n_frames, self.whole)
        return self.of_steps(step.where(mask, batch.n_frames))

    def check(self, batch: Batch) -> None:
        """A column for each output frame."""
        self.check_shape("n_frames", (batch.n,))
        for step in self._steps:
            if isinstance(step, Table):
                self._check_table(step)

    def _check_table(self, table: Table) -> None:
        longest = int(table.n_frames.max(initial=0))
        shape = (len(table.n_frames), longest if table.before.ndim != 2 else table.before.shape[1])
        if longest > shape[1]:
            raise ValueError(f"Gather: before must have a column for each of {longest} frames, got {shape[1]}.")
        for name, array in (("before", table.before), ("after_", table.after), ("mix", table.mix)):
            if array.shape != shape:
                raise ValueError(f"Gather: {name} must have shape {shape} for this batch, got {array.shape}.")

    def part(self, samples: slice) -> Gather:
        """Return the operator of some of the samples."""
        return self.of_steps(*(step.part(samples) for step in self._steps))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        arrays = {name: getattr(self, name).tolist() for name in self.ARRAYS}
        return {"operator": type(self).__name__} | arrays | {"whole": self.whole}

    def after(self, earlier: Gather) -> Gather | None:
        """Return the operator that applies ``earlier`` and then this one; None where both interpolate."""
        if not self.whole and not earlier.whole:
            return None
        return self.of_steps(*earlier._steps, *self._steps)


def _for_each(samples: NDArray[np.int64], value: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Return the value for each of the samples."""
    if isinstance(value, np.ndarray):
        return value
    values = np.empty_like(samples)
    values.fill(value)
    return values
