import numpy as np
import pytest

from skeleton_aug import Bones, Compose, KinectNoise, Motion
from skeleton_aug.operators.noise import JointNoise


def deviations(depth, scale=1.0):
    """Standard deviations of x, y and z of joints at this depth."""
    x = np.zeros((4, 1, 300, 25, 3))
    x[..., 0], x[..., 2] = 0.1, depth
    return (KinectNoise(scale_range=(scale, scale))(x, seed=0) - x).std(axis=(0, 1, 2, 3))


@pytest.mark.parametrize("depth", [0.4, 1.0, 2.0, 3.0, 4.5])
def test_convention_metres_and_depth_along_z(depth):
    """Nguyen et al.: 0.0012 + 0.0019 (z - 0.4)^2 along the axis, 0.8 pixels of 585 a metre across it."""
    across, along = 0.8 / 585 * depth, 0.0012 + 0.0019 * (depth - 0.4) ** 2
    np.testing.assert_allclose(deviations(depth), [across, across, along], rtol=0.03)


def test_at_three_metres():
    """The numbers that the description gives, in millimetres."""
    np.testing.assert_array_equal(np.rint(1000 * deviations(3.0)), [4, 4, 14])


def test_nearer_than_a_sensor_measures():
    """Depths below 0.4 metres count as that, also negative ones."""
    np.testing.assert_allclose(deviations(0.1), deviations(0.4), rtol=1e-6)
    np.testing.assert_allclose(deviations(-2.0), deviations(0.4), rtol=1e-6)


def test_the_factor_scales_both():
    """Twice the factor is twice the noise."""
    np.testing.assert_allclose(deviations(2.0, 2.0), 2 * deviations(2.0), rtol=1e-6)


def test_each_joint_has_its_own_depth():
    """Near joints of a frame get less noise than far ones, whether or not others are missing."""
    x = np.ones((4, 1, 200, 25, 3))
    x[..., 2] = np.linspace(0.5, 4.5, 25)
    for gap in (False, True):
        x[:, :, ::3, 12] *= not gap
        std = (KinectNoise(scale_range=(1, 1))(x, seed=0) - x)[..., 2].std(axis=(0, 1, 2))
        assert np.corrcoef(std, 0.0012 + 0.0019 * (np.linspace(0.5, 4.5, 25) - 0.4) ** 2)[0, 1] > 0.99


@pytest.mark.parametrize("before", [Bones(), Bones(channels="bone"), Motion(), Motion(channels="joint+motion")])
def test_it_needs_positions(before):
    """Bones and motion have no depth."""
    with pytest.raises(ValueError, match="needs joint positions with a depth"):
        Compose([before, KinectNoise()])(np.ones((1, 5, 25, 3)), seed=0)


def test_it_needs_a_depth():
    """Two-dimensional data is refused; the operator does without a depth where nothing grows with it."""
    with pytest.raises(ValueError, match="channels 'xyz' or 'xyzc', got C = 2 of 'xy'"):
        KinectNoise()(np.ones((1, 5, 17, 2)), seed=0)
    assert not JointNoise(np.zeros(2, np.uint64), np.ones((2, 2)), np.ones((2, 2))).where(np.zeros(2, bool)).axial.any()


def test_wrong_ranges():
    """They are refused by name."""
    with pytest.raises(ValueError, match="KinectNoise: scale_range must be"):
        KinectNoise(scale_range=(-1.0, 1.0))
