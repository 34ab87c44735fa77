import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import Samples
from skeleton_aug.batch import Batch
from skeleton_aug.operators import Affine, FrameFilter, Gather, JointWeights

MASK = np.array([True, False])


def expand(gather, x):
    """What a gather makes of one row of numbers per sample."""
    return [
        [(1 - s) * row[b] + s * row[a] if b >= 0 else np.nan for b, a, s in zip(bs, as_, ss, strict=True)][:n]
        for row, bs, as_, ss, n in zip(x, gather.before, gather.after_, gather.mix, gather.n_frames, strict=True)
    ]


def test_affine_composition_is_application_in_turn():
    """``b.after(a)`` maps x to b(a(x))."""
    rng = np.random.default_rng(0)
    a, b = (Affine(rng.normal(size=(2, 3, 3)), rng.normal(size=(2, 3))) for _ in range(2))
    x = rng.normal(size=(2, 3))

    def apply(f, x):
        return np.einsum("nij,nj->ni", f.matrix, x) + f.offset

    np.testing.assert_allclose(apply(b.after(a), x), apply(b, apply(a, x)), rtol=1e-12)


def test_where_spares_samples():
    """Where the mask is False an operator is the identity."""
    affine = Affine(np.full((2, 3, 3), 2.0), np.ones((2, 3))).where(MASK)
    np.testing.assert_array_equal(affine.matrix[1], np.eye(3))
    np.testing.assert_array_equal(affine.offset[1], np.zeros(3))
    np.testing.assert_array_equal(affine.matrix[0], np.full((3, 3), 2.0))
    np.testing.assert_array_equal(JointWeights(np.zeros((2, 4))).where(MASK).weights, [[0] * 4, [1] * 4])
    assert FrameFilter(np.ones((2, 1, 1)), 1, np.ones(2, bool)).where(MASK).active.tolist() == [True, False]
    batch = Batch(Samples.from_arrays([np.ones((1, t, 2, 3)) for t in (3, 4)]))
    gather = Gather.frames(np.array([[2, 1], [1, 0]]), np.array([2, 2])).where(MASK, batch)
    assert gather.n_frames.tolist() == [2, 4]
    assert gather.before[0, :2].tolist() == [2, 1]
    assert gather.before[1].tolist() == [0, 1, 2, 3]


@given(st.integers(1, 20), st.lists(st.floats(-5, 25), min_size=1, max_size=8))
def test_at_is_linear_interpolation(n_source, positions):
    """Gather.at equals numpy.interp, which holds the ends."""
    x = np.random.default_rng(0).normal(size=(1, n_source))
    gather = Gather.at(np.array([positions]), np.array([len(positions)]), np.array([n_source]))
    np.testing.assert_allclose(expand(gather, x)[0], np.interp(positions, np.arange(n_source), x[0]), atol=1e-12)


@given(st.integers(0, 30), st.integers(1, 12), st.integers(1, 30))
def test_cyclic_is_a_roll(start, n_source, n_frames):
    """Gather.cyclic counts on modulo the length."""
    gather = Gather.cyclic(np.array([start]), np.array([n_frames]), np.array([n_source]))
    np.testing.assert_array_equal(gather.before[0], (start + np.arange(n_frames)) % n_source)
    assert gather.whole


def test_gather_composition_is_application_in_turn():
    """Whole frames of a blend, a blend of whole frames; two blends do not compose."""
    x = np.random.default_rng(0).normal(size=(2, 6))
    n_source, lengths = np.array([6, 6]), np.array([4, 4])
    blend = Gather.at(np.array([[0.5, 1.0, 2.25, 4.75], [0.1, 2.2, 3.3, 5.0]]), lengths, n_source)
    pick = Gather.frames(np.array([[3, 3, -1], [2, 0, 1]]), np.array([3, 3]))
    whole = Gather.cyclic(np.array([2, 5]), np.array([6, 6]), n_source)
    blended = np.array(expand(blend, x))
    for got, row, frames in zip(expand(pick.after(blend), x), blended, pick.before, strict=True):
        np.testing.assert_allclose(got, np.where(frames < 0, np.nan, row[frames]), rtol=1e-12)
    np.testing.assert_allclose(expand(blend.after(whole), x), expand(blend, np.array(expand(whole, x))), rtol=1e-12)
    assert blend.after(blend) is None
    exact = Gather.frames(np.array([[3, 1, 5, 2]] * 2), lengths)
    again = Gather.at(np.array([[0.5, 1.5, 2.0, 2.25]] * 2), lengths, lengths)
    np.testing.assert_allclose(expand(again.after(exact), x), expand(again, np.array(expand(exact, x))), rtol=1e-12)


def test_drops_only_tells_masks_from_weights():
    """Only weights of 0 and 1 commute with an offset."""
    assert JointWeights(np.array([[0.0, 1.0]])).drops_only
    assert not JointWeights(np.array([[0.5, 1.0]])).drops_only
