import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from skeleton_aug import SKELETONS, Compose, Normalize, Resample, Samples, Shear, Skeleton
from skeleton_aug.batch import Batch
from skeleton_aug.operators import CenterFrames
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


def test_convention_upright_axes():
    """x to the body's left by the mean of all frames, z up as the sensor has it: the body leans as it did."""
    x = standing(4)
    x[0, :, SPINE] += [0.2, 0.0, 0.1]
    x[0, 0, LEFT, 2] += 0.3
    x[0, 1, LEFT, 2] -= 0.3
    x[0, 2, LEFT] = 0
    y = Normalize(rotation="upright")(x, seed=0)[0]
    np.testing.assert_allclose(y[:, SPINE, 2], 0.4, atol=1e-9)
    still = Normalize()(standing(1), seed=0)[0, 0]
    np.testing.assert_allclose(y[3, [LEFT, RIGHT]], still[[LEFT, RIGHT]], atol=1e-9)
    line = (y[[0, 1, 3], LEFT] - y[[0, 1, 3], RIGHT]).mean(0)
    assert line[0] > 0.5 and abs(line[1]) < 1e-9
    assert not y[2, LEFT].any()


def test_shoulders_above_each_other_stay_so():
    """Without a horizontal line there is no left, and the sensor's axes stay."""
    x = standing()
    x[:, :, LEFT], x[:, :, RIGHT] = [0.5, 1.0, 3.0], [0.5, 0.5, 3.0]
    np.testing.assert_allclose(Normalize(rotation="upright")(x, seed=0), x - x[:, :1, [BASE]], atol=1e-9)


def test_convention_legacy_axes():
    """The two-step rotation puts z up the spine and x to the body's right, so y to its front."""
    x = standing()
    x[0, :, 20] = [0.5, 0.9, 3.25]
    y = Normalize(rotation="legacy")(x, seed=0)[0, 0]
    np.testing.assert_allclose(y[BASE], 0, atol=1e-9)
    np.testing.assert_allclose(y[SPINE], [0, 0, 0.4], atol=1e-9)
    np.testing.assert_allclose(y[RIGHT], [0.3, 0, 0.9], atol=1e-9)
    np.testing.assert_allclose(y[20], [0, -0.25, 0.9], atol=1e-9)


def test_legacy_levels_the_shoulders_and_not_the_spine():
    """The second step puts the shoulder line on x exactly, and tilts the spine; the canonical one does the reverse."""
    x = standing()
    x[0, :, LEFT, 1] += 0.1
    legacy, canonical = Normalize(rotation="legacy")(x, seed=0)[0, 0], Normalize()(x, seed=0)[0, 0]
    line = legacy[RIGHT] - legacy[LEFT]
    np.testing.assert_allclose(line[1:], 0, atol=1e-9)
    assert line[0] > 0
    tilt = np.degrees(np.arccos(legacy[SPINE, 2] / np.linalg.norm(legacy[SPINE])))
    np.testing.assert_allclose(tilt, np.degrees(np.arctan(0.1 / 0.6)), atol=1e-6)
    np.testing.assert_allclose(canonical[SPINE, :2], 0, atol=1e-9)
    assert abs(canonical[LEFT, 2] - canonical[RIGHT, 2]) > 0.09


def test_legacy_leaves_opposite_directions():
    """No shortest way leads to the opposite direction: a spine along -z and shoulders along -x stay so."""
    x = standing()
    x[:, :, SPINE] = x[:, :, BASE] - [0, 0, 0.4]
    x[:, :, LEFT], x[:, :, RIGHT] = x[:, :, RIGHT].copy(), x[:, :, LEFT].copy()
    np.testing.assert_allclose(Normalize(rotation="legacy")(x, seed=0)[0, 0, SPINE], [0, 0, -0.4], atol=1e-9)
    np.testing.assert_allclose(Normalize(rotation="legacy")(x, seed=0), x - x[:, :1, [BASE]], atol=1e-9)


@pytest.mark.parametrize("center", ["sequence", "frame", "none"])
@pytest.mark.parametrize(
    ("measure", "length"), [("spine", 0.4), ("torso", 0.9), ("shoulders", 0.6)], ids=lambda value: str(value)
)
def test_convention_scale(center, measure, length):
    """The measure has the asked length in metres in the first valid frame; all frames grow alike."""
    x = standing()
    x[0, 2] += [0.0, 0.0, 0.5]
    y = Normalize(center=center, rotation="none", scale=0.3, measure=measure)(x, seed=0)
    np.testing.assert_allclose(np.diff(y[0], axis=1), np.diff(x[0], axis=1) * 0.3 / length, atol=1e-9)
    moved = {"sequence": 0.5 * 0.3 / length, "frame": 0.0, "none": 0.5 * 0.3 / length}
    np.testing.assert_allclose(y[0, 2, BASE, 2] - y[0, 0, BASE, 2], moved[center], atol=1e-9)


def test_a_body_without_size_keeps_it():
    """Where the measure is zero, nothing is scaled."""
    x = standing()
    x[:, :, SPINE] = x[:, :, BASE]
    np.testing.assert_allclose(Normalize(rotation="none", scale=1.0)(x, seed=0), x - x[:, :1, [BASE]], atol=1e-9)


def test_without_centring_the_sensor_stays_the_origin():
    """Rotation alone keeps distances to the sensor; with nothing to do the sample stays, bit for bit."""
    x = random_sample(np.random.default_rng(0), 2, 10, gaps="all", dtype="float64")
    y = Normalize(center="none")(x, seed=0)
    np.testing.assert_allclose(np.linalg.norm(y, axis=-1), np.linalg.norm(x, axis=-1), rtol=1e-12)
    np.testing.assert_array_equal(Normalize(center="none", rotation="none")(x, seed=0), x)


def test_convention_centring_every_frame():
    """The base of the first body that is there is the origin; later bodies keep their distance to it."""
    x = np.concatenate([standing(5), standing(5) + np.array([1.0, 0.0, 0.0])])
    x += np.arange(5)[:, None, None] * np.array([0.1, 0.0, 0.0])
    x[0, 2] = 0
    y = Normalize(center="frame", rotation="none")(x, seed=0)
    np.testing.assert_allclose(y[0, [0, 1, 3, 4], BASE], 0, atol=1e-9)
    np.testing.assert_allclose(y[1, [0, 1, 3, 4], BASE], [[1, 0, 0]] * 4, atol=1e-9)
    # Alone in its frame, the second body is the first that is there.
    np.testing.assert_allclose(y[1, 2, BASE], 0, atol=1e-9)
    assert not y[0, 2].any()


def test_frames_without_a_base_keep_the_last_origin():
    """A missing base takes the one before it, and at the beginning the first there is."""
    x = standing(5) + np.arange(5)[:, None, None] * np.array([0.1, 0.0, 0.0])
    x[0, [0, 3], BASE] = 0
    y = Normalize(center="frame", rotation="none")(x, seed=0)
    origins = [1, 1, 2, 2, 4]
    np.testing.assert_allclose(y[0, :, SPINE], x[0, :, SPINE] - [0.5, 0, 3] - np.outer(origins, [0.1, 0, 0]), atol=1e-9)
    assert not y[0, [0, 3], BASE].any()
    assert y[0, [1, 2, 4], BASE].any(-1).all()
    x[0, :, BASE] = 0
    np.testing.assert_array_equal(Normalize(center="frame", rotation="none")(x, seed=0), x)


def test_rotation_and_size_are_those_of_the_first_frame_when_every_frame_is_centred():
    """Centring every frame changes places only: up to an offset a frame, the result is that of the usual one."""
    x = random_sample(np.random.default_rng(0), 2, 10, dtype="float64")
    a, b = (Normalize(center=c, scale=0.5, measure="torso")(x, seed=0) for c in ("sequence", "frame"))
    np.testing.assert_allclose(a - a[:1, :, [BASE]], b, atol=1e-9)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
@pytest.mark.parametrize("center", ["sequence", "frame"])
def test_every_layout_stands_upright(skeleton, center):
    """The middle of the base joints is the origin, that of the spine joints lies on z, left shoulders at greater x."""
    x = random_sample(np.random.default_rng(1), 1, 6, skeleton.n_joints, dtype="float64")
    y = Normalize(center=center, skeleton=skeleton, scale=0.7)(x, seed=0)[0]
    base, spine = (y[:, list(skeleton.role(role))].mean(1) for role in ("base", "spine"))
    np.testing.assert_allclose(base[0] if center == "sequence" else base, 0, atol=1e-9)
    np.testing.assert_allclose(spine[0], [0, 0, 0.7], atol=1e-9)
    line = y[0, skeleton.role("left_shoulder")[0]] - y[0, skeleton.role("right_shoulder")[0]]
    assert line[0] > 0
    np.testing.assert_allclose(line[1], 0, atol=1e-9)


@pytest.mark.parametrize("channels", ["xy", "xyc"])
def test_in_the_plane(channels):
    """Centring and size need no depth; rotation does, and says so."""
    x = random_sample(np.random.default_rng(0), 1, 5, 17, channels=channels, dtype="float64")
    samples = Samples.from_arrays([x], channels=channels)
    with pytest.raises(ValueError, match=r"needs joint positions x, y, z, got channels 'xyc?'\. Pass rotation='none'"):
        Normalize(skeleton="coco_17")(samples, seed=0)
    y = Normalize(skeleton="coco_17", rotation="none", scale=2.0, center="frame")(samples, seed=0)[0, 0]
    hips, shoulders = y[:, 11:13, :2].mean(1), y[:, 5:7, :2].mean(1)
    np.testing.assert_allclose(hips, 0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(shoulders[0]), 2.0)
    np.testing.assert_array_equal(y[..., 2:], x[0, ..., 2:])


def test_centring_every_frame_within_a_pipeline():
    """What stands before and behind it is carried out in order; samples that are spared stay."""
    x = np.stack([random_sample(np.random.default_rng(i), 2, 30, gaps="all") for i in range(40)])
    behind = Normalize(center="frame", rotation="none")(Compose([Shear(), Resample()])(x, seed=4), seed=0)
    within = Compose([Shear(), Resample(), Normalize(center="frame", rotation="none")])(x, seed=4)
    for a, b in zip(behind, within, strict=True):
        np.testing.assert_array_equal(a, b)
    some = Normalize(center="frame", p=0.5)(x, seed=0)
    spared = (some == x).all(axis=(1, 2, 3, 4))
    assert 8 < spared.sum() < 32
    np.testing.assert_array_equal(some[~spared], Normalize(center="frame")(x, seed=0)[~spared])


WRONG = {
    "center": ({"center": "body"}, "center must be one of 'sequence', 'frame', 'none', got 'body'"),
    "rotation": ({"rotation": True}, "rotation must be one of 'canonical', 'legacy', 'upright', 'none', got True"),
    "measure": ({"scale": 1.0, "measure": "arm"}, "measure must be one of 'spine', 'torso', 'shoulders', got 'arm'"),
    "scale": ({"scale": 0.0}, "scale must be a length above 0 in metres, or None, got 0"),
    "infinite scale": ({"scale": np.inf}, "scale must be a length above 0"),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=WRONG)
def test_wrong_settings(settings, message):
    """Each message names the setting, what it may be, and what came."""
    with pytest.raises(ValueError, match=f"Normalize: {message}"):
        Normalize(**settings)


def test_a_skeleton_without_a_body_frame_is_refused():
    """The message names the role that is missing; each setting asks for those only that it needs."""
    skeleton = Skeleton("mine", ("a", "b"), (-1, 0), frame_joints={"base": 0})
    for settings in ({}, {"rotation": "none", "scale": 1.0}, {"rotation": "legacy"}):
        with pytest.raises(ValueError, match="which joint is the 'spine'"):
            Normalize(skeleton=skeleton, **settings)
    with pytest.raises(ValueError, match="which joint is the 'left_shoulder'"):
        Normalize(rotation="none", scale=1.0, measure="torso", skeleton=skeleton)
    x = np.full((1, 1, 2, 3), 0.5)
    x[0, 0, 1] = 2.0
    np.testing.assert_allclose(Normalize(rotation="none", skeleton=skeleton)(x)[0, 0, 1], 1.5)
    nothing = Skeleton("mine", ("a", "b"), (-1, 0))
    np.testing.assert_array_equal(Normalize(center="none", rotation="none", skeleton=nothing)(x), x)


def test_the_operator_refuses_joints_that_are_not_there():
    """The message says what there is; the operator survives being saved and cut."""
    x = np.stack([random_sample(np.random.default_rng(i), 1, 4) for i in range(2)])
    batch = Batch(Samples.from_arrays(x))
    for joints in ([25], [-1], []):
        with pytest.raises(ValueError, match=r"CenterFrames: joints must name some of 0\.\.24, got"):
            batch.add(CenterFrames(np.array(joints, np.int64), np.ones(2, bool)))
    with pytest.raises(ValueError, match=r"active must have shape \(2,\)"):
        batch.add(CenterFrames(np.array([0]), np.ones(3, bool)))
    operator = CenterFrames(np.array([0, 1]), np.array([True, False]))
    again = CenterFrames.from_dict(json.loads(json.dumps(operator.to_dict())))
    done, cut = again.run(Samples.from_arrays(x)), operator.part(slice(1, 2)).run(Samples.from_arrays(x[1:]))
    np.testing.assert_allclose(done.to_arrays()[0][0, :, :2].mean(1), 0, atol=1e-6)
    for result in (done.to_arrays()[1], cut.to_arrays()[0]):
        np.testing.assert_array_equal(result, x[1])
