import numpy as np
import pytest

from skeleton_aug import Crop


def numbered(n_frames, n=1):
    x = np.zeros((n, 1, n_frames, 1, 3), np.float32)
    x[:, 0, :, 0, 0] = np.arange(1, n_frames + 1)
    return x


def test_convention_a_window_of_frames_as_they_are():
    """One run of frames, at the speed that it had."""
    for y in Crop()(numbered(30, 50), seed=0):
        assert 15 <= y.shape[1] <= 30
        assert (np.diff(y[0, :, 0, 0]) == 1).all()
        assert y.min() >= 0


def test_windows_are_uniform():
    """Lengths follow the range, and every place is as likely."""
    kept = [y[0, :, 0, 0] for y in Crop(ratio_range=(0.25, 0.75))(numbered(100, 20_000), seed=0)]
    length, start = np.array([len(y) for y in kept]), np.array([y[0] - 1 for y in kept])
    assert length.min() == 25
    assert length.max() == 75
    assert abs(length.mean() - 50) < 0.5
    place = (start + 0.5) / (101 - length)
    np.testing.assert_allclose(np.histogram(place, 5, (0, 1))[0] / 20_000, 0.2, atol=0.015)


@pytest.mark.parametrize("n_frames", [1, 2, 3])
def test_at_least_one_frame_is_left(n_frames):
    """Also where the share of a short sequence rounds to none."""
    assert Crop(ratio_range=(0.01, 0.1))(numbered(n_frames), seed=0).shape[2] == 1


def test_the_whole_sequence():
    """A share of one keeps everything."""
    np.testing.assert_array_equal(Crop(ratio_range=(1.0, 1.0))(numbered(17), seed=0), numbered(17))


def test_wrong_settings():
    """Windows are parts of the sequence, and not empty."""
    with pytest.raises(ValueError, match="Crop: ratios of ratio_range must be at most 1"):
        Crop(ratio_range=(0.5, 1.5))
    with pytest.raises(ValueError, match=r"Crop: ratio_range must be \(low, high\)"):
        Crop(ratio_range=(0.0, 1.0))
