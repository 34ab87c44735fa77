"""Centring and canonical orientation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from skeleton_aug.operators import Affine
from skeleton_aug.pipeline import Transform, check_joints
from skeleton_aug.plan import Batch
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
        base = skeleton.frame_joint("base")
        spine, left, right = (
            skeleton.frame_joint(role) if self.rotate else base for role in ("spine", "left_shoulder", "right_shoulder")
        )
        now = batch.samples()
        matrix, offset = np.empty((batch.n, 3, 3)), np.empty((batch.n, 3))
        _body_frames(now.rows, now.row, now.length, (base, spine, left, right), self.rotate, matrix, offset)
        return Affine(matrix, offset)


@njit(cache=True, nogil=True)
def _is_there(rows, at, joint):  # type: ignore[no-untyped-def]
    return rows[at, joint, 0] != 0 or rows[at, joint, 1] != 0 or rows[at, joint, 2] != 0


@njit(cache=True, nogil=True)
def _first_frame_with(rows, row, length, joints):  # type: ignore[no-untyped-def]
    """Row of the first frame of the first present body that has all ``joints``; -1 if there is none."""
    for m in range(row.size):
        for at in range(row[m], row[m] + length[m]):
            complete = True
            for joint in joints:
                complete = complete and _is_there(rows, at, joint)
            if complete:
                return at
    return -1


@njit(cache=True, nogil=True)
def _body_frames(rows, row, length, joints, rotate, matrix, offset):  # type: ignore[no-untyped-def]
    base, spine, left, right = joints
    for n in range(row.shape[0]):
        matrix[n] = np.eye(3)
        offset[n] = 0.0
        at = _first_frame_with(rows, row[n], length[n], joints)
        oriented = rotate and at >= 0
        if at < 0:
            at = _first_frame_with(rows, row[n], length[n], (base, base, base, base))
        if at < 0:
            continue
        origin = rows[at, base, :3].astype(np.float64)
        if oriented:
            z = rows[at, spine, :3].astype(np.float64) - origin
            x = rows[at, left, :3].astype(np.float64) - rows[at, right, :3].astype(np.float64)
            z_length = np.sqrt((z * z).sum())
            if z_length > 1e-9:
                z = z / z_length
                x = x - z * (x * z).sum()
                x_length = np.sqrt((x * x).sum())
                # Shoulders in line with the spine say nothing about where left is: centre only.
                if x_length > 1e-9:
                    x = x / x_length
                    matrix[n, 0], matrix[n, 2] = x, z
                    matrix[n, 1, 0] = z[1] * x[2] - z[2] * x[1]
                    matrix[n, 1, 1] = z[2] * x[0] - z[0] * x[2]
                    matrix[n, 1, 2] = z[0] * x[1] - z[1] * x[0]
        for c in range(3):
            offset[n, c] = -(matrix[n, c] * origin).sum()
