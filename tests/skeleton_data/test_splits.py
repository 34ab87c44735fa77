from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_data.splits import by_values, copies_across, label_fraction, with_clean_variants, without_copies


def test_by_values_takes_every_sample_once():
    """Samples fall into train or test by their id, in order."""
    train, test = by_values([3, 1, 2, 1, 9], (1, 9))
    assert train.tolist() == [1, 3, 4] and test.tolist() == [0, 2]
    assert train.dtype == test.dtype == np.int64


def test_copies_across_a_border():
    """A test copy counts whether the original or the copy was first, and copies inside one part do not count."""
    duplicate_of = np.array([-1, 0, -1, 2, -1, 4])
    train, test = np.array([0, 3, 4, 5]), np.array([1, 2])
    assert copies_across(duplicate_of, train, test) == 2
    assert without_copies(duplicate_of, train, test)[1].tolist() == []
    assert copies_across(duplicate_of, np.array([0, 1, 4]), np.array([2, 3])) == 0


def test_clean_variants_only_where_needed():
    """A clean variant is added for the split that needs one, and an existing one is kept."""
    duplicate_of = np.array([-1, 0, -1, -1])
    splits = {"a": (np.array([0]), np.array([1, 2])), "b": (np.array([0, 1]), np.array([2]))}
    complete = with_clean_variants(splits, duplicate_of)
    assert list(complete) == ["a", "b", "a_clean"]
    assert complete["a_clean"][1].tolist() == [2]
    own = (np.array([0]), np.array([3]))
    assert with_clean_variants({**splits, "a_clean": own}, duplicate_of)["a_clean"] is own


LABELS = np.repeat(np.arange(6), [100, 37, 300, 1, 12, 0])


@given(st.lists(st.floats(0.001, 1.0), min_size=2, max_size=4).map(sorted), st.integers(0, 2**32))
def test_label_fractions_are_nested_and_balanced(fractions, seed):
    """Smaller parts lie inside larger ones, and each class gives its share, at least one sample."""
    pool = np.flatnonzero(LABELS != 2)
    parts = [label_fraction(LABELS, pool, fraction, seed) for fraction in fractions]
    for small, large in pairwise(parts):
        assert np.isin(small, large).all()
    for part, fraction in zip(parts, fractions, strict=True):
        assert np.isin(part, pool).all() and (np.diff(part) > 0).all()
        counts = np.bincount(LABELS[part], minlength=6)
        assert counts.tolist() == [
            max(1, round(fraction * n)) if n else 0 for n in np.bincount(LABELS[pool], minlength=6)
        ]


def test_label_fraction_depends_on_the_seed_alone():
    """One seed draws one part, whatever the order of the indices or the other classes; another seed another."""
    pool = np.arange(len(LABELS))
    part = label_fraction(LABELS, pool, 0.1, 7)
    assert part.tolist() == label_fraction(LABELS, pool[::-1], 0.1, 7).tolist()
    alone = label_fraction(LABELS, np.flatnonzero(LABELS == 2), 0.1, 7)
    assert alone.tolist() == part[LABELS[part] == 2].tolist()
    assert part.tolist() != label_fraction(LABELS, pool, 0.1, 8).tolist()


def test_whole_and_nothing():
    """The fraction 1 is everything, no indices give none, 0 and more than 1 are refused."""
    pool = np.arange(len(LABELS))
    assert label_fraction(LABELS, pool, 1.0, 0).tolist() == pool.tolist()
    assert label_fraction(LABELS, pool[:0], 0.5, 0).size == 0
    for fraction in (0.0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="fraction must lie"):
            label_fraction(LABELS, pool, fraction, 0)
