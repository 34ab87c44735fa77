"""What a performer does over time: joint angles, pelvis path and footholds, and the clock that paces them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FRAME_RATE = 30.0


@dataclass
class Motion:
    """Trajectories of one performer, angles in degrees, lengths in metres, ``T`` frames.

    Attributes
    ----------
    root : (T, 3)
        Displacement of the pelvis from upright standing: left, up, forward (along ``heading``).
    heading : (T,)
        Direction that the performer walks in; positive turns to the left.
    yaw : (T,)
        Turn of the pelvis against ``heading``.
    trunk : (T, 3)
        Forward bend, bend to the right, twist to the left.
    head : (T, 3)
        Nod, tilt to the right, look to the left.
    arms : (T, 2, 4)
        Left and right: elevation (0 hangs, 90 level, 180 overhead), azimuth (0 forward, 90 outward, negative
        across the chest), elbow flexion, and swivel of the elbow about the line from shoulder to wrist.
    feet : (T, 2, 3)
        Displacement of the ankles from their place in the stance: left, up, forward (along ``foot_heading``).
    foot_heading, foot_pitch : (T, 2)
        Direction of each foot and how far its toes point down.
    stance : float
        Distance of each foot from the middle, in units of the half width of the hips.
    toe_out : float
        Outward turn of the feet.
    """

    root: Array
    heading: Array
    yaw: Array
    trunk: Array
    head: Array
    arms: Array
    feet: Array
    foot_heading: Array
    foot_pitch: Array
    stance: float = 1.2
    toe_out: float = 8.0

    @classmethod
    def still(cls, frames: int) -> Motion:
        """Upright standing with hanging arms."""
        motion = cls(
            root=np.zeros((frames, 3)),
            heading=np.zeros(frames),
            yaw=np.zeros(frames),
            trunk=np.zeros((frames, 3)),
            head=np.zeros((frames, 3)),
            arms=np.zeros((frames, 2, 4)),
            feet=np.zeros((frames, 2, 3)),
            foot_heading=np.zeros((frames, 2)),
            foot_pitch=np.zeros((frames, 2)),
        )
        motion.arms[:] = (8.0, 60.0, 15.0, 0.0)
        return motion

    def aim(self, side: int, weight: Array, *angles: Array | float) -> None:
        """Blend one arm towards elevation, azimuth, flexion and (optional) swivel with ``weight`` (T,)."""
        for column, angle in enumerate(angles):
            here = self.arms[:, side, column]
            self.arms[:, side, column] = here + weight * (angle - here)

    def mirrored(self) -> Motion:
        """The same motion with left and right exchanged."""
        flip = np.array([-1.0, 1.0, 1.0])
        bends = np.array([1.0, -1.0, -1.0])
        return Motion(
            root=self.root * flip,
            heading=-self.heading,
            yaw=-self.yaw,
            trunk=self.trunk * bends,
            head=self.head * bends,
            arms=self.arms[:, ::-1].copy(),
            feet=self.feet[:, ::-1] * flip,
            foot_heading=-self.foot_heading[:, ::-1],
            foot_pitch=self.foot_pitch[:, ::-1].copy(),
            stance=self.stance,
            toe_out=self.toe_out,
        )


@dataclass(frozen=True)
class Clock:
    """Time of a recording, and the part of it in which the action happens.

    Attributes
    ----------
    seconds : (T,)
        Time of each frame.
    start, end : float
        When the action begins and ends, seconds.
    """

    seconds: Array
    start: float
    end: float

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.seconds)

    @property
    def span(self) -> float:
        """Length of the action in seconds."""
        return self.end - self.start

    @property
    def phase(self) -> Array:
        """Progress of the action, (T,): 0 before it, 1 after it."""
        return np.clip((self.seconds - self.start) / self.span, 0.0, 1.0)

    def hold(self, rise: float, fall: float) -> Array:
        """Weight (T,) that rises over the first ``rise`` seconds of the action and falls over its last ``fall``."""
        rise, fall = min(rise, 0.45 * self.span), min(fall, 0.45 * self.span)
        return smooth((self.seconds - self.start) / rise) * smooth((self.end - self.seconds) / fall)

    def repeat(self, times: int) -> Array:
        """Progress (T,) within each of ``times`` equal repetitions; 0 before and after the action."""
        return np.asarray((self.phase * times) % 1.0)

    def cycles(self, rate: float) -> Array:
        """Angle (T,) in radians that makes a whole number of turns, near ``rate`` per second, during the action."""
        turns = max(1, round(rate * self.span))
        return np.asarray(2 * np.pi * turns * self.phase)


def smooth(x: Array) -> Array:
    """Minimum-jerk step from 0 (x <= 0) to 1 (x >= 1)."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x**3 * (10.0 - 15.0 * x + 6.0 * x**2))


def pulse(phase: Array, up: float, top: float, leave: float, down: float) -> Array:
    """Rise from ``up`` to ``top``, hold, and fall from ``leave`` to ``down``, all in units of ``phase``."""
    return smooth((phase - up) / (top - up)) * (1.0 - smooth((phase - leave) / (down - leave)))


def wander(rng: np.random.Generator, seconds: Array, width: int, size: float) -> Array:
    """Slow smooth noise (T, width) of standard deviation ``size``."""
    rates = rng.uniform(0.15, 1.1, (4, width))
    turns = rng.uniform(0.0, 2 * np.pi, (4, width))
    waves = np.sin(2 * np.pi * rates * seconds[:, None, None] + turns)
    return np.asarray(waves.sum(1) * (size / np.sqrt(2.0)))
