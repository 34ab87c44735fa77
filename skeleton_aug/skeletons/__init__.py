"""Joint layouts: names, parents, left/right pairs, and what follows from them."""

from skeleton_aug.skeletons.layouts import (
    AZURE_KINECT_32,
    COCO_17,
    KINECT_V1,
    KINECT_V2,
    OPENPOSE_18,
    SKELETONS,
    SMPL_22,
    SMPL_24,
    get_skeleton,
)
from skeleton_aug.skeletons.skeleton import Skeleton

__all__ = [
    "AZURE_KINECT_32",
    "COCO_17",
    "KINECT_V1",
    "KINECT_V2",
    "OPENPOSE_18",
    "SKELETONS",
    "SMPL_22",
    "SMPL_24",
    "Skeleton",
    "get_skeleton",
]
