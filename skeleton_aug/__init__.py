"""Fast, reproducible augmentation of 3D human skeleton sequences.

Samples are arrays ``(M, T, V, C)``: bodies, frames, joints, channels (x, y, z in metres). What is missing is zeros.
"""

from skeleton_aug import presets, transforms
from skeleton_aug.compose import Compose, OneOf, SomeOf
from skeleton_aug.pipeline import Pipeline, Transform
from skeleton_aug.plan import Plan
from skeleton_aug.samples import Samples
from skeleton_aug.skeletons import SKELETONS, Skeleton, get_skeleton
from skeleton_aug.transforms import (
    AxisMask,
    BodyDrop,
    BodySwap,
    Bones,
    BoneScale,
    CropResize,
    FitLength,
    JointMask,
    JointMixing,
    KinectNoise,
    Mirror,
    Motion,
    Noise,
    Normalize,
    PartMask,
    PartMixing,
    Resample,
    Rotate,
    SavitzkyGolay,
    Scale,
    Shear,
    SideDrop,
    TemporalShift,
    Translate,
)
from skeleton_aug.views import TwoViews, Views

__version__ = "0.1.0"

__all__ = [
    "SKELETONS",
    "AxisMask",
    "BodyDrop",
    "BodySwap",
    "BoneScale",
    "Bones",
    "Compose",
    "CropResize",
    "FitLength",
    "JointMask",
    "JointMixing",
    "KinectNoise",
    "Mirror",
    "Motion",
    "Noise",
    "Normalize",
    "OneOf",
    "PartMask",
    "PartMixing",
    "Pipeline",
    "Plan",
    "Resample",
    "Rotate",
    "Samples",
    "SavitzkyGolay",
    "Scale",
    "Shear",
    "SideDrop",
    "Skeleton",
    "SomeOf",
    "TemporalShift",
    "Transform",
    "Translate",
    "TwoViews",
    "Views",
    "__version__",
    "get_skeleton",
    "presets",
    "transforms",
]
