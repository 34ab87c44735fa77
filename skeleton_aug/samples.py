"""Batches of samples as the kernels see them: rows of joints, and tracks that point into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatRows = NDArray[Any]


@njit(cache=True, nogil=True, fastmath={"reassoc"})
def _count_zeros(row):  # type: ignore[no-untyped-def]
    """Zeros of a row, and a sum that is NaN unless all of it is finite."""
    zero, one = row.dtype.type(0), row.dtype.type(1)
    zeros, poison = zero, zero
    for i in range(row.size):
        zeros += one if row[i] == zero else zero
        poison += row[i] * zero
    return zeros, poison


@njit(cache=True, nogil=True)
def _count_present(row, width):  # type: ignore[no-untyped-def]
    present = 0
    for at in range(0, row.size, width):
        for c in range(at, at + width):
            if row[c] != 0:
                present += 1
                break
    return present


@njit(cache=True, nogil=True)
def _describe_bodies(rows, width, starts, n_frames, first, length, gapless):  # type: ignore[no-untyped-def]
    """Find each body's first and last frame, and whether anything is missing between; True if all is finite."""
    n_columns = rows.shape[1]
    finite = True
    for body in range(starts.size):
        begin, end, gaps = -1, -1, False
        for t in range(n_frames[body]):
            row = rows[starts[body] + t]
            zeros, poison = _count_zeros(row)
            finite &= poison == 0
            if zeros == n_columns:
                continue
            gaps |= (zeros > 0 and _count_present(row, width) * width != n_columns) or (begin >= 0 and end != t - 1)
            begin, end = t if begin < 0 else begin, t
        first[body] = max(begin, 0)
        length[body] = end - begin + 1 if begin >= 0 else 0
        gapless[body] = not gaps
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
    """

    rows: FloatRows
    row: NDArray[np.int64]
    first: NDArray[np.int64]
    length: NDArray[np.int64]
    gapless: NDArray[np.bool_]
    n_frames: NDArray[np.int64]

    def __post_init__(self) -> None:
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
    def n_channels(self) -> int:
        """Channels, C."""
        return int(self.rows.shape[2])

    @classmethod
    def from_arrays(cls, arrays: Sequence[NDArray[Any]] | NDArray[Any], *, check: bool = True) -> Samples:
        """Describe dense samples.

        Parameters
        ----------
        arrays : (N, M, T, V, C) array, or a sequence of (M, T, V, C) arrays
            float32 or float64; a batch array that is C-contiguous is not copied. T may differ in a sequence.
        check : bool
            Reject NaN and infinities.

        Raises
        ------
        TypeError
            When an array is not of float32 or float64.
        ValueError
            On wrong axes, differing M, V, C, an empty sequence, or values that are not finite (with ``check``).
        """
        parts = [_sample_array(a) for a in arrays]
        if not parts:
            raise ValueError("Expected at least one sample (M, T, V, C), got none.")
        shapes = {(a.shape[0], *a.shape[2:], str(a.dtype)) for a in parts}
        if len(shapes) > 1:
            raise ValueError(f"Samples of one batch must share (M, V, C, dtype), got {sorted(shapes)}.")
        n_bodies, _, n_joints, n_channels = parts[0].shape
        lengths = np.array([a.shape[1] for a in parts], np.int64)
        if isinstance(arrays, np.ndarray) and arrays.flags.c_contiguous:
            rows = arrays.reshape(-1, n_joints, n_channels)
        elif len(parts) == 1:
            rows = np.ascontiguousarray(parts[0]).reshape(-1, n_joints, n_channels)
        else:
            rows = np.concatenate([a.reshape(-1, n_joints, n_channels) for a in parts])
        return cls.from_rows(rows, lengths, n_bodies, check=check)

    @classmethod
    def from_rows(cls, rows: FloatRows, n_frames: NDArray[np.int64], n_bodies: int, *, check: bool = True) -> Samples:
        """Describe rows in which the bodies of the samples follow one another, each with all frames of its sample."""
        per_body = np.repeat(n_frames, n_bodies)
        starts = np.cumsum(per_body) - per_body
        shape = (len(n_frames), n_bodies)
        first, length, gapless = np.empty(shape, np.int64), np.empty(shape, np.int64), np.empty(shape, np.bool_)
        rows = _read_only(rows)
        n_channels = rows.shape[2]
        finite = _describe_bodies(
            rows.reshape(-1, rows.shape[1] * n_channels), 3 if n_channels % 3 == 0 else n_channels,
            starts, per_body, first.ravel(), length.ravel(), gapless.ravel(),
        )  # fmt: skip
        if check and not finite:
            raise ValueError(_name_not_finite(rows, starts, per_body, n_bodies))
        return cls(rows, starts.reshape(shape) + first, first, length, gapless, n_frames)


def _read_only(rows: FloatRows) -> FloatRows:
    """View of the rows in which arrays and memory maps are one type to the compiler."""
    view = np.asarray(rows).view()
    view.flags.writeable = False
    return view


def _sample_array(array: NDArray[Any]) -> NDArray[Any]:
    if not isinstance(array, np.ndarray):
        raise TypeError(f"Expected a NumPy array (M, T, V, C), got {type(array).__name__}.")
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


def _name_not_finite(rows: FloatRows, starts: NDArray[np.int64], per_body: NDArray[np.int64], n_bodies: int) -> str:
    row, joint, channel = np.argwhere(~np.isfinite(rows))[0]
    body = int(np.flatnonzero((starts <= row) & (row < starts + per_body))[0])
    return (
        f"Sample {body // n_bodies}, body {body % n_bodies}, frame {row - starts[body]}, joint {joint}, "
        f"channel {channel} is {rows[row, joint, channel]}. Missing joints are all zeros: "
        "use np.nan_to_num(x, nan=0.0) on whole joints first."
    )
