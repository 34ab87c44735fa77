import numpy as np
import pytest

from skeleton_aug import BodyDrop, BodySwap, Compose, CropResize, Normalize, Rotate, SideDrop
from skeleton_aug.pipeline import Transform
from skeleton_aug.testing import random_sample
from tests.skeleton_aug.reference import pipeline as reference


def kept(transform, n_bodies, n=6_000):
    """Which bodies are left of samples of n_bodies bodies, (N, M)."""
    return transform(np.ones((n, n_bodies, 1, 1, 3)), seed=0)[:, :, 0, 0, 0] != 0


def test_whole_bodies_go_and_slots_stay():
    """A body is dropped in all frames, or stays bit for bit where it was."""
    x = np.stack([random_sample(np.random.default_rng(i), 3, 5, gaps="joints") for i in range(50)])
    y = BodyDrop()(x, seed=0)
    there = y.any((2, 3, 4))
    np.testing.assert_array_equal(y, np.where(there[:, :, None, None, None], x, 0))
    assert 0.2 < there.mean() < 0.8


@pytest.mark.parametrize("drop_p", [0.0, 0.3, 1.0])
def test_drops_are_as_likely_as_said_but_one_stays(drop_p):
    """Of two bodies one is lost with probability 1 - (1 - drop_p)^2, either of them equally often; never both."""
    two = kept(BodyDrop(drop_p=drop_p), 2)
    assert two.any(1).all()
    assert abs(two.all(1).mean() - (1 - drop_p) ** 2) < 0.02
    np.testing.assert_allclose(two.mean(0), (1 + (1 - drop_p) ** 2) / 2, atol=0.02)


def test_one_body_always_stays():
    """Also where empty slots stand before it."""
    x = np.zeros((200, 3, 2, 4, 3))
    x[:, 2] = 1
    np.testing.assert_array_equal(BodyDrop(drop_p=1)(x, seed=0), x)


def test_one_after_the_other_still_leaves_one():
    """The second sees whom the first has left, through swaps and what else stands between."""
    between = [BodySwap(), Rotate(), SideDrop(), CropResize(n_frames=1)]
    for middle in ([], *([t] for t in between), between):
        pipeline = Compose([BodyDrop(drop_p=0.6), *middle, BodyDrop(drop_p=0.9), BodySwap(p=0.5), BodyDrop(drop_p=1)])
        y = pipeline(np.ones((300, 3, 1, 25, 3)), seed=0)
        np.testing.assert_array_equal(y.any((2, 3, 4)).sum(1), 1)


class NoLooking(Transform):
    """Makes it an error for what follows to have the samples carried out."""

    def sample(self, draws, batch):
        batch.samples = lambda: pytest.fail("carried out")
        return ()


def test_looks_at_the_data_only_where_tables_do_not_say():
    """Behind rotations and other drops nothing is carried out to see who is there."""
    free = Compose([NoLooking(), Rotate(), BodySwap(), BodyDrop(), BodySwap(), BodyDrop()])
    assert free(np.ones((2, 2, 3, 25, 3)), seed=0).any()
    alone = Compose([NoLooking(), CropResize(n_frames=4), BodyDrop(), BodySwap()])
    assert alone(np.ones((2, 1, 3, 25, 3)), seed=0).all()


def test_a_crop_may_leave_one_body():
    """Who is not in the window does not count as the one that stays."""
    x = np.zeros((400, 2, 40, 5, 3))
    x[:, 0], x[:, 1, :8] = 1, 1
    y = Compose([CropResize(n_frames=4, ratio_range=(0.1, 0.1)), BodyDrop(drop_p=0.9)])(x, seed=0)
    assert y.any((1, 2, 3, 4)).all()


def test_before_normalize_the_frame_is_that_of_who_is_left():
    """And after it that of who was first."""
    x = [random_sample(np.random.default_rng(i), 2, 4, dtype="float64") for i in range(20)]
    for pipeline in (Compose([BodyDrop(), Normalize()]), Compose([Normalize(), BodyDrop()])):
        for y, z in zip(pipeline(x, seed=0), reference.run(pipeline, x, seed=0), strict=True):
            np.testing.assert_allclose(y, z, atol=1e-9)
    origins = [y[y.any((1, 2, 3))][0, 0, 0] for y in Compose([BodyDrop(drop_p=1), Normalize()])(x, seed=0)]
    np.testing.assert_allclose(origins, 0, atol=1e-9)


@pytest.mark.parametrize("drop_p", [-0.1, 1.5, np.nan, "often"])
def test_wrong_probability(drop_p):
    """It is refused by name."""
    with pytest.raises(ValueError, match=r"BodyDrop: drop_p must lie in \[0, 1\]"):
        BodyDrop(drop_p=drop_p)
