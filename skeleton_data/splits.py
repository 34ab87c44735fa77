"""Train/test splits and label fractions: pure functions of sample tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

Split = tuple[NDArray[np.int64], NDArray[np.int64]]

OFFICIAL_COUNTS: Mapping[tuple[str, str], tuple[int, int]] = MappingProxyType(
    {
        ("ntu60", "xsub"): (40_091, 16_487),
        ("ntu60", "xview"): (37_646, 18_932),
        ("ntu120", "xsub"): (63_026, 50_919),
        ("ntu120", "xset"): (54_468, 59_477),
        ("pku1", "xsub"): (18_841, 2_704),
        ("pku1", "xview"): (14_357, 7_186),
        ("nucla", "xview"): (1_020, 464),
        ("nucla", "xview_clean"): (1_020, 369),
    }
)
"""(format, split) -> train and test samples of the complete data set, the official missing list taken away."""


def by_values(values: ArrayLike, train: Iterable[int]) -> Split:
    """Split samples by an id: those whose id stands in ``train``, and all others.

    Parameters
    ----------
    values : (n,) array of int
        One id per sample: subject, camera or setup.
    train : iterable of int
        The ids of the training part.

    Returns
    -------
    train, test : int64 arrays
        Sample indices in increasing order; together every sample once.
    """
    inside = np.isin(np.asarray(values), list(train))
    return np.flatnonzero(inside).astype(np.int64), np.flatnonzero(~inside).astype(np.int64)


def identities(duplicate_of: NDArray[np.integer]) -> NDArray[np.int64]:
    """Index of the recording that each sample truly is: its first identical copy, or itself."""
    return np.where(duplicate_of >= 0, duplicate_of, np.arange(len(duplicate_of))).astype(np.int64)


def copies_across(duplicate_of: NDArray[np.integer], train: NDArray[np.int64], test: NDArray[np.int64]) -> int:
    """Count test samples that are copies of a training sample."""
    same = identities(duplicate_of)
    return int(np.isin(same[test], same[train]).sum())


def without_copies(duplicate_of: NDArray[np.integer], train: NDArray[np.int64], test: NDArray[np.int64]) -> Split:
    """Take the copies of training samples out of the test part."""
    same = identities(duplicate_of)
    return train, test[~np.isin(same[test], same[train])]


def with_clean_variants(splits: Mapping[str, Split], duplicate_of: NDArray[np.integer]) -> dict[str, Split]:
    """Add ``<name>_clean`` for every split whose test part holds copies of training samples."""
    complete = dict(splits)
    for name, split in splits.items():
        if f"{name}_clean" not in splits and copies_across(duplicate_of, *split):
            complete[f"{name}_clean"] = without_copies(duplicate_of, *split)
    return complete


def label_fraction(
    labels: NDArray[np.integer], indices: NDArray[np.integer], fraction: float, seed: int
) -> NDArray[np.int64]:
    """Draw a class-balanced part of a training set: the same share of every class, at least one sample of each.

    Parts of one seed are nested: those of 1 % stand in those of 5 %, and these in those of 10 %. A class's draw does
    not depend on the other classes.

    Parameters
    ----------
    labels : (n,) int array
        Labels of all samples of the store.
    indices : (k,) int array
        The training samples to draw from; their order does not matter.
    fraction : float
        Share to keep, above 0 and at most 1.
    seed : int
        Non-negative; another seed draws another part.

    Returns
    -------
    int64 array
        Indices drawn, in increasing order.

    Raises
    ------
    ValueError
        When ``fraction`` is outside (0, 1].

    Examples
    --------
    >>> label_fraction(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.arange(8), 0.25, seed=0).size
    2
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"label_fraction: fraction must lie in (0, 1], got {fraction}.")
    pool = np.unique(np.asarray(indices, np.int64))
    chosen = [np.empty(0, np.int64)]
    for label in np.unique(labels[pool]):
        members = pool[labels[pool] == label]
        order = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, int(label)])))
        count = max(1, round(fraction * len(members)))
        chosen.append(order.permutation(members)[:count])
    return np.sort(np.concatenate(chosen))
