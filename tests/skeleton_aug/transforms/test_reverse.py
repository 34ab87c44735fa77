import numpy as np
import pytest

from skeleton_aug import Compose, Reverse
from skeleton_aug.testing import random_sample


@pytest.mark.parametrize("n_frames", [1, 2, 31])
def test_convention_the_last_frame_comes_first(n_frames):
    """y[t] = x[T - 1 - t], for all bodies and joints alike, bit for bit."""
    x = random_sample(np.random.default_rng(0), 2, n_frames, gaps="all")
    np.testing.assert_array_equal(Reverse()(x, seed=0), x[:, ::-1])


def test_twice_is_the_identity():
    """Backwards of backwards."""
    x = random_sample(np.random.default_rng(0), 2, 30, gaps="all")
    np.testing.assert_array_equal(Compose([Reverse(), Reverse()])(x, seed=0), x)


def test_half_of_the_samples():
    """With p = 0.5 samples of any length are reversed or left."""
    arrays = [random_sample(np.random.default_rng(i), 1, 3 + i % 7) for i in range(400)]
    results = Reverse(p=0.5)(arrays, seed=0)
    turned = [np.array_equal(y, x[:, ::-1]) for x, y in zip(arrays, results, strict=True)]
    kept = [np.array_equal(y, x) for x, y in zip(arrays, results, strict=True)]
    assert all(a != b for a, b in zip(turned, kept, strict=True))
    assert abs(np.mean(turned) - 0.5) < 0.08
