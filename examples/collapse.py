"""Signs of collapse: how many directions a set of features really uses."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def effective_rank(features: Tensor) -> float:
    """Squared sum of the singular values over the sum of their squares, features (N, D) centred; 1 to min(N, D)."""
    values = torch.linalg.svdvals((features - features.mean(0)).double())
    total = values.square().sum().item()
    return values.sum().item() ** 2 / total if total > 0 else 0.0


def mean_deviation(features: Tensor) -> float:
    """Mean over dimensions of the standard deviation of the L2-normalised features; 1 / sqrt(D) when well spread."""
    return torch.nn.functional.normalize(features.double(), dim=1).std(0).mean().item()


REMEDY = (
    "Raise --covariance (0.02) or --variance (0.02), set --projection-norm, or lower --momentum (0.9); "
    "docs/experiments.md tells what helped at small scale."
)


def collapse_warning(rank: float, deviation: float, n_projections: int, n_dimensions: int) -> str | None:
    """Say that projections (n_projections, n_dimensions) have collapsed, and what helps; None where they have not.

    They have where they use fewer than three directions (or half of the possible ones, if those are few), or a
    twentieth of the possible ones, or where directions deviate by less than a fifth of the ``1 / sqrt(D)`` of even
    ones. In a collapsed run of 64 dimensions a rank of 1.2 to 2.5 was seen all along, in a sound one 13 and more.
    """
    possible = min(n_projections - 1, n_dimensions)
    fewest = max(min(3.0, possible / 2), 0.05 * possible)
    least = 0.2 / math.sqrt(n_dimensions)
    if rank >= fewest and deviation >= least:
        return None
    low = f"effective rank {rank:.1f} (under {fewest:.1f})" if rank < fewest else ""
    narrow = f"standard deviation {deviation:.4f} (under {least:.4f})" if deviation < least else ""
    return f"The projections have collapsed: {' and '.join(filter(None, (low, narrow)))}. {REMEDY}"
