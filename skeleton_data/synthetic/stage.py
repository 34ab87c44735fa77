"""Puts performers on the stage: who does what, where, facing which way; joints in world space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skeleton_data.synthetic.body import joint_positions, rotation
from skeleton_data.synthetic.camera import AZIMUTHS
from skeleton_data.synthetic.motion import Clock, Motion
from skeleton_data.synthetic.pair_actions import PAIRS, Duo
from skeleton_data.synthetic.performances import Performance, setup_geometry, stream
from skeleton_data.synthetic.performers import Performer, at_ease, draw_clock, subject, unsettle
from skeleton_data.synthetic.solo_actions import ARM_ONLY, SOLO
from skeleton_data.synthetic.walking import stroll

Array = NDArray[np.float64]

_PERFORMANCE_STREAM = 3
_STROLLS = 0.35


def perform(performance: Performance, seed: int) -> Array:
    """Joints of everyone on the stage, without any error of a sensor.

    Returns
    -------
    (M, T, 25, 3) float64 array
        World space, metres; M is 1 or 2, T is 28 to 298.
    """
    rng = stream(seed, _PERFORMANCE_STREAM, *performance.key)
    leader = _on_the_day(subject(seed, performance.subject), rng)
    if performance.acted in SOLO:
        return _solo(performance, leader, rng)
    return _duo(performance, leader, seed, rng)


def _on_the_day(person: Performer, rng: np.random.Generator) -> Performer:
    return Performer(person.body, person.style.fresh(rng))


def _facing(performance: Performance, rng: np.random.Generator) -> float:
    # Replication 1 faces camera 3, replication 2 faces camera 2; nobody faces a camera exactly.
    return AZIMUTHS[3 if performance.replication == 1 else 2] + float(rng.normal(0.0, 20.0))


def _solo(performance: Performance, leader: Performer, rng: np.random.Generator) -> Array:
    act, natural = SOLO[performance.acted]
    clock = draw_clock(rng, leader.style, natural)
    motion = at_ease(clock, leader.style, rng)
    act(motion, clock, leader.style, leader.body, rng)
    if rng.uniform() < _STROLLS:
        stroll(motion, clock, leader, rng, meanwhile=performance.acted in ARM_ONLY)
    motion = _finish(motion, clock, leader, rng)
    place = rng.normal(0.0, 0.2, 2)
    return _world(joint_positions(leader.body, motion), _facing(performance, rng), place)[None]


def _duo(performance: Performance, leader: Performer, seed: int, rng: np.random.Generator) -> Array:
    act, natural = PAIRS[performance.acted]
    partner = 1 + (performance.subject - 1 + int(rng.integers(1, 40))) % 40
    people = (leader, _on_the_day(subject(seed, partner), rng))
    clock = draw_clock(rng, leader.style, natural)
    first, second = (at_ease(clock, person.style, rng) for person in people)
    duo = Duo(people, (first, second), 1.0)
    act(duo, clock, rng)
    # The picture of two people facing each other is taken from the side.
    across = _facing(performance, rng) + (90.0 if leader.style.left_handed else -90.0) + float(rng.normal(0.0, 6.0))
    half = 0.5 * min(duo.gap, 0.9 * setup_geometry(performance.setup)[1])
    middle = rng.normal(0.0, 0.1, 2)
    bodies = []
    for index, (person, motion) in enumerate(zip(people, duo.motions, strict=True)):
        facing = across + 180.0 * index
        ahead = np.array([np.sin(np.deg2rad(facing)), np.cos(np.deg2rad(facing))])
        joints = joint_positions(person.body, _finish(motion, clock, person, rng))
        bodies.append(_world(joints, facing + float(rng.normal(0.0, 5.0)), middle - half * ahead))
    return np.stack(bodies)


def _finish(motion: Motion, clock: Clock, person: Performer, rng: np.random.Generator) -> Motion:
    unsettle(motion, clock, person.style, rng)
    return motion.mirrored() if person.style.left_handed else motion


def _world(joints: Array, facing: float, place: Array) -> Array:
    """Turn performer space by ``facing`` degrees about the vertical and move it to ``place`` (x, z) of the floor."""
    turned = joints @ rotation(1, np.array(facing)).T
    return np.asarray(turned + np.array([place[0], 0.0, place[1]]))
