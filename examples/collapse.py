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

    They have where they use fewer than two directions, or a twentieth of those that they could use, or where their
    directions deviate by less than a fifth of the ``1 / sqrt(D)`` of even ones.
    """
    fewest = max(2.0, 0.05 * min(n_projections - 1, n_dimensions))
    least = 0.2 / math.sqrt(n_dimensions)
    if rank >= fewest and deviation >= least:
        return None
    low = f"effective rank {rank:.1f} (under {fewest:.1f})" if rank < fewest else ""
    narrow = f"standard deviation {deviation:.4f} (under {least:.4f})" if deviation < least else ""
    return f"The projections have collapsed: {' and '.join(filter(None, (low, narrow)))}. {REMEDY}"
