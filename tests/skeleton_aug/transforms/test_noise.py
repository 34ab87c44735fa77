from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from skeleton_aug import Noise, Samples
from skeleton_aug.operators.noise import JointNoise
from skeleton_aug.testing import random_sample
from tests.skeleton_aug.reference.noise import normals, philox


def drawn(n=1, m=2, t=400, v=25, seed=0):
    """Normal numbers (N, M, T, V, 3): unit noise on joints that all lie at one place."""
    return Noise(std_range=(1, 1))(np.ones((n, m, t, v, 3)), seed=seed) - 1


@pytest.mark.parametrize(
    ("counter", "key", "rounds", "words"),
    [
        ((0, 0), 0, 7, (0x257A3673, 0xCD26BE2A)),
        ((0xFFFFFFFF, 0xFFFFFFFF), 0xFFFFFFFF, 7, (0xAB302C4D, 0x3DC9D239)),
        ((0, 0), 0, 10, (0xFF1DAE59, 0x6CD10DF2)),
        ((0x243F6A88, 0x85A308D3), 0x13198A2E, 10, (0xDD7CE038, 0xF62A4C12)),
    ],
)
def test_the_reference_is_philox(counter, key, rounds, words):
    """Known answers of the generator's authors."""
    assert tuple(int(word) for word in philox(counter, key, rounds)) == words


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("key", [0, 1, 2**32, 2**64 - 1])
def test_numbers_are_those_of_integer_arithmetic(dtype, key):
    """Rounded to single precision they are the cosines and sines of Box and Muller, in the body and frame they say."""
    x = np.zeros((1, 3, 45, 25, 3), dtype)
    x[..., 0] = 1
    still, unit = np.zeros((1, 2)), np.array([[1.0, 0.0]])
    y = JointNoise(np.array([key], np.uint64), unit, still).run(Samples.from_arrays(x)).to_arrays()[0]
    for m, body in enumerate(y):
        expected = normals(key, m, 45, 75).reshape(45, 25, 3)
        np.testing.assert_allclose(body[..., :2] - x[0, m, :, :, :2], expected[..., :2], atol=2e-6)
        assert not body[..., 2].any()


def test_numbers_are_normal():
    """Mean, deviation, skewness, kurtosis, the distribution and its tails are those of the normal distribution."""
    z = drawn(n=100).ravel()
    assert abs(z.mean()) < 4 / z.size**0.5
    assert abs(z.std() - 1) < 4 / (2 * z.size) ** 0.5
    assert abs(stats.skew(z)) < 4 * (6 / z.size) ** 0.5
    assert abs(stats.kurtosis(z)) < 4 * (24 / z.size) ** 0.5
    assert stats.kstest(z[: 2**20], "norm").pvalue > 1e-3
    for edge in (2, 3, 4):
        expected = 2 * stats.norm.sf(edge) * z.size
        assert abs((np.abs(z) > edge).sum() - expected) < 4 * expected**0.5


def test_numbers_are_independent():
    """No correlation between samples, bodies, frames at any distance, joints or coordinates, nor of squares."""
    z = drawn(n=8)
    for numbers in (z, z**2 - 1):
        limit = 4.5 * numbers.std() ** 2 / (numbers.size / 2) ** 0.5
        for axis in range(numbers.ndim):
            lines = np.moveaxis(numbers, axis, 0)
            for lag in (1, 2, 3, 7, 8, 9, 16):
                if lag < len(lines):
                    assert abs((lines[lag:] * lines[:-lag]).mean()) < limit * (len(lines) / (len(lines) - lag)) ** 0.5


def test_neither_gaps_nor_other_bodies_move_the_numbers():
    """The noise of a joint is the same whatever else is missing; missing joints stay missing."""
    x = random_sample(np.random.default_rng(0), 2, 60, dtype="float64")
    gaps = x * (random_sample(np.random.default_rng(1), 2, 60, gaps="all", dtype="float64") != 0).any(-1)[..., None]
    y, z = Noise(std_range=(0.1, 0.1))(x, seed=1), Noise(std_range=(0.1, 0.1))(gaps, seed=1)
    there = (gaps != 0).any(-1)
    assert 0 < there.sum() < there.size
    np.testing.assert_allclose(y[there], z[there], atol=1e-12)
    assert not z[~there].any()


def test_deviations_are_uniform_and_drawn_for_each_sample():
    """Standard deviations fill the range."""
    y = Noise(std_range=(0.5, 1.5))(np.ones((2000, 1, 8, 25, 3)), seed=0) - 1
    std = np.sort(y.std(axis=(1, 2, 3, 4)))
    assert stats.kstest(std, stats.uniform(0.5, 1).cdf).statistic < 0.05


def test_a_confidence_and_the_third_dimension_of_plane_data_are_left_alone():
    """Only coordinates get noise."""
    x = np.ones((1, 20, 17, 3))
    y = Noise()(x, seed=0, channels="xyc")
    np.testing.assert_array_equal(y[..., 2], 1)
    assert (y[..., :2] != 1).all()
    assert (Noise()(np.ones((1, 20, 17, 2)), seed=0) != 1).all()


def test_nobody_is_the_other():
    """Samples, views, epochs and seeds have numbers of their own."""
    x = np.ones((1, 30, 25, 3))
    kinds = [{}, {"seed": 1}, {"epoch": 1}, {"view": 1}, {"index": 1}]
    results = [Noise(std_range=(1, 1))(x, **{"seed": 0, **kind}) for kind in kinds]
    for a, b in pairwise(results):
        assert abs(np.corrcoef((a - 1).ravel(), (b - 1).ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("bounds", [(-0.1, 0.1), (0.2, 0.1), (0.0,), (0.0, np.inf)])
def test_wrong_ranges(bounds):
    """They are refused by name."""
    with pytest.raises(ValueError, match="Noise: std_range must be"):
        Noise(std_range=bounds)
