"""Centring and canonical orientation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.compiled import kernel
from skeleton_aug.operators import Affine
from skeleton_aug.pipeline import Transform, check_joints
from skeleton_aug.randomness import Draws
from skeleton_aug.skeletons import Skeleton, get_skeleton


@dataclass(frozen=True, kw_only=True)
class Normalize(Transform):
    """Move the body to the origin and turn it to a canonical orientation, both taken from its first valid frame.

    One rigid motion for all frames and bodies of a sample, so that movement and the distance between persons stay.
    The first valid frame is the first in which the first present body has all the joints that are needed.
    Conventions (right-handed, metres): the origin is the base of the spine, z points along the spine, x to the body's
    left along the right-to-left shoulder line made orthogonal to z (Gram-Schmidt), and y = z cross x to the back.

    Parameters
    ----------
    rotate : bool
        False centres only.
    skeleton : str or Skeleton
        Joint layout, which says which joints these are.
    """

    rotate: bool = True
    skeleton: str | Skeleton = "kinect_v2"

    def __post_init__(self) -> None:
        super().__post_init__()
        skeleton = get_skeleton(self.skeleton)
        for role in ("base", "spine", "left_shoulder", "right_shoulder") if self.rotate else ("base",):
            skeleton.frame_joint(role)

    def sample(self, draws: Draws, batch: Batch) -> Affine:
        """Nothing to draw; looks at the samples."""
        skeleton = get_skeleton(self.skeleton)
        check_joints(self.name, batch, skeleton)
        if batch.n_channels % 3 or not batch.has_positions:
            raise ValueError(
                f"Normalize needs joint positions x, y, z (C = 3, or 6 with bones), got C = {batch.n_channels}"
                + ("." if batch.has_positions else " of bones alone; put it before Bones.")
            )
        base = skeleton.frame_joint("base")
        spine, left, right = (
            skeleton.frame_joint(role) if self.rotate else base for role in ("spine", "left_shoulder", "right_shoulder")
        )
        now = batch.samples()
        matrix, offset = np.empty((batch.n, 3, 3)), np.empty((batch.n, 3))
        _body_frames(now.rows, now.row, now.length, (base, spine, left, right), self.rotate, matrix, offset)
        return Affine(matrix, offset)


@kernel()
def _first_row_with(rows, row, length, joints):  # type: ignore[no-untyped-def]
    """Row of the first frame of the first present body that has all ``joints``; -1 if there is none."""
    for m in range(row.size):
        for at in range(row[m], row[m] + length[m]):
            complete = True
            for joint in joints:
                complete &= rows[at, joint, 0] != 0 or rows[at, joint, 1] != 0 or rows[at, joint, 2] != 0
            if complete:
                return at
    return -1


@kernel()
def _unit(x, y, z):  # type: ignore[no-untyped-def]
    """Vector of length 1 in the same direction, zero for one too short to have a direction."""
    length = (x * x + y * y + z * z) ** 0.5
    scale = 1 / length if length > 1e-9 else 0.0
    return x * scale, y * scale, z * scale


@kernel()
def _axes(frame, base, spine, left, right):  # type: ignore[no-untyped-def]
    """Left, back and up axes of one frame; all zero where joints in line do not say where left is."""
    z0, z1, z2 = _unit(
        float(frame[spine, 0]) - frame[base, 0],
        float(frame[spine, 1]) - frame[base, 1],
        float(frame[spine, 2]) - frame[base, 2],
    )
    x0, x1, x2 = (
        float(frame[left, 0]) - frame[right, 0],
        float(frame[left, 1]) - frame[right, 1],
        float(frame[left, 2]) - frame[right, 2],
    )
    along = x0 * z0 + x1 * z1 + x2 * z2
    x0, x1, x2 = _unit(x0 - along * z0, x1 - along * z1, x2 - along * z2)
    return x0, x1, x2, z1 * x2 - z2 * x1, z2 * x0 - z0 * x2, z0 * x1 - z1 * x0, z0, z1, z2


@kernel()
def _body_frames(rows, row, length, joints, rotate, matrix, offset):  # type: ignore[no-untyped-def]
    base, spine, left, right = joints
    for n in range(row.shape[0]):
        axes = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
        at = _first_row_with(rows, row[n], length[n], joints)
        if rotate and at >= 0:
            found = _axes(rows[at], base, spine, left, right)
            # Shoulders in line with the spine, or no spine: centre only.
            if found[3] != 0 or found[4] != 0 or found[5] != 0:
                axes = found
        if at < 0:
            at = _first_row_with(rows, row[n], length[n], (base, base, base, base))
        for c in range(3):
            offset[n, c] = 0
            for d in range(3):
                matrix[n, c, d] = axes[3 * c + d]
                if at >= 0:
                    offset[n, c] -= axes[3 * c + d] * rows[at, base, d]
