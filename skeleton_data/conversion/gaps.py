"""Filling short gaps of a track by straight lines; never before its first or after its last seen frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def fill_gaps(positions: NDArray[np.float32], longest: int) -> tuple[NDArray[np.float32], int, int]:
    """Interpolate each joint linearly over gaps of at most ``longest`` frames between two frames that have it.

    Parameters
    ----------
    positions : (n, V, 3) float32 array
        A track, metres; a missing joint is all zeros.
    longest : int
        Most frames of a gap that is filled; a longer one stays as it is, whole.

    Returns
    -------
    filled : (n, V, 3) float32 array
        The input itself where nothing was filled.
    n_frames : int
        Frames in which at least one joint was filled.
    n_joints : int
        Joints filled, each counted once a frame.
    """
    present: NDArray[np.bool_] = np.any(positions, axis=2)
    if longest < 1 or present.all():
        return positions, 0, 0
    filled = positions.copy()
    made = np.zeros_like(present)
    for joint in np.flatnonzero(~present.all(axis=0)).tolist():
        seen = np.flatnonzero(present[:, joint])
        gaps = np.diff(seen) - 1
        for number in np.flatnonzero((gaps > 0) & (gaps <= longest)).tolist():
            before, gap, after = seen[number], gaps[number], seen[number + 1]
            share = (np.arange(1, gap + 1) / (gap + 1))[:, None]
            one, other = positions[before, joint].astype(np.float64), positions[after, joint].astype(np.float64)
            filled[before + 1 : after, joint] = one + share * (other - one)
            made[before + 1 : after, joint] = True
    return filled, int(made.any(axis=1).sum()), int(made.sum())
