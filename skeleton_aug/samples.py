"""Batches of samples as the kernels see them: rows of joints, and tracks that point into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.compiled import inner_kernel, kernel
from skeleton_aug.vectors import LANES, lacking

FloatRows = NDArray[Any]

CHANNELS = ("xy", "xyz", "xyc", "xyzc")
"""What a joint's numbers may be: two or three coordinates, and a confidence behind them."""
_USUAL_CHANNELS = {2: "xy", 3: "xyz", 4: "xyzc", 6: "xyz"}


def name_channels(n_channels: int, channels: str | None) -> str:
    """Check what the channels are said to be; unless it is said, 2 are xy, 3 xyz, 4 xyzc, 6 xyz of joint and bone."""
    if channels is None:
        if n_channels not in _USUAL_CHANNELS:
            raise ValueError(f"Say what {n_channels} channels are: channels={', '.join(map(repr, CHANNELS))}.")
        return _USUAL_CHANNELS[n_channels]
    if channels not in CHANNELS:
        raise ValueError(f"channels must be one of {CHANNELS}, got {channels!r}.")
    if n_channels == 0 or n_channels % len(channels):
        raise ValueError(f"channels={channels!r} asks for C = {len(channels)} or a multiple, got C = {n_channels}.")
    return channels


@inner_kernel()
def _look_at_line(rows, at, size):  # type: ignore[no-untyped-def]
    """Whether there is any zero in a frame, whether there is anything else, and whether all is finite."""
    zeros, others, finite = False, False, True
    if size < LANES:
        for i in range(at, at + size):
            zeros |= rows[i] == 0
            others |= rows[i] != 0
            finite &= rows[i] - rows[i] == 0
        return zeros, others, finite
    for i in range(0, size, LANES):
        found = lacking(rows, at + min(i, size - LANES))
        zeros |= found % 256 > 0
        others |= found != LANES
        finite &= found < 256
    return zeros, others, finite


@inner_kernel()
def _lacks_joints(rows, at, size, width):  # type: ignore[no-untyped-def]
    """Whether a frame lacks some joint."""
    for joint in range(at, at + size, width):
        there = False
        for c in range(joint, joint + width):
            there |= rows[c] != 0
        if not there:
            return True
    return False


@kernel(_nrt=False)
def _describe_bodies(rows, n_columns, width, n_frames, row, first, length, gapless):  # type: ignore[no-untyped-def]
    """Find each body's first and last frame, and whether anything is missing between; True if all is finite."""
    finite, start = True, 0
    for n in range(row.shape[0]):
        for m in range(row.shape[1]):
            begin, end, gaps = -1, -1, False
            for t in range(n_frames[n]):
                at = (start + t) * n_columns
                zeros, others, good = _look_at_line(rows, at, n_columns)
                finite &= good
                if not others:
                    continue
                gaps |= begin >= 0 and end != t - 1
                gaps |= zeros and _lacks_joints(rows, at, n_columns, width)
                begin, end = t if begin < 0 else begin, t
            first[n, m] = max(begin, 0)
            row[n, m] = start + first[n, m]
            length[n, m] = end - begin + 1 if begin >= 0 else 0
            gapless[n, m] = not gaps
            start += n_frames[n]
    return finite


@dataclass(frozen=True)
class Samples:
    """N samples: where each body's track lies in a flat array of rows.

    Attributes
    ----------
    rows : (R, V, C) float array
        C-contiguous; may be a memory map.
    row : (N, M) int64 array
        Row of the track's first frame.
    first : (N, M) int64 array
        The track's first frame within its sample.
    length : (N, M) int64 array
        Frames of the track; 0 where the body is absent.
    gapless : (N, M) bool array
        True where nothing is missing in the track: no joint, and with C = 6 no bone.
    n_frames : (N,) int64 array
        Length of each sample.
    channels : {"xyz", "xy", "xyc", "xyzc"}
        A joint's numbers: coordinates, and ``c``, a confidence. With bones or motion behind them, C is a multiple.
    """

    rows: FloatRows
    row: NDArray[np.int64]
    first: NDArray[np.int64]
    length: NDArray[np.int64]
    gapless: NDArray[np.bool_]
    n_frames: NDArray[np.int64]
    channels: str = "xyz"

    def __post_init__(self) -> None:
        if self.rows.flags.writeable or type(self.rows) is not np.ndarray:
            object.__setattr__(self, "rows", _read_only(self.rows))

    @property
    def n(self) -> int:
        """Number of samples, N."""
        return len(self.n_frames)

    @property
    def n_bodies(self) -> int:
        """Body slots, M."""
        return int(self.row.shape[1])

    @property
    def n_joints(self) -> int:
        """Joints, V."""
        return int(self.rows.shape[1])

    @property
    def dims(self) -> int:
        """Coordinates of a joint, 2 or 3."""
        return len(self.channels.rstrip("c"))

    @property
    def n_channels(self) -> int:
        """Channels, C."""
        return int(self.rows.shape[2])

    def part(self, samples: slice) -> Samples:
        """Return some of the samples, without a copy of their rows."""
        tables = self.row[samples], self.first[samples], self.length[samples], self.gapless[samples]
        return Samples(self.rows, *tables, self.n_frames[samples], self.channels)

    def reorder_bodies(self, source: NDArray[np.int64]) -> Samples:
        """Return samples whose body m is body ``source[n, m]`` of these, -1 for none; the rows are not copied."""
        there, at = source >= 0, np.maximum(source, 0)
        row, first, length, gapless = (
            np.where(there, np.take_along_axis(table, at, axis=1), absent)
            for table, absent in ((self.row, 0), (self.first, 0), (self.length, 0), (self.gapless, True))
        )
        return Samples(self.rows, row, first, length, gapless, self.n_frames, self.channels)

    def to_arrays(self) -> list[NDArray[Any]]:
        """Copy each sample into an array (M, T, V, C)."""
        arrays = []
        for n in range(self.n):
            x = np.zeros((self.n_bodies, int(self.n_frames[n]), *self.rows.shape[1:]), self.rows.dtype)
            for m in range(self.n_bodies):
                row, first, length = self.row[n, m], self.first[n, m], self.length[n, m]
                x[m, first : first + length] = self.rows[row : row + length]
            arrays.append(x)
        return arrays

    @classmethod
    def from_arrays(
        cls, arrays: Sequence[NDArray[Any]] | NDArray[Any], *, channels: str | None = None, check: bool = True
    ) -> Samples:
        """Describe dense samples.

        Parameters
        ----------
        arrays : (N, M, T, V, C) array, or a sequence of (M, T, V, C) arrays
            float32 or float64; a batch array that is C-contiguous is not copied. T may differ in a sequence.
        channels : {"xyz", "xy", "xyc", "xyzc"}, optional
            What C holds; by default 2 are xy, 3 xyz, 4 xyzc, and 6 xyz of joint and bone.
        check : bool
            Reject NaN and infinities.

        Raises
        ------
        TypeError
            When an array is not of float32 or float64.
        ValueError
            On wrong axes, differing M, V, C, an empty sequence, or values that are not finite (with ``check``).
        """
        if isinstance(arrays, np.ndarray) and arrays.ndim == 5 and len(arrays):
            head = _sample_array(arrays[0])
            lengths = np.full(len(arrays), head.shape[1], np.int64)
            rows = np.ascontiguousarray(arrays).reshape(-1, *head.shape[2:])
            return cls.from_rows(rows, lengths, head.shape[0], channels=channels, check=check)
        if isinstance(arrays, str) or not isinstance(arrays, Sequence | np.ndarray):
            raise TypeError(
                f"Expected a batch (N, M, T, V, C), or a sequence of samples (M, T, V, C), got {type(arrays).__name__}."
            )
        if isinstance(arrays, np.ndarray) and arrays.ndim != 5:
            _sample_array(arrays)
            raise ValueError(f"Expected a batch (N, M, T, V, C), got shape {arrays.shape}. One sample is x[None].")
        parts = [_sample_array(a) for a in arrays]
        if not parts:
            raise ValueError("Expected at least one sample (M, T, V, C), got none.")
        kinds = {(a.shape[0], *a.shape[2:], str(a.dtype)) for a in parts}
        if len(kinds) > 1:
            raise ValueError(f"Samples of one batch must share (M, V, C, dtype), got {sorted(kinds)}.")
        n_bodies, _, *joint = parts[0].shape
        lengths = np.array([a.shape[1] for a in parts], np.int64)
        rows = np.concatenate([a.reshape(-1, *joint) for a in parts])
        return cls.from_rows(rows, lengths, n_bodies, channels=channels, check=check)

    @classmethod
    def from_rows(
        cls,
        rows: FloatRows,
        n_frames: NDArray[np.int64],
        n_bodies: int,
        *,
        channels: str | None = None,
        check: bool = True,
    ) -> Samples:
        """Describe rows in which the bodies of the samples follow one another, each with all frames of its sample."""
        shape, n_channels = (len(n_frames), n_bodies), rows.shape[2]
        row, first, length = np.empty(shape, np.int64), np.empty(shape, np.int64), np.empty(shape, np.int64)
        gapless, channels = np.empty(shape, np.bool_), name_channels(n_channels, channels)
        rows, n_columns = _read_only(rows), rows.shape[1] * n_channels
        finite = _describe_bodies(rows.reshape(-1), n_columns, len(channels), n_frames, row, first, length, gapless)
        if check and not finite:
            raise ValueError(_name_not_finite(rows, n_frames, n_bodies))
        return cls(rows, row, first, length, gapless, n_frames, channels)


def _read_only(rows: FloatRows) -> FloatRows:
    """View of the rows in which arrays and memory maps are one type to the compiler."""
    view = np.asarray(rows).view()
    view.flags.writeable = False
    return view


def _sample_array(array: NDArray[Any]) -> NDArray[Any]:
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"Expected a NumPy array (M, T, V, C), got {type(array).__name__}; np.asarray(x, np.float32) makes one."
        )
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(f"Expected float32 or float64, got {array.dtype}; convert with x.astype('float32').")
    if array.ndim != 4:
        raise ValueError(
            f"Expected a sample with axes (M, T, V, C), got shape {array.shape}. "
            "One body alone is x[None]; a batch is an (N, M, T, V, C) array or a list of samples."
        )
    if 0 in array.shape[1:]:
        raise ValueError(f"Expected at least one frame, joint and channel in (M, T, V, C), got shape {array.shape}.")
    return array


def _name_not_finite(rows: FloatRows, n_frames: NDArray[np.int64], n_bodies: int) -> str:
    at, joint, channel = np.argwhere(~np.isfinite(rows))[0]
    ends = np.cumsum(np.repeat(n_frames, n_bodies))
    body = int(np.searchsorted(ends, at, side="right"))
    frame = at - (ends[body - 1] if body else 0)
    return (
        f"Sample {body // n_bodies}, body {body % n_bodies}, frame {frame}, joint {joint}, "
        f"channel {channel} is {rows[at, joint, channel]}. Missing joints are all zeros: "
        "use np.nan_to_num(x, nan=0.0) on whole joints first."
    )
