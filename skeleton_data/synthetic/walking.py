"""Walking: feet that stay where they are put down, and arms that swing against them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skeleton_data.synthetic.motion import Clock, Motion, smooth
from skeleton_data.synthetic.performers import Performer

Array = NDArray[np.float64]

_STEP_SECONDS = 0.55


def walk(motion: Motion, phase: Array, distance: float, person: Performer, rng: np.random.Generator) -> None:
    """Walk ``distance`` metres along the heading (backwards if negative) while ``phase`` goes from 0 to 1."""
    pace = 0.36 * person.body.stature * person.style.amplitude**0.5 * (1.0 if distance > 0 else 0.75)
    steps = max(1, round(abs(distance) / pace))
    lead = int(rng.integers(2))
    # One swing more than there are steps: the last one brings the feet together.
    swings = (steps + 1) * phase
    feet = np.zeros((len(phase), 2))
    for swing in range(steps + 1):
        part, side = np.clip(swings - swing, 0.0, 1.0), (swing + lead) % 2
        feet[:, side] += (min(swing + 1, steps) - max(swing - 1, 0)) * distance / steps * smooth(part)
        motion.feet[:, side, 1] += 0.09 * np.sin(np.pi * part) ** 2
        motion.foot_pitch[:, side] += 22.0 * np.sin(2 * np.pi * part)
    travelled = distance * (0.7 * phase + 0.3 * smooth(phase))
    motion.root[:, 2] += travelled
    motion.root[:, 1] -= 0.012 * np.sin(np.pi * swings) ** 2
    motion.feet[..., 2] += feet
    ahead = (feet - travelled[:, None]) / abs(distance / steps)
    _swing_arms(motion, -24.0 * person.style.amplitude * ahead)


def _swing_arms(motion: Motion, degrees: Array) -> None:
    """Tilt the arms forward by ``degrees`` (T, 2)."""
    elevation, azimuth = motion.arms[..., 0], np.deg2rad(motion.arms[..., 1])
    out, ahead = elevation * np.sin(azimuth), elevation * np.cos(azimuth) + degrees
    motion.arms[..., 0] = np.hypot(out, ahead)
    motion.arms[..., 1] = np.rad2deg(np.arctan2(out, ahead))
    motion.arms[..., 2] += 0.4 * np.maximum(degrees, 0.0)


def stroll(motion: Motion, clock: Clock, person: Performer, rng: np.random.Generator, *, meanwhile: bool) -> None:
    """Step forward or back before or after the action, or (``meanwhile``) at any time, in place.

    Nothing happens where there is no time for it.
    """
    distance = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.25, 0.9))
    needed = _STEP_SECONDS * (2 + round(abs(distance) / 0.6)) / person.style.tempo
    total = float(clock.seconds[-1])
    spells = [(0.0, total)] if meanwhile else [(0.0, clock.start), (clock.end, total)]
    spells = [(begin, end) for begin, end in spells if end - begin >= needed]
    if not spells:
        return
    begin, end = spells[int(rng.integers(len(spells)))]
    begin += (end - begin - needed) * rng.uniform()
    walk(motion, np.clip((clock.seconds - begin) / needed, 0.0, 1.0), distance, person, rng)
