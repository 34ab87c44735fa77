"""A 25-joint body: anthropometric proportions, and joint positions from joint angles.

Performer space: metres, x to the performer's left, y up, z forward, the floor at y = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_data.synthetic.motion import Motion

Array = NDArray[np.float64]

LEFT, RIGHT = 0, 1
_SIDES = np.array([1.0, -1.0])
_ARMS = ((4, 5, 6, 7, 21, 22), (8, 9, 10, 11, 23, 24))
_LEGS = ((12, 13, 14, 15), (16, 17, 18, 19))


@dataclass(frozen=True)
class Proportions:
    """Lengths of a body in metres."""

    stature: float
    lower_spine: float
    upper_spine: float
    neck: float
    head: float
    shoulder_width: float
    shoulder_drop: float
    upper_arm: float
    forearm: float
    hand: float
    fingers: float
    hip_width: float
    hip_drop: float
    thigh: float
    shank: float
    ankle: float
    foot: float

    @property
    def leg(self) -> float:
        """Hip to ankle of a straight leg."""
        return self.thigh + self.shank

    @property
    def standing(self) -> float:
        """Height of the base of the spine when standing upright."""
        return self.ankle + self.leg + self.hip_drop


def draw_proportions(rng: np.random.Generator) -> Proportions:
    """Draw a body: stature about 1.50 to 1.95 m, legs against trunk, arm length, breadth of shoulders and hips."""
    tall = float(rng.uniform())
    stature = float(np.clip(rng.normal(1.63 + 0.12 * (tall > 0.5), 0.065), 1.48, 1.96))
    legs, arms, wide = (float(v) for v in np.clip(rng.normal(1.0, (0.025, 0.035, 0.05)), 0.9, 1.1))
    # Long legs come with a short trunk, so that the stature stays what it is.
    trunk = (0.765 - 0.48 * legs) / 0.285
    broad = 1.06 if tall > 0.5 else 0.96
    return Proportions(
        stature=stature,
        lower_spine=0.165 * stature * trunk,
        upper_spine=0.12 * stature * trunk,
        neck=0.042 * stature,
        head=0.065 * stature,
        shoulder_width=0.102 * stature * wide * broad,
        shoulder_drop=0.022 * stature,
        upper_arm=0.172 * stature * arms,
        forearm=0.15 * stature * arms,
        hand=0.042 * stature * arms,
        fingers=0.046 * stature * arms,
        hip_width=0.046 * stature * wide / broad,
        hip_drop=0.022 * stature,
        thigh=0.242 * stature * legs,
        shank=0.238 * stature * legs,
        ankle=0.048 * stature,
        foot=0.072 * stature,
    )


def joint_positions(body: Proportions, motion: Motion) -> Array:
    """Joints of one performer over all frames.

    Bone lengths are those of ``body`` in every frame. A leg that cannot reach its foothold lowers the pelvis;
    a foot in the air that is out of reach is pulled in.

    Returns
    -------
    (T, 25, 3) float64 array
        Performer space, metres.
    """
    joints = np.empty((len(motion.trunk), 25, 3))
    pelvis, middle, chest, skull = _trunk_rotations(motion)
    footholds = _footholds(body, motion)
    joints[:, 0] = _pelvis(body, motion, pelvis, footholds)
    joints[:, 1] = joints[:, 0] + middle[..., 1] * body.lower_spine
    joints[:, 20] = joints[:, 1] + chest[..., 1] * body.upper_spine
    joints[:, 2] = joints[:, 20] + chest[..., 1] * body.neck
    joints[:, 3] = joints[:, 2] + skull[..., 1] * body.head
    for side in (LEFT, RIGHT):
        hip, shoulder = _hip(body, side), _shoulder(body, side)
        _place_leg(joints, body, motion, side, joints[:, 0] + pelvis @ hip, footholds[:, side])
        _place_arm(joints, body, motion, side, joints[:, 20] + chest @ shoulder, chest)
    return joints


def rotation(axis: int, degrees: Array) -> Array:
    """Rotation matrices (..., 3, 3) about a coordinate axis, right-handed."""
    angle = np.deg2rad(degrees)
    out = np.zeros((*angle.shape, 3, 3))
    a, b = (axis + 1) % 3, (axis + 2) % 3
    out[..., axis, axis] = 1.0
    out[..., a, a] = out[..., b, b] = np.cos(angle)
    out[..., b, a] = np.sin(angle)
    out[..., a, b] = -out[..., b, a]
    return out


def _trunk_rotations(motion: Motion) -> tuple[Array, Array, Array, Array]:
    turn = rotation(1, motion.heading + motion.yaw)
    bends = motion.trunk.T

    def bent(share: float, twist: float) -> Array:
        flex, side, turned = bends
        return np.asarray(turn @ rotation(0, share * flex) @ rotation(2, share * side) @ rotation(1, twist * turned))

    chest = bent(1.0, 1.0)
    nod, tilt, look = motion.head.T
    skull = chest @ rotation(1, look) @ rotation(0, nod) @ rotation(2, tilt)
    return bent(0.35, 0.15), bent(0.65, 0.5), chest, skull


def _hip(body: Proportions, side: int) -> Array:
    return np.array([_SIDES[side] * body.hip_width, -body.hip_drop, 0.0])


def _shoulder(body: Proportions, side: int) -> Array:
    return np.array([_SIDES[side] * body.shoulder_width, -body.shoulder_drop, 0.0])


def _footholds(body: Proportions, motion: Motion) -> Array:
    """Where the ankles want to be, (T, 2, 3)."""
    out = motion.feet.copy()
    out[..., 0] += _SIDES * motion.stance * body.hip_width
    out = np.einsum("tsij,tsj->tsi", rotation(1, motion.foot_heading), out)
    out[..., 1] += body.ankle
    return np.asarray(out)


def _pelvis(body: Proportions, motion: Motion, turn: Array, footholds: Array) -> Array:
    centre = np.einsum("tij,tj->ti", rotation(1, motion.heading), motion.root)
    centre[:, 1] += body.standing
    for side in (LEFT, RIGHT):
        hip = turn @ _hip(body, side)
        away = (centre + hip - footholds[:, side])[:, [0, 2]]
        rise = np.sqrt(np.maximum((0.995 * body.leg) ** 2 - (away**2).sum(1), 0.01))
        # A foot in the air does not hold the pelvis down, and lets go of it smoothly as it rises.
        limit = footholds[:, side, 1] + rise - hip[:, 1] + 4.0 * _lift(motion, side)
        centre[:, 1] = np.minimum(centre[:, 1], limit)
    return np.asarray(centre)


def _lift(motion: Motion, side: int) -> Array:
    heights = motion.feet[..., 1]
    return np.asarray(heights[:, side] - heights.min(axis=1))


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-9))


def _across(vector: Array, axis: Array) -> Array:
    """Unit part of ``vector`` at right angles to the unit ``axis``."""
    return _unit(vector - (vector * axis).sum(-1, keepdims=True) * axis)


def _two_bones(start: Array, end: Array, first: float, second: float, bend: Array) -> tuple[Array, Array]:
    """Middle and end of a two-bone limb that reaches for ``end`` and bends towards ``bend``."""
    reach = end - start
    distance = np.clip(np.linalg.norm(reach, axis=-1), abs(first - second) + 0.02, 0.9995 * (first + second))
    axis = _unit(reach)
    along = (distance**2 + first**2 - second**2) / (2 * distance)
    off = np.sqrt(np.maximum(first**2 - along**2, 0.0))
    middle = start + along[:, None] * axis + off[:, None] * _across(bend, axis)
    return middle, start + distance[:, None] * axis


def _place_leg(joints: Array, body: Proportions, motion: Motion, side: int, hip: Array, foothold: Array) -> None:
    ahead = rotation(1, motion.foot_heading[:, side] + _SIDES[side] * motion.toe_out)
    bend = 0.75 * ahead[..., 2] + 0.25 * rotation(1, motion.heading)[..., 2] + np.array([0.0, 0.3, 0.0])
    knee, ankle = _two_bones(hip, foothold, body.thigh, body.shank, bend)
    droop = np.rad2deg(np.arcsin(0.6 * body.ankle / body.foot)) + motion.foot_pitch[:, side]
    toe = (ahead @ rotation(0, droop))[..., 2] * body.foot
    for joint, place in zip(_LEGS[side], (hip, knee, ankle, ankle + toe), strict=True):
        joints[:, joint] = place


def _place_arm(joints: Array, body: Proportions, motion: Motion, side: int, shoulder: Array, chest: Array) -> None:
    out = _SIDES[side]
    elevation, azimuth, flexion, swivel = np.deg2rad(motion.arms[:, side]).T
    aim = np.stack(
        [out * np.sin(elevation) * np.sin(azimuth), -np.cos(elevation), np.sin(elevation) * np.cos(azimuth)], -1
    )
    a, b = body.upper_arm, body.forearm
    distance = np.sqrt(a * a + b * b + 2 * a * b * np.cos(flexion))
    # The elbow of a hanging arm points back, that of a raised arm out and forward.
    rest = np.stack([out * (0.4 - 0.3 * np.cos(elevation)), -np.ones_like(elevation), -0.6 * np.cos(elevation)], -1)
    elbow_side = _across(rest, aim)
    turned = np.cos(swivel)[:, None] * elbow_side + (out * np.sin(swivel))[:, None] * np.cross(elbow_side, aim)
    elbow, wrist = _two_bones(np.zeros_like(aim), distance[:, None] * aim, a, b, turned)
    fore = _unit(wrist - elbow)
    # With a relaxed forearm the thumb points where the elbow bends to.
    thumb = _across(-turned, fore)
    hand = wrist + body.hand * fore
    tip = hand + body.fingers * fore
    ball = hand + 0.6 * body.fingers * (0.6 * fore + 0.8 * thumb)
    places = (np.zeros_like(aim), elbow, wrist, hand, tip, ball)
    for joint, place in zip(_ARMS[side], places, strict=True):
        joints[:, joint] = shoulder + np.einsum("tij,tj->ti", chest, place)
