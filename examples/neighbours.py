"""Sums over the neighbours of joints on a processor, along the few links of a skeleton's graph alone.

Of the 75 x 25 numbers of a graph in three groups 73 are not zero; a matrix product multiplies by all of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from skeleton_aug.compiled import kernel


class Links(NamedTuple):
    """Places of a graph (K, V, V) that are not zero: E links, each from a joint to a row, which is ``joint * K + k``.

    Attributes
    ----------
    rows, joints : (E,) int64 arrays
        Sorted by row.
    first_of_row : (V K + 1,) int64 array
        Where the links of each row begin.
    by_joint : (E,) int64 array
        Links in the order of their joints.
    first_of_joint : (V + 1,) int64 array
        Where the links of each joint begin in ``by_joint``.
    """

    rows: NDArray[np.int64]
    joints: NDArray[np.int64]
    first_of_row: NDArray[np.int64]
    by_joint: NDArray[np.int64]
    first_of_joint: NDArray[np.int64]

    def weights(self, graph: Tensor) -> NDArray[np.float32]:
        """Weight of each link in a graph (K, V, V)."""
        k = len(graph)
        weights: NDArray[np.float32] = graph.detach().numpy()[self.rows % k, self.joints, self.rows // k]
        return weights


def find_links(graph: Tensor) -> Links:
    """Links of a graph (K, V, V) on the CPU: ``graph[k, v, w]`` weighs joint v in row ``w * K + k``."""
    k, v, _ = graph.shape
    rows, joints = np.nonzero(graph.detach().numpy().transpose(2, 0, 1).reshape(v * k, v))
    by_joint = np.argsort(joints, kind="stable")
    return Links(
        rows, joints, np.searchsorted(rows, np.arange(v * k + 1)), by_joint,
        np.searchsorted(joints[by_joint], np.arange(v + 1)),
    )  # fmt: skip


def add_neighbours(x: Tensor, first: int, links: Links, weights: NDArray[np.float32], out: Tensor) -> None:
    """Sums for frames ``first``, ``first + 1``, ... of x (V, F, C) into ``out`` (V, frames, K, C), contiguous both."""
    add_rows(x.detach().numpy(), first, links.first_of_row, links.joints, weights, out.numpy())


def add_back(
    x: Tensor, first: int, links: Links, weights: NDArray[np.float32], of_sums: Tensor, of_x: Tensor
) -> NDArray[np.float64]:
    """Write the gradient of those frames of x into ``of_x`` (V, F, C); returns the gradients of the links' weights."""
    products = np.zeros((len(weights), x.shape[2]), weights.dtype)
    add_joints(
        x.detach().numpy(), first, links.rows, links.first_of_joint, links.by_joint, weights, of_sums.numpy(),
        of_x.numpy(), products,
    )  # fmt: skip
    of_weights: NDArray[np.float64] = products.sum(1, dtype=np.float64)
    return of_weights


@kernel(fastmath={"contract"})
def add_rows(x, first, first_of_row, joints, weights, out):  # type: ignore[no-untyped-def]
    """x (V, F, C), weights (E,) -> out (V, frames, K, C)."""
    groups, channels = out.shape[2], out.shape[3]
    for row in range(len(first_of_row) - 1):
        lines = out[row // groups]
        group = row % groups
        begin, end = first_of_row[row], first_of_row[row + 1]
        if begin == end:
            lines[:, group] = 0
        for link in range(begin, end):
            source, weight = x[joints[link]], weights[link]
            for frame in range(len(lines)):
                line, values = lines[frame, group], source[first + frame]
                if link == begin:
                    for c in range(channels):
                        line[c] = weight * values[c]
                else:
                    for c in range(channels):
                        line[c] += weight * values[c]


@kernel(fastmath={"contract"})
def add_joints(x, first, rows, first_of_joint, by_joint, weights, of_sums, of_x, products):  # type: ignore[no-untyped-def]
    """of_sums (V, frames, K, C) -> of_x (V, F, C); products (E, C) grow by x times of_sums at each link's two ends."""
    groups, channels = of_sums.shape[2], of_sums.shape[3]
    for joint in range(len(x)):
        begin, end = first_of_joint[joint], first_of_joint[joint + 1]
        if begin == end:
            of_x[joint, first : first + of_sums.shape[1]] = 0
        for place in range(begin, end):
            link = by_joint[place]
            weight, product = weights[link], products[link]
            above, group = of_sums[rows[link] // groups], rows[link] % groups
            for frame in range(len(above)):
                line, values, given = of_x[joint, first + frame], x[joint, first + frame], above[frame, group]
                if place == begin:
                    for c in range(channels):
                        line[c] = weight * given[c]
                        product[c] += values[c] * given[c]
                else:
                    for c in range(channels):
                        line[c] += weight * given[c]
                        product[c] += values[c] * given[c]
