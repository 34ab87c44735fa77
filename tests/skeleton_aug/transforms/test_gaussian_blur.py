import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from skeleton_aug import GaussianBlur
from skeleton_aug.testing import random_sample


def impulse(n_frames, at):
    """A joint that leaves its place for one frame."""
    x = np.ones((1, n_frames, 1, 3))
    x[0, at, 0, 0] = 2
    return x


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.0])
def test_convention_sigma_is_in_frames(sigma):
    """Inside, weights fall off as exp(-k² / (2 sigma²)) and sum to one, as SciPy's do."""
    y = GaussianBlur(sigma_range=(sigma, sigma))(impulse(41, 20), seed=0)[0, :, 0, 0] - 1
    k = np.arange(-7, 8)
    weights = np.exp(-(k**2) / (2 * sigma**2))
    np.testing.assert_allclose(y[13:28], weights / weights.sum(), atol=1e-12)
    np.testing.assert_allclose(y[:13], 0, atol=1e-12)
    x = random_sample(np.random.default_rng(0), 1, 60, dtype="float64")
    smooth = gaussian_filter1d(x, sigma, axis=1, radius=7)
    np.testing.assert_allclose(GaussianBlur(sigma_range=(sigma, sigma))(x, seed=0)[:, 7:-7], smooth[:, 7:-7])


@pytest.mark.parametrize("n_frames", [1, 2, 3, 14, 15, 16, 40])
@pytest.mark.parametrize("gaps", ["none", "all"])
def test_what_stands_still_stays(n_frames, gaps):
    """The gain is one everywhere: at the ends, at gaps, in runs shorter than the window."""
    x = random_sample(np.random.default_rng(3), 2, n_frames, gaps=gaps, dtype="float64")
    still = np.where(x != 0, np.array([0.5, -1.0, 3.0]), 0.0)
    np.testing.assert_allclose(GaussianBlur(sigma_range=(2.0, 9.0))(still, seed=0), still, rtol=1e-12)


@pytest.mark.parametrize("joints", [slice(None), [3, 7]], ids=["whole frames", "two joints"])
def test_runs_are_blurred_apart(joints):
    """What lies beyond a gap has no share, and the gap stays."""
    x = random_sample(np.random.default_rng(0), 1, 40, dtype="float64")
    x[0, 25, joints] = 0
    blur = GaussianBlur(sigma_range=(2.0, 2.0))
    y = blur(x, seed=0)
    assert not y[0, 25, joints].any()
    for run in (slice(0, 25), slice(26, 40)):
        np.testing.assert_allclose(y[:, run, joints], blur(x[:, run], seed=0)[:, :, joints], rtol=1e-12)


def test_sigmas_are_uniform():
    """The middle weight of many samples gives them back."""
    x = np.repeat(impulse(31, 15)[None], 4000, axis=0)
    middle = GaussianBlur(sigma_range=(1.0, 2.0))(x, seed=0)[:, 0, 15, 0, 0] - 1
    sigmas = np.linspace(1, 2, 1001)
    table = 1 / np.exp(-(np.arange(-7, 8)[:, None] ** 2) / (2 * sigmas**2)).sum(0)
    found = np.interp(-middle, -table, sigmas)
    assert 1 <= found.min() < 1.01
    assert 1.99 < found.max() <= 2
    assert abs(found.mean() - 1.5) < 0.02


def test_a_window_of_one_frame_does_nothing():
    """Bit for bit."""
    x = random_sample(np.random.default_rng(0), 2, 20, gaps="all")
    np.testing.assert_array_equal(GaussianBlur(window=1)(x, seed=0), x)


@pytest.mark.parametrize("window", [0, 4, -3])
def test_wrong_windows(window):
    """A window has a middle."""
    with pytest.raises(ValueError, match="GaussianBlur: window must be odd and at least 1"):
        GaussianBlur(window=window)


def test_wrong_sigmas():
    """They are positive and in order."""
    with pytest.raises(ValueError, match="GaussianBlur: sigma_range must be"):
        GaussianBlur(sigma_range=(0.0, 1.0))
