"""Differences between frames as channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from skeleton_aug.compiled import kernel
from skeleton_aug.operators.base import Alone, Mask
from skeleton_aug.operators.tracks import packed_rows

if TYPE_CHECKING:
    from skeleton_aug.batch import Batch
    from skeleton_aug.samples import Samples

MotionChannels = Literal[
    "motion",
    "acceleration",
    "motion+acceleration",
    "joint+motion",
    "joint+acceleration",
    "joint+motion+acceleration",
]


@dataclass(frozen=True)
class MotionOf(Alone):
    """First and second differences to the frames that follow, in place of the channels or behind them on C.

    Motion is ``x[t + 1] - x[t]`` and acceleration the motion of the motion, ``x[t + 2] - 2 x[t + 1] + x[t]``. Missing
    where a frame that takes part is missing, so in the last frame, and the last two. A confidence becomes the mean of
    those of which the difference is made.

    Attributes
    ----------
    channels : str
        What the result holds, as :class:`skeleton_aug.Motion` names it.
    """

    channels: MotionChannels

    @property
    def keeps(self) -> bool:
        """Whether the channels stay, before their differences."""
        return "joint" in self.channels.split("+")

    @property
    def orders(self) -> tuple[bool, bool]:
        """Whether there are first and second differences."""
        return "motion" in self.channels.split("+"), "acceleration" in self.channels.split("+")

    @property
    def times(self) -> int:
        """How many times as many channels there are."""
        return self.keeps + sum(self.orders)

    def where(self, mask: Mask, batch: Batch | None = None) -> MotionOf:
        """Refuse."""
        raise ValueError("Motion changes the channels, so all samples of a batch must have it: p must be 1.")

    def check(self, batch: Batch) -> None:
        """Made of whatever channels there are."""

    def describe(self, batch: Batch) -> None:
        """More channels, or none that are positions."""
        batch.n_channels *= self.times
        batch.has_positions = batch.has_positions and self.keeps

    def run(self, samples: Samples) -> Samples:
        """Take the differences."""
        rows, row = packed_rows(samples, samples.n_channels * self.times)
        widths = samples.n_joints, samples.n_channels, len(samples.channels), len(samples.channels.rstrip("c"))
        length, gapless = samples.length.copy(), samples.gapless.copy()
        flat = samples.rows.reshape(-1), rows.reshape(-1)
        _difference(*flat, *widths, samples.row, length, gapless, row, self.keeps, *self.orders)
        return replace(samples, rows=rows, row=row, length=length, gapless=gapless)


@kernel()
def _missing(line, at, width):  # type: ignore[no-untyped-def]
    for c in range(at, at + width):  # noqa: SIM110 - numba has no any()
        if line[c] != 0:
            return False
    return True


@kernel(fastmath={"reassoc"})
def _subtract_lines(track, at, n_columns, order, out):  # type: ignore[no-untyped-def]
    """First or second difference of whole frames; return how many numbers are zero."""
    zeros = np.int32(0)
    now, then = track[at : at + n_columns], track[at + n_columns : at + 2 * n_columns]
    if order == 1:
        for i in range(n_columns):
            value = then[i] - now[i]
            out[i] = value
            zeros += np.int32(value == 0)
        return zeros
    later = track[at + 2 * n_columns : at + 3 * n_columns]
    for i in range(n_columns):
        value = (later[i] - then[i]) - (then[i] - now[i])
        out[i] = value
        zeros += np.int32(value == 0)
    return zeros


@kernel()
def _subtract_vectors(track, at, n_columns, width, dims, order, out):  # type: ignore[no-untyped-def]
    """As before, where vectors may be missing or have a confidence."""
    out[:] = 0
    for column in range(0, n_columns, width):
        there = True
        for k in range(order + 1):
            there &= not _missing(track, at + k * n_columns + column, width)
        if not there:
            continue
        for c in range(column, column + width):
            now, then = track[at + c], track[at + n_columns + c]
            later = track[at + 2 * n_columns + c] if order == 2 else now
            if c < column + dims:
                out[c] = then - now if order == 1 else (later - then) - (then - now)
            else:
                out[c] = (now + then) / 2 if order == 1 else (now + 2 * then + later) / 4


@kernel()
def _interleave(line, begin, n_channels, n_out, out):  # type: ignore[no-untyped-def]
    """Put channels of a frame, joint by joint, where they belong among those of the result."""
    if n_channels == n_out:
        out[:] = line
        return
    for v in range(line.size // n_channels):
        for c in range(n_channels):
            out[v * n_out + begin + c] = line[v * n_channels + c]


@kernel()
def _difference_of_body(track, whole, n_joints, n_channels, width, dims, keeps, first, second, out):  # type: ignore[no-untyped-def]
    """Return whether no vector of the result is missing."""
    n_columns, n_out = n_joints * n_channels, n_channels * (int(keeps) + int(first) + int(second))
    n_frames, line, gapless = track.size // n_columns, np.empty(n_columns, track.dtype), whole
    for t in range(out.size // (n_joints * n_out)):
        at, begin = t * n_columns, 0
        result = out[t * n_joints * n_out : (t + 1) * n_joints * n_out]
        if keeps:
            _interleave(track[at : at + n_columns], begin, n_channels, n_out, result)
            begin += n_channels
        for order in (1, 2):
            if not (first if order == 1 else second):
                continue
            if t + order >= n_frames:
                line[:] = 0
                gapless = False
            elif whole and dims == width:
                if _subtract_lines(track, at, n_columns, order, line) > 0:
                    for column in range(0, n_columns, width):
                        gapless = gapless and not _missing(line, column, width)
            else:
                _subtract_vectors(track, at, n_columns, width, dims, order, line)
                for column in range(0, n_columns, width):
                    gapless = gapless and not _missing(line, column, width)
            _interleave(line, begin, n_channels, n_out, result)
            begin += n_channels
    return gapless


@kernel()
def _difference(  # type: ignore[no-untyped-def]
    rows, out, n_joints, n_channels, width, dims, row, length, gapless, out_row, keeps, first, second
):
    """Also shortens the tracks by the frames at their end that have nothing."""
    n_columns, times = n_joints * n_channels, int(keeps) + int(first) + int(second)
    lost = 0 if keeps else (1 if first else 2)
    for n in range(row.shape[0]):
        for m in range(row.shape[1]):
            track = rows[row[n, m] * n_columns : (row[n, m] + length[n, m]) * n_columns]
            length[n, m] = max(length[n, m] - lost, 0)
            start, size = out_row[n, m] * n_columns * times, length[n, m] * n_columns * times
            gapless[n, m] = _difference_of_body(
                track, gapless[n, m], n_joints, n_channels, width, dims, keeps, first, second, out[start : start + size]
            )
