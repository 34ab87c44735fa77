import numpy as np
import pytest

from skeleton_aug import BodySwap, Compose, CropResize, JointMixing, Samples
from skeleton_aug.batch import Batch
from skeleton_aug.operators import Mixing
from skeleton_aug.testing import random_sample


def marked(n, m=1, t=8, v=25):
    """Samples whose coordinates all are the sample's number."""
    return np.broadcast_to(np.arange(1.0, n + 1)[:, None, None, None, None], (n, m, t, v, 3)).copy()


def test_convention_joints_come_from_the_partner():
    """Joints of all frames and bodies are the partner's; partners and shares are those of the plan."""
    x = marked(50, m=2)
    plan = JointMixing(count_range=(3, 9)).plan(x, seed=0)
    (mixture,) = plan.mixtures
    y = plan.apply(x)
    for n, sample in enumerate(y):
        taken = sample[0, 0, :, 0] != n + 1
        assert taken.sum() == round(25 * mixture.share[n])
        assert 3 <= taken.sum() <= 9
        assert (sample[:, :, taken] == mixture.partner[n] + 1).all()
        assert (sample[:, :, ~taken] == n + 1).all()


def test_all_samples_form_one_ring():
    """Everyone has a partner, is the partner of one other, and a walk from partner to partner meets all."""
    partner = JointMixing().plan(marked(20), seed=0).mixtures[0].partner.tolist()
    seen = [0]
    while len(seen) < 20:
        seen.append(partner[seen[-1]])
    assert sorted(seen) == list(range(20))
    assert partner[seen[-1]] == 0


def test_the_order_of_the_batch_does_not_matter():
    """Permuted samples with their indices have the same partners, and other sets of samples others."""
    order = np.random.default_rng(0).permutation(20)
    partner = JointMixing().plan(marked(20), seed=0).mixtures[0].partner
    again = JointMixing().plan(marked(20), seed=0, indices=order).mixtures[0].partner
    np.testing.assert_array_equal(order[again], partner[order])
    fewer = JointMixing().plan(marked(10), seed=0).mixtures[0].partner
    assert (fewer != partner[:10]).any()


def test_one_sample_alone():
    """It is its own partner and stays as it is."""
    x = random_sample(np.random.default_rng(0))
    np.testing.assert_array_equal(JointMixing()(x, seed=0), x)
    assert JointMixing().plan(x[None], seed=0).mixtures[0].partner.tolist() == [0]


def test_samples_that_are_spared_count_as_unmixed():
    """With p, the others have a share of 0 and are their own partners, but may give joints."""
    x = marked(200)
    plan = JointMixing(p=0.5).plan(x, seed=0)
    partner, share = plan.mixtures[0]
    spared = share == 0
    assert 60 < spared.sum() < 140
    np.testing.assert_array_equal(partner[spared], np.flatnonzero(spared))
    np.testing.assert_array_equal(np.asarray(plan.apply(x))[spared], x[spared])
    assert spared[partner[~spared]].any()


def test_other_lengths_are_stretched_to_the_samples():
    """Frame t of T is the partner's frame floor((2 t + 1) T' / (2 T))."""
    x = [np.ones((1, t, 25, 3)) * (np.arange(t)[None, :, None, None] + 1) for t in (4, 8, 3)]
    mixing = Mixing(np.array([1, 2, 0]), np.ones((3, 25), bool))
    y = mixing.run(Samples.from_arrays(x)).to_arrays()
    assert (y[0][0, :, 0, 0] - 1).tolist() == [1, 3, 5, 7]
    assert (y[1][0, :, 0, 0] - 1).tolist() == [0, 0, 0, 1, 1, 2, 2, 2]
    assert (y[2][0, :, 0, 0] - 1).tolist() == [0, 2, 3]


def test_what_is_missing_in_either_stays_the_samples_own():
    """A partner's missing joint is not taken, and a missing joint is not filled."""
    x = marked(2)
    x[0, :, 3, 5] = 0
    y = Mixing(np.array([1, 0]), np.ones((2, 25), bool)).run(Samples.from_arrays(x)).to_arrays()
    assert not y[0][0, 3, 5].any()
    assert (y[1][0, 3, 5] == 2).all()
    assert (y[0] == 2).sum() == (y[1] == 1).sum() == 3 * (8 * 25 - 1)


def test_bodies_pair_by_slot_after_their_order_was_changed():
    """What stands before in the pipeline is done first, to the partner as well."""
    x = marked(6, m=2)
    x[:, 1] *= 100
    plan = Compose([BodySwap(), JointMixing()]).plan(x, seed=0)
    y = plan.apply(x)
    assert (y[:, 0] >= 100).all()
    assert (y[:, 1] < 100).all()
    assert (plan.mixtures[0].share > 0).all()


def test_labels_of_two_mixings_follow_each_other():
    """Mixing labels step by step gives each sample's shares of all that went into it."""
    x, labels = marked(30), np.eye(30)
    plan = Compose([JointMixing(), CropResize(n_frames=5), JointMixing()]).plan(x, seed=0)
    assert len(plan.mixtures) == 2
    for partner, share in plan.mixtures:
        labels = (1 - share)[:, None] * labels + share[:, None] * labels[partner]
    np.testing.assert_allclose(labels.sum(axis=1), 1)
    y = plan.apply(x)
    for n in range(30):
        assert set(np.unique(np.rint(y[n]))) <= set((np.flatnonzero(labels[n]) + 1).tolist())


def test_any_number_of_threads():
    """Threads do not part what belongs together."""
    x = np.stack([random_sample(np.random.default_rng(i)) for i in range(7)])
    plan = JointMixing().plan(x, seed=0)
    assert plan.apply(x, threads=3).tobytes() == plan.apply(x).tobytes()


def test_parts_of_a_plan():
    """Some of the samples can be asked for when they are one another's partners."""
    joints = np.ones((4, 3), bool)
    mixing = Mixing(np.array([1, 0, 3, 2]), joints)
    assert mixing.part(slice(2, 4)).partner.tolist() == [1, 0]
    with pytest.raises(ValueError, match="sample 1 takes joints of sample 0, which is not among those asked for"):
        mixing.part(slice(1, 4))
    joints[1] = False
    assert mixing.part(slice(1, 4)).partner.tolist() == [0, 2, 1]


def test_wrong_settings():
    """Counts are integers in order, not above the joints; partners are in the batch."""
    with pytest.raises(ValueError, match="JointMixing: count_range must be"):
        JointMixing(count_range=(3, 2))
    with pytest.raises(ValueError, match="must not exceed the joints"):
        JointMixing(count_range=(1, 21))(np.ones((2, 1, 5, 20, 3)), seed=0)
    batch = Batch(Samples.from_arrays(marked(2)))
    with pytest.raises(ValueError, match=r"partners must lie in 0\.\.1 for 2 samples, got 0\.\.2"):
        batch.add(Mixing(np.array([0, 2]), np.ones((2, 25), bool)))
