import numpy as np
import pytest

from skeleton_aug import Bones, Compose, Translate
from skeleton_aug.testing import random_sample


def test_convention_positive_distances_raise_coordinates():
    """x, y and z in this order; what is missing stays missing."""
    x = random_sample(np.random.default_rng(0), 2, 10, gaps="all", dtype="float64")
    y = Translate(x_range=(1, 1), y_range=(2, 2), z_range=(-3, -3))(x)
    np.testing.assert_allclose(y, np.where((x != 0).any(-1, keepdims=True), x + np.array([1, 2, -3]), 0))


def test_distances_are_uniform_and_independent():
    """One draw an axis, the same for all bodies and frames of a sample."""
    moved = Translate(x_range=(0, 1), y_range=(-1, 0), z_range=(-1, 1))(np.full((20_000, 2, 2, 1, 3), 5.0), seed=0) - 5
    np.testing.assert_array_equal(moved, moved[:, :1, :1].repeat(2, 1).repeat(2, 2))
    moved = moved[:, 0, 0, 0]
    np.testing.assert_allclose(moved.mean(0), [0.5, -0.5, 0], atol=0.02)
    np.testing.assert_allclose(moved.std(0), np.array([1, 1, 2]) / 12**0.5, rtol=0.03)
    assert np.abs(np.corrcoef(moved.T) - np.eye(3)).max() < 0.03


def test_bones_are_not_moved():
    """Joints move with or without bones behind them; bones alone stay."""
    x = random_sample(np.random.default_rng(0), 2, 10, dtype="float64")
    before, after = (Compose(t)(x, seed=1) for t in ([Translate(), Bones()], [Bones(), Translate()]))
    np.testing.assert_allclose(before, after, atol=1e-12)
    bones = Bones(channels="bone")
    np.testing.assert_array_equal(Compose([bones, Translate()])(x, seed=1), bones(x))


def test_in_the_plane():
    """Two-dimensional data has no z to move along, and a confidence stays."""
    y = Translate(x_range=(1, 1), y_range=(2, 2), z_range=(9, 9))(np.ones((1, 2, 4, 3)), channels="xyc")
    np.testing.assert_array_equal(y[0, 0, 0], [2, 3, 1])


@pytest.mark.parametrize("name", ["x_range", "y_range", "z_range"])
def test_wrong_ranges(name):
    """They are refused by name."""
    with pytest.raises(ValueError, match=f"Translate: {name} must be"):
        Translate(**{name: (0.1, -0.1)})
