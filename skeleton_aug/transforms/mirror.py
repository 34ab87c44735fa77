"""Mirror image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import MATRICES, REORDER
from skeleton_aug.operators import Affine, JointOrder
from skeleton_aug.pipeline import Transform, check_joints
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples
from skeleton_aug.skeletons import Skeleton, get_skeleton


@dataclass(frozen=True, kw_only=True)
class Mirror(Transform):
    """Show the sample as in a mirror: the lateral axis changes its sign and left and right joints change places.

    The mirror is the plane through the origin that is orthogonal to ``axis``. x is the lateral axis in sensor space and
    also after :class:`Normalize`, where it points to the body's left. Both halves are needed: a waving right hand
    becomes a waving left hand, on the other side of the body. Nothing is random but whether it acts; give ``p=0.5`` to
    see as many mirrored samples as others.

    Parameters
    ----------
    skeleton : str or Skeleton
        Joint layout, which says which joints are pairs.
    axis : {"x", "y", "z"}
        Lateral axis; two-dimensional data has no z.

    Examples
    --------
    >>> x = np.zeros((1, 1, 25, 3), np.float32)
    >>> x[0, 0, 11] = 0.5, 1.0, 3.0  # the right hand
    >>> Mirror()(x)[0, 0, 7].tolist()  # the left hand
    [-0.5, 1.0, 3.0]
    """

    skeleton: str | Skeleton = "kinect_v2"
    axis: Literal["x", "y", "z"] = "x"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.axis not in ("x", "y", "z"):
            raise ValueError(f"Mirror: axis must be 'x', 'y' or 'z', got {self.axis!r}.")
        skeleton = get_skeleton(self.skeleton)
        if not skeleton.mirror_pairs:
            raise ValueError(
                f"Mirror: skeleton {skeleton.name!r} does not say which joints are left and right; "
                "pass mirror_pairs=[(left, right), ...] when making it."
            )

    def sample(self, draws: Draws, batch: Batch) -> tuple[Affine, JointOrder]:
        """Nothing to draw but whether it acts, which ``p`` does."""
        skeleton = get_skeleton(self.skeleton)
        check_joints(self.name, batch, skeleton)
        axis = "xyz".index(self.axis)
        if axis >= batch.dims:
            raise ValueError(
                f"Mirror: samples (M, T, V, C) with C = {batch.channels!r} have no axis {self.axis!r}; pass axis='x'."
            )
        matrix = np.eye(3)
        matrix[axis, axis] = -1.0
        source = skeleton.mirror.astype(np.int64)
        return Affine.linear(matrix[None].repeat(batch.n, 0)), JointOrder(source[None].repeat(batch.n, 0))

    def instructions(self, samples: Samples) -> Instructions | None:
        """A matrix and an order."""
        skeleton, axis = get_skeleton(self.skeleton), "xyz".index(self.axis)
        if samples.n_joints != skeleton.n_joints or axis >= samples.dims:
            return None
        signs = [1.0 - 2.0 * (axis == c) for c in range(3)]
        matrix = np.diag(signs).ravel()
        return Instruction(MATRICES, (1, *matrix), 1), Instruction(REORDER, skeleton.mirror.tolist())
