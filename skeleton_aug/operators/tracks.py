"""Room for the result of an operator that takes a pass of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from skeleton_aug.samples import Samples


def packed_rows(samples: Samples, n_channels: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Empty rows (R, V, C) for the tracks alone, one behind the other, and the first row (N, M) of each track."""
    ends = np.cumsum(samples.length).reshape(samples.length.shape)
    n_rows = int(ends[-1, -1]) if ends.size else 0
    return np.empty((n_rows, samples.n_joints, n_channels), samples.rows.dtype), ends - samples.length
