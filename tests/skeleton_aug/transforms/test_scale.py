import numpy as np
import pytest

from skeleton_aug import Bones, Compose, Scale
from skeleton_aug.testing import random_sample


def test_convention_coordinates_are_multiplied():
    """About the origin: 2 doubles every coordinate of all bodies, joints and frames."""
    x = random_sample(np.random.default_rng(0), 2, 10, gaps="all")
    np.testing.assert_array_equal(Scale(factor_range=(2, 2))(x), 2 * x)


def test_one_factor_or_one_an_axis():
    """Factors are uniform over their range; by default the same for all axes, else independent."""
    x = np.ones((20_000, 1, 1, 1, 3))
    same = Scale()(x, seed=0)[:, 0, 0, 0]
    np.testing.assert_array_equal(same[:, :1].repeat(3, 1), same)
    apart = Scale(per_axis=True)(x, seed=0)[:, 0, 0, 0]
    assert np.abs(np.corrcoef(apart.T) - np.eye(3)).max() < 0.03
    for factors in (same, apart):
        assert factors.min() >= 0.8
        assert factors.max() < 1.2
        np.testing.assert_allclose(factors.mean(0), 1, atol=0.01)
        np.testing.assert_allclose(factors.std(0), 0.4 / 12**0.5, rtol=0.03)


def test_bones_grow_with_the_joints():
    """The same before and after bones are made."""
    x = random_sample(np.random.default_rng(0), 2, 10, dtype="float64")
    before, after = (Compose(t)(x, seed=1) for t in ([Scale(per_axis=True), Bones()], [Bones(), Scale(per_axis=True)]))
    np.testing.assert_allclose(before, after, atol=1e-12)


def test_a_confidence_stays():
    """Only coordinates are scaled."""
    np.testing.assert_array_equal(Scale(factor_range=(3, 3))(np.ones((1, 2, 4, 3)), channels="xyc")[0, 0, 0], [3, 3, 1])


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 1.0), (1.2, 0.8), 0.2])
def test_wrong_ranges(bounds):
    """Factors are above zero, since what has no size is not there."""
    with pytest.raises(ValueError, match="Scale: factor_range must be"):
        Scale(factor_range=bounds)
