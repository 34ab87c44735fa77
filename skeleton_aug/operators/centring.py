"""Centring of every frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skeleton_aug.compiled import kernel
from skeleton_aug.kernels import PRESENT_AT_ORIGIN
from skeleton_aug.operators.base import Alone, Mask

if TYPE_CHECKING:
    from skeleton_aug.batch import Batch
    from skeleton_aug.samples import Samples


@dataclass(frozen=True)
class CenterFrames(Alone):
    """Subtract a place of the first present body from all bodies, frame by frame. Looks at the data.

    A frame without it takes the last one that was seen, and before there was any the first; a sample that never has it
    stays as it is.

    Attributes
    ----------
    joints : (K,) int64 array
        Their mean is the place; all of them must be there.
    active : (N,) bool array
    """

    joints: NDArray[np.int64]
    active: Mask

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"joints": np.int64, "active": np.bool_}
    SHARED: ClassVar[tuple[str, ...]] = ("joints",)

    def where(self, mask: Mask, batch: Batch | None = None) -> CenterFrames:
        """Identity where the mask is False."""
        return CenterFrames(self.joints, self.active & mask)

    def check(self, batch: Batch) -> None:
        """One choice a sample; joints that are there."""
        self.check_shape("active", (batch.n,))
        self.check_shape("joints", (self.joints.size,))
        if not self.joints.size or not 0 <= self.joints.min() <= self.joints.max() < batch.n_joints:
            raise ValueError(
                f"CenterFrames: joints must name some of 0..{batch.n_joints - 1}, got {self.joints.tolist()}."
            )

    def run(self, samples: Samples) -> Samples:
        """Copy the tracks, moved."""
        ends = np.cumsum(samples.length).reshape(samples.length.shape)
        row = ends - samples.length
        out = np.empty((int(samples.length.sum()), samples.n_joints, samples.n_channels), samples.rows.dtype)
        width, dims = len(samples.channels), len(samples.channels.rstrip("c"))
        tables = samples.row, samples.first, samples.length, samples.n_frames
        _center_frames(samples.rows, width, dims, *tables, self.joints, self.active, out, row)
        return replace(samples, rows=out, row=row)


@kernel()
def _missing(line, at, width):  # type: ignore[no-untyped-def]
    for c in range(at, at + width):  # noqa: SIM110 - numba has no any()
        if line[c] != 0:
            return False
    return True


@kernel()
def _find_place(rows, at, joints, n_channels, width, dims, place):  # type: ignore[no-untyped-def]
    """Mean of the joints of the frame at ``at``; False, and nothing done, where one is missing."""
    for joint in joints:
        if _missing(rows, at + joint * n_channels, width):
            return False
    for c in range(dims):
        total = 0.0
        for joint in joints:
            total += rows[at + joint * n_channels + c]
        place[c] = total / joints.size
    return True


@kernel()
def _first_present(rows, n_columns, row, first, length, t):  # type: ignore[no-untyped-def]
    """Where the first body that is there in frame t has it; -1 if there is none."""
    for m in range(row.size):
        inside = t - first[m]
        if 0 <= inside < length[m]:
            at = (row[m] + inside) * n_columns
            if not _missing(rows, at, n_columns):
                return at
    return -1


@kernel()
def _find_places(rows, n_columns, n_channels, width, dims, row, first, length, joints, places):  # type: ignore[no-untyped-def]
    """Place of every frame, as far as it is known; False where it never is."""
    known = False
    for t in range(places.shape[0]):
        at = _first_present(rows, n_columns, row, first, length, t)
        if at >= 0 and _find_place(rows, at, joints, n_channels, width, dims, places[t]):
            if not known:
                places[:t] = places[t]
            known = True
        elif known:
            places[t] = places[t - 1]
    return known


@kernel()
def _move_points(points, place, out):  # type: ignore[no-untyped-def]
    """Joints x, y, z of one frame: by far the most usual, hence apart."""
    dtype = points.dtype
    zero, tiny = dtype.type(0), dtype.type(PRESENT_AT_ORIGIN)
    a, b, c = dtype.type(place[0]), dtype.type(place[1]), dtype.type(place[2])
    for i in range(np.uintp(points.shape[0])):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        there = (x != zero) | (y != zero) | (z != zero)
        x, y, z = x - a, y - b, z - c
        at_origin = (x == zero) & (y == zero) & (z == zero)
        out[i, 0] = (tiny if at_origin else x) if there else zero
        out[i, 1] = y if there else zero
        out[i, 2] = z if there else zero


@kernel()
def _move_vectors(points, width, dims, place, out):  # type: ignore[no-untyped-def]
    """Joints of one frame with any channels: the first vector of each is the position, and others stay."""
    for i in range(points.shape[0]):
        joint, moved = points[i], out[i]
        moved[:] = joint
        if not _missing(joint, 0, width):
            for c in range(dims):
                moved[c] = joint[c] - joint.dtype.type(place[c])
            if _missing(moved, 0, width):
                moved[0] = PRESENT_AT_ORIGIN


@kernel()
def _center_frames(rows, width, dims, row, first, length, n_frames, joints, active, out, out_row):  # type: ignore[no-untyped-def]
    n_joints, n_channels = rows.shape[1:]
    flat = rows.reshape(-1)
    for n in range(row.shape[0]):
        places = np.zeros((n_frames[n], 3))
        known = active[n] and _find_places(
            flat, n_joints * n_channels, n_channels, width, dims, row[n], first[n], length[n], joints, places
        )
        for m in range(row.shape[1]):
            for t in range(length[n, m]):
                frame, moved = rows[row[n, m] + t], out[out_row[n, m] + t]
                if not known:
                    moved[:] = frame
                elif n_channels == 3 and dims == 3:
                    _move_points(frame, places[first[n, m] + t], moved)
                else:
                    _move_vectors(frame, width, dims, places[first[n, m] + t], moved)
