import numpy as np
import pytest
from hypothesis import find, given

from skeleton_aug import SKELETONS, Samples, testing
from skeleton_aug.testing import GAPS, LONGEST, batches, random_sample, samples


@given(batches(n_samples=(2, 4), ragged=False))
def test_batches_that_are_not_ragged_stack(arrays):
    """One shape and dtype, finite, fit for the package."""
    assert np.stack(arrays).shape[0] == len(arrays)
    assert Samples.from_arrays(arrays).n == len(arrays)


@given(samples(skeleton="kinect_v1", n_bodies=(2, 2), dtypes=["float64"], lengths=[7]))
def test_settings_are_kept(x):
    """A single sample as it was asked for."""
    assert x.shape == (2, 7, 20, 3)
    assert x.dtype == np.float64


@pytest.mark.parametrize("gaps", GAPS)
def test_gaps_are_made(gaps):
    """Each kind of gap leaves what it says."""
    x = random_sample(np.random.default_rng(1), 2, 60, gaps=gaps)
    missing = (x == 0).all(-1)
    partly = missing.any(-1) & ~missing.all(-1)
    assert missing.any() == (gaps != "none")
    assert partly.any() == (gaps in ("joints", "all"))
    if gaps == "track":
        ends = np.diff(missing.all(-1).astype(int), axis=1)
        assert (np.abs(ends).sum(1) <= 2).all()


@pytest.mark.parametrize("channels", ["xy", "xyc", "xyz", "xyzc"])
@pytest.mark.parametrize("on_grid", [False, True])
def test_channels_are_kept(channels, on_grid):
    """As many numbers as letters; confidences lie in (0, 1] and are zero where the joint is missing."""
    x = random_sample(np.random.default_rng(2), gaps="all", channels=channels, on_grid=on_grid)
    assert x.shape == (2, 40, 25, len(channels))
    missing = (x == 0).all(-1)
    assert 0 < missing.mean() < 1
    dims = len(channels.rstrip("c"))
    assert (x[~missing][:, :dims] != 0).any(-1).all()
    if channels.endswith("c"):
        assert x[~missing][:, -1].min() > 0
        assert x[..., -1].max() <= 1
    if on_grid:
        np.testing.assert_array_equal(2 * x[..., :dims], np.rint(2 * x[..., :dims]))


@given(samples(channels="xyc", skeleton="coco_17"))
def test_strategies_take_channels(x):
    """A sample of the layout, with the channels asked for."""
    assert x.shape[2:] == (17, 3)
    assert x[..., 2].min(initial=0) >= 0


@pytest.mark.parametrize("n_joints", sorted({s.n_joints for s in SKELETONS.values()}))
def test_every_layout_occurs(n_joints):
    """The strategies draw from all built-in layouts."""
    assert find(samples(lengths=[1], gaps=["none"]), lambda x: x.shape[2] == n_joints).shape[2] == n_joints


def test_rare_samples_occur():
    """300 frames, and no body slots."""
    assert find(samples(n_bodies=(1, 1)), lambda x: x.shape[1] == LONGEST).shape[1] == 300
    assert len(find(samples(), lambda x: len(x) == 0)) == 0


@given(samples(n_bodies=(1, 2)))
def test_body_slots_are_in_range(x):
    """Without 0 in the range there is always a slot."""
    assert 1 <= len(x) <= 2


def test_absent_bodies_occur():
    """The strategy finds samples with a body that is never there, and with none there."""
    x = find(samples(n_bodies=(2, 2), gaps=["none"]), lambda x: (x == 0).all(axis=(1, 2, 3)).any())
    assert not x[(x == 0).all(axis=(1, 2, 3))].any()
    find(samples(gaps=["none"]), lambda x: not x.any())


def test_names():
    """What the module promises."""
    assert all(callable(getattr(testing, name)) for name in ("random_sample", "skeletons", "batches", "samples"))
