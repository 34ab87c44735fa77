"""One camera's recording: which frames it keeps, whom it tracks under which id, and what it invents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_data.raw import RawBody, RawSequence, SkeletonDataError
from skeleton_data.synthetic.camera import Camera, setup_camera
from skeleton_data.synthetic.performances import CAMERAS, Performance, stream
from skeleton_data.synthetic.sensor import INFERRED, hidden_joints, sense
from skeleton_data.synthetic.stage import perform

Array = NDArray[np.float64]

_CAMERA_STREAM = 4
_ID_BASE = 2**56


@dataclass(frozen=True)
class Recording:
    """A performance as one camera sees it.

    Attributes
    ----------
    world : (M, T, 25, 3) float64 array
        Noise-free joints of everyone on the stage, world space; the same for the three cameras.
    view : (M, T, 25, 3) float64 array
        The same in this camera's space.
    camera : Camera
        Where the sensor stands.
    frames : (n,) int64 array
        Which of the T moments the n recorded frames show.
    sensed : RawSequence
        What the sensor reports; ``n_frames`` is n.
    states : sequence of (n_b, 25) int64 arrays
        Tracking states of each body of ``sensed``: 1 inferred, 2 tracked.
    """

    world: Array
    view: Array
    camera: Camera
    frames: NDArray[np.int64]
    sensed: RawSequence
    states: Sequence[NDArray[np.int64]]


def simulate(performance: Performance, camera: int, seed: int) -> Recording:
    """Let one camera record a performance.

    Parameters
    ----------
    performance : Performance
        What is done, by whom, where.
    camera : int
        1 (centre), 2 or 3 (sides).
    seed : int
        Non-negative; the result depends on the three arguments alone.

    Raises
    ------
    SkeletonDataError
        When there is no such camera, or the seed is negative.
    """
    _check(seed, camera)
    return record(performance, camera, seed, perform(performance, seed))


def record(performance: Performance, camera: int, seed: int, world: Array) -> Recording:
    """As :func:`simulate`, for a performance that has been computed already."""
    rng = stream(seed, _CAMERA_STREAM, *performance.key, camera)
    sensor = setup_camera(seed, performance.setup, camera)
    view = sensor.view(world)
    frames = _kept_frames(view.shape[1], rng)
    seen = view[:, frames]
    hidden = hidden_joints(seen)
    next_id = _ID_BASE + int(
        stream(seed, _CAMERA_STREAM, performance.setup, performance.subject, camera).integers(9000)
    )
    next_id += int(rng.integers(600))
    tracks: list[tuple[RawBody, NDArray[np.int64]]] = []
    for person in rng.permutation(len(seen)):
        joints, states = sense(seen[person], hidden[person], rng)
        for start, stop in _spells(len(frames), bool(len(seen) > 1 and person == 1), rng):
            next_id += int(rng.integers(1, 3))
            tracks.append(_track(next_id, np.arange(start, stop), joints[start:stop], states[start:stop]))
    if rng.uniform() < 0.05:
        tracks.append(_phantom(next_id + 1, seen, rng))
    tracks.sort(key=lambda track: int(track[0].frames[0]))
    sequence = RawSequence(
        name=performance.sample(camera),
        n_frames=len(frames),
        bodies=[body for body, _ in tracks],
        label=performance.label,
        performance=performance.name,
        subject=performance.subject,
        camera=camera,
        setup=performance.setup,
        replication=performance.replication,
    )
    return Recording(world, view, sensor, frames, sequence, [states for _, states in tracks])


def _check(seed: int, camera: int) -> None:
    if camera not in CAMERAS:
        raise SkeletonDataError(f"The simulator has cameras 1, 2 and 3, got {camera}.")
    check_seed(seed)


def check_seed(seed: int) -> None:
    """Refuse a seed that no random stream can start from."""
    if seed < 0:
        raise SkeletonDataError(f"The seed must be 0 or more, got {seed}.")


def _kept_frames(moments: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Cameras start and stop a frame or so apart, and now and then one loses frames on the way."""
    begin, end = int(rng.uniform() < 0.1), moments - int(rng.choice(3, p=(0.78, 0.2, 0.02)))
    kept = np.arange(begin, end)
    lost = int(rng.integers(1, 9)) if rng.uniform() < 0.02 else 0
    keep = np.ones(len(kept), bool)
    keep[rng.choice(len(kept), min(lost, len(kept) - 20), replace=False)] = False
    return kept[keep]


def _spells(frames: int, second: bool, rng: np.random.Generator) -> list[tuple[int, int]]:
    """(first, last + 1) of every stretch in which a person is tracked under one id."""
    late, lost, gap, when, missing = rng.uniform(size=5)
    start = int(rng.integers(1, 13)) if late < (0.2 if second else 0.09) else 0
    start = min(start, frames // 4)
    stop = frames
    if second and missing < 0.06:
        stop = int(frames * rng.uniform(0.3, 0.9))
    if lost > 0.07 or stop - start < 30:
        return [(start, stop)]
    middle = int(start + (0.2 + 0.6 * when) * (stop - start))
    return [(start, middle), (min(middle + int(10 * gap), stop - 1), stop)]


def _track(
    body_id: int, frames: NDArray[np.int64], joints: Array, states: NDArray[np.int64]
) -> tuple[RawBody, NDArray[np.int64]]:
    return RawBody(body_id, frames.astype(np.int32), joints.astype(np.float32)), states


def _phantom(body_id: int, seen: Array, rng: np.random.Generator) -> tuple[RawBody, NDArray[np.int64]]:
    """A body that the sensor reads into furniture: short-lived, shaking, wider than high."""
    frames = seen.shape[1]
    length = min(int(rng.integers(3, 28)), frames)
    first = int(rng.integers(0, frames - length + 1))
    middle = seen[0, first, 0] + np.array(
        [rng.choice([-1.0, 1.0]) * rng.uniform(0.6, 1.2), -0.4, rng.uniform(-0.2, 1.0)]
    )
    shape = (seen[0, first] - seen[0, first, 0]) * np.array([0.9, 0.35, 0.6]) + rng.normal(0.0, 0.12, (25, 3))
    shape[:, 0] *= 1.6
    joints = middle + shape + rng.normal(0.0, 0.03, (length, 25, 3))
    return _track(body_id, np.arange(first, first + length), joints, np.full((length, 25), INFERRED))
