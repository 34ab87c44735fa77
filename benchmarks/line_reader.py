"""NTU RGB+D text as scripts usually read it, one line after the other, all values through ``float``: a yardstick."""

from __future__ import annotations

from typing import Any

_BODY = (
    "bodyID", "clipedEdges", "handLeftConfidence", "handLeftState", "handRightConfidence", "handRightState",
    "isResticted", "leanX", "leanY", "trackingState",
)  # fmt: skip
_JOINT = (
    "x", "y", "z", "depthX", "depthY", "colorX", "colorY", "orientationW", "orientationX", "orientationY",
    "orientationZ", "trackingState",
)  # fmt: skip


def read_lines(data: bytes) -> list[list[dict[str, Any]]]:
    """Read the bodies of every frame as dictionaries of their values."""
    lines = iter(data.decode().splitlines())
    frames = []
    for _ in range(int(next(lines))):
        bodies = []
        for _ in range(int(next(lines))):
            body: dict[str, Any] = dict(zip(_BODY, map(float, next(lines).split()), strict=True))
            n_joints = int(next(lines))
            body["joints"] = [dict(zip(_JOINT, map(float, next(lines).split()), strict=True)) for _ in range(n_joints)]
            bodies.append(body)
        frames.append(bodies)
    return frames
