import pytest
import torch

from examples.collapse import collapse_warning, effective_rank, mean_deviation


def with_singular_values(values, n=12):
    """A centred (n, D) matrix of these singular values."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, len(values), dtype=torch.float64, generator=generator)
    left, _ = torch.linalg.qr(x - x.mean(0))
    right, _ = torch.linalg.qr(torch.randn(len(values), len(values), dtype=torch.float64, generator=generator))
    return left * torch.tensor(values, dtype=torch.float64) @ right


@pytest.mark.parametrize(
    ("values", "expected"), [([3.0, 4.0], 49 / 25), ([2.0] * 5, 5.0), ([7.0, 0.0, 0.0], 1.0), ([0.0, 0.0], 0.0)]
)
def test_effective_rank(values, expected):
    """(sum s)^2 / sum s^2: the dimension where all count alike, 1 on a line, 0 at a point."""
    assert effective_rank(5 + with_singular_values(values)) == pytest.approx(expected, abs=1e-6)


def test_effective_rank_of_equal_features():
    """Collapsed features have rank 0, without a division by zero."""
    assert effective_rank(torch.ones(8, 3)) == 0.0


def test_mean_deviation():
    """Directions spread evenly deviate by 1 / sqrt(D), equal ones by 0; length does not count."""
    directions = torch.randn(20_000, 16, generator=torch.Generator().manual_seed(0))
    assert mean_deviation(directions) == pytest.approx(0.25, rel=0.01)
    assert mean_deviation(torch.arange(1.0, 9)[:, None] * torch.ones(8, 16)) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    ("rank", "deviation", "words"),
    [
        (1.9, 0.06, ["effective rank 1.9 (under 10.0)"]),
        (40.0, 0.01, ["standard deviation 0.0100 (under 0.0125)"]),
        (1.0, 0.0, ["effective rank 1.0", "and standard deviation 0.0000"]),
        (10.0, 0.0125, []),
    ],
)
def test_warning(rank, deviation, words):
    """Few directions or narrow ones are named with their limits and what helps; a sound spread is not mentioned."""
    warning = collapse_warning(rank, deviation, 201, 256)
    assert (warning is None) is (not words)
    if words:
        assert all(word in warning for word in [*words, "--covariance", "--projection-norm", "--momentum"])


def test_warning_minds_what_is_possible():
    """Few projections or dimensions lower the limit of three directions, many raise it."""
    for rank, n, dimensions, collapsed in ((3.0, 32, 64, False), (2.9, 32, 64, True), (3.0, 256, 256, True)):
        assert (collapse_warning(rank, 0.2, n, dimensions) is not None) is collapsed
    assert collapse_warning(2.0, 0.5, 5, 8) is None and collapse_warning(1.9, 0.5, 5, 8) is not None
