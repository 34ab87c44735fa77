import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import (
    Bones,
    Compose,
    FitLength,
    Motion,
    OneOf,
    Resample,
    SavitzkyGolay,
    Shear,
    SideDrop,
    SomeOf,
    TemporalShift,
    Transform,
    TwoViews,
)
from skeleton_aug.operators import Affine
from skeleton_aug.testing import batches, random_sample
from tests.skeleton_aug.reference import pipeline as reference

N = 2000


class Times2(Transform):
    """Doubles every coordinate."""

    factor = 2.0

    def sample(self, draws, batch):
        return Affine.linear(np.eye(3)[None] * np.full((batch.n, 1, 1), self.factor))


class Times3(Times2):
    factor = 3.0


class Times5(Times2):
    factor = 5.0


PRIMES = [Times2(), Times3(), Times5()]
WRONG = {
    "a class": (lambda: Compose([Shear]), TypeError, "Compose: expected transforms, got the class Shear; write Shear"),
    "one transform": (lambda: Compose(Shear()), TypeError, "Compose: expected a list of transforms, got Shear"),
    "text": (lambda: Compose("Shear"), TypeError, "Compose: expected a list of transforms, got str"),
    "text inside": (lambda: OneOf(["Shear"]), TypeError, "OneOf: expected transforms, got 'Shear' of type str"),
    "list inside": (lambda: SomeOf([[Shear()]], count_range=(0, 1)), TypeError, "got a list of them; write Compose("),
    "views": (lambda: Compose([TwoViews(Shear(), Shear())]), TypeError, "of type TwoViews"),
    "no branches": (lambda: OneOf([]), ValueError, "OneOf: expected at least one transform to choose from"),
    "p above one": (lambda: OneOf([Shear()], p=2), ValueError, "OneOf: p must lie in [0, 1], got 2"),
    "too few weights": (lambda: OneOf(PRIMES, weights=[1, 2]), ValueError, "must be 3 numbers, one a transform"),
    "weights below zero": (lambda: OneOf(PRIMES, weights=[1, -1, 1]), ValueError, "got (1, -1, 1)"),
    "no weight at all": (lambda: OneOf(PRIMES, weights=[0, 0, 0]), ValueError, "not all zero, got (0, 0, 0)"),
    "weights of NaN": (lambda: OneOf(PRIMES, weights=[1, np.nan, 1]), ValueError, "OneOf: weights must be"),
    "one weight": (lambda: OneOf(PRIMES, weights=3), ValueError, "got 3"),
    "no counts": (lambda: SomeOf(PRIMES), TypeError, "missing 1 required keyword-only argument: 'count_range'"),
    "counts the wrong way round": (lambda: SomeOf(PRIMES, count_range=(2, 1)), ValueError, "0 <= low <= high <= 3"),
    "counts of more": (lambda: SomeOf(PRIMES, count_range=(2, 4)), ValueError, "got (2, 4)"),
    "counts of halves": (lambda: SomeOf(PRIMES, count_range=(0.5, 2)), ValueError, "whole numbers"),
    "one count": (lambda: SomeOf(PRIMES, count_range=2), ValueError, "got 2"),
    "bones": (lambda: OneOf([Shear(), Compose([Bones()])]), ValueError, "Bones changes the number of channels, so all"),
    "motion": (lambda: SomeOf([OneOf([Motion()])], count_range=(0, 1)), ValueError, "before or behind the OneOf"),
    "setting": (lambda: OneOf(PRIMES, weigths=[1, 1, 1]), TypeError, "'weigths': did you mean 'weights'?"),
}


@pytest.mark.parametrize(("call", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_parts_are_refused(call, error, message):
    """At once, with a message that names the composition and what it got."""
    with pytest.raises(error, match=re.escape(message)):
        call()


def factors(pipeline, n=N, **settings):
    """By what number each of n samples was multiplied, which tells the branches that it took."""
    return pipeline(np.ones((n, 1, 1, 25, 3)), **{"seed": 0, **settings})[:, 0, 0, 0, 0].astype(int)


def shares(values):
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), (counts / len(values)).tolist(), strict=True))


def near(expected, n=N):
    return {value: pytest.approx(p, abs=5 * (p * (1 - p) / n) ** 0.5) for value, p in expected.items()}


@pytest.mark.parametrize(
    ("weights", "expected"),
    [(None, [1 / 3, 1 / 3, 1 / 3]), ([1, 2, 5], [1 / 8, 2 / 8, 5 / 8]), ([0.5, 0, 0.5], [0.5, 0, 0.5])],
)
def test_one_of_takes_exactly_one_branch_with_its_weight(weights, expected):
    """Of 2,000 samples each takes one branch, as often as the weights say; one without weight is never taken."""
    found = shares(factors(OneOf(PRIMES, weights=weights)))
    assert found == near({value: p for value, p in zip((2, 3, 5), expected, strict=True) if p})


def test_one_of_with_p():
    """Samples that take no branch stay as they are."""
    assert shares(factors(OneOf(PRIMES, p=0.25))) == near({1: 3 / 4, 2: 1 / 12, 3: 1 / 12, 5: 1 / 12})
    assert shares(factors(OneOf(PRIMES, p=0))) == {1: 1.0}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((0, 0), {1: 1}),
        ((3, 3), {30: 1}),
        ((1, 1), {2: 1 / 3, 3: 1 / 3, 5: 1 / 3}),
        ((2, 2), {6: 1 / 3, 10: 1 / 3, 15: 1 / 3}),
        ((0, 3), {1: 1 / 4, 2: 1 / 12, 3: 1 / 12, 5: 1 / 12, 6: 1 / 12, 10: 1 / 12, 15: 1 / 12, 30: 1 / 4}),
    ],
)
def test_some_of_takes_a_random_subset_of_each_size(counts, expected):
    """Sizes are equally likely, and so are the subsets of one size."""
    found = shares(factors(SomeOf(PRIMES, count_range=counts)))
    assert found == (expected if len(expected) == 1 else near(expected))


def test_some_of_keeps_the_listed_order():
    """All of several branches are the same as their composition, but for the draws of the choice."""
    x = np.stack([random_sample(np.random.default_rng(i), 1, 20) for i in range(3)])
    steps = [SavitzkyGolay(), TemporalShift(), SavitzkyGolay(window=5), Shear()]
    np.testing.assert_array_equal(SomeOf(steps, count_range=(4, 4))(x, seed=1), Compose(steps)(x, seed=1), strict=True)


def test_branches_draw_what_they_draw_alone():
    """A sample that took the shear is sheared as the shear alone would, whatever else may be chosen."""
    x = np.stack([random_sample(np.random.default_rng(i), 1, 12) for i in range(40)])
    alone, shifted = Shear()(x, seed=3), TemporalShift()(x, seed=3)
    for choice in (OneOf([Shear(), TemporalShift()]), OneOf([SideDrop(p=0), TemporalShift(), Shear()])):
        y = choice(x, seed=3)
        took = [[(y[i] == other[i]).all() for other in (x, alone, shifted)] for i in range(len(x))]
        assert np.any(took, axis=1).all()
        assert np.sum([row[1] for row in took]) > 5


def test_draws_outside_a_choice_do_not_move():
    """A shear behind a choice draws as the first or second of its name, whatever the choice takes."""
    x = np.ones((20, 1, 4, 25, 3))
    alone = Shear()(x, seed=0)
    np.testing.assert_array_equal(Compose([OneOf([SideDrop(p=0), TemporalShift()]), Shear()])(x, seed=0), alone)
    np.testing.assert_array_equal(Compose([SomeOf([TemporalShift()], count_range=(0, 1)), Shear()])(x, seed=0), alone)


def test_names_are_counted_over_the_whole_tree():
    """In order of appearance, nested or not: the second shear is the same in a choice and behind one."""
    x = np.ones((20, 1, 4, 25, 3))
    inside = Compose([Shear(p=0), OneOf([Shear()])])(x, seed=0)
    behind = Compose([OneOf([Shear(p=0)]), Shear()])(x, seed=0)
    flat = Compose([Shear(p=0), Shear()])(x, seed=0)
    np.testing.assert_array_equal(inside, flat)
    np.testing.assert_array_equal(behind, flat)


def test_two_choices_draw_apart():
    """Each has a stream of its own, so all pairs of branches occur."""
    assert set(factors(Compose([OneOf(PRIMES), OneOf(PRIMES)]))) == {4, 6, 9, 10, 15, 25}
    pairs = np.stack([factors(OneOf(PRIMES)), factors(Compose([OneOf([Compose([])]), OneOf(PRIMES)]))], 1)
    assert len(np.unique(pairs, axis=0)) == 9


def test_a_choice_is_drawn_anew_in_every_epoch_and_view():
    """Seed, epoch, view and index decide it together."""
    first = factors(OneOf(PRIMES))
    for settings in ({"seed": 1}, {"epoch": 1}, {"view": 1}, {"index": np.arange(N) + N}):
        assert (factors(OneOf(PRIMES), **settings) == first).mean() == near({0: 1 / 3})[0]


def test_branches_fuse():
    """Branches on different axes share one pass with what stands around them."""
    pipeline = Compose([SavitzkyGolay(), OneOf([Shear(), SideDrop(), TemporalShift()]), Shear(), FitLength(n_frames=9)])
    assert len(pipeline.plan(np.ones((8, 1, 30, 25, 3)), seed=0).stages) == 1


def nested():
    leaves = st.sampled_from([Shear(), Shear(p=0.5), TemporalShift(), SideDrop(p=0.5), SavitzkyGolay(), Resample()])

    def extend(inner):
        several = st.lists(inner, min_size=1, max_size=3)
        return st.one_of(
            several.map(Compose),
            st.builds(OneOf, several, p=st.sampled_from([0.5, 1.0])),
            several.map(lambda t: SomeOf(t, count_range=(0, len(t)))),
        )

    return st.recursive(leaves, extend, max_leaves=6)


@given(pipeline=nested(), arrays=batches(skeleton="kinect_v2"), seed=st.integers(0, 2**32))
def test_any_tree_equals_the_reference_and_itself_alone(pipeline, arrays, seed):
    """Compositions and choices nested at will: values of the plain reference, and the same bits without a batch."""
    ours = list(pipeline(arrays, seed=seed))
    for i, (x, y, z) in enumerate(zip(arrays, ours, reference.run(pipeline, arrays, seed=seed), strict=True)):
        np.testing.assert_allclose(y, z, rtol=1e-5, atol=1e-5)
        assert pipeline(x, seed=seed, index=i).tobytes() == y.tobytes()
