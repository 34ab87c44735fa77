"""Which tracked bodies of a recording to keep: strategies of the field as small functions.

Each takes a recording and the most bodies to keep, and returns tracks with their original frame indices: no frame is
dropped or moved. Body ids stay as the sensor gave them. A missing joint is all zeros; a missing row is not listed.

``motion`` is the converter's default: it alone rejects furniture that the sensor takes for a person, and joins the
pieces of a person who was lost and found again under a new id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from skeleton_data.raw import RawBody, RawSequence, SkeletonDataError

Selection = Callable[[RawSequence, int], list[RawBody]]

MIN_FRAMES = 11
"""``motion`` drops a body seen in this many frames or fewer."""
MAX_SPREAD = 0.8
"""A frame is that of a person if its extent in x is at most this share of its extent in y."""
MAX_BAD_FRAMES = 0.69754
"""``motion`` drops a body if at least this share of its frames is too wide."""
_ENERGY_CANDIDATES = 4


def first(sequence: RawSequence, max_bodies: int) -> list[RawBody]:
    """Keep the bodies that appear first (ST-GCN's rule, by body id where ST-GCN goes by place in the frame)."""
    return sequence.bodies[:max_bodies]


def energy(sequence: RawSequence, max_bodies: int) -> list[RawBody]:
    """Keep the bodies with the greatest spread of coordinates, out of the first four (2s-AGCN's rule, by body id).

    Energy is std(x) + std(y) + std(z) over all joints of the frames whose coordinates do not sum to zero.
    """
    candidates = sequence.bodies[:_ENERGY_CANDIDATES]
    return _largest(candidates, [_energy(body.positions) for body in candidates])[:max_bodies]


def motion(sequence: RawSequence, max_bodies: int) -> list[RawBody]:
    """Keep the persons who move most, without furniture, pieces of a person joined (SGN's and CTR-GCN's rule).

    For recordings with two bodies or more: drop bodies of 11 frames or fewer (unless all are that short); drop
    bodies that are too wide to be a person in 70 % of their frames (never the last); order the rest by the variance
    of their coordinates in frames of a person's shape; then each body in turn joins the first person whose time span
    it does not overlap, up to ``max_bodies`` persons. Of a frame that two pieces share the livelier piece stays.
    """
    bodies = sequence.bodies
    if len(bodies) < 2:
        return bodies[:max_bodies]
    bodies = [body for body in bodies if len(body.frames) > MIN_FRAMES] or bodies
    bodies = _persons(bodies)
    return _join(_largest(bodies, [_motion(body) for body in bodies]), max_bodies)


STRATEGIES: Mapping[str, Selection] = MappingProxyType({"motion": motion, "energy": energy, "first": first})
"""Name -> selection; the first is the converter's default."""


def get_strategy(name: str) -> Selection:
    """Return the strategy called ``name``; :class:`SkeletonDataError` if there is none."""
    if name not in STRATEGIES:
        raise SkeletonDataError(f"Unknown body selection {name!r}; choose from {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]


def _largest(bodies: list[RawBody], scores: list[float]) -> list[RawBody]:
    # A stable sort: equal scores keep the order of appearance.
    return [bodies[i] for i in np.argsort(-np.array(scores), kind="stable")]


def _energy(positions: NDArray[np.float32]) -> float:
    present = positions[positions.sum(axis=(1, 2)) != 0].astype(np.float64)
    return float(present.std(axis=(0, 1)).sum()) if len(present) else 0.0


def _person_shaped(body: RawBody) -> NDArray[np.bool_]:
    x, y = body.positions[..., 0], body.positions[..., 1]
    shaped: NDArray[np.bool_] = np.ptp(x, axis=1) <= MAX_SPREAD * np.ptp(y, axis=1)
    return shaped


def _persons(bodies: list[RawBody]) -> list[RawBody]:
    kept = list(bodies)
    for body in bodies:
        if len(kept) > 1 and (~_person_shaped(body)).mean() >= MAX_BAD_FRAMES:
            kept = [other for other in kept if other is not body]
    return kept


def _motion(body: RawBody) -> float:
    """Sum of the variances of x, y, z; the smaller of that over all frames and over person-shaped ones."""
    shaped = _person_shaped(body)
    everywhere = _variance(body.positions)
    return min(everywhere, _variance(body.positions[shaped])) if shaped.any() else everywhere


def _variance(positions: NDArray[np.float32]) -> float:
    return float(positions.astype(np.float64).var(axis=(0, 1)).sum())


def _join(bodies: list[RawBody], max_bodies: int) -> list[RawBody]:
    persons: list[RawBody] = []
    for body in bodies:
        for at, person in enumerate(persons):
            if min(person.frames[-1], body.frames[-1]) - max(person.frames[0], body.frames[0]) <= 0:
                persons[at] = _merged(person, body)
                break
        else:
            if len(persons) < max_bodies:
                persons.append(body)
    return persons


def _merged(person: RawBody, piece: RawBody) -> RawBody:
    new = ~np.isin(piece.frames, person.frames)
    frames = np.concatenate([person.frames, piece.frames[new]])
    positions = np.concatenate([person.positions, piece.positions[new]])
    order = np.argsort(frames, kind="stable")
    return RawBody(person.body_id, frames[order], positions[order])
