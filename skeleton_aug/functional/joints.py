"""On V and M: what acts on joints, bones and bodies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from skeleton_aug.batch import Batch
from skeleton_aug.functional.given import Data, apply, expect, mark, rows_of
from skeleton_aug.operators import BodyOrder, BoneScales, JointWeights, Operator
from skeleton_aug.pipeline import check_joints
from skeleton_aug.skeletons import Skeleton, get_skeleton
from skeleton_aug.transforms.bones import Bones


def side_drop(
    x: Data,
    side: Literal["left", "right"],
    *,
    skeleton: str | Skeleton = "kinect_v2",
    channels: str | None = None,
) -> Data:
    """Make the arm and leg of one side of the body missing; its own left, not that of the picture.

    Examples
    --------
    >>> y = side_drop(np.ones((1, 1, 25, 3)), "left")[0, 0]
    >>> y[[7, 11], 0].tolist()  # left hand, right hand
    [0.0, 1.0]
    """
    layout = get_skeleton(skeleton)
    expect("side_drop", side in ("left", "right"), "side 'left' or 'right'", side)
    return apply(x, _without("side_drop", layout.left if side == "left" else layout.right, layout), channels)


def joint_mask(x: Data, joints: Sequence[int], *, channels: str | None = None) -> Data:
    """Make joints missing in the whole sequence, and their bones with them.

    Parameters
    ----------
    joints : sequence of int
        Numbers of joints, 0 to V - 1.

    Examples
    --------
    >>> joint_mask(np.ones((1, 1, 3, 3)), [0, 2])[0, 0, :, 0].tolist()
    [0.0, 1.0, 0.0]
    """
    return apply(x, _without("joint_mask", joints), channels)


def part_mask(
    x: Data, parts: Sequence[str], *, skeleton: str | Skeleton = "kinect_v2", channels: str | None = None
) -> Data:
    """Make body parts missing in the whole sequence.

    Parameters
    ----------
    parts : sequence of str
        Names of the skeleton's parts, usually "trunk", "left_arm", "right_arm", "left_leg", "right_leg".

    Examples
    --------
    >>> y = part_mask(np.ones((1, 1, 25, 3)), ["left_arm"])
    >>> int((y == 0).all(-1).sum())
    6
    """
    layout = get_skeleton(skeleton)
    known = not isinstance(parts, str) and all(part in layout.parts for part in parts)
    expect("part_mask", known, f"a list of some of the parts {', '.join(layout.parts)}", parts)
    return apply(x, _without("part_mask", [j for part in parts for j in layout.parts[part]], layout), channels)


def body_drop(x: Data, bodies: Sequence[int], *, channels: str | None = None) -> Data:
    """Make bodies missing in the whole sequence; the others keep their slots.

    Parameters
    ----------
    bodies : sequence of int
        Body slots, 0 to M - 1.

    Examples
    --------
    >>> body_drop(np.ones((2, 1, 25, 3)), [0])[:, 0, 0, 0].tolist()
    [0.0, 1.0]
    """

    def operator(batch: Batch) -> Operator:
        gone = mark("body_drop", "bodies", bodies, batch.n_bodies)
        return BodyOrder(np.where(gone, -1, np.arange(batch.n_bodies))[None].repeat(batch.n, 0))

    return apply(x, operator, channels)


def body_swap(x: Data, one: int = 0, other: int = 1, *, channels: str | None = None) -> Data:
    """Let two bodies change their slots, whether somebody is there or not.

    Examples
    --------
    >>> x = np.ones((2, 1, 25, 3))
    >>> x[1] = 5
    >>> body_swap(x)[:, 0, 0, 0].tolist()
    [5.0, 1.0]
    """

    def operator(batch: Batch) -> Operator:
        mark("body_swap", "bodies", [one, other], batch.n_bodies)
        source = np.arange(batch.n_bodies)
        source[[one, other]] = other, one
        return BodyOrder(source[None].repeat(batch.n, 0))

    return apply(x, operator, channels)


def bone_scale(
    x: Data, factors: ArrayLike, *, skeleton: str | Skeleton = "kinect_v2", channels: str | None = None
) -> Data:
    """Make bones longer or shorter; the root stays where it is, and what hangs on a bone moves along.

    Parameters
    ----------
    factors : float, or (V,) or (N, V) floats
        One for all bones, or one for each joint: that of the bone between its parent and it. Above 0.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(1, 1, 25, 3))
    >>> hand, wrist = 7, 6
    >>> y = bone_scale(x, 1.5)[0, 0]
    >>> np.allclose(y[hand] - y[wrist], 1.5 * (x[0, 0, hand] - x[0, 0, wrist]))
    True
    """
    layout = get_skeleton(skeleton)

    def operator(batch: Batch) -> Operator:
        check_joints("bone_scale", batch, layout)
        rows = rows_of("bone_scale", "factors", factors, batch.n, batch.n_joints, spread=True)
        expect("bone_scale", (rows > 0).all(), "factors above 0", factors)
        return BoneScales(rows, layout.parent_array)

    return apply(x, operator, channels)


def bones(
    x: Data,
    *,
    result: Literal["joint+bone", "bone"] = "joint+bone",
    skeleton: str | Skeleton = "kinect_v2",
    channels: str | None = None,
) -> Data:
    """Bone vectors, joint minus parent, behind the joints on C or alone; ``channels`` are those of ``x``.

    Examples
    --------
    >>> bones(np.ones((1, 1, 25, 3))).shape
    (1, 1, 25, 6)
    """
    return apply(x, Bones(channels=result, skeleton=skeleton), channels)


def _without(who: str, joints: Sequence[int], skeleton: Skeleton | None = None) -> Callable[[Batch], Operator]:
    """Joints missing."""

    def operator(batch: Batch) -> Operator:
        if skeleton is not None:
            check_joints(who, batch, skeleton)
        gone = mark(who, "joints", joints, batch.n_joints)
        return JointWeights(np.where(gone, 0.0, 1.0)[None].repeat(batch.n, 0))

    return operator
