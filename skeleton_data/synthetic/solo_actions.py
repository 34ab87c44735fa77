"""Actions of one person, as trajectories of joint angles, pelvis and feet, done by the right hand or foot.

Each function changes a :class:`Motion` at rest in place. ``lead`` is the right side: left-handed performers are
mirrored afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from skeleton_data.synthetic.body import LEFT, RIGHT, Proportions
from skeleton_data.synthetic.motion import Clock, Motion, pulse, smooth
from skeleton_data.synthetic.performers import Style

Array = NDArray[np.float64]
Solo = Callable[[Motion, Clock, Style, Proportions, np.random.Generator], None]

_GRAVITY = 9.81


def arm(motion: Motion, side: int, weight: Array, style: Style, *angles: Array | float) -> None:
    """Aim an arm at (elevation, azimuth, flexion[, swivel]) in the performer's own manner."""
    habit = (style.elevation, style.azimuth, style.flexion, 0.0)
    motion.aim(side, weight, *(np.asarray(angle) + own for angle, own in zip(angles, habit, strict=False)))


def _times(clock: Clock, style: Style, each: float, most: int) -> int:
    return int(np.clip(round(clock.span * style.tempo / each), 1, most))


def pick_up(m: Motion, clock: Clock, style: Style, body: Proportions, rng: np.random.Generator) -> None:
    """Bend or squat, reach for the floor with one hand (or both), and rise with the thing held."""
    down = pulse(clock.phase, 0.0, rng.uniform(0.35, 0.45), 0.5, rng.uniform(0.88, 1.0))
    held = smooth((clock.phase - 0.45) / 0.3)
    squat = style.squat
    # The thing lies on the floor, on a stool or on a low table.
    down *= rng.choice([1.0, 0.8, 0.6]) * rng.uniform(0.9, 1.05)
    m.trunk[:, 0] += down * (78.0 - 42.0 * squat) * min(style.amplitude, 1.15)
    m.trunk[:, 1] += down * rng.uniform(0.0, 14.0)
    m.trunk[:, 2] += down * rng.uniform(-5.0, 16.0)
    m.root[:, 1] -= down * (0.05 + 0.23 * squat) * body.stature
    m.root[:, 2] -= down * (0.10 - 0.03 * squat) * body.stature
    m.feet[:, RIGHT, 2] -= rng.uniform(0.0, 0.12) * squat
    for side in (RIGHT, LEFT) if style.both_arms > 0.6 else (RIGHT,):
        arm(m, side, 0.9 * held, style, 25.0, 15.0, 75.0)
        arm(m, side, down, style, 62.0 - 12.0 * squat, 5.0, 12.0)
    if style.both_arms <= 0.6:
        m.aim(LEFT, down * rng.uniform(0.2, 0.9), 40.0, 30.0, rng.uniform(40.0, 90.0))


def sit_down(m: Motion, clock: Clock, style: Style, body: Proportions, rng: np.random.Generator) -> None:
    """Lower the pelvis back onto a chair and stay there."""
    _chair(m, smooth(clock.phase), pulse(clock.phase, 0.0, 0.45, 0.5, 1.0), style, body, rng)


def stand_up(m: Motion, clock: Clock, style: Style, body: Proportions, rng: np.random.Generator) -> None:
    """Rise from a chair."""
    _chair(m, 1.0 - smooth(clock.phase), pulse(clock.phase, 0.0, 0.4, 0.5, 1.0), style, body, rng)


def _chair(m: Motion, seated: Array, moving: Array, style: Style, body: Proportions, rng: np.random.Generator) -> None:
    height = rng.uniform(0.25, 0.36) * body.stature
    m.root[:, 1] -= seated * (body.standing - height - 0.05)
    m.root[:, 2] -= seated * rng.uniform(0.2, 0.25) * body.stature
    m.trunk[:, 0] += moving * 34.0 * style.amplitude + seated * rng.normal(2.0, 6.0)
    if style.both_arms > 0.25:
        rest = (rng.uniform(24.0, 40.0), rng.uniform(-10.0, 20.0), rng.uniform(45.0, 75.0))
        for side in (LEFT, RIGHT):
            m.aim(side, np.maximum(0.9 * seated, 0.5 * moving), *rest)
    else:
        m.aim(RIGHT, 0.8 * moving, 35.0, 20.0, 30.0)


def clap(m: Motion, clock: Clock, style: Style, body: Proportions, rng: np.random.Generator) -> None:
    """Beat the hands together in front of the chest, high or low."""
    on = clock.hold(0.5, 0.5)
    open_ = 0.5 - 0.5 * np.cos(clock.cycles(rng.uniform(1.6, 2.8) * style.tempo))
    height = rng.choice([46.0, 58.0, 74.0]) + rng.normal(0.0, 5.0)
    for side in (LEFT, RIGHT):
        m.aim(side, on, height + style.elevation, -22.0 + 30.0 * style.amplitude * open_, 78.0 + style.flexion)
    m.trunk[:, 0] += on * 3.0 * style.lean


def cross_hands(m: Motion, clock: Clock, style: Style, body: Proportions, rng: np.random.Generator) -> None:
    """Cross the forearms in front of the chest, hold, and part them; once or several times."""
    local = clock.repeat(_times(clock, style, 2.0, 3))
    on = pulse(local, 0.0, 0.38, 0.6, 1.0)
    height = rng.choice([50.0, 63.0, 80.0]) + rng.normal(0.0, 5.0)
    for side in (LEFT, RIGHT):
        cross = -18.0 - 20.0 * style.amplitude * on
        m.aim(side, on, height + style.elevation, cross, 72.0 + style.flexion + 8.0 * (side == LEFT))


def cheer_up(m: Motion, clock: Clock, style: Style, body: Proportions, rng: np.random.Generator) -> None:
    """Throw the arms (or one arm) up and shake the fists."""
    on = clock.hold(0.45, 0.5)
    beat = 0.5 - 0.5 * np.cos(clock.cycles(rng.uniform(0.9, 1.9) * style.tempo))
    for side in (RIGHT, LEFT) if style.both_arms > 0.2 else (RIGHT,):
        height = 105.0 + 45.0 * style.amplitude * (1.0 - 0.6 * beat)
        arm(m, side, on, style, np.minimum(height, 165.0), 35.0, 35.0 + 65.0 * beat)
    m.head[:, 0] -= on * 10.0
    m.root[:, 1] -= on * beat * 0.02 * style.lean * body.stature


def wave(m: Motion, clock: Clock, style: Style, body: Proportions, rng: np.random.Generator) -> None:
    """Swing a raised hand from side to side."""
    on = clock.hold(0.5, 0.5)
    swing = np.sin(clock.cycles(rng.uniform(1.1, 2.2) * style.tempo))
    height = rng.choice([92.0, 115.0, 145.0]) + rng.normal(0.0, 8.0)
    for side in (RIGHT, LEFT) if style.both_arms > 0.75 else (RIGHT,):
        arm(m, side, on, style, height, 35.0 + 24.0 * style.amplitude * swing, 70.0 - 12.0 * swing)
    m.trunk[:, 1] += on * swing * 1.5 * style.lean


def point(m: Motion, clock: Clock, style: Style, body: Proportions, rng: np.random.Generator) -> None:
    """Stretch out an arm, hold it, and lower it; once or twice."""
    local = clock.repeat(_times(clock, style, 2.4, 2))
    on = pulse(local, 0.0, 0.3, 0.7, 1.0)
    height, where = rng.uniform(72.0, 125.0), rng.uniform(-20.0, 75.0)
    arm(m, RIGHT, on, style, height, where, 12.0 + 70.0 * (1.0 - on))
    m.head[:, 2] -= on * 0.3 * where
    m.trunk[:, 2] += on * 5.0 * style.lean


def kick(m: Motion, clock: Clock, style: Style, body: Proportions, rng: np.random.Generator) -> None:
    """Swing one leg back and then forward and up."""
    local = clock.repeat(_times(clock, style, 1.9, 3))
    swing_leg(m, local, style, body, rng.uniform(0.1, 0.36))


def swing_leg(m: Motion, local: Array, style: Style, body: Proportions, height: float) -> None:
    """Kick with the right leg as ``local`` goes from 0 to 1; ``height`` in units of stature."""
    back, ahead = pulse(local, 0.0, 0.26, 0.28, 0.6), pulse(local, 0.24, 0.6, 0.62, 1.0)
    reach = style.amplitude * body.stature
    m.feet[:, RIGHT, 2] += ahead * 0.42 * reach - back * 0.22 * reach
    m.feet[:, RIGHT, 1] += ahead * height * reach + back * 0.10 * reach
    m.foot_pitch[:, RIGHT] += 25.0 * (ahead + back)
    m.trunk[:, 0] -= ahead * 9.0 * style.lean - back * 7.0 * style.lean
    m.root[:, 0] += np.maximum(ahead, back) * 0.025 * body.stature
    m.root[:, 2] -= ahead * 0.03 * body.stature
    m.aim(LEFT, 0.6 * ahead, 45.0, 20.0, 40.0)
    m.aim(RIGHT, 0.5 * back, 40.0, 20.0, 45.0)


def flight(phase: Array, height: float) -> tuple[Array, Array]:
    """Rise of the body above the floor, and crouch before and after, for one jump over ``phase`` 0..1."""
    u = np.clip((phase - 0.38) / 0.32, 0.0, 1.0)
    air = 4.0 * height * u * (1.0 - u)
    crouch = pulse(phase, 0.0, 0.24, 0.28, 0.4) + 0.7 * pulse(phase, 0.68, 0.76, 0.78, 1.0)
    return air, crouch


def jump_up(m: Motion, clock: Clock, style: Style, body: Proportions, rng: np.random.Generator) -> None:
    """Crouch and jump with both feet; once or several times."""
    local = clock.repeat(_times(clock, style, 1.3, 4))
    air, crouch = flight(local, rng.uniform(0.03, 0.13) * style.amplitude * body.stature)
    m.root[:, 1] += air - crouch * rng.uniform(0.04, 0.09) * style.amplitude * body.stature
    m.feet[..., 1] += air[:, None]
    m.foot_pitch += 35.0 * (air / (air.max() + 1e-6))[:, None]
    m.trunk[:, 0] += crouch * 20.0 * style.lean
    up = air / (air.max() + 1e-6)
    for side in (LEFT, RIGHT):
        m.aim(side, 0.7 * crouch, 25.0, 80.0, 25.0)
        m.aim(side, up * (0.3 + 0.7 * style.both_arms), 40.0 + 90.0 * style.both_arms, 30.0, 45.0)


SOLO: dict[int, tuple[Solo, float | None]] = {
    5: (pick_up, 2.0),
    7: (sit_down, 1.5),
    8: (stand_up, 1.5),
    9: (clap, None),
    21: (cheer_up, None),
    22: (wave, None),
    23: (kick, 2.0),
    26: (jump_up, 1.7),
    30: (point, 2.6),
    39: (cross_hands, 2.6),
}
"""NTU label -> the action, and its usual length in seconds (None: it fills the recording)."""

ARM_ONLY = frozenset((9, 21, 22, 30, 39))
"""Labels of actions that leave the feet free to walk."""
