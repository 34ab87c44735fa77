import numpy as np
import pytest

from skeleton_aug import (
    Compose,
    FitLength,
    Normalize,
    Resample,
    Samples,
    SavitzkyGolay,
    Shear,
    SideDrop,
    TemporalShift,
    TwoViews,
    presets,
)
from skeleton_aug.operators import Affine
from skeleton_aug.testing import random_sample

N = 256
WRONG = {
    "p above one": (lambda: Shear(p=1.5), ValueError, r"Shear: p must lie in \[0, 1\], got 1.5"),
    "p not a number": (lambda: Shear(p=float("nan")), ValueError, "p must lie"),
    "range the wrong way round": (lambda: Resample(rate_range=(1.3, 0.7)), ValueError, r"Resample: rate_range must be"),
    "range of one number": (lambda: Shear(factor_range=0.5), ValueError, r"factor_range must be \(low, high\)"),
    "unknown keyword": (lambda: Shear(factor=0.5), TypeError, "unknown setting 'factor': did you mean 'factor_range'"),
    "positional": (lambda: Shear((-1, 1)), TypeError, r"by name, as in Shear\(factor_range=\(-1, 1\)\)"),
    "not a transform": (lambda: Compose([Shear]), TypeError, r"got the class Shear; write Shear\(\.\.\.\)"),
    "joints of another skeleton": (
        lambda: SideDrop()(np.ones((1, 5, 20, 3)), seed=0),
        ValueError,
        r"SideDrop: expected \(M, T, V, C\) with V=25 for skeleton 'kinect_v2', got V=20",
    ),
    "unknown skeleton": (lambda: SideDrop(skeleton="kinect"), ValueError, "built in are"),
    "wrong number of indices": (lambda: Shear()(np.ones((2, 1, 5, 25, 3)), seed=0, index=[1]), ValueError, "1 indices"),
}


@pytest.fixture(scope="module")
def batch():
    return np.stack([random_sample(np.random.default_rng(i), 1, 40, 25) for i in range(N)])


@pytest.mark.parametrize(("call", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_settings_are_refused(call, error, message):
    """At once, with a message that names the transform and what it got."""
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("size", [1, 7, 256])
def test_same_bits_for_every_batch_size(batch, size):
    """A sample's view depends on its index, and not on the batch it came in."""
    pipeline = presets.aggressive(n_frames=20)
    whole = pipeline(batch, seed=1, epoch=2, index=np.arange(N) + 10)
    some = range(0, N, size) if size > 1 else range(0, N, 37)
    for begin in some:
        part = pipeline(batch[begin : begin + size], seed=1, epoch=2, index=np.arange(N)[begin : begin + size] + 10)
        assert part.tobytes() == whole[begin : begin + size].tobytes()


@pytest.mark.parametrize("settings", [{"seed": 2}, {"epoch": 1}, {"view": 1}, {"index": np.arange(N) + N}])
def test_seed_epoch_view_and_index_all_change_the_result(batch, settings):
    """Every sample comes out differently."""
    pipeline = presets.aggressive(n_frames=20)
    a, b = pipeline(batch, seed=1), pipeline(batch, **{"seed": 1, **settings})
    assert (a != b).any(axis=(1, 2, 3, 4)).all()


def test_no_seed_gives_another_view_each_time(batch):
    """Without a seed two calls differ."""
    assert (Shear()(batch[0]) != Shear()(batch[0])).any()


def test_draws_do_not_move_when_another_transform_leaves(batch):
    """The shear is the same alone, behind others, and among switched-off ones."""
    alone = Shear()(batch, seed=3)
    off = Compose([SavitzkyGolay(p=0.0), Shear(), SideDrop(p=0.0)])(batch, seed=3)
    np.testing.assert_array_equal(alone, off)
    shifted = Compose([TemporalShift(), Shear()])(batch, seed=3)
    np.testing.assert_array_equal(shifted, TemporalShift()(alone, seed=3))


def test_equal_transforms_draw_apart(batch):
    """A transform that stands twice draws two different things, nested or not."""
    flat = Compose([Shear(), Shear()])
    nested = Compose([Compose([Shear()]), Compose([Shear()])])
    np.testing.assert_array_equal(flat(batch, seed=0), nested(batch, seed=0))
    once = Shear()(batch, seed=0)
    assert not np.allclose(flat(batch, seed=0), Shear()(once, seed=0))


def test_samples_may_be_described_beforehand(batch):
    """A pipeline takes Samples as well as arrays."""
    pipeline = presets.conservative()
    np.testing.assert_array_equal(pipeline(Samples.from_arrays(batch), seed=1), pipeline(batch, seed=1))


def test_one_sample_with_out(batch):
    """A single sample may be written into an array of its own shape."""
    out = np.empty((1, 12, 25, 3), np.float32)
    y = FitLength(n_frames=12)(batch[0], seed=0, out=out)
    assert np.shares_memory(y, out)
    np.testing.assert_array_equal(out, batch[0, :, :12])


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_p_is_the_share_of_samples_acted_on(p):
    """Of 4,000 samples about p are changed."""
    x = np.ones((4000, 1, 1, 25, 3), np.float32)
    changed = (Shear(p=p)(x, seed=0) != x).any(axis=(1, 2, 3, 4)).mean()
    assert abs(changed - p) < 5 * (p * (1 - p) / 4000) ** 0.5


def test_two_views_are_the_pipelines_as_views_zero_and_one(batch):
    """TwoViews adds nothing to its two pipelines, on one sample or on two."""
    first, second = presets.aggressive(n_frames=20), presets.conservative(n_frames=20)
    views = TwoViews(first, second)
    a, b = views(batch[:4], seed=1, epoch=3, layout="model")
    np.testing.assert_array_equal(a, first(batch[:4], seed=1, epoch=3, view=0, layout="model"))
    np.testing.assert_array_equal(b, second(batch[:4], seed=1, epoch=3, view=1, layout="model"))
    other = views(batch[:4], batch[4:8], seed=1, epoch=3)[1]
    np.testing.assert_array_equal(other, second(batch[4:8], seed=1, epoch=3, view=1))


def test_two_views_of_one_pipeline_differ(batch):
    """Even without a seed, both views share one fresh seed and differ by their number."""
    a, b = TwoViews(Shear(), Shear())(batch[0])
    assert not np.allclose(a, b)


def test_a_transform_of_ones_own(batch):
    """A subclass with a ``sample`` method is a transform like any other."""

    class Grow(Shear):
        def sample(self, draws, batch):
            return Affine.linear(np.eye(3) * draws.uniform(1.0, 2.0)[:, None, None])

    y = Compose([Grow(p=0.5), Normalize(rotation="none")])(batch, seed=0)
    assert y.shape == batch.shape
    factor = (Grow()(batch, seed=0) / batch).mean(axis=(1, 2, 3, 4))
    assert factor.min() >= 1
    assert factor.max() < 2
    assert len(np.unique(factor.round(4))) > 200
