"""Bones as channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instructions
from skeleton_aug.operators import BonesOf
from skeleton_aug.pipeline import Transform, check_joints
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples
from skeleton_aug.skeletons import Skeleton, get_skeleton


@dataclass(frozen=True, kw_only=True)
class Bones(Transform):
    """Bone vectors, joint minus parent, behind the joints on the channel axis (C = 6) or alone (C = 3).

    The root's bone is zero, and so is a bone with a missing end (paper, section 4.1: joints and bones, C = 6).

    Parameters
    ----------
    channels : {"joint+bone", "bone"}
        What the result holds.
    skeleton : str or Skeleton
        Joint layout, which says whose parent is who.
    """

    CHANGES_CHANNELS: ClassVar[bool] = True

    channels: Literal["joint+bone", "bone"] = "joint+bone"
    skeleton: str | Skeleton = "kinect_v2"

    def __post_init__(self) -> None:
        super().__post_init__()
        get_skeleton(self.skeleton)
        if self.channels not in ("joint+bone", "bone"):
            raise ValueError(f"Bones: channels must be 'joint+bone' or 'bone', got {self.channels!r}.")

    def sample(self, draws: Draws, batch: Batch) -> BonesOf:
        """Nothing to draw."""
        skeleton = get_skeleton(self.skeleton)
        check_joints(self.name, batch, skeleton)
        return BonesOf(skeleton.parent_array, self.channels)

    def instructions(self, samples: Samples) -> Instructions | None:
        """The bones."""
        skeleton = get_skeleton(self.skeleton)
        if samples.n_joints != skeleton.n_joints or samples.n_channels != len(samples.channels):
            return None
        return (BonesOf(skeleton.parent_array, self.channels),)
