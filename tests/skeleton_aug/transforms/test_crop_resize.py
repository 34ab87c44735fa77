import numpy as np
import pytest

from skeleton_aug import CropResize


def ramp(n_frames, n=1):
    x = np.ones((n, 1, n_frames, 1, 3))
    x[:, 0, :, 0, 0] = np.arange(n_frames)
    return x


def test_ratio_one_stretches_the_whole_sequence():
    """First frame to first, last to last, evenly."""
    y = CropResize(n_frames=9, ratio_range=(1.0, 1.0))(ramp(5), seed=0)
    np.testing.assert_allclose(y[0, 0, :, 0, 0], np.linspace(0, 4, 9))


def test_windows_are_uniform():
    """Shares follow the range, windows stay inside, and starts fill the room that is left."""
    y = CropResize(n_frames=3, ratio_range=(0.25, 0.75))(ramp(101, 20_000), seed=0)[:, 0, :, 0, 0]
    share, start = (y[:, 2] - y[:, 0]) / 100, y[:, 0] / (100 - (y[:, 2] - y[:, 0]))
    np.testing.assert_allclose(y[:, 1], (y[:, 0] + y[:, 2]) / 2)
    assert share.min() >= 0.25
    assert share.max() < 0.75
    assert abs(share.mean() - 0.5) < 0.005
    assert abs(start.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(share, start)[0, 1]) < 0.03
    assert y.max() <= 100


@pytest.mark.parametrize("settings", [{"n_frames": 0}, {"n_frames": 5, "ratio_range": (0.5, 1.5)}])
def test_wrong_settings(settings):
    """Windows are parts of the sequence."""
    with pytest.raises(ValueError, match="CropResize: n_frames must be at least 1 and ratios at most 1"):
        CropResize(**settings)
    with pytest.raises(ValueError, match="ratio_range must be"):
        CropResize(n_frames=5, ratio_range=(0.0, 0.5))
