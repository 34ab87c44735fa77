"""What a depth sensor makes of a body: noise, hidden joints, limbs swapped between left and right.

All arrays are in camera space, metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from skeleton_aug.skeletons import KINECT_V2

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

INFERRED, TRACKED = 1, 2

# Spheres that hide what is behind them: centre = mean of two joints, radius in metres.
_SPHERES = (
    (0, 0, 0.13), (0, 1, 0.13), (1, 1, 0.13), (1, 20, 0.14), (20, 20, 0.13), (20, 4, 0.10), (20, 8, 0.10),
    (3, 3, 0.11), (2, 3, 0.07), (12, 12, 0.09), (16, 16, 0.09), (12, 13, 0.075), (16, 17, 0.075),
    (13, 13, 0.06), (17, 17, 0.06), (13, 14, 0.05), (17, 18, 0.05), (4, 5, 0.05), (8, 9, 0.05),
    (5, 6, 0.04), (9, 10, 0.04), (6, 7, 0.045), (10, 11, 0.045),
)  # fmt: skip
_FROM = np.array([s[0] for s in _SPHERES])
_TO = np.array([s[1] for s in _SPHERES])
_RADII = np.array([s[2] for s in _SPHERES])
_TRUNK = np.array([0, 1, 2, 3, 20])
_PARENT = np.where(KINECT_V2.parent_array < 0, np.arange(25), KINECT_V2.parent_array)
# Hands hang on their wrists, whichever way the bone graph runs.
_PARENT[[22, 21, 24, 23]] = [7, 7, 11, 11]

_LOOSE = np.ones(25)
_LOOSE[[6, 7, 10, 11, 14, 18]] = 1.5
_LOOSE[[15, 19, 21, 22, 23, 24]] = 2.3
_LOOSE[_TRUNK] = 0.7
_ARM_PAIRS = ((5, 9), (6, 10), (7, 11), (21, 23), (22, 24))
_LEG_PAIRS = ((12, 16), (13, 17), (14, 18), (15, 19))


def hidden_joints(views: Array) -> Mask:
    """Joints that something nearer to the sensor covers.

    Parameters
    ----------
    views : (M, T, 25, 3) array
        Everyone on the stage.

    Returns
    -------
    (M, T, 25) bool array
    """
    people, frames = views.shape[:2]
    centres = 0.5 * (views[:, :, _FROM] + views[:, :, _TO])
    depth = np.linalg.norm(views, axis=-1)
    rays = views / depth[..., None]
    hidden = np.zeros((people, frames, 25), bool)
    for seen in range(people):
        for by in range(people):
            along = centres[by] @ rays[seen].transpose(0, 2, 1)
            off = (centres[by] ** 2).sum(-1)[..., None] - along**2
            margin = _RADII + (0.07 if by == seen else 0.15)
            covered = (off < 0.9 * (_RADII**2)[:, None]) & (depth[seen][:, None] - along > margin[:, None])
            covered &= along > 0.2
            if by == seen:
                covered[:, :, _TRUNK] = False
            hidden[seen] |= covered.any(axis=1)
    return hidden


def sense(view: Array, hidden: Mask, rng: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
    """Track one body.

    Parameters
    ----------
    view : (T, 25, 3) array
        Where the joints are.
    hidden : (T, 25) bool array
        Which of them are covered.
    rng : Generator
        Source of all errors.

    Returns
    -------
    joints : (T, 25, 3) float64 array
        Where the sensor says they are.
    states : (T, 25) int64 array
        1 inferred, 2 tracked.
    """
    weight = lfilter([0.22], [1.0, -0.78], hidden.astype(float), axis=0)
    clear = _fit(view, rng) + _noise(view, rng)
    guessed = _guess(view, rng)
    joints = clear + weight[..., None] * (guessed - clear)
    states = np.where(hidden | (weight > 0.6), INFERRED, TRACKED)
    _swap(joints, states, _sideways(view), rng)
    # The fingers are guesses much of the time even in plain sight.
    states[:, 21:] = np.where(_fingers_lost(rng, len(view)), INFERRED, states[:, 21:])
    return joints, states


def _fit(view: Array, rng: np.random.Generator) -> Array:
    """The skeleton that the sensor fits: off by a little at every joint, for the whole recording."""
    return np.asarray(view + rng.normal(0.0, 0.024, (25, 3)) * _LOOSE[:, None])


def _noise(view: Array, rng: np.random.Generator) -> Array:
    """Correlated noise that grows with the square of the distance, most along the line of sight."""
    size = 0.0035 + 0.0045 * (view[..., 2] / 3.0) ** 2
    white = rng.standard_normal(view.shape, np.float32) * np.array([1.0, 1.0, 1.5], np.float32)
    shake = lfilter([0.6], [1.0, -0.7], white, axis=0) + lfilter([0.35], [1.0, -0.97], white[::-1], axis=0)
    return np.asarray(shake * (size * _LOOSE)[..., None])


def _guess(view: Array, rng: np.random.Generator) -> Array:
    """Where an unseen joint is put: late, drawn to its parent, and adrift."""
    start = view[:1] * 0.86
    late, _ = lfilter([0.14], [1.0, -0.86], view, axis=0, zi=start)
    parent = view[:, _PARENT]
    pull = rng.uniform(0.1, 0.55, (25, 1))
    white = rng.standard_normal(view.shape, np.float32)
    drift = lfilter([0.012], [1.0, -0.97], white, axis=0) + 0.012 * white
    place = rng.normal(0.0, 0.065, (25, 3))
    return np.asarray(late + pull * (parent - late) + (drift + place) * _LOOSE[:, None])


def _sideways(view: Array) -> float:
    """0 when the body faces the sensor or turns its back on it, 1 when it is seen from the side."""
    across = (view[:, 4] - view[:, 8]).mean(0)
    return float(abs(across[2]) / max(np.hypot(across[0], across[2]), 1e-6))


def _swap(joints: Array, states: NDArray[np.int64], sideways: float, rng: np.random.Generator) -> None:
    """Exchange left and right limbs for a run of frames, in place."""
    for pairs in (_ARM_PAIRS, _LEG_PAIRS):
        chance, length, begin = rng.uniform(), int(rng.geometric(0.09)) + 3, rng.uniform()
        if chance > 0.08 + 0.35 * sideways:
            continue
        first = int(begin * max(len(joints) - length, 1))
        rows = slice(first, first + length)
        left, right = [a for a, _ in pairs], [b for _, b in pairs]
        joints[rows, left + right] = joints[rows, right + left]
        states[rows, left[1:] + right[1:]] = INFERRED


def _fingers_lost(rng: np.random.Generator, frames: int) -> Mask:
    """Runs of frames, about one in eight, in which each of the four fingertips is not seen."""
    slow = lfilter([0.34], [1.0, -0.94], rng.standard_normal((frames, 4)), axis=0)
    return np.asarray(slow > 1.15)
