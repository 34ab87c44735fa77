import numpy as np
import pytest

from skeleton_aug import Normalize, Rotate, get_skeleton
from skeleton_aug.testing import random_sample

BASIS = np.eye(3)[None, None]
STILL = (0.0, 0.0)


def matrices(transform, n=1):
    """Images of the three unit vectors are the columns of each sample's matrix."""
    points = np.broadcast_to(BASIS, (n, 1, 1, 3, 3)).copy()
    return np.swapaxes(transform(points, seed=0)[:, 0, 0], 1, 2)


def exactly(x=0.0, y=0.0, z=0.0):
    return Rotate(x_range=(x, x), y_range=(y, y), z_range=(z, z))


@pytest.mark.parametrize(
    ("angles", "expected"),
    [
        ({"x": 90}, [[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
        ({"y": 90}, [[0, 0, -1], [0, 1, 0], [1, 0, 0]]),
        ({"z": 90}, [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]),
    ],
)
def test_convention_right_handed_degrees(angles, expected):
    """90 about x takes y to z, about y z to x, about z x to y; rows are the images of x, y and z."""
    np.testing.assert_allclose(exactly(**angles)(BASIS)[0, 0], expected, atol=1e-12)


def test_convention_x_first_then_y_then_z_about_axes_that_stay():
    """R = Rz Ry Rx, a proper rotation."""
    one_by_one = [matrices(exactly(**{axis: angle}))[0] for axis, angle in (("x", 20), ("y", -50), ("z", 110))]
    together = matrices(exactly(20, -50, 110))[0]
    np.testing.assert_allclose(together, one_by_one[2] @ one_by_one[1] @ one_by_one[0], atol=1e-12)
    np.testing.assert_allclose(together @ together.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(together) > 0


def test_convention_the_default_turns_about_the_vertical_and_keeps_heights():
    """Sensor space has y up: heights and distances from the axis stay."""
    x = random_sample(np.random.default_rng(0), 2, 10, dtype="float64")
    y = Rotate()(x, seed=0)
    np.testing.assert_allclose(y[..., 1], x[..., 1], atol=1e-12)
    np.testing.assert_allclose(np.hypot(y[..., 0], y[..., 2]), np.hypot(x[..., 0], x[..., 2]))
    assert np.abs(y - x).max() > 0.01


def test_angles_are_uniform_on_both_sides_of_zero():
    """From one end of the range to the other, and no further."""
    a = matrices(Rotate(y_range=(-30, 10)), 20_000)
    angles = np.degrees(np.arctan2(a[:, 0, 2], a[:, 0, 0]))
    assert angles.min() >= -30
    assert angles.max() < 10
    np.testing.assert_allclose(np.quantile(angles, [0.01, 0.25, 0.5, 0.75, 0.99]), [-29.6, -20, -10, 0, 9.6], atol=0.7)


def test_three_axes_are_independent():
    """Small angles about all axes are not correlated."""
    a = matrices(Rotate(x_range=(-1, 1), y_range=(-1, 1), z_range=(-1, 1)), 20_000)
    angles = np.stack([a[:, 2, 1], a[:, 0, 2], a[:, 1, 0]])
    np.testing.assert_allclose(angles.std(1), np.radians(2 / 12**0.5), rtol=0.05)
    assert np.abs(np.corrcoef(angles) - np.eye(3)).max() < 0.03


def test_main_range_takes_one_axis_a_sample():
    """One of the three angles is large, each axis equally often, and the others keep their ranges."""
    small = {"x_range": (0, 1), "y_range": (0, 1), "z_range": (0, 1)}
    a = matrices(Rotate(**small, main_range=(20, 30)), 6_000)
    x, y, z = np.degrees(
        [np.arctan2(a[:, 2, 1], a[:, 2, 2]), np.arcsin(-a[:, 2, 0]), np.arctan2(a[:, 1, 0], a[:, 0, 0])]
    )
    large = np.array([x, y, z]) > 19.99
    np.testing.assert_array_equal(large.sum(0), 1)
    np.testing.assert_allclose(large.mean(1), 1 / 3, atol=0.02)
    assert np.array([x, y, z])[~large].max() <= 1
    assert np.array([x, y, z])[~large].min() >= 0


def test_normalize_undoes_it():
    """Whatever the rotation, the canonical orientation is the same."""
    v2 = get_skeleton("kinect_v2")
    x = random_sample(np.random.default_rng(1), 2, 10, v2.n_joints, dtype="float64")
    turned = Rotate(x_range=(-180, 180), y_range=(-180, 180), z_range=(-180, 180))(x, seed=4)
    np.testing.assert_allclose(Normalize()(turned), Normalize()(x), atol=1e-9)


def test_in_the_plane():
    """Two-dimensional data turns about z, and a confidence stays."""
    x = np.zeros((1, 1, 1, 3))
    x[...] = 1, 0, 0.7
    y = Rotate(y_range=STILL, z_range=(90, 90))(x, channels="xyc")
    np.testing.assert_allclose(y[0, 0, 0], [0, 1, 0.7], atol=1e-12)


@pytest.mark.parametrize(
    "settings", [{}, {"x_range": (1, 1), "y_range": STILL}, {"y_range": STILL, "main_range": STILL}]
)
def test_out_of_the_plane(settings):
    """Two-dimensional data cannot be tilted, and the error says what to do."""
    with pytest.raises(ValueError, match=r"Rotate: .*'xy' can be turned about z only.*Pass x_range=\(0, 0\)"):
        Rotate(**settings)(np.ones((1, 2, 3, 2)))


@pytest.mark.parametrize("name", ["x_range", "y_range", "z_range", "main_range"])
def test_wrong_ranges(name):
    """They are refused by name."""
    with pytest.raises(ValueError, match=f"Rotate: {name} must be"):
        Rotate(**{name: (1.0, -1.0)})
