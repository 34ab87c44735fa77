import numpy as np
import pytest

from skeleton_aug import FitLength


def frames(n_frames, n=1):
    x = np.zeros((n, 1, n_frames, 1, 3), np.float32)
    x[:, 0, :, 0, 0] = np.arange(1, n_frames + 1)
    return x


SHORT = {
    "repeat": [1, 2, 3, 1, 2, 3, 1, 2],
    "zeros": [1, 2, 3, 0, 0, 0, 0, 0],
    "last": [1, 2, 3, 3, 3, 3, 3, 3],
}
CROP = {"start": [1, 2, 3, 4], "center": [4, 5, 6, 7]}


@pytest.mark.parametrize(("short", "expected"), SHORT.items())
@pytest.mark.parametrize("crop", ["start", "center", "random"])
def test_short_sequences(short, expected, crop):
    """They begin at their first frame and are repeated, padded or held."""
    y = FitLength(n_frames=8, short=short, crop=crop)(frames(3), seed=0)
    assert y[0, 0, :, 0, 0].tolist() == expected


@pytest.mark.parametrize(("crop", "expected"), CROP.items())
def test_long_sequences(crop, expected):
    """A window at the start or in the middle."""
    assert FitLength(n_frames=4, crop=crop)(frames(11), seed=0)[0, 0, :, 0, 0].tolist() == expected


def test_random_windows_are_uniform():
    """Every window is equally likely, and is one run of frames."""
    y = FitLength(n_frames=4, crop="random")(frames(8, 20_000), seed=0)[:, 0, :, 0, 0]
    assert (np.diff(y, axis=1) == 1).all()
    np.testing.assert_allclose(np.bincount(y[:, 0].astype(int))[1:] / 20_000, 0.2, atol=0.015)


@pytest.mark.parametrize(
    "settings", [{"n_frames": 0}, {"n_frames": 5, "crop": "end"}, {"n_frames": 5, "short": "hold"}]
)
def test_wrong_settings(settings):
    """The message lists what there is."""
    with pytest.raises(ValueError, match=r"FitLength: (n_frames must be at least 1|crop must be one of)"):
        FitLength(**settings)
