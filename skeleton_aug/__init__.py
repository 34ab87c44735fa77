"""Fast, reproducible augmentation of 3D human skeleton sequences.

Samples are arrays ``(M, T, V, C)``: bodies, frames, joints, channels (x, y, z in metres). What is missing is zeros.
"""

from skeleton_aug import functional, presets, transforms
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
    Crop,
    CropResize,
    FitLength,
    GaussianBlur,
    JointMask,
    JointMixing,
    KinectNoise,
    Mirror,
    Motion,
    Noise,
    Normalize,
    PartMask,
    PartMixing,
    ReflectCrop,
    Resample,
    Reverse,
    Rotate,
    SavitzkyGolay,
    Scale,
    Shear,
    SideDrop,
    TemporalMask,
    TemporalShift,
    Translate,
    UniformSample,
)
from skeleton_aug.views import TwoViews, Views
from skeleton_aug.warming import warm_up

__version__ = "0.1.0"

__all__ = [
    "SKELETONS",
    "AxisMask",
    "BodyDrop",
    "BodySwap",
    "BoneScale",
    "Bones",
    "Compose",
    "Crop",
    "CropResize",
    "FitLength",
    "GaussianBlur",
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
    "ReflectCrop",
    "Resample",
    "Reverse",
    "Rotate",
    "Samples",
    "SavitzkyGolay",
    "Scale",
    "Shear",
    "SideDrop",
    "Skeleton",
    "SomeOf",
    "TemporalMask",
    "TemporalShift",
    "Transform",
    "Translate",
    "TwoViews",
    "UniformSample",
    "Views",
    "__version__",
    "functional",
    "get_skeleton",
    "presets",
    "transforms",
    "warm_up",
]
