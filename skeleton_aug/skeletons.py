"""Joint layouts: names, parents, left/right pairs, and what follows from them.

Bones point from a joint's parent to the joint. Edges follow the graphs that the field trains on
(ST-GCN for Kinect v2 and OpenPose, CTR-GCN for Kinect v1, pyskl for COCO, smplx for SMPL).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Skeleton:
    """A joint layout, checked once when it is made.

    Parameters
    ----------
    name : str
        How errors and stores call the layout.
    joints : sequence of str
        Joint names, unique; the position in this sequence is the joint's index.
    parents : sequence of int
        Parent index of each joint; exactly one joint, the centre, has -1.
    mirror_pairs : sequence of (int, int)
        (left, right) joints that swap when the body is mirrored.
    frame_joints : mapping, optional
        Joints that define the canonical body frame: ``base`` (base of the spine), ``spine`` (the next joint
        up), ``left_shoulder`` and ``right_shoulder``. Needed by canonical rotation only.

    Raises
    ------
    ValueError
        When the parents are no tree, an index is out of range, or the mirror is no involution.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    mirror_pairs: tuple[tuple[int, int], ...] = ()
    frame_joints: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "joints", tuple(self.joints))
        object.__setattr__(self, "parents", tuple(int(p) for p in self.parents))
        object.__setattr__(self, "mirror_pairs", tuple((int(a), int(b)) for a, b in self.mirror_pairs))
        object.__setattr__(self, "frame_joints", {k: int(v) for k, v in self.frame_joints.items()})
        self._check()

    def _check(self) -> None:
        who, n = f"Skeleton {self.name!r}", len(self.joints)
        if n == 0:
            raise ValueError(f"{who}: needs at least one joint.")
        if len(set(self.joints)) != n:
            raise ValueError(f"{who}: joint names must be unique.")
        if len(self.parents) != n:
            raise ValueError(f"{who}: {n} joints but {len(self.parents)} parents; give one parent per joint.")
        if list(self.parents).count(-1) != 1:
            raise ValueError(f"{who}: exactly one joint must have parent -1, got {list(self.parents).count(-1)}.")
        if any(not -1 <= p < n for p in self.parents):
            raise ValueError(f"{who}: parents must lie in -1..{n - 1}, got {self.parents}.")
        for joint in range(n):
            seen, at = 0, joint
            while at != -1:
                at, seen = self.parents[at], seen + 1
                if seen > n:
                    raise ValueError(f"{who}: following the parents of joint {joint} never reaches the root.")
        paired = [j for pair in self.mirror_pairs for j in pair]
        if len(set(paired)) != len(paired):
            raise ValueError(f"{who}: a joint may stand in one mirror pair only, got {self.mirror_pairs}.")
        for label, index in [*(("mirror pair", j) for j in paired), *self.frame_joints.items()]:
            if not 0 <= index < n:
                raise ValueError(f"{who}: {label} names joint {index}, outside 0..{n - 1}.")

    @property
    def n_joints(self) -> int:
        """Number of joints, V."""
        return len(self.joints)

    @property
    def center(self) -> int:
        """Index of the root of the bone tree."""
        return self.parents.index(-1)

    @property
    def left(self) -> tuple[int, ...]:
        """Joints of the left arm and leg."""
        return tuple(a for a, _ in self.mirror_pairs)

    @property
    def right(self) -> tuple[int, ...]:
        """Joints of the right arm and leg."""
        return tuple(b for _, b in self.mirror_pairs)

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """(joint, parent) pairs, one per bone."""
        return tuple((j, p) for j, p in enumerate(self.parents) if p >= 0)

    @cached_property
    def mirror(self) -> NDArray[np.intp]:
        """Permutation of the joints that swaps left and right, shape (V,)."""
        order = np.arange(self.n_joints)
        for a, b in self.mirror_pairs:
            order[a], order[b] = b, a
        order.flags.writeable = False
        return order

    @cached_property
    def parent_array(self) -> NDArray[np.int64]:
        """Parents as an array, shape (V,); -1 at the root."""
        parents = np.array(self.parents, np.int64)
        parents.flags.writeable = False
        return parents

    @cached_property
    def without_side(self) -> NDArray[np.float64]:
        """Weights that drop the left (row 0) or the right side (row 1), shape (2, V)."""
        weights = np.ones((2, self.n_joints))
        weights[0, list(self.left)] = 0.0
        weights[1, list(self.right)] = 0.0
        weights.flags.writeable = False
        return weights

    def frame_joint(self, role: str) -> int:
        """Index of the joint that plays ``role`` in the canonical body frame."""
        if role not in self.frame_joints:
            raise ValueError(
                f"Skeleton {self.name!r} does not say which joint is the {role!r}; "
                f"pass frame_joints={{{role!r}: index, ...}} when making it."
            )
        return self.frame_joints[role]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values that :meth:`from_dict` reads back."""
        return {
            "name": self.name,
            "joints": list(self.joints),
            "parents": list(self.parents),
            "mirror_pairs": [list(pair) for pair in self.mirror_pairs],
            "frame_joints": dict(self.frame_joints),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Skeleton:
        """Inverse of :meth:`to_dict`."""
        return cls(
            values["name"], values["joints"], values["parents"], values["mirror_pairs"], values.get("frame_joints", {})
        )

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    def __repr__(self) -> str:
        return f"Skeleton({self.name!r}, {self.n_joints} joints)"


def _layout(name: str, joints: str, edges: str, pairs: str, **frame_joints: int) -> Skeleton:
    """Build a layout from blank-separated names and ``child-parent`` / ``left-right`` pairs of 0-based indices."""
    names = joints.split()
    parents = [-1] * len(names)
    for child, parent in _pairs(edges):
        parents[child] = parent
    return Skeleton(name, tuple(names), tuple(parents), tuple(_pairs(pairs)), frame_joints)


def _pairs(text: str) -> Sequence[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in (pair.split("-") for pair in text.split())]


KINECT_V2 = _layout(
    "kinect_v2",
    "spine_base spine_mid neck head "
    "left_shoulder left_elbow left_wrist left_hand right_shoulder right_elbow right_wrist right_hand "
    "left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot "
    "spine_shoulder left_hand_tip left_thumb right_hand_tip right_thumb",
    "0-1 1-20 2-20 3-2 4-20 5-4 6-5 7-6 8-20 9-8 10-9 11-10 12-0 13-12 14-13 15-14 16-0 17-16 18-17 19-18 "
    "21-22 22-7 23-24 24-11",
    "4-8 5-9 6-10 7-11 12-16 13-17 14-18 15-19 21-23 22-24",
    base=0,
    spine=1,
    left_shoulder=4,
    right_shoulder=8,
)
KINECT_V1 = _layout(
    "kinect_v1",
    "hip_center spine shoulder_center head "
    "left_shoulder left_elbow left_wrist left_hand right_shoulder right_elbow right_wrist right_hand "
    "left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot",
    "0-1 1-2 3-2 4-2 5-4 6-5 7-6 8-2 9-8 10-9 11-10 12-0 13-12 14-13 15-14 16-0 17-16 18-17 19-18",
    "4-8 5-9 6-10 7-11 12-16 13-17 14-18 15-19",
    base=0,
    spine=1,
    left_shoulder=4,
    right_shoulder=8,
)

SKELETONS: Mapping[str, Skeleton] = {s.name: s for s in (KINECT_V2, KINECT_V1)}


def get_skeleton(skeleton: str | Skeleton) -> Skeleton:
    """Return ``skeleton`` itself, or the built-in layout of that name.

    Raises
    ------
    ValueError
        When no built-in layout has that name.
    """
    if isinstance(skeleton, Skeleton):
        return skeleton
    if skeleton not in SKELETONS:
        raise ValueError(f"Unknown skeleton {skeleton!r}; built in are {', '.join(SKELETONS)}.")
    return SKELETONS[skeleton]
