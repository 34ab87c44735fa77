from collections import Counter

import numpy as np
import pytest

from skeleton_aug import Bones, Compose, JointMask
from skeleton_aug.testing import random_sample


def test_so_many_joints_go_in_all_frames_and_bodies():
    """Exactly k different joints, and the rest stays bit for bit."""
    x = np.stack([random_sample(np.random.default_rng(i), 2, 5) for i in range(50)])
    y = JointMask(count_range=(7, 7))(x, seed=0)
    gone = (y == 0).all((1, 2, 4))
    np.testing.assert_array_equal(gone.sum(1), 7)
    np.testing.assert_array_equal(y, np.where(gone[:, None, None, :, None], 0, x))


def test_all_numbers_and_all_sets_are_equally_likely():
    """Both ends of the range are reached; of 4 joints each of 6 pairs goes as often."""
    gone = JointMask(count_range=(1, 3))(np.ones((9_000, 1, 1, 4, 3)), seed=0)[:, 0, 0, :, 0] == 0
    np.testing.assert_allclose(np.bincount(gone.sum(1)) / len(gone), [0, 1 / 3, 1 / 3, 1 / 3], atol=0.02)
    pairs = Counter(map(tuple, gone[gone.sum(1) == 2]))
    assert len(pairs) == 6
    np.testing.assert_allclose(np.array(list(pairs.values())) / pairs.total(), 1 / 6, atol=0.03)


def test_none_and_all():
    """0 leaves everything and V leaves nothing."""
    x = np.ones((2, 3, 4, 3))
    np.testing.assert_array_equal(JointMask(count_range=(0, 0))(x), x)
    assert not JointMask(count_range=(4, 4))(x).any()


def test_before_bones_neighbours_go_too_and_after_them_only_the_joint():
    """A bone needs both ends when it is made."""
    x = random_sample(np.random.default_rng(0), 1, 2)
    count = {"count_range": (25, 25)}
    assert not Compose([JointMask(**count), Bones()])(x).any()
    first, last = (
        (Compose(t)(x, seed=1) != 0).any((0, 1)).reshape(25, 2, 3).any(-1).sum(0)
        for t in ([JointMask(count_range=(1, 1)), Bones()], [Bones(), JointMask(count_range=(1, 1))])
    )
    assert first[0] == last[0] == 24
    assert last[1] == 23
    assert first[1] <= last[1]


@pytest.mark.parametrize("counts", [(2, 1), (-1, 2), (0.1, 0.3), 3, (1, 2, 3)])
def test_wrong_counts(counts):
    """Numbers of joints, low first."""
    with pytest.raises(ValueError, match="JointMask: count_range must be"):
        JointMask(count_range=counts)


def test_more_joints_than_there_are():
    """The error names both numbers."""
    with pytest.raises(ValueError, match=r"JointMask: count_range must not exceed .* V=4, got \(1, 5\)"):
        JointMask()(np.ones((1, 2, 4, 3)))
