import numpy as np
import pytest

from skeleton_aug import SKELETONS, Bones, Compose, Mirror, Normalize, Skeleton, get_skeleton
from skeleton_aug.testing import random_sample
from tests.skeleton_aug.reference import pipeline as reference

LOPSIDED = Skeleton("lopsided", ("hip", "left", "right"), (-1, 0, 1), ((1, 2),))


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
def test_convention_a_sign_and_an_exchange(skeleton):
    """x changes its sign and left joints change places with right ones; nothing else changes."""
    x = random_sample(np.random.default_rng(0), 2, 5, skeleton.n_joints)
    y = Mirror(skeleton=skeleton)(x)
    for joint, name in enumerate(skeleton.joints):
        sides = {"left": "right", "right": "left"}
        other = skeleton.joints.index("_".join(sides.get(word, word) for word in name.split("_")))
        np.testing.assert_array_equal(y[:, :, other], x[:, :, joint] * np.float32([-1, 1, 1]))


def test_convention_left_stays_left_of_right():
    """A person who faces the sensor still does: the left shoulder of the image is on the side where it was."""
    v2 = get_skeleton("kinect_v2")
    left, right = v2.joints.index("left_shoulder"), v2.joints.index("right_shoulder")
    x = np.ones((1, 1, 25, 3))
    x[..., left, 0], x[..., right, 0] = 0.3, -0.1
    y = Mirror()(x)[0, 0]
    assert y[left].tolist() == [0.1, 1, 1]
    assert y[right].tolist() == [-0.3, 1, 1]


def test_convention_x_is_lateral_after_normalize_too():
    """Up to the origin and rounding, mirroring and taking the canonical orientation may change places."""
    x = random_sample(np.random.default_rng(0), 2, 10, dtype="float64")
    a, b = (Compose(t)(x) for t in ([Mirror(), Normalize()], [Normalize(), Mirror()]))
    np.testing.assert_allclose(a, b, atol=1e-9)


@pytest.mark.parametrize("skeleton", ["kinect_v2", "coco_17"])
def test_twice_is_nothing(skeleton):
    """The mirror image of the mirror image, bit for bit."""
    n_joints = get_skeleton(skeleton).n_joints
    x = random_sample(np.random.default_rng(0), 2, 10, n_joints, gaps="all")
    np.testing.assert_array_equal(Compose([Mirror(skeleton=skeleton)] * 2)(x), x)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
def test_before_and_after_bones_in_one_pass(skeleton):
    """The layouts' trees are symmetric, so bones of the image are images of the bones."""
    x = random_sample(np.random.default_rng(0), 2, 10, skeleton.n_joints, gaps="all")
    for pipeline in (
        [Mirror(skeleton=skeleton), Bones(skeleton=skeleton)],
        [Bones(skeleton=skeleton), Mirror(skeleton=skeleton)],
    ):
        plan = Compose(pipeline).plan([x])
        assert len(plan.stages) == 1
        np.testing.assert_allclose(plan.apply([x])[0], reference.run(Compose(pipeline), [x], seed=0)[0], atol=1e-6)


def test_before_and_after_bones_of_a_tree_that_is_not_symmetric():
    """There the order matters: bones are those of the image, in a pass of their own, or images of the bones."""
    x = random_sample(np.random.default_rng(0), 1, 3, 3, dtype="float64")
    mirror, bones = Mirror(skeleton=LOPSIDED), Bones(skeleton=LOPSIDED, channels="bone")
    hip, left, right = np.moveaxis(x, 2, 0) * [-1, 1, 1]
    first, last = Compose([mirror, bones]), Compose([bones, mirror])
    np.testing.assert_allclose(first(x), np.stack([0 * hip, right - hip, left - right], 2), atol=1e-12)
    np.testing.assert_allclose(last(x), np.stack([0 * hip, right - left, left - hip], 2), atol=1e-12)
    assert len(first.plan([x]).stages) == 2


def test_half_of_the_samples():
    """p counts them; both halves of the transform act on the same samples."""
    x = np.stack([random_sample(np.random.default_rng(0), 1, 1)] * 2_000)
    y = Mirror(p=0.5)(x, seed=0)
    whole = Mirror()(x)
    done = (y == whole).all((1, 2, 3, 4))
    np.testing.assert_array_equal(y[~done], x[~done])
    assert abs(done.mean() - 0.5) < 0.05


def test_in_the_plane():
    """Two coordinates and a confidence, which goes with its joint."""
    x = random_sample(np.random.default_rng(0), 1, 4, 17)
    y = Mirror(skeleton="coco_17")(x, channels="xyc")
    np.testing.assert_array_equal(y[:, :, 9], x[:, :, 10] * np.float32([-1, 1, 1]))
    with pytest.raises(ValueError, match=r"Mirror: samples .* 'xy' have no axis 'z'"):
        Mirror(axis="z")(np.ones((1, 2, 25, 2)))


def test_wrong_settings():
    """An axis that there is not, a layout of the wrong size, and one that has no sides, each says so."""
    with pytest.raises(ValueError, match="Mirror: axis must be 'x', 'y' or 'z', got 'w'"):
        Mirror(axis="w")
    with pytest.raises(ValueError, match=r"Mirror: expected \(M, T, V, C\) with V=25"):
        Mirror()(np.ones((1, 2, 20, 3)))
    with pytest.raises(ValueError, match="Mirror: skeleton 'stick' does not say which joints are left and right"):
        Mirror(skeleton=Skeleton("stick", ("low", "high"), (-1, 0)))
