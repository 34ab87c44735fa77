import numpy as np
import pytest

from skeleton_aug import SKELETONS, SideDrop
from skeleton_aug.testing import random_sample


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
def test_convention_a_whole_side_goes_and_the_rest_stays(skeleton):
    """Either all joints of the left or all of the right, in all frames and bodies; trunk and head are untouched."""
    x = np.stack([random_sample(np.random.default_rng(i), 2, 5, skeleton.n_joints) for i in range(20)])
    sides = set()
    for a, b in zip(x, SideDrop(skeleton=skeleton)(x, seed=0), strict=True):
        gone = (b == 0).all(axis=(0, 1, 3))
        side = tuple(np.flatnonzero(gone).tolist())
        assert side in (tuple(sorted(skeleton.left)), tuple(sorted(skeleton.right)))
        np.testing.assert_array_equal(a[:, :, ~gone], b[:, :, ~gone])
        assert not np.signbit(b[:, :, gone]).any()
        sides.add(side)
    assert len(sides) == 2


def test_sides_are_equally_likely():
    """p counts the drops, half of them left."""
    y = SideDrop(p=0.5)(np.ones((10_000, 1, 1, 25, 3), np.float32), seed=0)[:, 0, 0, :, 0]
    left, right = (y[:, 4] == 0), (y[:, 8] == 0)
    assert not (left & right).any()
    assert abs(left.mean() - 0.25) < 0.02
    assert abs(right.mean() - 0.25) < 0.02
