import numpy as np
import pytest
from scipy.signal import savgol_coeffs, savgol_filter

from skeleton_aug import SavitzkyGolay
from skeleton_aug.testing import random_sample
from skeleton_aug.transforms.savitzky_golay import savgol_bank


@pytest.mark.parametrize(("window", "order"), [(15, 2), (5, 3), (7, 0), (21, 4), (3, 2), (1, 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equals_scipy(window, order, dtype):
    """Each joint's path is SciPy's, ends included."""
    x = random_sample(np.random.default_rng(0), 2, 60, dtype=dtype)
    expected = savgol_filter(x.astype(np.float64), window, order, axis=1, mode="interp")
    y = SavitzkyGolay(window=window, order=order)(x, seed=0)
    np.testing.assert_allclose(y, expected, rtol=1e-5 if dtype == "float32" else 1e-11, atol=1e-5)


@pytest.mark.parametrize(("n_frames", "window"), [(14, 13), (15, 15), (16, 15), (4, 3), (3, 3)])
def test_short_sequences_shrink_the_window(n_frames, window):
    """The longest odd window that fits is used."""
    x = random_sample(np.random.default_rng(0), 1, n_frames)
    expected = savgol_filter(x.astype(np.float64), window, 2, axis=1, mode="interp")
    np.testing.assert_allclose(SavitzkyGolay()(x, seed=0), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n_frames", [1, 2])
def test_too_short_sequences_stay(n_frames):
    """Where no window exceeds the order nothing happens."""
    x = random_sample(np.random.default_rng(0), 2, n_frames)
    np.testing.assert_array_equal(SavitzkyGolay()(x, seed=0), x)


@pytest.mark.parametrize("joints", [slice(None), [3, 7]], ids=["whole frames", "two joints"])
def test_runs_are_filtered_apart(joints):
    """What lies beyond a gap has no influence, and the gap stays."""
    x = random_sample(np.random.default_rng(0), 1, 60)
    x[0, 25, joints] = 0
    y = SavitzkyGolay()(x, seed=0)
    assert not y[0, 25, joints].any()
    for run in (slice(0, 25), slice(26, 60)):
        expected = savgol_filter(x[:, run].astype(np.float64), 15, 2, axis=1, mode="interp")
        np.testing.assert_allclose(y[:, run, joints], expected[:, :, joints], rtol=1e-5, atol=1e-5)


def test_bank_rows_are_scipys_coefficients():
    """The middle row of the full window, and the polynomial fit at its ends."""
    bank = savgol_bank(15, 2)
    np.testing.assert_allclose(bank[15, 7], savgol_coeffs(15, 2), atol=1e-14)
    for place in range(15):
        np.testing.assert_allclose(bank[15, place], savgol_coeffs(15, 2, pos=place, use="dot"), atol=1e-14)
    assert not bank[14].any()
    np.testing.assert_allclose(bank[5].sum(1), [1, 1, 1, 1, 1] + [0] * 10, atol=1e-14)


@pytest.mark.parametrize("settings", [{"window": 14}, {"window": 0}, {"window": 3, "order": 3}, {"order": -1}])
def test_wrong_settings(settings):
    """The window is odd and exceeds the order."""
    with pytest.raises(ValueError, match="SavitzkyGolay: window must be odd and exceed order"):
        SavitzkyGolay(**settings)
