"""Actions of two persons. Each faces the other along +z of an own frame; the first one leads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_data.synthetic.body import LEFT, RIGHT
from skeleton_data.synthetic.motion import Clock, Motion, pulse, smooth
from skeleton_data.synthetic.performers import Performer
from skeleton_data.synthetic.solo_actions import arm, swing_leg
from skeleton_data.synthetic.walking import walk

Array = NDArray[np.float64]


@dataclass
class Duo:
    """Two performers and what they do; ``gap`` is their distance in metres at rest."""

    people: tuple[Performer, Performer]
    motions: tuple[Motion, Motion]
    gap: float


Pair = Callable[[Duo, Clock, np.random.Generator], None]


def _times(clock: Clock, tempo: float, each: float, most: int) -> int:
    return int(np.clip(round(clock.span * tempo / each), 1, most))


def _recoil(motion: Motion, hit: Array, size: float, rng: np.random.Generator) -> None:
    motion.trunk[:, 0] -= hit * size * 14.0
    motion.trunk[:, 2] += hit * size * rng.uniform(-12.0, 12.0)
    motion.head[:, 0] -= hit * size * 12.0
    motion.root[:, 2] -= hit * size * 0.05
    for side in (LEFT, RIGHT):
        motion.aim(side, 0.5 * hit, rng.uniform(20.0, 50.0), 40.0, rng.uniform(30.0, 80.0))


def _step_back(motion: Motion, local: Array, distance: float, rng: np.random.Generator) -> None:
    """Step back foot by foot, and return at the end of the repetition."""
    order = (LEFT, RIGHT) if rng.uniform() < 0.5 else (RIGHT, LEFT)
    gone = np.zeros((len(local), 2))
    for side, late in zip(order, (0.0, 0.14), strict=True):
        gone[:, side] = pulse(local, 0.36 + late, 0.5 + late, 0.72 + late, 0.86 + late)
        motion.feet[:, side, 1] += 0.28 * distance * 4.0 * gone[:, side] * (1.0 - gone[:, side])
    motion.feet[..., 2] -= distance * gone
    motion.root[:, 2] -= distance * gone.mean(1)


def punch(duo: Duo, clock: Clock, rng: np.random.Generator) -> None:
    """One strikes the other, who flinches."""
    (leader, _), (first, second) = duo.people, duo.motions
    duo.gap = rng.uniform(0.75, 1.0)
    style = leader.style
    local = clock.repeat(_times(clock, style.tempo, 1.3, 3))
    guard, strike = pulse(local, 0.0, 0.25, 0.6, 1.0), pulse(local, 0.25, 0.45, 0.5, 0.75)
    arm(first, RIGHT, guard, style, 55.0, 15.0, 115.0)
    arm(first, RIGHT, strike, style, 92.0, -8.0, 18.0)
    first.aim(LEFT, guard * style.both_arms, 50.0, 5.0, 100.0)
    first.trunk[:, 2] += (strike * 22.0 - (guard - strike) * 8.0) * style.lean
    first.trunk[:, 0] += strike * 8.0 * style.lean
    _recoil(second, pulse(local, 0.4, 0.55, 0.58, 0.95), rng.uniform(0.4, 1.3), rng)


def kick_other(duo: Duo, clock: Clock, rng: np.random.Generator) -> None:
    """One kicks at the other, who gives way."""
    (leader, _), (first, second) = duo.people, duo.motions
    duo.gap = rng.uniform(0.8, 1.1)
    local = clock.repeat(_times(clock, leader.style.tempo, 1.9, 2))
    swing_leg(first, local, leader.style, leader.body, rng.uniform(0.12, 0.36))
    _recoil(second, pulse(local, 0.45, 0.6, 0.64, 0.98), rng.uniform(0.3, 1.1), rng)
    _step_back(second, local, rng.uniform(0.0, 0.25), rng)


def push(duo: Duo, clock: Clock, rng: np.random.Generator) -> None:
    """One shoves the other with both hands (or one), who gives way."""
    (leader, _), (first, second) = duo.people, duo.motions
    duo.gap = rng.uniform(0.7, 0.95)
    style = leader.style
    local = clock.repeat(_times(clock, style.tempo, 1.7, 2))
    guard, shove = pulse(local, 0.0, 0.25, 0.6, 0.95), pulse(local, 0.22, 0.46, 0.54, 0.8)
    for side in (RIGHT, LEFT) if style.both_arms > 0.3 else (RIGHT,):
        arm(first, side, guard, style, 60.0, 8.0, 110.0)
        arm(first, side, shove, style, 82.0, -4.0, 18.0)
    first.trunk[:, 0] += shove * 12.0 * style.lean
    first.root[:, 2] += shove * 0.05
    _recoil(second, pulse(local, 0.42, 0.56, 0.6, 0.95), rng.uniform(0.4, 1.0), rng)
    _step_back(second, local, rng.uniform(0.0, 0.3), rng)


def shake_hands(duo: Duo, clock: Clock, rng: np.random.Generator) -> None:
    """Both reach out the right hand and shake."""
    duo.gap = rng.uniform(0.8, 1.05)
    on = clock.hold(0.7, 0.6)
    beat = np.sin(clock.cycles(rng.uniform(1.2, 2.6)))
    height = rng.uniform(48.0, 66.0)
    for person, motion in zip(duo.people, duo.motions, strict=True):
        late = on ** rng.uniform(0.9, 1.4)
        motion.aim(RIGHT, late, height + 5.0 * person.style.amplitude * beat, -14.0, 36.0 + 6.0 * beat)
        motion.trunk[:, 0] += late * 6.0 * person.style.lean
        motion.trunk[:, 2] += late * 6.0


def walk_towards(duo: Duo, clock: Clock, rng: np.random.Generator) -> None:
    """Both (or one of them) walk until they meet."""
    near, far = rng.uniform(0.7, 1.0), rng.uniform(1.9, 2.6)
    duo.gap = far
    _share_walk(duo, clock, far - near, rng)


def walk_apart(duo: Duo, clock: Clock, rng: np.random.Generator) -> None:
    """Both (or one of them) turn round and walk away, or step away backwards."""
    near, far = rng.uniform(0.7, 1.0), rng.uniform(1.9, 2.6)
    duo.gap = near
    if rng.uniform() < 0.4:
        _share_walk(duo, clock, near - far, rng)
        return
    turning = rng.uniform(0.28, 0.4)
    turn, go = np.clip(clock.phase / turning, 0.0, 1.0), np.clip((clock.phase - turning) / (1.0 - turning), 0.0, 1.0)
    for person, motion in zip(duo.people, duo.motions, strict=True):
        _turn_round(motion, turn, rng)
        walk(motion, go, (far - near) / 2.0, person, rng)


def _share_walk(duo: Duo, clock: Clock, distance: float, rng: np.random.Generator) -> None:
    alone = rng.uniform() < 0.2
    for index, (person, motion) in enumerate(zip(duo.people, duo.motions, strict=True)):
        share = (1.0 - index) if alone else 0.5
        if share:
            walk(motion, clock.phase, share * distance, person, rng)


def _turn_round(motion: Motion, phase: Array, rng: np.random.Generator) -> None:
    """Turn by half a circle, foot by foot."""
    sense = 180.0 if rng.uniform() < 0.5 else -180.0
    motion.heading += sense * smooth(phase)
    halves = ((0.0, 0.35), (0.62, 0.9)), ((0.3, 0.68),)
    for side, parts in zip((LEFT, RIGHT), halves, strict=True):
        for begin, end in parts:
            part = np.clip((phase - begin) / (end - begin), 0.0, 1.0)
            motion.foot_heading[:, side] += sense / len(parts) * smooth(part)
            motion.feet[:, side, 1] += 0.06 * np.sin(np.pi * part) ** 2


PAIRS: dict[int, tuple[Pair, float | None]] = {
    49: (punch, 1.8),
    50: (kick_other, 2.0),
    51: (push, 2.0),
    57: (shake_hands, 2.8),
    58: (walk_towards, 2.4),
    59: (walk_apart, 2.8),
}
"""NTU label -> the action, and its usual length in seconds."""
