import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import Resample
from skeleton_aug.testing import random_sample


def ramp(n_frames):
    """One joint that moves a metre a frame, so that positions can be read off."""
    x = np.ones((1, n_frames, 1, 3))
    x[0, :, 0, 0] = np.arange(n_frames)
    return x


@pytest.mark.parametrize(("rate", "n_frames"), [(2.0, 50), (0.5, 200), (1.0, 100), (1.3, 77), (0.7, 143), (300.0, 1)])
def test_convention_rate_above_one_is_faster(rate, n_frames):
    """100 frames become round(100 / rate)."""
    assert Resample(rate_range=(rate, rate))(ramp(100), seed=0).shape[1] == n_frames


@given(st.integers(1, 60), st.floats(0.3, 3))
def test_equals_numpy_interp(n_frames, rate):
    """Linear interpolation at evenly spaced times from the first frame to the last."""
    x = random_sample(np.random.default_rng(0), 1, n_frames, dtype="float64")
    y = Resample(rate_range=(rate, rate))(x, seed=0)
    times = np.linspace(0, n_frames - 1, y.shape[1])
    if y.shape[1] > 1:
        np.testing.assert_array_equal(y[:, [0, -1]], x[:, [0, -1]])
    for v in range(0, 25, 8):
        np.testing.assert_allclose(y[0, :, v, 2], np.interp(times, np.arange(n_frames), x[0, :, v, 2]), rtol=1e-9)


def test_rate_one_is_the_identity():
    """Bit for bit, gaps and all."""
    x = random_sample(np.random.default_rng(0), 2, 50, gaps="all")
    np.testing.assert_array_equal(Resample(rate_range=(1.0, 1.0))(x, seed=0), x)


def test_a_missing_joint_takes_its_present_neighbour():
    """Between a missing and a present frame nothing is blended with zero."""
    x = ramp(4)
    x[0, 1] = 0
    y = Resample(rate_range=(4 / 7, 4 / 7))(x, seed=0)
    np.testing.assert_allclose(y[0, :, 0, 1], [1, 1, 0, 1, 1, 1, 1])
    np.testing.assert_allclose(y[0, :, 0, 0], [0, 0, 0, 2, 2, 2.5, 3])


def test_rates_are_uniform():
    """Lengths of many samples give the rates back: mean, spread and range."""
    y = Resample()(np.ones((5000, 1, 300, 1, 3), np.float32), seed=0)
    rates = 300 / np.array([len(a[0]) for a in y])
    assert 0.7 - 0.002 < rates.min() < 0.71
    assert 1.29 < rates.max() < 1.3 + 0.004
    assert abs(rates.mean() - 1) < 0.01
    assert abs(rates.std() - 0.6 / 12**0.5) < 0.005


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 1.0), (1.3, 0.7)])
def test_wrong_ranges(bounds):
    """Rates are positive and in order."""
    with pytest.raises(ValueError, match=r"Resample: rate_range must be \(low, high\) with low <= high and 0.0 < low"):
        Resample(rate_range=bounds)
