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
    Bones,
    CropResize,
    FitLength,
    Normalize,
    Resample,
    SavitzkyGolay,
    Shear,
    SideDrop,
    TemporalShift,
)
from skeleton_aug.views import TwoViews, Views

__version__ = "0.1.0"

__all__ = [
    "SKELETONS",
    "Bones",
    "Compose",
    "CropResize",
    "FitLength",
    "Normalize",
    "OneOf",
    "Pipeline",
    "Plan",
    "Resample",
    "Samples",
    "SavitzkyGolay",
    "Shear",
    "SideDrop",
    "Skeleton",
    "SomeOf",
    "TemporalShift",
    "Transform",
    "TwoViews",
    "Views",
    "__version__",
    "get_skeleton",
    "presets",
    "transforms",
]
