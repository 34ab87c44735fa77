import numpy as np
import pytest

from skeleton_aug import TemporalShift
from skeleton_aug.testing import random_sample


def first_frames(transform, n_frames, n=20_000):
    """Number of the frame that comes first, for many samples."""
    x = np.zeros((n, 1, n_frames, 1, 3), np.float32)
    x[:, 0, :, 0, 0] = np.arange(1, n_frames + 1)
    return transform(x, seed=0)[:, 0, 0, 0, 0].astype(int) - 1


def test_convention_the_sequence_begins_later_and_goes_on_cyclically():
    """y[t] = x[(t + offset) mod T], for all bodies and joints alike."""
    x = random_sample(np.random.default_rng(0), 2, 30, gaps="all")
    y = TemporalShift()(x, seed=1)
    offsets = [k for k in range(30) if np.array_equal(y, np.roll(x, -k, axis=1))]
    assert len(offsets) == 1
    assert offsets[0] > 0


def test_offsets_are_uniform_up_to_the_length():
    """0 to T inclusive, and T is a full turn: frame 0 comes first twice as often as the others."""
    counts = np.bincount(first_frames(TemporalShift(), 9), minlength=9) / 20_000
    np.testing.assert_allclose(counts, [0.2] + [0.1] * 8, atol=0.015)


@pytest.mark.parametrize("max_offset", [0, 4, 25])
def test_max_offset(max_offset):
    """Offsets reach max_offset and not beyond, also where it exceeds the length."""
    counts = np.bincount(first_frames(TemporalShift(max_offset=max_offset), 10), minlength=10) / 20_000
    expected = np.bincount(np.arange(max_offset + 1) % 10, minlength=10) / (max_offset + 1)
    np.testing.assert_allclose(counts, expected, atol=0.015)


def test_wrong_settings():
    """Offsets count forwards."""
    with pytest.raises(ValueError, match="TemporalShift: max_offset must not be negative, got -1"):
        TemporalShift(max_offset=-1)
