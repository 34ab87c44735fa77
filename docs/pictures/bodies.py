"""Simulated recordings to draw, and how a body is drawn."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from skeleton_aug import Normalize, get_skeleton
from skeleton_data.synthetic import Performance, simulate

Sample = NDArray[Any]
"""(M, T, V, C) in sensor space: x to the sensor's left, y up, z away from it; metres."""

SKELETON = get_skeleton("kinect_v2")
LEFT, RIGHT, MIDDLE, GHOST = "tab:blue", "tab:red", "0.2", "0.82"
BODIES = ("tab:green", "tab:orange")
CANONICAL_UPRIGHT = np.array([[-1, 0, 0], [0, 0, 1], [0, 1, 0]])
"""Turns bodies in canonical orientation to the sensor's axes, as if the sensor stood in front of them."""
RIGHT_HAND = SKELETON.joints.index("right_hand")

WAVING, KICKING, SITTING, SHAKING_HANDS, WALKING = 22, 23, 7, 57, 58


@cache
def recording(action: int, subject: int = 2, camera: int = 3) -> Sample:
    """One simulated recording, in sensor space; camera 3 sees the performers of replication 1 from the front."""
    sensed = simulate(Performance(setup=1, subject=subject, replication=1, label=action), camera, seed=3).sensed
    bodies = sensed.bodies[:2] if action in (SHAKING_HANDS, WALKING) else sensed.bodies[:1]
    sample = np.zeros((len(bodies), sensed.n_frames, SKELETON.n_joints, 3), np.float32)
    for m, body in enumerate(bodies):
        sample[m, body.frames] = body.positions
    sample.flags.writeable = False
    return sample


def centred(action: int, subject: int = 2, camera: int = 3) -> Sample:
    """A recording moved to the origin; the axes stay the sensor's."""
    return np.asarray(Normalize(rotation="none")(recording(action, subject, camera)))


def flat(points: NDArray[Any], side: bool) -> NDArray[Any]:
    """Points (..., 3) on paper: as the sensor sees them, or from the side with the sensor on the left."""
    return np.stack([points[..., 2] if side else -points[..., 0], points[..., 1]], axis=-1)


def draw_pose(
    axes: Axes, sample: Sample, t: int, side: bool, *, shift: float = 0.0, ghost: bool = False, by_body: bool = False
) -> None:
    """Draw frame t: left limbs blue, right limbs red; or each body slot in a colour of its own; or all pale."""
    for m in range(len(sample)):
        joints = sample[m, t, :, :3]
        there = (joints != 0).any(-1)
        paper = flat(joints, side) + np.array((shift, 0.0))
        bones = [(a, b) for a, b in SKELETON.edges if there[a] and there[b]]
        colours = [GHOST if ghost else BODIES[m] if by_body else joint_colour(a) for a, _ in bones]
        lines = LineCollection(
            [paper[list(bone)] for bone in bones], colors=colours, linewidths=2.2 if ghost else 1.6,
            capstyle="round", zorder=1 if ghost else 2,
        )  # fmt: skip
        axes.add_collection(lines)
        axes.plot(*paper[there].T, ".", color=GHOST if ghost else "0.3", ms=2.5, zorder=1 if ghost else 3)


def joint_colour(joint: int) -> str:
    """Blue on the left, red on the right."""
    return LEFT if joint in SKELETON.left else RIGHT if joint in SKELETON.right else MIDDLE


def present_frames(sample: Sample) -> NDArray[np.bool_]:
    """Which frames show anybody."""
    return np.asarray((sample != 0).any(axis=(0, 2, 3)))
