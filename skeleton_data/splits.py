"""Train/test splits and label fractions: pure functions of sample tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_data.raw import SkeletonDataError

Split = tuple[NDArray[np.int64], NDArray[np.int64]]

OFFICIAL_COUNTS: Mapping[tuple[str, str], tuple[int, int]] = MappingProxyType(
    {
        ("ntu60", "xsub"): (40_091, 16_487),
        ("ntu60", "xview"): (37_646, 18_932),
        ("ntu120", "xsub"): (63_026, 50_919),
        ("ntu120", "xset"): (54_468, 59_477),
        ("ntu120", "oneshot"): (95_001, 18_924),
        ("ntu120", "oneshot_exemplars"): (20, 18_924),
        ("pku1", "xsub"): (18_841, 2_704),
        ("pku1", "xview"): (14_357, 7_186),
        ("nucla", "xview"): (1_020, 464),
        ("nucla", "xview_clean"): (1_020, 369),
        ("nucla", "xview_test1"): (968, 516),
        ("nucla", "xview_test2"): (980, 504),
        ("nucla", "xsub"): (754, 730),
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


def leave_out(what: str, values: NDArray[np.integer], left_out: Iterable[int]) -> Split:
    """Split samples by an id: those of ``left_out`` test, all others train.

    Raises
    ------
    SkeletonDataError
        When no sample has one of the ids, or all have; ``what`` names the id in the message.
    """
    ids = sorted({int(value) for value in left_out})
    unseen = sorted(set(ids) - set(np.unique(values).tolist()))
    if unseen or not ids:
        raise SkeletonDataError(
            f"No sample has {what} {', '.join(map(str, unseen)) or '(none given)'}; there are {describe_ids(values)}."
        )
    test, train = by_values(values, ids)
    if not len(train):
        raise SkeletonDataError(f"All samples have {what} {describe_ids(np.array(ids))}: nothing is left for the rest.")
    return train, test


def describe_ids(values: ArrayLike) -> str:
    """Write the ids that occur in short, such as ``1-3, 7``; unknown ones (-1) are passed over."""
    ranges: list[list[int]] = []
    for value in sorted(set(np.unique(np.asarray(values)).tolist()) - {-1}):
        if ranges and value == ranges[-1][1] + 1:
            ranges[-1][1] = value
        else:
            ranges.append([value, value])
    return ", ".join(f"{low}-{high}" if high > low else str(low) for low, high in ranges) or "none"


def split_of(n_samples: int, train: ArrayLike, test: ArrayLike | None = None) -> Split:
    """Make a split from masks or indices.

    Parameters
    ----------
    n_samples : int
        Samples of the store.
    train, test : (n_samples,) bool array, or array of int
        Indices may come in any order; ``test`` is all others by default.

    Raises
    ------
    SkeletonDataError
        When a mask has another length, an index is out of range, a sample stands in both parts, or ``train`` is empty.
    """
    here = _indices("train", n_samples, train)
    there = np.setdiff1d(np.arange(n_samples), here) if test is None else _indices("test", n_samples, test)
    both = np.intersect1d(here, there)
    if both.size:
        raise SkeletonDataError(f"{both.size} samples stand in both parts of the split, the first: {both[0]}.")
    if not here.size:
        raise SkeletonDataError("The training part of the split is empty.")
    return here, there


def _indices(part: str, n_samples: int, given: ArrayLike) -> NDArray[np.int64]:
    values = np.asarray(given)
    if values.dtype == np.bool_:
        if values.shape != (n_samples,):
            raise SkeletonDataError(f"The {part} mask must have shape ({n_samples},), got {values.shape}.")
        return np.flatnonzero(values).astype(np.int64)
    if values.size and values.dtype.kind not in "iu":
        raise SkeletonDataError(f"The {part} part must be a mask or sample indices, got numbers of {values.dtype}.")
    chosen = np.unique(values.astype(np.int64))
    if chosen.size and (chosen[0] < 0 or chosen[-1] >= n_samples):
        raise SkeletonDataError(
            f"The {part} part has indices from {chosen[0]} to {chosen[-1]}, outside 0..{n_samples - 1}."
        )
    return chosen


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
