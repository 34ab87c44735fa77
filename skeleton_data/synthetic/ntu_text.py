"""Writes a recording as the text of an NTU RGB+D ``.skeleton`` file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skeleton_data.synthetic.camera import DEPTH_PIXELS, color_pixels, depth_pixels
from skeleton_data.synthetic.decimals import decimal_lines
from skeleton_data.synthetic.performances import stream
from skeleton_data.synthetic.recording import Recording

Array = NDArray[np.float64]

_HAND_STREAM = 5
_BODY = b"%d %d %d %d %d %d 0 %.7g %.7g 2\n25\n"
_LEAVES = [3, 15, 19, 21, 22, 23, 24]
# The joint that each bone's orientation is read along: Kinect names a bone by its far end.
_NEAR = np.array([0, 0, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 1, 7, 7, 11, 11])


def ntu_text(recording: Recording, seed: int) -> bytes:
    """Text of the file, 1 + sum over frames of (1 + 27 per body) lines."""
    sequence = recording.sensed
    key = (sequence.setup, sequence.subject, sequence.replication, sequence.label, sequence.camera)
    rng = stream(seed, _HAND_STREAM, *key)
    frames: list[list[bytes]] = [[] for _ in range(sequence.n_frames)]
    for body, states in zip(sequence.bodies, recording.states, strict=True):
        texts = _body_texts(body.body_id, body.positions, states, rng)
        for frame, text in zip(body.frames.tolist(), texts, strict=True):
            frames[frame].append(text)
    parts = [b"%d\n" % sequence.n_frames]
    for bodies in frames:
        parts.append(b"%d\n" % len(bodies))
        parts.extend(bodies)
    return b"".join(parts)


def _body_texts(
    body_id: int, positions: NDArray[np.float32], states: NDArray[np.int64], rng: np.random.Generator
) -> list[bytes]:
    joints = positions.astype(np.float64)
    depth = depth_pixels(joints)
    tokens = np.concatenate([joints, depth, color_pixels(joints), _orientations(joints), states[..., None]], axis=-1)
    lines = decimal_lines(tokens.reshape(len(joints), -1), np.tile(np.arange(12) == 11, 25))
    heads = np.concatenate([_edges(depth)[:, None], _hands(len(joints), rng), _lean(joints)], axis=1)
    return [_BODY % (body_id, *head) + line for head, line in zip(heads.tolist(), lines, strict=True)]


def _orientations(joints: Array) -> Array:
    """Quaternions (w, x, y, z) that turn the y axis into the bone; zero for joints that end a limb."""
    bone = joints - joints[:, _NEAR]
    bone[:, 0] = joints[:, 1] - joints[:, 0]
    bone /= np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-9)
    turn = np.stack([1.0 + bone[..., 1], bone[..., 2], np.zeros(bone.shape[:2]), -bone[..., 0]], axis=-1)
    turn[turn[..., 0] < 1e-6] = (0.0, 1.0, 0.0, 0.0)
    turn /= np.linalg.norm(turn, axis=-1, keepdims=True)
    turn[:, _LEAVES] = 0.0
    return np.asarray(turn)


def _edges(depth: Array) -> Array:
    """Bit mask of the picture's edges that cut the body off: 1 right, 2 left, 4 top, 8 bottom."""
    (left, top), (right, bottom) = depth.min(axis=1).T, depth.max(axis=1).T
    return np.asarray(
        1.0 * (right > DEPTH_PIXELS[0]) + 2.0 * (left < 0) + 4.0 * (top < 0) + 8.0 * (bottom > DEPTH_PIXELS[1])
    )


def _hands(frames: int, rng: np.random.Generator) -> Array:
    """Confidence and state of the left and the right hand, each kept for a while."""
    states = rng.choice([0, 1, 2, 3], size=(frames // 12 + 1, 2), p=[0.35, 0.35, 0.2, 0.1]).repeat(12, axis=0)[:frames]
    sure = (states >= 2) & (rng.uniform(size=states.shape) < 0.6)
    return np.stack([sure[:, 0], states[:, 0], sure[:, 1], states[:, 1]], axis=1).astype(np.float64)


def _lean(joints: Array) -> Array:
    """Lean to the side and towards the sensor, each in -1..1."""
    trunk = joints[:, 20] - joints[:, 0]
    return np.asarray(np.clip(np.stack([trunk[:, 0], -trunk[:, 2]], axis=1) / 0.5, -1.0, 1.0))
