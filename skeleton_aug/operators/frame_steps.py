"""What a :class:`~skeleton_aug.operators.time.Gather` is made of: each step finds the frames of its input for frames
of its output.

Windows and stretches are a few numbers a sample, so drawing them costs little however long the sequences are, and a
chain of steps is worked out once, for the frames that are asked for in the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.compiled import inner_kernel, kernel
from skeleton_aug.operators.base import Mask

Beyond = Literal["repeat", "reflect", "last", "zeros"]
Frames = NDArray[np.int32]

_REPEAT, _REFLECT, _LAST, _ZEROS, _STRETCH = range(5)
_CODES = {"repeat": _REPEAT, "reflect": _REFLECT, "last": _LAST, "zeros": _ZEROS, "stretch": _STRETCH}


def code_of(step: Beyond | Literal["stretch"]) -> int:
    """Number by which a :class:`Chain` knows a stretch, or a window by what stands beyond its ends."""
    return _CODES[step]


class Step(Protocol):
    """One step of a gather."""

    @property
    def whole(self) -> bool:
        """Whether every output frame is a frame of the input."""

    @property
    def n_frames(self) -> NDArray[np.int64]:
        """Output frames, (N,)."""

    def part(self, samples: slice) -> Step:
        """Return the step of some of the samples."""

    def where(self, mask: Mask, n_source: NDArray[np.int64]) -> Step:
        """Return the step with samples of ``n_source`` frames left as they are where the mask is False."""

    def look_up(self, frames: Frames) -> tuple[Frames, Frames, NDArray[np.float64] | None]:
        """Find the input frames before and after some output frames, and the share of those after.

        ``frames`` is (N, T), or (1, T) for all samples alike; -1 is none, and has none. A whole step returns one array
        twice, and no share.
        """


@dataclass(frozen=True)
class Window:
    """Whole frames from ``start`` on. ``start`` may lie outside of the ``n_source`` frames that there are."""

    start: NDArray[np.int64]
    n_frames: NDArray[np.int64]
    n_source: NDArray[np.int64]
    beyond: Beyond = "repeat"

    whole: ClassVar[bool] = True

    def part(self, samples: slice) -> Window:
        """Return the step of some of the samples."""
        return Window(self.start[samples], self.n_frames[samples], self.n_source[samples], self.beyond)

    def where(self, mask: Mask, n_source: NDArray[np.int64]) -> Window:
        """Identity where the mask is False."""
        return Window(np.where(mask, self.start, 0), np.where(mask, self.n_frames, n_source), n_source, self.beyond)

    def look_up(self, frames: Frames) -> tuple[Frames, Frames, None]:
        """Count on from the start, and bring back what lies beyond."""
        found = np.empty((len(self.start), frames.shape[1]), np.int32)
        _look_through_windows(frames, self.start, self.n_frames, self.n_source, _CODES[self.beyond], found)
        return found, found, None


@dataclass(frozen=True)
class Stretch:
    """Evenly spaced places from ``start`` to ``start + span``, clamped to the ``n_source`` frames that there are."""

    start: NDArray[np.float64]
    span: NDArray[np.float64]
    n_frames: NDArray[np.int64]
    n_source: NDArray[np.int64]

    whole: ClassVar[bool] = False

    def part(self, samples: slice) -> Stretch:
        """Return the step of some of the samples."""
        return Stretch(self.start[samples], self.span[samples], self.n_frames[samples], self.n_source[samples])

    def where(self, mask: Mask, n_source: NDArray[np.int64]) -> Stretch:
        """Identity where the mask is False."""
        start, span = np.where(mask, self.start, 0.0), np.where(mask, self.span, n_source - 1.0)
        return Stretch(start, span, np.where(mask, self.n_frames, n_source), n_source)

    def look_up(self, frames: Frames) -> tuple[Frames, Frames, NDArray[np.float64]]:
        """Split the places between two frames."""
        shape = len(self.start), frames.shape[1]
        before, after, mix = np.empty(shape, np.int32), np.empty(shape, np.int32), np.empty(shape)
        _look_between(frames, self.start, self.span, self.n_frames, self.n_source, before, after, mix)
        return before, after, mix


@dataclass(frozen=True)
class Table:
    """Frames and shares written out."""

    before: Frames
    after: Frames
    mix: NDArray[np.float64]
    n_frames: NDArray[np.int64]
    whole: bool

    @classmethod
    def at(cls, positions: NDArray[np.float64], n_frames: NDArray[np.int64], n_source: NDArray[np.int64]) -> Table:
        """Split fractional frame numbers, clamped to the frames that there are."""
        before, after, mix = np.empty(positions.shape, np.int32), np.empty(positions.shape, np.int32), positions.copy()
        _split_positions(mix, n_source, before, after)
        return cls(before, after, mix, n_frames, False)

    def part(self, samples: slice) -> Table:
        """Return the step of some of the samples."""
        cut = {name: getattr(self, name)[samples] for name in ("before", "after", "mix", "n_frames")}
        return replace(self, **cut)

    def where(self, mask: Mask, n_source: NDArray[np.int64]) -> Table:
        """Identity where the mask is False."""
        n_frames = np.where(mask, self.n_frames, n_source)
        width = max(self.before.shape[1], int(n_frames.max(initial=0)))
        same = np.minimum(np.arange(width, dtype=np.int32), np.maximum(n_source.astype(np.int32) - 1, 0)[:, None])
        keep = mask[:, None]
        before = np.where(keep, _widen(self.before, width), same)
        after = before if self.after is self.before else np.where(keep, _widen(self.after, width), same)
        return Table(before, after, np.where(keep, _widen(self.mix, width), 0.0), n_frames, self.whole)

    def look_up(self, frames: Frames) -> tuple[Frames, Frames, NDArray[np.float64] | None]:
        """Read them off."""
        shape = len(self.before), frames.shape[1]
        before = np.empty(shape, np.int32)
        if self.whole:
            _look_in_table(frames, self.before, self.n_frames, before)
            return before, before, None
        after, mix = np.empty(shape, np.int32), np.empty(shape)
        _look_in_table(frames, self.before, self.n_frames, before)
        _look_in_table(frames, self.after, self.n_frames, after)
        _look_for_shares(frames, self.mix, self.n_frames, mix)
        return before, after, mix


@dataclass(frozen=True)
class Chain:
    """Windows and stretches one after the other, at most one stretch, as :class:`Program` draws them.

    Attributes
    ----------
    steps : (S,) int64 array
        Their codes, see :func:`code_of`.
    numbers : (S, 3, N) int64 array
        Of each step: first frame of a window, frames of its result, and of its source.
    places : (S, 2, N) float64 array
        Start and span of a stretch.
    whole : bool
        Whether there is no stretch.
    """

    steps: NDArray[np.int64]
    numbers: NDArray[np.int64]
    places: NDArray[np.float64]
    whole: bool

    @property
    def n_frames(self) -> NDArray[np.int64]:
        """Output frames, (N,)."""
        n_frames: NDArray[np.int64] = self.numbers[-1, 1]
        return n_frames

    def part(self, samples: slice) -> Chain:
        """Return the step of some of the samples."""
        numbers, places = self.numbers[..., samples], self.places[..., samples]
        return Chain(self.steps, np.ascontiguousarray(numbers), np.ascontiguousarray(places), self.whole)

    def where(self, mask: Mask, n_source: NDArray[np.int64]) -> Table:
        """Identity where the mask is False."""
        frames = np.arange(int(self.n_frames.max(initial=0)), dtype=np.int32)[None]
        before, after, mix = self.look_up(frames)
        mix = np.zeros(before.shape) if mix is None else mix
        return Table(before, after, mix, self.n_frames, self.whole).where(mask, n_source)

    def look_up(self, frames: Frames) -> tuple[Frames, Frames, NDArray[np.float64] | None]:
        """Go back through the steps."""
        shape = self.numbers.shape[2], frames.shape[1]
        before = np.empty(shape, np.int32)
        if self.whole:
            _look_through_chain(frames, self.steps, self.numbers, self.places, before, before, _NO_SHARES)
            return before, before, None
        after, mix = np.empty(shape, np.int32), np.empty(shape)
        _look_through_chain(frames, self.steps, self.numbers, self.places, before, after, mix)
        return before, after, mix


_NO_SHARES = np.empty((0, 0))


@inner_kernel()
def _pass_window(frames, start, n_frames, n_source, beyond, to):  # type: ignore[no-untyped-def]
    """Frames of the input for frames of a window; both may be one array."""
    if beyond in (_REPEAT, _REFLECT):
        period = n_source if beyond == _REPEAT else 2 * n_source
        first = start % period
        for t in range(to.size):
            to[t] = frames[t] + first if 0 <= frames[t] < n_frames else -1
        # Remainders by subtraction of ever smaller multiples: most windows need none or one, and each is a sweep.
        turns = period
        while 2 * turns < first + n_frames:
            turns *= 2
        while turns >= period and first + n_frames > period:
            for t in range(to.size):
                to[t] -= turns if to[t] >= turns else 0
            turns //= 2
        if beyond == _REFLECT:
            for t in range(to.size):
                to[t] = period - 1 - to[t] if to[t] >= n_source else to[t]
        return
    for t in range(to.size):
        frame = frames[t] + start
        if beyond == _LAST:
            frame = min(max(frame, 0), n_source - 1)
        elif not 0 <= frame < n_source:
            frame = -1
        to[t] = frame if 0 <= frames[t] < n_frames else -1


@inner_kernel()
def _pass_stretch(frames, start, span, n_frames, n_source, before, after, mix):  # type: ignore[no-untyped-def]
    """Frames of the input on both sides of frames of a stretch; ``frames`` and ``before`` may be one array."""
    last, gaps = n_source - 1, float(max(n_frames - 1, 1))
    for t in range(frames.size):
        # Multiplied before it is divided, so that a place on a frame is a whole number and blends with no other.
        place = min(max(start + frames[t] * span / gaps, 0.0), float(last))
        low = int(place)
        inside = 0 <= frames[t] < n_frames
        before[t] = low if inside else -1
        after[t] = min(low + 1, last) if inside else -1
        mix[t] = place - low if inside else 0.0


@kernel()
def _look_through_windows(frames, start, n_frames, n_source, beyond, found):  # type: ignore[no-untyped-def]
    for n in range(found.shape[0]):
        _pass_window(frames[n % frames.shape[0]], start[n], n_frames[n], n_source[n], beyond, found[n])


@kernel()
def _look_between(frames, start, span, n_frames, n_source, before, after, mix):  # type: ignore[no-untyped-def]
    for n in range(before.shape[0]):
        _pass_stretch(
            frames[n % frames.shape[0]], start[n], span[n], n_frames[n], n_source[n], before[n], after[n], mix[n]
        )


@kernel()
def _look_through_chain(frames, steps, numbers, places, before, after, mix):  # type: ignore[no-untyped-def]
    """From the last step to the first; ``after`` and ``mix`` are written only where a step is a stretch."""
    for n in range(before.shape[0]):
        asked, low, high, split = frames[n % frames.shape[0]], before[n], after[n % after.shape[0]], False
        for t in range(low.size):
            low[t] = asked[t]
        for k in range(steps.size - 1, -1, -1):
            start, n_frames, n_source = numbers[k, 0, n], numbers[k, 1, n], numbers[k, 2, n]
            if steps[k] == _STRETCH:
                _pass_stretch(low, places[k, 0, n], places[k, 1, n], n_frames, n_source, low, high, mix[n])
                split = True
            else:
                _pass_window(low, start, n_frames, n_source, steps[k], low)
                if split:
                    _pass_window(high, start, n_frames, n_source, steps[k], high)


@kernel()
def _look_in_table(frames, table, n_frames, found):  # type: ignore[no-untyped-def]
    for n in range(found.shape[0]):
        for t in range(found.shape[1]):
            frame = frames[n % frames.shape[0], t]
            found[n, t] = table[n, frame] if 0 <= frame < n_frames[n] else -1


@kernel()
def _look_for_shares(frames, shares, n_frames, found):  # type: ignore[no-untyped-def]
    for n in range(found.shape[0]):
        for t in range(found.shape[1]):
            frame = frames[n % frames.shape[0], t]
            found[n, t] = shares[n, frame] if 0 <= frame < n_frames[n] else 0.0


@kernel()
def _split_positions(positions, n_source, before, after):  # type: ignore[no-untyped-def]
    """Positions, in place, to the share of the frame after them."""
    for n in range(positions.shape[0]):
        last = n_source[n] - 1
        for t in range(positions.shape[1]):
            position = min(max(positions[n, t], 0.0), float(last))
            low = int(position)
            before[n, t], after[n, t], positions[n, t] = low, min(low + 1, last), position - low


def _widen(array: NDArray[Any], width: int) -> NDArray[Any]:
    return np.pad(array, ((0, 0), (0, width - array.shape[1])), mode="edge")
