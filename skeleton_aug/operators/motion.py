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


@kernel()
def _subtract_track(track, n_columns, order, out):  # type: ignore[no-untyped-def]
    """First or second difference of whole frames, in place of them; return how many numbers are zero."""
    zeros, now, then = np.int32(0), track[: out.size], track[n_columns : n_columns + out.size]
    if order == 1:
        for i in range(out.size):
            out[i] = then[i] - now[i]
            zeros += np.int32(then[i] == now[i])
        return zeros
    later = track[2 * n_columns : 2 * n_columns + out.size]
    for i in range(out.size):
        value = (later[i] - then[i]) - (then[i] - now[i])
        out[i] = value
        zeros += np.int32(value == 0)
    return zeros


@kernel()
def _subtract_frames(track, at, n_columns, n_channels, order, n_out, begin, out):  # type: ignore[no-untyped-def]
    """Differences of order 0 to 2 of one whole frame, three channels at a time, among the channels of the result."""
    now = track[at : at + n_columns]
    then = now if order < 1 else track[at + n_columns : at + 2 * n_columns]
    later = now if order < 2 else track[at + 2 * n_columns : at + 3 * n_columns]
    for v in range(n_columns // n_channels):
        for k in range(n_channels // 3):
            a, to = np.uintp(v * n_channels + 3 * k), np.uintp(v * n_out + begin + 3 * k)
            b, c = a + np.uintp(1), a + np.uintp(2)
            x, y, z = now[a], now[b], now[c]
            if order == 1:
                x, y, z = then[a] - x, then[b] - y, then[c] - z
            elif order == 2:
                x = (later[a] - then[a]) - (then[a] - x)
                y = (later[b] - then[b]) - (then[b] - y)
                z = (later[c] - then[c]) - (then[c] - z)
            out[to], out[to + np.uintp(1)], out[to + np.uintp(2)] = x, y, z


@kernel()
def _subtract_vectors(track, at, n_columns, n_channels, width, dims, order, n_out, begin, out):  # type: ignore[no-untyped-def]
    """As before, where vectors may be missing, have a confidence or other widths."""
    for column in range(0, n_columns, width):
        to = column // n_channels * n_out + begin + column % n_channels
        there = at + order * n_columns < track.size
        for k in range(order + 1):
            there = there and not _missing(track, at + k * n_columns + column, width)
        for c in range(width):
            value = track[at + column + c]
            if there and order > 0:
                now, then = value, track[at + n_columns + column + c]
                later = track[at + 2 * n_columns + column + c] if order == 2 else now
                if c < dims:
                    value = then - now if order == 1 else (later - then) - (then - now)
                else:
                    value = (now + then) / 2 if order == 1 else (now + 2 * then + later) / 4
            out[to + c] = value if there else 0


@kernel()
def _any_missing(out, width):  # type: ignore[no-untyped-def]
    for at in range(0, out.size, width):  # noqa: SIM110 - numba has no any()
        if _missing(out, at, width):
            return True
    return False


@kernel()
def _difference_of_body(track, whole, n_joints, n_channels, width, dims, keeps, first, second, out):  # type: ignore[no-untyped-def]
    """Return whether no vector of the result is missing."""
    n_columns, n_out = n_joints * n_channels, n_channels * (int(keeps) + int(first) + int(second))
    simple = whole and width == dims
    if simple and n_out == n_channels:
        zeros = _subtract_track(track, n_columns, 1 if first else 2, out)
        return zeros == 0 or not _any_missing(out, width)
    for t in range(out.size // (n_joints * n_out)):
        at, begin = t * n_columns, 0
        result = out[t * n_joints * n_out : (t + 1) * n_joints * n_out]
        for order in range(3):
            if not (keeps if order == 0 else (first if order == 1 else second)):
                continue
            if simple and width == 3 and at + order * n_columns < track.size:
                _subtract_frames(track, at, n_columns, n_channels, order, n_out, begin, result)
            else:
                _subtract_vectors(track, at, n_columns, n_channels, width, dims, order, n_out, begin, result)
            begin += n_channels
    return not keeps and not _any_missing(out, width)


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
