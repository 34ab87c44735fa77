import numpy as np
import pytest
from hypothesis import find, given

from skeleton_aug import Samples, testing
from skeleton_aug.testing import GAPS, batches, random_sample, samples


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


def test_absent_bodies_occur():
    """The strategy finds samples with a body that is never there, and with none there."""
    x = find(samples(n_bodies=(2, 2), gaps=["none"]), lambda x: (x == 0).all(axis=(1, 2, 3)).any())
    assert not x[(x == 0).all(axis=(1, 2, 3))].any()
    find(samples(gaps=["none"]), lambda x: not x.any())


def test_names():
    """What the module promises."""
    assert all(callable(getattr(testing, name)) for name in ("random_sample", "skeletons", "batches", "samples"))
