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
    "resize": np.linspace(1, 3, 8, dtype=np.float32).tolist(),
}
CROP = {"start": [1, 2, 3, 4], "center": [4, 5, 6, 7]}


@pytest.mark.parametrize(("short", "expected"), SHORT.items())
@pytest.mark.parametrize("crop", ["start", "center", "random"])
def test_short_sequences(short, expected, crop):
    """They begin at their first frame and are repeated, padded, held or stretched."""
    y = FitLength(n_frames=8, short=short, crop=crop)(frames(3), seed=0)
    np.testing.assert_allclose(y[0, 0, :, 0, 0], expected, rtol=1e-6)


@pytest.mark.parametrize(("crop", "expected"), CROP.items())
def test_long_sequences(crop, expected):
    """A window at the start or in the middle."""
    assert FitLength(n_frames=4, crop=crop)(frames(11), seed=0)[0, 0, :, 0, 0].tolist() == expected


def test_random_windows_are_uniform():
    """Every window is equally likely, and is one run of frames."""
    y = FitLength(n_frames=4, crop="random")(frames(8, 20_000), seed=0)[:, 0, :, 0, 0]
    assert (np.diff(y, axis=1) == 1).all()
    np.testing.assert_allclose(np.bincount(y[:, 0].astype(int))[1:] / 20_000, 0.2, atol=0.015)


@pytest.mark.parametrize("short", SHORT)
def test_long_sequences_may_be_resized(short):
    """First frame to first, last to last; what becomes of shorter ones is a setting of its own."""
    resize = FitLength(n_frames=8, long="resize", short=short)
    np.testing.assert_allclose(resize(frames(22), seed=0)[0, 0, :, 0, 0], np.linspace(1, 22, 8), rtol=1e-6)
    np.testing.assert_allclose(resize(frames(3), seed=0)[0, 0, :, 0, 0], SHORT[short], rtol=1e-6)
    assert resize(frames(8), seed=0).tolist() == frames(8).tolist()


def test_long_sequences_are_cropped_where_only_short_ones_are_resized():
    """Frames as they are."""
    y = FitLength(n_frames=4, crop="center", short="resize")(frames(11), seed=0)
    assert y[0, 0, :, 0, 0].tolist() == CROP["center"]


@pytest.mark.parametrize("short", SHORT)
@pytest.mark.parametrize("long", ["crop", "resize"])
def test_samples_that_are_spared_keep_their_length(short, long):
    """With p < 1, in one batch of short and long sequences."""
    arrays = [np.ones((1, t, 2, 3)) for t in (1, 2, 7, 8, 9, 30) * 20]
    lengths = [y.shape[1] for y in FitLength(n_frames=8, short=short, long=long, p=0.5)(arrays, seed=0)]
    assert all(t in (8, x.shape[1]) for t, x in zip(lengths, arrays, strict=True))
    assert abs(np.mean([t == x.shape[1] for t, x in zip(lengths, arrays, strict=True)]) - (0.5 + 0.5 / 6)) < 0.15


@pytest.mark.parametrize(
    "settings",
    [
        {"n_frames": 0},
        {"n_frames": 5, "crop": "end"},
        {"n_frames": 5, "short": "hold"},
        {"n_frames": 5, "long": "squeeze"},
    ],
)
def test_wrong_settings(settings):
    """The message lists what there is."""
    with pytest.raises(ValueError, match=r"FitLength: (n_frames must be at least 1|crop must be one of)"):
        FitLength(**settings)
