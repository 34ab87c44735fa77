import numpy as np

from skeleton_aug import BodySwap, Compose, Normalize
from skeleton_aug.testing import random_sample


def slots(n_bodies, present, n=6_000):
    """Which body stands in each slot, (N, M); -1 for nobody."""
    x = np.zeros((n, n_bodies, 1, 1, 3))
    x[:, present] = np.array(present)[:, None, None, None] + 1
    return BodySwap()(x, seed=0)[:, :, 0, 0, 0].astype(int) - 1


def test_two_bodies_change_places():
    """With all that they have, every time."""
    x = np.stack([random_sample(np.random.default_rng(i), 2, 5, gaps="all") for i in range(10)])
    there = x.any((2, 3, 4)).all(1)
    np.testing.assert_array_equal(BodySwap()(x, seed=0)[there], x[there][:, ::-1])


def test_of_three_bodies_any_two():
    """Each pair equally often, and the third stays."""
    found, counts = np.unique(slots(3, [0, 1, 2]), axis=0, return_counts=True)
    assert sorted(map(tuple, found)) == [(0, 2, 1), (1, 0, 2), (2, 1, 0)]
    np.testing.assert_allclose(counts / counts.sum(), 1 / 3, atol=0.03)


def test_nobody_moves_into_an_empty_slot():
    """Present bodies change places among themselves; one alone stays."""
    np.testing.assert_array_equal(slots(4, [1, 3], 50), [[-1, 3, -1, 1]] * 50)
    np.testing.assert_array_equal(slots(2, [1], 50), [[-1, 1]] * 50)


def test_samples_decide_for_themselves():
    """One and two bodies in one batch."""
    x = np.ones((2, 2, 3, 4, 3))
    x[:, 1] = 2
    x[0, 1] = 0
    y = BodySwap()(x, seed=0)
    np.testing.assert_array_equal(y[0], x[0])
    np.testing.assert_array_equal(y[1], x[1, ::-1])


def test_before_normalize_the_other_body_is_the_origin():
    """After it, the origin stays where it was."""
    x = random_sample(np.random.default_rng(0), 2, 4, dtype="float64")
    np.testing.assert_allclose(Compose([BodySwap(), Normalize()])(x), Normalize()(x[::-1]), atol=1e-12)
    np.testing.assert_allclose(Compose([Normalize(), BodySwap()])(x), Normalize()(x)[::-1], atol=1e-12)
