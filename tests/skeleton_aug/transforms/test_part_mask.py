import numpy as np
import pytest

from skeleton_aug import SKELETONS, PartMask
from skeleton_aug.testing import random_sample


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_whole_parts_go_and_the_rest_stays(skeleton, count):
    """All joints of so many parts in all frames and bodies; every part has its turn."""
    x = np.stack([random_sample(np.random.default_rng(i), 2, 3, skeleton.n_joints) for i in range(40)])
    y = PartMask(skeleton=skeleton, count_range=(count, count))(x, seed=0)
    gone = (y == 0).all((1, 2, 4))
    np.testing.assert_array_equal(y, np.where(gone[:, None, None, :, None], 0, x))
    parts = np.stack([gone[:, at].all(1) for at in skeleton.parts.values()], 1)
    np.testing.assert_array_equal(parts.sum(1), count)
    np.testing.assert_array_equal(gone.sum(1), parts @ [len(at) for at in skeleton.parts.values()])
    assert parts.any(0).all() == (count > 0)


def test_parts_are_equally_likely():
    """Small and large ones alike."""
    gone = PartMask()(np.ones((5_000, 1, 1, 25, 3)), seed=0)[:, 0, 0, :, 0] == 0
    np.testing.assert_allclose(gone[:, [4, 8, 12, 16, 0]].mean(0), 0.2, atol=0.02)


def test_wrong_settings():
    """More parts than there are, counts the wrong way round, and a layout of another size."""
    with pytest.raises(ValueError, match=r"PartMask: count_range must not exceed the 5 parts left_arm.*'kinect_v2'"):
        PartMask(count_range=(1, 6))
    with pytest.raises(ValueError, match="PartMask: count_range must be"):
        PartMask(count_range=(2, 1))
    with pytest.raises(ValueError, match=r"PartMask: expected \(M, T, V, C\) with V=25"):
        PartMask()(np.ones((1, 2, 20, 3)))
