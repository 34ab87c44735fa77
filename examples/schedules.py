"""Schedules as pure functions of the step; they return Python floats."""

from __future__ import annotations

import math


def warmup_cosine(step: int, total: int, peak: float, warmup: int = 0, start: float = 0.0) -> float:
    """Linear from ``start`` to ``peak`` over ``warmup`` steps, then a half cosine down to 0 at ``total``."""
    if step < warmup:
        return start + (peak - start) * step / warmup
    return 0.5 * peak * (1 + math.cos(math.pi * min((step - warmup) / max(total - warmup, 1), 1.0)))


def step_decay(epoch: int, peak: float, milestones: tuple[int, ...], factor: float = 0.1) -> float:
    """``peak``, times ``factor`` from each milestone on."""
    return peak * factor ** sum(epoch >= milestone for milestone in milestones)


def target_momentum(step: int, total: int, start: float = 0.99) -> float:
    """Rise from ``start`` to 1: ``1 - (1 - start) (cos(pi k / K) + 1) / 2`` (paper, section 3.1)."""
    return 1 - (1 - start) * (math.cos(math.pi * min(step / max(total, 1), 1.0)) + 1) / 2
