"""Missing body parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instructions
from skeleton_aug.operators import JointWeights
from skeleton_aug.pipeline import Transform, check_joints
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples
from skeleton_aug.skeletons import Skeleton, get_skeleton
from skeleton_aug.transforms.joint_mask import check_counts, random_subsets, subset_of


@dataclass(frozen=True, kw_only=True)
class PartMask(Transform):
    """Make some random body parts missing in the whole sequence, as if something stood before them.

    The parts are the skeleton's, usually two arms, two legs and the trunk. Their number is drawn first, then that many
    different ones, each set as likely: the same for all bodies and frames of a sample. Bones and differences go with
    their joint.

    Parameters
    ----------
    skeleton : str or Skeleton
        Joint layout, which says what the parts are.
    count_range : (int, int)
        Range of the number of parts, both ends included.

    Examples
    --------
    >>> x = np.ones((1, 1, 20, 3), np.float32)
    >>> int((PartMask(skeleton="kinect_v1", count_range=(2, 2))(x) == 0).all(-1).sum())
    8
    """

    skeleton: str | Skeleton = "kinect_v2"
    count_range: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts("PartMask", self.count_range)
        parts = get_skeleton(self.skeleton).parts
        if self.count_range[1] > len(parts):
            raise ValueError(
                f"PartMask: count_range must not exceed the {len(parts)} parts {', '.join(parts)} of skeleton "
                f"{get_skeleton(self.skeleton).name!r}, got {self.count_range}."
            )

    def sample(self, draws: Draws, batch: Batch) -> JointWeights:
        """A number of parts and which, for each sample."""
        skeleton = get_skeleton(self.skeleton)
        check_joints(self.name, batch, skeleton)
        chosen = random_subsets(draws, len(skeleton.parts), self.count_range)
        return JointWeights(1.0 - chosen.astype(np.float64) @ _members(tuple(skeleton.parts.values()), batch.n_joints))

    def instructions(self, samples: Samples) -> Instructions | None:
        """A subset of the parts."""
        skeleton = get_skeleton(self.skeleton)
        if samples.n_joints != skeleton.n_joints:
            return None
        return (subset_of(_members(tuple(skeleton.parts.values()), skeleton.n_joints), *self.count_range),)


@lru_cache(maxsize=32)
def _members(parts: tuple[tuple[int, ...], ...], n_joints: int) -> NDArray[np.float64]:
    """1 where a joint belongs to a part, (parts, V)."""
    members = np.zeros((len(parts), n_joints))
    for part, joints in enumerate(parts):
        members[part, list(joints)] = 1.0
    return members
