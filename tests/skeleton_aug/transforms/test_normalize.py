import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from skeleton_aug import SKELETONS, Normalize, Skeleton
from skeleton_aug.testing import random_sample

BASE, SPINE, LEFT, RIGHT = 0, 1, 4, 8


def standing(n_frames=3):
    """A body three metres before the sensor that faces it: y up, so its left lies at smaller x."""
    x = np.zeros((1, n_frames, 25, 3))
    x[..., 2] = 3
    x[:, :, :, 1] = np.linspace(0.2, 1.2, 25)
    x[:, :, BASE] = [0.5, 0.0, 3.0]
    x[:, :, SPINE] = [0.5, 0.4, 3.0]
    x[:, :, LEFT] = [0.2, 0.9, 3.0]
    x[:, :, RIGHT] = [0.8, 0.9, 3.0]
    return x


def test_convention_axes():
    """Origin at the base of the spine, z up along it, x to the body's left, y to its back, right-handed."""
    x = standing()
    x[0, :, 20] = [0.5, 0.9, 3.25]
    y = Normalize()(x, seed=0)[0, 0]
    np.testing.assert_allclose(y[BASE], 0, atol=1e-9)
    np.testing.assert_allclose(y[SPINE], [0, 0, 0.4], atol=1e-9)
    np.testing.assert_allclose(y[LEFT], [0.3, 0, 0.9], atol=1e-9)
    np.testing.assert_allclose(y[RIGHT], [-0.3, 0, 0.9], atol=1e-9)
    # Facing the sensor, away from it is the body's back.
    np.testing.assert_allclose(y[20], [0, 0.25, 0.9], atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_a_turned_and_moved_body_comes_out_the_same(seed):
    """Rigid motion of the whole sample does not change the result; the spine is on z exactly."""
    x = random_sample(np.random.default_rng(seed), 2, 20, dtype="float64")
    turn = Rotation.random(random_state=np.random.default_rng(seed)).as_matrix()
    moved = x @ turn.T + [1.0, -2.0, 3.0]
    y = Normalize()(x, seed=0)
    np.testing.assert_allclose(Normalize()(moved, seed=0), y, atol=1e-9)
    np.testing.assert_allclose(y[0, 0, SPINE, :2], 0, atol=1e-12)
    assert y[0, 0, SPINE, 2] > 0
    assert y[0, 0, LEFT, 0] > y[0, 0, RIGHT, 0]


def test_one_motion_for_all_frames_and_bodies():
    """Distances between any two points of the sample stay."""
    x = random_sample(np.random.default_rng(0), 2, 10, dtype="float64")
    y = Normalize()(x, seed=0)
    for a, b in ((x[0, 0], y[0, 0]), (x[1, 5], y[1, 5]), (x[0, 9], y[0, 9])):
        np.testing.assert_allclose(np.linalg.norm(a - x[0, 2], axis=-1), np.linalg.norm(b - y[0, 2], axis=-1))


def test_centring_only():
    """Without rotation the first valid base is subtracted."""
    x = random_sample(np.random.default_rng(0), 2, 10, dtype="float64")
    x[0, :3, BASE] = 0
    y = Normalize(rotation="none")(x, seed=0)
    present = (x != 0).any(-1)
    np.testing.assert_allclose(y[present], (x - x[0, 3, BASE])[present], atol=1e-11)
    assert not y[~present].any()


def test_the_frame_is_taken_where_all_its_joints_are():
    """Empty frames, frames that lack a shoulder and an absent first body are passed over."""
    x = np.concatenate([np.zeros_like(standing(6)), standing(6)])
    x[1, 0] = 0
    x[1, 1, LEFT] = 0
    x[1, 2:] += [1.0, 0.0, 0.0]
    y = Normalize()(x, seed=0)
    np.testing.assert_allclose(y[1, 2, BASE], 0, atol=1e-9)
    np.testing.assert_allclose(y[1, 1, BASE], [1, 0, 0], atol=1e-9)
    assert not y[0].any()


@pytest.mark.parametrize("case", ["no shoulder", "no direction", "shoulders along the spine"])
def test_without_a_direction_it_only_centres(case):
    """Where the body does not say how it stands, the sensor's axes stay."""
    x = standing()
    if case == "no shoulder":
        x[:, :, LEFT] = 0
    elif case == "no direction":
        x[:, :, SPINE] = x[:, :, BASE]
    else:
        x[:, :, LEFT] = [0.5, 1.0, 3.0]
        x[:, :, RIGHT] = [0.5, 0.5, 3.0]
    np.testing.assert_allclose(Normalize()(x, seed=0)[0, 0, RIGHT], x[0, 0, RIGHT] - x[0, 0, BASE], atol=1e-9)


def test_the_centred_joint_stays_present():
    """The base of the spine lies at the origin and is still told from a missing joint."""
    y = Normalize()(standing().astype(np.float32), seed=0)
    assert y[0, :, BASE].any(-1).all()
    assert np.abs(y[0, :, BASE]).max() < 1e-6


def test_a_skeleton_without_a_frame_is_refused():
    """The message names the role that is missing; centring needs the base only."""
    with pytest.raises(ValueError, match="which joint is the 'spine'"):
        Normalize(skeleton=Skeleton("mine", ("a", "b"), (-1, 0), frame_joints={"base": 0}))
    Normalize(rotation="none", skeleton=Skeleton("mine", ("a", "b"), (-1, 0), frame_joints={"base": 0}))
    assert all(Normalize(skeleton=s) for s in SKELETONS.values())
