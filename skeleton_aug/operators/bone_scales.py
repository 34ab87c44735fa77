"""Longer and shorter bones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skeleton_aug.compiled import kernel
from skeleton_aug.kernels import PRESENT_AT_ORIGIN
from skeleton_aug.operators.base import Alone, Mask
from skeleton_aug.operators.tracks import packed_rows

if TYPE_CHECKING:
    from skeleton_aug.batch import Batch
    from skeleton_aug.samples import Samples


@dataclass(frozen=True)
class BoneScales(Alone):
    """Multiply each bone, the way from a joint's parent to the joint, by its factor; the root stays where it is.

    ``y[root] = x[root]`` and ``y[v] = y[parent] + scales[v] * (x[v] - x[parent])``. A joint whose bone is not known,
    because it or its parent is missing, moves as its parent would, so it goes with its nearest ancestor that is there.

    Attributes
    ----------
    scales : (N, V) float64 array
        That of the root is not used.
    parents : (V,) int64 array
        -1 at the root; a parent may stand behind its child.
    """

    scales: NDArray[np.float64]
    parents: NDArray[np.int64]

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"scales": np.float64, "parents": np.int64}
    SHARED: ClassVar[tuple[str, ...]] = ("parents",)

    def where(self, mask: Mask, batch: Batch | None = None) -> BoneScales:
        """Factors of 1 where the mask is False."""
        return BoneScales(np.where(mask[:, None], self.scales, 1.0), self.parents)

    def check(self, batch: Batch) -> None:
        """One factor a joint, for positions alone."""
        self.check_shape("scales", (batch.n, batch.n_joints))
        self.check_shape("parents", (batch.n_joints,))
        if batch.n_channels != len(batch.channels) or not batch.has_positions:
            raise ValueError(
                f"Bones are scaled in joint positions (C = {len(batch.channels)}), got C = {batch.n_channels}"
                f"{'' if batch.has_positions else ' of differences'}; do it before bones or motion are made."
            )

    def run(self, samples: Samples) -> Samples:
        """Walk the tree from its root in every frame."""
        rows, row = packed_rows(samples, samples.n_channels)
        dims = len(samples.channels.rstrip("c"))
        flat = samples.rows.reshape(-1), rows.reshape(-1)
        tables = samples.row, samples.length, samples.gapless, row
        # As they were drawn their axes lie in any order, each of them another type to the compiler.
        scales = np.ascontiguousarray(self.scales)
        _scale_bones(*flat, samples.n_channels, dims, *tables, scales, self.parents)
        return replace(samples, rows=rows, row=row)


@kernel()
def _from_root(parents, order):  # type: ignore[no-untyped-def]
    """Fill ``order`` with the joints, the root first and parents before their children."""
    placed, n_placed = np.zeros(parents.size, np.bool_), 0
    while n_placed < parents.size:
        for v in range(parents.size):
            if not placed[v] and (parents[v] < 0 or placed[parents[v]]):
                placed[v], order[n_placed] = True, v
                n_placed += 1


@kernel()
def _missing(line, at, width):  # type: ignore[no-untyped-def]
    for c in range(at, at + width):  # noqa: SIM110 - numba has no any()
        if line[c] != 0:
            return False
    return True


@kernel(fastmath={"contract", "reassoc"})
def _scale_whole_frame(line, out, order, parents, growth):  # type: ignore[no-untyped-def]
    """Every joint is there, with x, y and z alone; ``out`` holds the shifts until the end."""
    one, two, three = np.uintp(1), np.uintp(2), np.uintp(3)
    root = three * np.uintp(order[0])
    out[root] = out[root + one] = out[root + two] = 0
    for place in range(1, order.size):
        at, up, more = three * np.uintp(order[place]), three * np.uintp(parents[place]), growth[place]
        x = out[up] + more * (line[at] - line[up])
        y = out[up + one] + more * (line[at + one] - line[up + one])
        z = out[up + two] + more * (line[at + two] - line[up + two])
        out[at], out[at + one], out[at + two] = x, y, z
    zeros = np.int32(0)
    for i in range(out.size):
        value = line[i] + out[i]
        out[i] = value
        zeros += np.int32(value == 0)
    return zeros


@kernel(fastmath={"contract"})
def _scale_frame(line, out, order, parents, growth, width, dims):  # type: ignore[no-untyped-def]
    for place in range(order.size):
        at, up = width * order[place], width * parents[place]
        known = place > 0 and not _missing(line, at, width) and not _missing(line, up, width)
        for c in range(dims):
            shift = out.dtype.type(0) if place == 0 else out[up + c]
            out[at + c] = shift + growth[place] * (line[at + c] - line[up + c]) if known else shift
    for at in range(0, line.size, width):
        there = not _missing(line, at, width)
        for c in range(width):
            out[at + c] = line[at + c] + out[at + c] if there and c < dims else line[at + c]


@kernel()
def _scale_bones(rows, out, width, dims, row, length, gapless, out_row, scales, parents):  # type: ignore[no-untyped-def]
    n_joints, dtype = parents.size, rows.dtype
    n_columns = n_joints * width
    order, growth = np.empty(n_joints, np.int64), np.empty(n_joints, dtype)
    _from_root(parents, order)
    parent_of = np.maximum(parents[order], 0)
    for n in range(row.shape[0]):
        growth[:] = (scales[n][order] - 1).astype(dtype)
        scaled = growth[1:].any()
        for m in range(row.shape[1]):
            for t in range(length[n, m]):
                line = rows[(row[n, m] + t) * n_columns : (row[n, m] + t + 1) * n_columns]
                result = out[(out_row[n, m] + t) * n_columns : (out_row[n, m] + t + 1) * n_columns]
                if not scaled:
                    result[:] = line
                    continue
                if gapless[n, m] and width == 3 and dims == 3:
                    zeros = _scale_whole_frame(line, result, order, parent_of, growth)
                else:
                    _scale_frame(line, result, order, parent_of, growth, width, dims)
                    zeros = 1
                if zeros > 0:
                    for at in range(0, n_columns, width):
                        if _missing(result, at, width) and not _missing(line, at, width):
                            result[at] = PRESENT_AT_ORIGIN
