"""Performances: the samples of one action seen by several cameras, and pairs of views drawn from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_data.splits import identities


def group_performances(
    performance: NDArray[np.integer], duplicate_of: NDArray[np.integer], indices: ArrayLike | None = None
) -> list[NDArray[np.int64]]:
    """Gather samples by performance, with every recording once.

    A copy of a recording is no second viewpoint: of identical recordings of one performance among ``indices`` only
    the first stays.

    Parameters
    ----------
    performance : (n,) int array
        Performance of every sample of the store.
    duplicate_of : (n,) int array
        Index of the first identical recording, -1 where there is none before.
    indices : array of int, optional
        The samples to group, such as a training set; default all.

    Returns
    -------
    list of int64 arrays
        Sample indices of each performance, increasing; performances in order of their number.
    """
    wanted = np.arange(len(performance)) if indices is None else np.unique(np.asarray(indices, np.int64))
    if wanted.size == 0:
        return []
    group, same = performance[wanted].astype(np.int64), identities(duplicate_of)[wanted]
    # np.unique keeps the first of equal rows, and wanted is increasing: the lowest index stays.
    _, first = np.unique(np.stack([group, same], axis=1), axis=0, return_index=True)
    first.sort()
    order = first[np.argsort(group[first], kind="stable")]
    borders = np.flatnonzero(np.diff(group[order])) + 1
    return np.split(wanted[order].astype(np.int64), borders)


def draw_pairs(
    groups: Sequence[NDArray[np.int64]], randomness: np.random.Generator | NDArray[np.float64]
) -> NDArray[np.int64]:
    """Draw two views of each performance, with replacement: they may be one and the same.

    Parameters
    ----------
    groups : sequence of int arrays
        Samples of each performance, as :func:`group_performances` returns them.
    randomness : Generator, or (len(groups), 2) float array
        Uniform numbers in [0, 1), or the generator to draw them from. With the same numbers the pairs are the same.

    Returns
    -------
    (len(groups), 2) int64 array
        Sample indices.

    Raises
    ------
    ValueError
        When a performance is empty or the uniform numbers have another shape or leave [0, 1).
    """
    sizes = np.array([len(group) for group in groups], np.int64)
    if (sizes == 0).any():
        raise ValueError(f"draw_pairs: performance {int(np.argmin(sizes))} has no samples.")
    uniforms = randomness.random((len(groups), 2)) if isinstance(randomness, np.random.Generator) else randomness
    if uniforms.shape != (len(groups), 2) or not ((uniforms >= 0) & (uniforms < 1)).all():
        raise ValueError(f"draw_pairs: expected ({len(groups)}, 2) numbers in [0, 1), got shape {uniforms.shape}.")
    if len(groups) == 0:
        return np.empty((0, 2), np.int64)
    starts = np.cumsum(sizes) - sizes
    pairs: NDArray[np.int64] = np.concatenate(groups)[starts[:, None] + pick_one(sizes[:, None], uniforms)]
    return pairs


def draw_distinct(
    groups: Sequence[NDArray[np.int64]], n_views: int, uniforms: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Draw views of each performance without replacement: none comes again before all have come.

    Parameters
    ----------
    groups : sequence of int arrays
        Samples of each performance, as :func:`group_performances` returns them.
    n_views : int
    uniforms : (len(groups), S) float array
        Uniform numbers in [0, 1), S at least the size of the largest group.

    Returns
    -------
    (len(groups), n_views) int64 array
        Sample indices.

    Raises
    ------
    ValueError
        When a performance is empty or there are too few uniform numbers.
    """
    sizes = np.array([len(group) for group in groups], np.int64)
    if (sizes == 0).any():
        raise ValueError(f"draw_distinct: performance {int(np.argmin(sizes))} has no samples.")
    if uniforms.ndim != 2 or len(uniforms) != len(groups) or uniforms.shape[1] < sizes.max(initial=0):
        raise ValueError(
            f"draw_distinct: expected ({len(groups)}, {sizes.max(initial=0)} or more) numbers, got {uniforms.shape}."
        )
    if len(groups) == 0:
        return np.empty((0, n_views), np.int64)
    chosen = pick_distinct(sizes, n_views, uniforms)
    drawn: NDArray[np.int64] = np.concatenate(groups)[(np.cumsum(sizes) - sizes)[:, None] + chosen]
    return drawn


def pick_one(sizes: NDArray[np.int64], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place of one view in each group of these sizes, by a uniform number in [0, 1) for each."""
    # A uniform number just below 1 may round up to the size of a group.
    return np.minimum((uniforms * sizes).astype(np.int64), sizes - 1)


def pick_distinct(sizes: NDArray[np.int64], n_views: int, uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places of ``n_views`` views in each group, (N, n_views); none comes again before all have come."""
    there = np.arange(uniforms.shape[1]) < sizes[:, None]
    order = np.argsort(np.where(there, uniforms, np.inf), axis=1, kind="stable")
    return np.take_along_axis(order, np.arange(n_views) % sizes[:, None], axis=1)
