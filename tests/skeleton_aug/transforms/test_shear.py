import numpy as np
import pytest

from skeleton_aug import Shear
from skeleton_aug.randomness import Draws, Key, stream_key
from skeleton_aug.testing import random_sample
from skeleton_aug.transforms.shear import shear_matrix

N = 20_000
BASIS = np.eye(3)[None, None]


def matrices(transform, n=N):
    """Images of the three unit vectors are the columns of each sample's matrix."""
    points = np.broadcast_to(BASIS, (n, 1, 1, 3, 3)).copy()
    return np.swapaxes(transform(points, seed=0)[:, 0, 0], 1, 2)


def test_convention_matrix():
    """Six factors fill the matrix row by row, off the diagonal; y = A x."""
    np.testing.assert_array_equal(shear_matrix(np.arange(2.0, 8)), [[1, 2, 3], [4, 1, 5], [6, 7, 1]])
    factors = Draws(Key.of(0, [0]), stream_key("Shear#0"))
    factors.chance(1.0)
    np.testing.assert_allclose(matrices(Shear(), 1)[0], shear_matrix(factors.uniform(-1, 1, size=6))[0])


def test_one_matrix_for_all_bodies_joints_and_frames():
    """Every point of a sample is multiplied by the same matrix."""
    x = random_sample(np.random.default_rng(0), 2, 10, dtype="float64")
    np.testing.assert_allclose(Shear()(x, seed=0), np.einsum("ij,mtvj->mtvi", matrices(Shear(), 1)[0], x))


def test_factors_are_uniform():
    """Mean, spread and range of the six factors; ones on the diagonal."""
    a = matrices(Shear(factor_range=(-0.5, 1.5)))
    off = a[:, ~np.eye(3, dtype=bool)]
    np.testing.assert_array_equal(a[:, np.eye(3, dtype=bool)], 1)
    assert off.min() >= -0.5
    assert off.max() < 1.5
    np.testing.assert_allclose(off.mean(0), 0.5, atol=0.02)
    np.testing.assert_allclose(off.std(0), 2 / 12**0.5, atol=0.02)
    assert np.abs(np.corrcoef(off.T) - np.eye(6)).max() < 0.03


def test_the_papers_range_mirrors_now_and_then():
    """4.8 % of the matrices have a negative determinant; with factors to one half none has."""
    assert abs((np.linalg.det(matrices(Shear())) < 0).mean() - 0.048) < 0.005
    assert (np.linalg.det(matrices(Shear(factor_range=(-0.5, 0.5)))) > 0).all()


def test_keep_orientation():
    """No determinant is negative, and matrices that were fine stay as they were."""
    free, kept = matrices(Shear()), matrices(Shear(keep_orientation=True))
    good = np.linalg.det(free) > 0
    np.testing.assert_array_equal(free[good], kept[good])
    assert (np.linalg.det(kept) > 0).all()


@pytest.mark.parametrize("bounds", [(1.0, -1.0), (0.0,), (0.0, np.inf), (np.nan, 1.0)])
def test_wrong_ranges(bounds):
    """They are refused by name."""
    with pytest.raises(ValueError, match="Shear: factor_range must be"):
        Shear(factor_range=bounds)


def test_in_the_plane_orientation_is_that_of_the_upper_left_block():
    """Two factors act on x and y, and the other four have no say in whether they mirror."""
    points = np.broadcast_to(np.eye(2)[None, None], (4_000, 1, 1, 2, 2)).copy()
    settings = {"factor_range": (-2.0, 2.0)}
    free, kept = (
        np.swapaxes(Shear(**settings, keep_orientation=keep)(points, seed=0)[:, 0, 0], 1, 2) for keep in (False, True)
    )
    good = np.linalg.det(free) > 0
    assert 0.1 < (~good).mean() < 0.4
    np.testing.assert_array_equal(free[good], kept[good])
    assert (np.linalg.det(kept) > 0).all()
