"""Longer and shorter bones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.operators.bone_scales import BoneScales
from skeleton_aug.pipeline import Transform, check_joints, check_range
from skeleton_aug.randomness import Draws
from skeleton_aug.skeletons import Skeleton, get_skeleton


@dataclass(frozen=True, kw_only=True)
class BoneScale(Transform):
    """Make each bone longer or shorter by a random factor, as if another person moved in the same way.

    One factor per bone for a whole sample. From the root on, which stays where it is, each joint is put where its
    longer or shorter bone ends: ``y[joint] = y[parent] + factor * (x[joint] - x[parent])``; directions do not change.
    Where a joint or its parent is missing, what hangs on it moves with the nearest ancestor that is there.

    Parameters
    ----------
    factor_range : (float, float)
        Uniform range of the factors, above 0.
    symmetric : bool
        Whether the left and the right bone of a pair get the same factor.
    skeleton : str or Skeleton
        Joint layout, which says whose parent is who, and who is whose counterpart.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(1, 1, 25, 3))
    >>> y = BoneScale(factor_range=(1.5, 1.5))(x, seed=0)[0, 0]
    >>> hand, wrist = 7, 6
    >>> np.allclose(y[hand] - y[wrist], 1.5 * (x[0, 0, hand] - x[0, 0, wrist]))
    True
    """

    factor_range: tuple[float, float] = (0.9, 1.1)
    symmetric: bool = True
    skeleton: str | Skeleton = "kinect_v2"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("BoneScale", "factor_range", self.factor_range, above=0)
        get_skeleton(self.skeleton)

    def sample(self, draws: Draws, batch: Batch) -> BoneScales:
        """One factor a bone."""
        skeleton = get_skeleton(self.skeleton)
        check_joints(self.name, batch, skeleton)
        scales = draws.uniform(*self.factor_range, size=skeleton.n_joints)
        if self.symmetric:
            scales = scales[:, np.minimum(skeleton.mirror, np.arange(skeleton.n_joints))]
        return BoneScales(scales, skeleton.parent_array)
