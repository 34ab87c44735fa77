"""How a person moves: habits that stay with the subject, and what is fresh in every repetition."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skeleton_data.synthetic.body import LEFT, RIGHT, Proportions, draw_proportions
from skeleton_data.synthetic.motion import FRAME_RATE, Clock, Motion, smooth, wander
from skeleton_data.synthetic.performances import stream

Array = NDArray[np.float64]

_SUBJECT_STREAM = 1


@dataclass(frozen=True)
class Style:
    """Habits of a performer; every angle in degrees.

    Attributes
    ----------
    amplitude, tempo : float
        Factors around 1 on the extent and the speed of movements.
    left_handed : bool
        Whether the leading side is the left one.
    both_arms : float
        Inclination (0..1) to use both arms where one would do.
    squat : float
        0 bends the back to reach down, 1 bends the knees.
    stoop, elbow_rest, arm_rest : float
        Forward bend of the trunk at rest, and how the arms hang.
    elevation, azimuth, flexion : float
        Added to every arm pose that an action asks for.
    stance, toe_out : float
        Placement of the feet.
    sway, fidget : float
        Size of body sway (metres) and of idle arm movement.
    lean : float
        How much the trunk goes along with the arms.
    """

    amplitude: float
    tempo: float
    left_handed: bool
    both_arms: float
    squat: float
    stoop: float
    elbow_rest: float
    arm_rest: float
    elevation: float
    azimuth: float
    flexion: float
    stance: float
    toe_out: float
    sway: float
    fidget: float
    lean: float

    def fresh(self, rng: np.random.Generator) -> Style:
        """The same person on another try: small changes of everything, now and then the other hand."""
        shift = rng.normal(size=8)
        return replace(
            self,
            amplitude=float(np.clip(self.amplitude * np.exp(0.12 * shift[0]), 0.5, 1.5)),
            tempo=float(self.tempo * np.exp(0.13 * shift[1])),
            left_handed=bool(self.left_handed ^ (rng.uniform() < 0.2)),
            both_arms=float(np.clip(self.both_arms + 0.15 * shift[2], 0.0, 1.0)),
            squat=float(np.clip(self.squat + 0.2 * shift[3], 0.0, 1.0)),
            stoop=self.stoop + 2.0 * float(shift[4]),
            elevation=float(np.clip(self.elevation + 7.0 * shift[5], -18.0, 24.0)),
            azimuth=float(np.clip(self.azimuth + 7.0 * shift[6], -30.0, 30.0)),
            flexion=float(np.clip(self.flexion + 8.0 * shift[7], -30.0, 30.0)),
        )


@dataclass(frozen=True)
class Performer:
    """A person: the body and the habits."""

    body: Proportions
    style: Style


def subject(seed: int, number: int) -> Performer:
    """Performer with this subject number; the same body and habits wherever the number occurs."""
    rng = stream(seed, _SUBJECT_STREAM, number)
    return Performer(draw_proportions(rng), _draw_style(rng))


def _draw_style(rng: np.random.Generator) -> Style:
    return Style(
        amplitude=float(np.clip(np.exp(rng.normal(0.0, 0.28)), 0.5, 1.4)),
        tempo=float(np.clip(np.exp(rng.normal(0.0, 0.22)), 0.6, 1.6)),
        left_handed=bool(rng.uniform() < 0.4),
        both_arms=float(rng.beta(0.7, 1.4)),
        squat=float(rng.uniform()),
        stoop=float(rng.normal(4.0, 4.5)),
        elbow_rest=float(rng.uniform(5.0, 45.0)),
        arm_rest=float(rng.uniform(4.0, 16.0)),
        elevation=float(rng.normal(0.0, 14.0)),
        azimuth=float(rng.normal(0.0, 16.0)),
        flexion=float(rng.normal(0.0, 17.0)),
        stance=float(rng.uniform(0.9, 2.0)),
        toe_out=float(rng.normal(9.0, 5.0)),
        sway=float(rng.uniform(0.004, 0.014)),
        fidget=float(rng.uniform(1.0, 5.0)),
        lean=float(rng.uniform(0.3, 1.7)),
    )


def at_ease(clock: Clock, style: Style, rng: np.random.Generator) -> Motion:
    """Standing with the performer's own posture."""
    motion = Motion.still(clock.frames)
    motion.stance, motion.toe_out = style.stance, style.toe_out
    motion.trunk[:, 0] = style.stoop
    motion.head[:, 0] = 0.6 * style.stoop + float(rng.normal(0.0, 6.0))
    motion.head[:, 2] = float(rng.normal(0.0, 8.0))
    for side in (LEFT, RIGHT):
        motion.arms[:, side] = (style.arm_rest, float(rng.uniform(30.0, 90.0)), style.elbow_rest, 0.0)
        motion.feet[:, side, 2] = float(rng.normal(0.0, 0.035))
    motion.yaw[:] = float(rng.normal(0.0, 4.0))
    return motion


def unsettle(motion: Motion, clock: Clock, style: Style, rng: np.random.Generator) -> None:
    """Add sway, idle arm movement and glances, in place; the feet stay where they are."""
    sway = wander(rng, clock.seconds, 2, style.sway)
    motion.root[:, [0, 2]] += sway
    motion.yaw += wander(rng, clock.seconds, 1, 4.0)[:, 0]
    turn = wander(rng, clock.seconds, 6, 1.0)
    motion.trunk += turn[:, :3] * np.array([1.3, 0.9, 2.0])
    motion.head += turn[:, 3:] * np.array([3.0, 2.0, 5.0])
    size = style.fidget * np.array([1.0, 2.0, 2.0, 2.0])
    motion.arms += wander(rng, clock.seconds, 8, 1.0).reshape(-1, 2, 4) * size
    _fidget(motion, clock, style, rng)
    np.clip(motion.arms[..., 0], 1.0, 172.0, out=motion.arms[..., 0])
    np.clip(motion.arms[..., 2], 3.0, 148.0, out=motion.arms[..., 2])


def _fidget(motion: Motion, clock: Clock, style: Style, rng: np.random.Generator) -> None:
    """Now and then one arm does something of its own for a moment."""
    if rng.uniform() > 0.12 + 0.06 * style.fidget:
        return
    side = int(rng.integers(2))
    middle, half = rng.uniform(0.0, clock.seconds[-1]), rng.uniform(0.4, 0.9)
    weight = smooth(1.0 - np.abs(clock.seconds - middle) / half)
    elevation, flexion = float(rng.uniform(15.0, 55.0)), float(rng.uniform(60.0, 125.0))
    motion.aim(side, 0.8 * weight, elevation, float(rng.uniform(-30.0, 50.0)), flexion)


def draw_clock(rng: np.random.Generator, style: Style, natural: float | None) -> Clock:
    """Length of a recording and when the action happens in it.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    style : Style
        Its tempo shortens or stretches the action.
    natural : float or None
        Usual length of the action in seconds; None for actions that fill the recording.
    """
    frames = int(np.clip(round(np.exp(rng.normal(np.log(77.0), 0.4))), 28, 298))
    total = frames / FRAME_RATE
    if natural is None:
        span = total * rng.uniform(0.45, 0.95)
    else:
        span = min(0.85 * natural / style.tempo * np.exp(rng.normal(0.0, 0.2)), 0.92 * total)
    start = (total - span) * rng.uniform()
    return Clock(np.arange(frames) / FRAME_RATE, float(start), float(start + span))
