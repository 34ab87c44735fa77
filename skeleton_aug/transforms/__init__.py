"""The transforms, one family a file."""

from skeleton_aug.transforms.bones import Bones
from skeleton_aug.transforms.crop_resize import CropResize
from skeleton_aug.transforms.fit_length import FitLength
from skeleton_aug.transforms.normalize import Normalize
from skeleton_aug.transforms.resample import Resample
from skeleton_aug.transforms.savitzky_golay import SavitzkyGolay
from skeleton_aug.transforms.shear import Shear
from skeleton_aug.transforms.side_drop import SideDrop
from skeleton_aug.transforms.temporal_shift import TemporalShift

__all__ = [
    "Bones",
    "CropResize",
    "FitLength",
    "Normalize",
    "Resample",
    "SavitzkyGolay",
    "Shear",
    "SideDrop",
    "TemporalShift",
]
