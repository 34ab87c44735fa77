"""Left/right drop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import WEIGHTS
from skeleton_aug.operators import JointWeights
from skeleton_aug.pipeline import Transform, check_joints
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples
from skeleton_aug.skeletons import Skeleton, get_skeleton


@dataclass(frozen=True, kw_only=True)
class SideDrop(Transform):
    """Make the arm and leg of one side missing in the whole sequence, as if that side were hidden.

    Each side is equally likely; the spine and the head stay (paper, section 3.2: p = 0.5).

    Parameters
    ----------
    skeleton : str or Skeleton
        Joint layout, which says what belongs to a side.
    """

    skeleton: str | Skeleton = "kinect_v2"

    def __post_init__(self) -> None:
        super().__post_init__()
        get_skeleton(self.skeleton)

    def sample(self, draws: Draws, batch: Batch) -> JointWeights:
        """One side a sample."""
        skeleton = get_skeleton(self.skeleton)
        check_joints(self.name, batch, skeleton)
        return JointWeights(skeleton.without_side[(draws.uniform() >= 0.5).astype(np.intp)])

    def instructions(self, samples: Samples) -> Instructions | None:
        """One of two rows of weights."""
        skeleton = get_skeleton(self.skeleton)
        if samples.n_joints != skeleton.n_joints:
            return None
        return (Instruction(WEIGHTS, (2, *skeleton.without_side.ravel()), 1),)
