import numpy as np
import pytest

from skeleton_aug import AxisMask
from skeleton_aug.testing import random_sample


def test_one_axis_of_the_whole_sample_goes():
    """The others stay bit for bit, and each axis is as likely."""
    x = np.stack([random_sample(np.random.default_rng(i), 2, 3) for i in range(1_500)])
    y = AxisMask()(x, seed=0)
    gone = (y == 0).all((1, 2, 3))
    np.testing.assert_array_equal(gone.sum(1), 1)
    np.testing.assert_allclose(gone.mean(0), 1 / 3, atol=0.04)
    np.testing.assert_array_equal(y, np.where(gone[:, None, None, None], 0, x))


@pytest.mark.parametrize("axes", ["x", "y", "z", "zx"])
def test_convention_axes(axes):
    """Only the axes that are named are lost."""
    y = AxisMask(axes=axes)(np.ones((200, 1, 1, 1, 3)), seed=0)[:, 0, 0, 0]
    assert set(np.flatnonzero((y == 0).any(0))) == {"xyz".index(axis) for axis in axes}


@pytest.mark.parametrize("gaps", ["none", "all"])
def test_no_joint_becomes_missing(gaps):
    """Joints on the axis that is lost end on the origin, a picometre beside it; what is missing stays so."""
    x = random_sample(np.random.default_rng(0), 2, 10, gaps=gaps)
    x[..., :2] = 0
    y = AxisMask(axes="z")(x)
    np.testing.assert_array_equal((y != 0).any(-1), (x != 0).any(-1))
    assert np.abs(y).max() <= 1e-12


def test_in_the_plane():
    """x or y is lost and the confidence stays; there is no z to lose."""
    y = AxisMask(axes="xy")(np.ones((100, 1, 1, 1, 3)), seed=0, channels="xyc")[:, 0, 0, 0]
    np.testing.assert_array_equal(y.sum(1), 2)
    np.testing.assert_array_equal(y[:, 2], 1)
    with pytest.raises(ValueError, match=r"AxisMask: samples .* 'xy' have no axis 'z'.* pass axes='xy'"):
        AxisMask()(np.ones((1, 2, 3, 2)))


@pytest.mark.parametrize("axes", ["", "xx", "xw", 0, ("x", "y")])
def test_wrong_axes(axes):
    """Each of x, y, z at most once, and at least one."""
    with pytest.raises(ValueError, match="AxisMask: axes must be some of"):
        AxisMask(axes=axes)
