"""Joints of another sample of the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skeleton_aug.compiled import kernel
from skeleton_aug.operators.base import Alone, Mask
from skeleton_aug.operators.tracks import packed_rows

if TYPE_CHECKING:
    from skeleton_aug.batch import Batch
    from skeleton_aug.samples import Samples


class Mixture(NamedTuple):
    """What samples were mixed with, for labels that are mixed alike."""

    partner: NDArray[np.int64]
    """Place in the batch of the other sample, (N,); a sample's own place where it is not mixed."""
    share: NDArray[np.float64]
    """Joints taken from it / V, (N,)."""


@dataclass(frozen=True)
class Mixing(Alone):
    """Take joints from another sample of the batch, where both samples have them.

    Bodies pair by slot. Frame t of T is paired with frame ``floor((2 t + 1) T' / (2 T))`` of the T' of the other
    sample, which stretches it, without interpolation, to the sample's length.

    Attributes
    ----------
    partner : (N,) int64 array
        Place in the batch of the other sample.
    joints : (N, V) bool array
        Joints that are taken.
    """

    partner: NDArray[np.int64]
    joints: Mask

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"partner": np.int64, "joints": np.bool_}
    COUPLES_SAMPLES: ClassVar[bool] = True

    @classmethod
    def in_order_of(cls, numbers: NDArray[np.float64], joints: Mask) -> Mixing:
        """Pair each sample with the one that has the next higher number (N,), and the highest with the lowest."""
        order, partner = np.argsort(numbers, kind="stable"), np.empty(len(numbers), np.int64)
        partner[order] = np.roll(order, -1)
        return cls(partner, joints)

    @property
    def mixture(self) -> Mixture:
        """Partners and their shares."""
        share: NDArray[np.float64] = self.joints.mean(axis=1)
        return Mixture(np.where(share > 0, self.partner, np.arange(len(share))), share)

    def where(self, mask: Mask, batch: Batch | None = None) -> Mixing:
        """Nothing is taken where the mask is False; such samples may still give joints to others."""
        return Mixing(self.partner, self.joints & mask[:, None])

    def check(self, batch: Batch) -> None:
        """One partner a sample, in the batch, and a choice a joint."""
        self.check_shape("partner", (batch.n,))
        self.check_shape("joints", (batch.n, batch.n_joints))
        _check_partners(self.partner, batch.n)

    def part(self, samples: slice) -> Mixing:
        """Return the operator of some of the samples, which must be one another's partners."""
        at = np.arange(len(self.partner))[samples]
        place = np.full(len(self.partner), -1)
        place[at] = np.arange(len(at))
        joints = self.joints[samples]
        partner = np.where(joints.any(axis=1), place[self.partner[samples]], np.arange(len(at)))
        if (partner < 0).any():
            lonely = int(at[np.flatnonzero(partner < 0)[0]])
            raise ValueError(
                f"Mixing couples the samples of a batch: sample {lonely} takes joints of sample "
                f"{self.partner[lonely]}, which is not among those asked for. Apply the plan to the whole batch."
            )
        return Mixing(partner, joints)

    def run(self, samples: Samples) -> Samples:
        """Copy the samples, and what they take over them."""
        _check_partners(self.partner, samples.n)
        rows, row = packed_rows(samples, samples.n_channels)
        flat, width = (samples.rows.reshape(-1), rows.reshape(-1)), len(samples.channels)
        tables = samples.row, samples.first, samples.length, samples.gapless, samples.n_frames, row
        _mix(*flat, samples.n_joints, samples.n_channels, width, *tables, self.partner, self.joints)
        return replace(samples, rows=rows, row=row)


def _check_partners(partner: NDArray[np.int64], n: int) -> None:
    if partner.size and not 0 <= partner.min() <= partner.max() < n:
        raise ValueError(
            f"Mixing: partners must lie in 0..{n - 1} for {n} samples, got {partner.min()}..{partner.max()}."
        )


@kernel()
def _missing(line, at, width):  # type: ignore[no-untyped-def]
    for c in range(width):  # noqa: SIM110 - numba has no any()
        if line[at + np.uintp(c)] != 0:
            return False
    return True


@kernel()
def _columns_of(joints, n_channels, width):  # type: ignore[no-untyped-def]
    """Where the vectors of the marked joints begin."""
    marked, n_vectors = np.flatnonzero(joints), n_channels // width
    columns = np.empty(marked.size * n_vectors, np.uintp)
    for k in range(marked.size):
        for i in range(n_vectors):
            columns[k * n_vectors + i] = marked[k] * n_channels + i * width
    return columns


@kernel()
def _take(line, columns, width, whole, result):  # type: ignore[no-untyped-def]
    one, two = np.uintp(1), np.uintp(2)
    for k in range(columns.size):
        at = columns[k]
        if whole and width == 3:
            result[at], result[at + one], result[at + two] = line[at], line[at + one], line[at + two]
        elif whole or not (_missing(line, at, width) or _missing(result, at, width)):
            for c in range(width):
                result[at + np.uintp(c)] = line[at + np.uintp(c)]


@kernel()
def _mix(  # type: ignore[no-untyped-def]
    rows, out, n_joints, n_channels, width, row, first, length, gapless, n_frames, out_row, partner, joints
):
    n_columns = n_joints * n_channels
    for n in range(row.shape[0]):
        other, columns = partner[n], _columns_of(joints[n], n_channels, width)
        for m in range(row.shape[1]):
            track = out[out_row[n, m] * n_columns : (out_row[n, m] + length[n, m]) * n_columns]
            track[:] = rows[row[n, m] * n_columns : (row[n, m] + length[n, m]) * n_columns]
            if columns.size == 0 or other == n:
                continue
            whole, long, longer = gapless[n, m] and gapless[other, m], n_frames[n], n_frames[other]
            for t in range(length[n, m]):
                frame = first[n, m] + t
                if long != longer:
                    frame = (2 * frame + 1) * longer // (2 * long)
                frame -= first[other, m]
                if 0 <= frame < length[other, m]:
                    begin = (row[other, m] + frame) * n_columns
                    line, result = rows[begin : begin + n_columns], track[t * n_columns : (t + 1) * n_columns]
                    _take(line, columns, width, whole, result)
