import numpy as np
import pytest

from skeleton_aug import Bones, Compose, Motion, Normalize, OneOf
from skeleton_aug.testing import random_sample


def walk(gaps="none", **settings):
    return random_sample(np.random.default_rng(0), 2, 20, gaps=gaps, dtype="float64", **settings)


def test_convention_the_next_frame_minus_this_one():
    """Motion looks forward; the last frame is zero, and the last two of an acceleration."""
    x = walk()
    motion, acceleration = Motion()(x), Motion(channels="acceleration")(x)
    np.testing.assert_allclose(motion[:, :-1], np.diff(x, axis=1))
    np.testing.assert_allclose(acceleration[:, :-2], np.diff(x, 2, axis=1))
    assert not motion[:, -1].any()
    assert not acceleration[:, -2:].any()


@pytest.mark.parametrize("before", [Compose([]), Bones(), Bones(channels="bone")], ids=["joint", "both", "bone"])
@pytest.mark.parametrize("gaps", ["none", "joints", "all"])
def test_channels_stand_in_the_order_of_their_names(before, gaps):
    """All of what there was, then all of its motion, then all of its acceleration."""
    x = walk(gaps)
    parts = {name: Compose([before, Motion(channels=name)])(x) for name in ("motion", "acceleration")}
    parts["joint"] = before(x)
    for names in ("joint+motion", "motion+acceleration", "joint+acceleration", "joint+motion+acceleration"):
        y = Compose([before, Motion(channels=names)])(x)
        np.testing.assert_array_equal(y, np.concatenate([parts[name] for name in names.split("+")], axis=-1))


def test_missing_where_a_frame_that_takes_part_is_missing():
    """A joint that is gone in one frame has no motion in it and before it, no acceleration two frames before it."""
    x = walk()
    x[:, 10, 3] = 0
    motion, acceleration = Motion()(x)[:, :, 3], Motion(channels="acceleration")(x)[:, :, 3]
    assert np.flatnonzero(~motion.any((0, 2))).tolist() == [9, 10, 19]
    assert np.flatnonzero(~acceleration.any((0, 2))).tolist() == [8, 9, 10, 18, 19]
    assert Motion()(x)[:, 9:11, 4].all()


def test_a_confidence_is_the_mean_of_both():
    """As that of a bone; an acceleration, the motion of a motion, has the mean of theirs."""
    x = np.concatenate([walk(n_joints=17)[..., :2], np.random.default_rng(1).random((2, 20, 17, 1))], axis=-1)
    motion = Motion()(x, channels="xyc")
    np.testing.assert_allclose(motion[:, :-1, :, 2], (x[:, 1:, :, 2] + x[:, :-1, :, 2]) / 2)
    np.testing.assert_allclose(motion[:, :-1, :, :2], np.diff(x[..., :2], axis=1))
    twice = Motion(channels="acceleration")(x, channels="xyc")
    np.testing.assert_allclose(twice[:, :-2, :, 2], (motion[:, 1:-1, :, 2] + motion[:, :-2, :, 2]) / 2)
    assert not twice[:, -2:].any()


@pytest.mark.parametrize("n_frames", [1, 2, 3])
@pytest.mark.parametrize("channels", ["motion", "acceleration", "joint+motion+acceleration"])
def test_short_samples(n_frames, channels):
    """Samples shorter than a difference have none, and keep their frames."""
    x = walk()[:, :n_frames]
    y = Motion(channels=channels)(x)
    times = len(channels.split("+"))
    assert y.shape == (2, n_frames, 25, 3 * times)
    assert y[..., -3:].any() == (n_frames > (1 if channels == "motion" else 2))


def test_what_follows_knows_that_positions_are_gone():
    """An offset moves joints that are still there, not their motion; bones are made before."""
    x = walk()
    canonical = Normalize()(x)
    y = Compose([Motion(channels="joint+motion"), Normalize()])(x)
    np.testing.assert_allclose(y[..., :3], canonical, atol=1e-9)
    np.testing.assert_allclose(y[..., 3:], Motion()(canonical), atol=1e-9)
    with pytest.raises(ValueError, match="Bones are made from joint positions"):
        Compose([Motion(channels="joint+motion"), Bones()])(x)
    with pytest.raises(ValueError, match="of differences"):
        Compose([Motion(), Bones()])(x)


def test_wrong_settings():
    """Channels are named, and all samples have them."""
    with pytest.raises(ValueError, match=r"Motion: channels must be one of 'motion', .*, got 'speed'"):
        Motion(channels="speed")
    with pytest.raises(ValueError, match=r"p must be 1, got 0\.5"):
        Motion(p=0.5)
    with pytest.raises(ValueError, match="changes the number of channels"):
        OneOf([Motion(), Normalize()])(walk(), seed=0)
