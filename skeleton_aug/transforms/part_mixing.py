"""Body parts of another sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.operators.base import Mask
from skeleton_aug.operators.mixing import Mixing
from skeleton_aug.pipeline import Transform, check_joints
from skeleton_aug.randomness import Draws
from skeleton_aug.skeletons import Skeleton, get_skeleton
from skeleton_aug.transforms.joint_mask import check_counts, random_subsets


@dataclass(frozen=True, kw_only=True)
class PartMixing(Transform):
    """Replace some random body parts by those of another sample of the batch, in the whole sequence.

    As :class:`JointMixing` does with single joints, which says who is mixed with whom, what becomes of missing joints
    and other lengths, and how to mix labels. Arms, legs and trunk are exchanged whole (as in SkeleMixCLR, Chen et al.
    2022, which takes two or three of them for a part of the frames; here it is for all frames).

    Parameters
    ----------
    count_range : (int, int)
        Range of the number of parts, both ends included.
    skeleton : str or Skeleton
        Joint layout, whose ``parts`` these are.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(4, 1, 8, 25, 3))
    >>> plan = PartMixing(count_range=(1, 1)).plan(x, seed=0)
    >>> partner, share = plan.mixtures[0]
    >>> bool((share <= 6 / 25).all())
    True
    """

    count_range: tuple[int, int] = (2, 3)
    skeleton: str | Skeleton = "kinect_v2"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts("PartMixing", self.count_range)
        parts = get_skeleton(self.skeleton).parts
        if self.count_range[1] > len(parts):
            raise ValueError(
                f"PartMixing: count_range must not exceed the {len(parts)} parts of skeleton "
                f"{get_skeleton(self.skeleton).name!r} ({', '.join(parts)}), got {self.count_range}."
            )

    def sample(self, draws: Draws, batch: Batch) -> Mixing:
        """A partner, a number of parts and which, for each sample."""
        skeleton = get_skeleton(self.skeleton)
        check_joints(self.name, batch, skeleton)
        members = np.zeros((len(skeleton.parts), skeleton.n_joints), np.bool_)
        for part, of_part in enumerate(skeleton.parts.values()):
            members[part, list(of_part)] = True
        numbers = draws.uniform()
        chosen = random_subsets(draws, len(members), self.count_range)
        joints: Mask = np.any(chosen[:, :, None] & members, axis=1)
        return Mixing.in_order_of(numbers, joints)
