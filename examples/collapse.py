"""Signs of collapse: how many directions a set of features really uses."""

from __future__ import annotations

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
