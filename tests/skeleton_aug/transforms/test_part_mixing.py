import numpy as np
import pytest

from skeleton_aug import SKELETONS, PartMixing, Skeleton


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
def test_convention_whole_parts_come_from_the_partner(skeleton):
    """The joints that were taken are those of some parts; every part has its turn."""
    x = np.broadcast_to(np.arange(1.0, 101)[:, None, None, None, None], (100, 1, 2, skeleton.n_joints, 3)).copy()
    plan = PartMixing(count_range=(1, 2), skeleton=skeleton).plan(x, seed=0)
    y, (partner, share) = plan.apply(x), plan.mixtures[0]
    times = dict.fromkeys(skeleton.parts, 0)
    for n in range(100):
        taken = set(np.flatnonzero(y[n, 0, 0, :, 0] == partner[n] + 1).tolist())
        assert len(taken) == round(share[n] * skeleton.n_joints)
        whole = [part for part, joints in skeleton.parts.items() if set(joints) <= taken]
        assert taken == {joint for part in whole for joint in skeleton.parts[part]}
        assert 1 <= len(whole) <= 2
        for part in whole:
            times[part] += 1
    assert min(times.values()) > 10


def test_wrong_settings():
    """Counts do not exceed the parts, which the message names; joints are the skeleton's."""
    own = Skeleton("stick", ("a", "b", "c"), (-1, 0, 1), parts={"upper": (0,), "lower": (1, 2)})
    with pytest.raises(ValueError, match=r"the 2 parts of skeleton 'stick' \(upper, lower\), got \(1, 3\)"):
        PartMixing(count_range=(1, 3), skeleton=own)
    with pytest.raises(ValueError, match="PartMixing: count_range must be"):
        PartMixing(count_range=(-1, 1))
    with pytest.raises(ValueError, match="V=3 for skeleton 'stick'"):
        PartMixing(count_range=(1, 1), skeleton=own)(np.ones((2, 1, 5, 25, 3)), seed=0)
