import numpy as np
import pytest

from skeleton_aug import SKELETONS, Bones
from skeleton_aug.testing import random_sample


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
@pytest.mark.parametrize("gaps", ["none", "all"])
def test_convention_a_bone_points_from_parent_to_joint(skeleton, gaps):
    """Joint minus parent; zero at the root and where an end is missing."""
    x = random_sample(np.random.default_rng(0), 2, 20, skeleton.n_joints, gaps=gaps)
    y = Bones(skeleton=skeleton)(x, seed=0)
    np.testing.assert_array_equal(y[..., :3], x)
    np.testing.assert_array_equal(Bones(skeleton=skeleton, channels="bone")(x, seed=0), y[..., 3:])
    assert not y[:, :, skeleton.center, 3:].any()
    there = (x != 0).any(-1)
    for joint, parent in skeleton.edges:
        both = (there[:, :, joint] & there[:, :, parent])[..., None]
        expected = np.where(both, x[:, :, joint] - x[:, :, parent], 0)
        np.testing.assert_array_equal(y[:, :, joint, 3:], expected)


def test_wrong_settings():
    """Channels are named, p is 1, and bones are made from positions."""
    with pytest.raises(ValueError, match="Bones: channels must be"):
        Bones(channels="both")
    with pytest.raises(ValueError, match=r"p must be 1, got 0\.5"):
        Bones(p=0.5)
    with pytest.raises(ValueError, match="C = 3"):
        Bones()(np.ones((1, 5, 25, 6)), seed=0)
