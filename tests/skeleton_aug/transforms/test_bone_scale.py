import numpy as np
import pytest

from skeleton_aug import SKELETONS, Bones, BoneScale, Compose, get_skeleton
from skeleton_aug.testing import random_sample


def lengths(x, skeleton):
    """Bone lengths, (..., edges)."""
    joints, parents = np.array(skeleton.edges).T
    return np.linalg.norm(x[..., joints, :] - x[..., parents, :], axis=-1)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
def test_convention_lengths_change_and_directions_stay(skeleton):
    """One factor a bone for all bodies and frames, within the range; the root stays; bones keep their directions."""
    x = random_sample(np.random.default_rng(0), 2, 20, skeleton.n_joints, dtype="float64")
    y = BoneScale(factor_range=(0.5, 2.0), skeleton=skeleton)(x, seed=0)
    np.testing.assert_array_equal(y[:, :, skeleton.center], x[:, :, skeleton.center])
    factors = lengths(y, skeleton) / lengths(x, skeleton)
    np.testing.assert_allclose(factors, np.broadcast_to(factors[0, 0], factors.shape), rtol=1e-9)
    assert factors.min() >= 0.5
    assert factors.max() < 2.0
    bones = Bones(channels="bone", skeleton=skeleton)
    a, b = bones(x, seed=0), bones(y, seed=0)
    np.testing.assert_allclose(np.cross(a, b), 0, atol=1e-12)
    assert ((a * b).sum(-1) >= 0).all()


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
def test_left_is_right(skeleton):
    """Both bones of a pair have one factor with ``symmetric``, and two without."""
    x = random_sample(np.random.default_rng(0), 1, 1, skeleton.n_joints, dtype="float64")
    parents = np.array(skeleton.parents)

    def factor(symmetric, joint):
        y = BoneScale(symmetric=symmetric, skeleton=skeleton)(x, seed=0)[0, 0]
        return (y[joint] - y[parents[joint]])[0] / (x[0, 0, joint] - x[0, 0, parents[joint]])[0]

    for left, right in skeleton.mirror_pairs:
        assert factor(True, left) == pytest.approx(factor(True, right))
        assert factor(False, left) != pytest.approx(factor(False, right))


def test_a_missing_joint_hands_on_the_shift_of_its_ancestor():
    """Without its elbow, the wrist moves as the shoulder does, and what hangs on the wrist with it."""
    skeleton = get_skeleton("kinect_v2")
    shoulder, elbow, wrist, hand = (skeleton.joints.index(f"left_{j}") for j in ("shoulder", "elbow", "wrist", "hand"))
    x = random_sample(np.random.default_rng(0), 1, 5, dtype="float64")
    x[:, :, elbow] = 0
    y = BoneScale(factor_range=(0.5, 2.0))(x, seed=0)
    shift = y - x
    assert not y[:, :, elbow].any()
    assert shift[:, :, shoulder].all()
    np.testing.assert_allclose(shift[:, :, wrist], shift[:, :, shoulder])
    whole = BoneScale(factor_range=(0.5, 2.0))(random_sample(np.random.default_rng(0), 1, 5, dtype="float64"), seed=0)
    np.testing.assert_allclose(y[:, :, hand] - y[:, :, wrist], whole[:, :, hand] - whole[:, :, wrist])


def test_a_missing_root_leaves_its_children():
    """Bones at a joint that is missing have no length that could change."""
    x = random_sample(np.random.default_rng(0), 1, 5, dtype="float64")
    x[:, :, 20] = 0
    y = BoneScale(factor_range=(0.5, 2.0))(x, seed=0)
    np.testing.assert_array_equal(y[:, :, [20, 1, 2, 4, 8]], x[:, :, [20, 1, 2, 4, 8]])
    assert (y[:, :, 0] != x[:, :, 0]).any()


def test_plane_data_and_confidence():
    """Two coordinates are moved as three are, and a confidence stays."""
    x = random_sample(np.random.default_rng(0), 1, 5, 17, dtype="float64")
    flat = BoneScale(skeleton="coco_17")(np.ascontiguousarray(x[..., :2]), seed=0)
    scored = np.concatenate([x[..., :2], np.full((1, 5, 17, 1), 0.5)], -1)
    scored = BoneScale(skeleton="coco_17")(scored, seed=0, channels="xyc")
    np.testing.assert_allclose(flat, BoneScale(skeleton="coco_17")(x, seed=0)[..., :2])
    np.testing.assert_array_equal(scored[..., 2], 0.5)
    np.testing.assert_allclose(scored[..., :2], flat)


def test_a_joint_on_the_origin_stays_present():
    """A joint that would land on zeros is written a picometre beside them."""
    x = np.zeros((1, 1, 25, 3))
    x[:, :, :, 0] = 1.0
    x[0, 0, 1, 0] = 0.5
    y = BoneScale(factor_range=(2.0, 2.0))(x, seed=0)[0, 0, 1]
    assert 0 < y[0] < 1e-11


def test_wrong_settings():
    """Factors are positive, the joints are the skeleton's, and they are positions."""
    with pytest.raises(ValueError, match="BoneScale: factor_range must be"):
        BoneScale(factor_range=(0.0, 1.0))
    with pytest.raises(ValueError, match="Unknown skeleton"):
        BoneScale(skeleton="octopus")
    with pytest.raises(ValueError, match="V=25 for skeleton 'kinect_v2', got V=20"):
        BoneScale()(np.ones((1, 2, 20, 3)), seed=0)
    with pytest.raises(ValueError, match="Bones are scaled in joint positions"):
        Compose([Bones(), BoneScale()])(np.ones((1, 2, 25, 3)), seed=0)
