"""A joint layout, and what follows from it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROLES = ("base", "spine", "left_shoulder", "right_shoulder")
"""Places of the body frame, in the order of :attr:`Skeleton.role_array`."""


@dataclass(frozen=True)
class Skeleton:
    """A joint layout, checked once when it is made. Bones point from a joint's parent to the joint.

    :meth:`from_names` makes one from joint names alone.

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
        What defines the body frame: ``base`` (base of the spine), ``spine`` (a place further up on it),
        ``left_shoulder`` and ``right_shoulder``; each a joint, or several whose mean counts. Needed to normalise only.
    parts : mapping, optional
        Body part -> its joints, such as ``left_arm``, ``right_arm``, ``left_leg``, ``right_leg`` and ``trunk``; a
        joint is in one part at most, and the mirror swaps the parts ``left...`` and ``right...``. By default ``left``,
        ``right`` and ``trunk``, as the mirror pairs have it.

    Raises
    ------
    ValueError
        When the parents are no tree, an index is out of range, the mirror is no involution, or parts overlap.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    mirror_pairs: tuple[tuple[int, int], ...] = ()
    frame_joints: Mapping[str, int | Sequence[int]] = field(default_factory=dict)
    parts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "joints", tuple(self.joints))
        object.__setattr__(self, "parents", tuple(int(p) for p in self.parents))
        object.__setattr__(self, "mirror_pairs", tuple((int(a), int(b)) for a, b in self.mirror_pairs))
        object.__setattr__(self, "frame_joints", {role: _some(at) for role, at in self.frame_joints.items()})
        parts = {part: tuple(int(j) for j in at) for part, at in self.parts.items()}
        object.__setattr__(self, "parts", parts or self._sides_and_rest())
        self._check_tree()
        self._check_indices()
        self._check_parts()

    def _sides_and_rest(self) -> dict[str, tuple[int, ...]]:
        left, right = tuple(a for a, _ in self.mirror_pairs), tuple(b for _, b in self.mirror_pairs)
        trunk = tuple(sorted(set(range(len(self.joints))) - set(left) - set(right)))
        return {part: at for part, at in (("left", left), ("right", right), ("trunk", trunk)) if at}

    def _check_tree(self) -> None:
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
                    raise ValueError(
                        f"{who}: following the parents of {self.joints[joint]!r} ({joint}) never reaches the root."
                    )

    def _check_indices(self) -> None:
        who, n = f"Skeleton {self.name!r}", len(self.joints)
        paired = [j for pair in self.mirror_pairs for j in pair]
        if len(set(paired)) != len(paired):
            raise ValueError(f"{who}: a joint may stand in one mirror pair only, got {self.mirror_pairs}.")
        named = {"mirror pair": paired, **{role: _several(at) for role, at in self.frame_joints.items()}, **self.parts}
        for label, joints in named.items():
            if label != "mirror pair" and not joints:
                raise ValueError(f"{who}: {label} names no joint; leave it out or name some.")
            for index in joints:
                if not 0 <= index < n:
                    raise ValueError(f"{who}: {label} names joint {index}, outside 0..{n - 1}.")

    def _check_parts(self) -> None:
        who = f"Skeleton {self.name!r}"
        often = [j for j, times in Counter(j for at in self.parts.values() for j in at).items() if times > 1]
        if often:
            parts = [part for part, at in self.parts.items() if often[0] in at]
            raise ValueError(
                f"{who}: a joint may be in one part only, but {self.joints[often[0]]!r} is in {' and '.join(parts)}"
                + (" twice." if len(parts) == 1 else ".")
            )
        if not self.mirror_pairs:
            return
        for part, at in self.parts.items():
            other = _other_side(part)
            mirrored = {int(j) for j in self.mirror[list(at)]}
            if mirrored != set(self.parts.get(other, ())):
                raise ValueError(
                    f"{who}: the mirror must map {part} to {other}, but it maps it to "
                    f"{sorted(self.joints[j] for j in mirrored)}. Make the mirror pairs and the parts agree."
                )

    @classmethod
    def from_names(
        cls,
        name: str,
        joints: Sequence[str],
        *,
        parents: Mapping[str, str],
        left_right: Iterable[tuple[str, str]] | None = None,
        frame_joints: Mapping[str, str | Sequence[str]] | None = None,
        parts: Mapping[str, Sequence[str]] | None = None,
    ) -> Skeleton:
        """Make a layout of one's own from joint names.

        Parameters
        ----------
        name : str
            How errors and stores call the layout.
        joints : sequence of str
            Joint names in the order of the data's V axis.
        parents : mapping of str to str
            Parent of each joint but one, the centre.
        left_right : (left, right) pairs, optional
            By default every ``left_...`` joint is paired with its ``right_...`` joint.
        frame_joints, parts : mapping, optional
            As for :class:`Skeleton`, with names.

        Raises
        ------
        ValueError
            On a name that is not among the joints, with the closest one that is; and as :class:`Skeleton` does.

        Examples
        --------
        >>> stick = Skeleton.from_names(
        ...     "stick",
        ...     ["hips", "neck", "left_hand", "right_hand"],
        ...     parents={"neck": "hips", "left_hand": "neck", "right_hand": "neck"},
        ...     frame_joints={"base": "hips", "spine": "neck"},
        ... )
        >>> stick.parents, stick.mirror_pairs
        ((-1, 0, 1, 1), ((2, 3),))
        """
        place = {joint: at for at, joint in enumerate(joints)}

        def find(label: str, joint: str) -> int:
            if joint in place:
                return place[joint]
            close = get_close_matches(str(joint), place, 1)
            hint = f" Did you mean {close[0]!r}?" if close else f" Joints are {', '.join(map(str, place))}."
            raise ValueError(f"Skeleton {name!r}: {label} names {joint!r}, which is not among the joints.{hint}")

        above = {find("parents", child): find("parents", parent) for child, parent in parents.items()}
        orphans = [joint for joint, at in place.items() if at not in above]
        if len(orphans) != 1:
            found = ", ".join(map(repr, orphans)) or "none"
            raise ValueError(f"Skeleton {name!r}: exactly one joint, the centre, must have no parent; got {found}.")
        if left_right is None:
            left_right = [(a, b) for a in joints if a != (b := _other_side(a)) and a.startswith("left") and b in place]
        roles = {r: (at,) if isinstance(at, str) else tuple(at) for r, at in (frame_joints or {}).items()}
        return cls(
            name,
            tuple(joints),
            tuple(above.get(at, -1) for at in range(len(joints))),
            tuple((find("left_right", a), find("left_right", b)) for a, b in left_right),
            {role: tuple(find(f"frame_joints[{role!r}]", j) for j in at) for role, at in roles.items()},
            {part: tuple(find(f"parts[{part!r}]", j) for j in at) for part, at in (parts or {}).items()},
        )

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
        """Joints of the left limbs: of the parts whose names begin with ``left``."""
        return tuple(j for part, at in self.parts.items() if part.startswith("left") for j in at)

    @property
    def right(self) -> tuple[int, ...]:
        """Joints of the right limbs: of the parts whose names begin with ``right``."""
        return tuple(j for part, at in self.parts.items() if part.startswith("right") for j in at)

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
        return _read_only(order)

    @cached_property
    def parent_array(self) -> NDArray[np.int64]:
        """Parents as an array, shape (V,); -1 at the root."""
        return _read_only(np.array(self.parents, np.int64))

    @cached_property
    def without_side(self) -> NDArray[np.float64]:
        """Weights that drop the left (row 0) or the right side (row 1), shape (2, V)."""
        weights = np.ones((2, self.n_joints))
        weights[0, list(self.left)] = 0.0
        weights[1, list(self.right)] = 0.0
        return _read_only(weights)

    @cached_property
    def role_array(self) -> NDArray[np.int64]:
        """Joints of base, spine, left and right shoulder, shape (4, K); -1 behind those of a role with fewer than K."""
        joints = [_several(self.frame_joints.get(role, ())) for role in ROLES]
        width = max(1, *map(len, joints))
        return _read_only(np.array([(*at, *[-1] * (width - len(at))) for at in joints], np.int64))

    def role(self, name: str) -> tuple[int, ...]:
        """Joints whose mean is the place ``name`` of the body frame, mostly one.

        Raises
        ------
        ValueError
            When the layout does not say.
        """
        if name not in self.frame_joints:
            lacking = ", ".join(f"{role!r}: JOINT" for role in ROLES if role not in self.frame_joints)
            raise ValueError(
                f"Skeleton {self.name!r} does not say which joint is the {name!r}. Make it with "
                f"frame_joints={{{lacking}}}, and convert again if a store has it; or leave Normalize out."
            )
        return _several(self.frame_joints[name])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values that :meth:`from_dict` reads back."""
        return {
            "name": self.name,
            "joints": list(self.joints),
            "parents": list(self.parents),
            "mirror_pairs": [list(pair) for pair in self.mirror_pairs],
            "frame_joints": {r: at if isinstance(at, int) else list(at) for r, at in self.frame_joints.items()},
            "parts": {part: list(at) for part, at in self.parts.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Skeleton:
        """Inverse of :meth:`to_dict`.

        A layout that was written before there were parts gets those of the built-in layout that it is.
        """
        made = cls(
            values["name"],
            values["joints"],
            values["parents"],
            values["mirror_pairs"],
            values.get("frame_joints", {}),
            values.get("parts", {}),
        )
        if "parts" in values:
            return made
        from skeleton_aug.skeletons.layouts import SKELETONS

        known = SKELETONS.get(made.name, made)
        return known if {**known.to_dict(), "parts": None} == {**made.to_dict(), "parts": None} else made

    def __getstate__(self) -> dict[str, Any]:
        # Without the cached arrays, which would come back writeable: to the compiler another type.
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    def __repr__(self) -> str:
        return f"Skeleton({self.name!r}, {self.n_joints} joints)"


def _some(joints: int | Sequence[int]) -> int | tuple[int, ...]:
    """One joint as a number, several as a tuple."""
    several = tuple(int(j) for j in joints) if isinstance(joints, Sequence | np.ndarray) else (int(joints),)
    return several[0] if len(several) == 1 else several


def _several(joints: int | Sequence[int]) -> tuple[int, ...]:
    return (joints,) if isinstance(joints, int) else tuple(joints)


def _other_side(name: str) -> str:
    """The name with left for right and right for left, where it begins with one of them."""
    for side, other in (("left", "right"), ("right", "left")):
        if name.startswith(side):
            return other + name[len(side) :]
    return name


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
