"""The transforms, one family a file."""

from skeleton_aug.transforms.axis_mask import AxisMask
from skeleton_aug.transforms.body_drop import BodyDrop
from skeleton_aug.transforms.body_swap import BodySwap
from skeleton_aug.transforms.bone_scale import BoneScale
from skeleton_aug.transforms.bones import Bones
from skeleton_aug.transforms.crop import Crop
from skeleton_aug.transforms.crop_resize import CropResize
from skeleton_aug.transforms.fit_length import FitLength
from skeleton_aug.transforms.gaussian_blur import GaussianBlur
from skeleton_aug.transforms.joint_mask import JointMask
from skeleton_aug.transforms.joint_mixing import JointMixing
from skeleton_aug.transforms.kinect_noise import KinectNoise
from skeleton_aug.transforms.mirror import Mirror
from skeleton_aug.transforms.motion import Motion
from skeleton_aug.transforms.noise import Noise
from skeleton_aug.transforms.normalize import Normalize
from skeleton_aug.transforms.part_mask import PartMask
from skeleton_aug.transforms.part_mixing import PartMixing
from skeleton_aug.transforms.reflect_crop import ReflectCrop
from skeleton_aug.transforms.resample import Resample
from skeleton_aug.transforms.reverse import Reverse
from skeleton_aug.transforms.rotate import Rotate
from skeleton_aug.transforms.savitzky_golay import SavitzkyGolay
from skeleton_aug.transforms.scale import Scale
from skeleton_aug.transforms.shear import Shear
from skeleton_aug.transforms.side_drop import SideDrop
from skeleton_aug.transforms.temporal_mask import TemporalMask
from skeleton_aug.transforms.temporal_shift import TemporalShift
from skeleton_aug.transforms.translate import Translate
from skeleton_aug.transforms.uniform_sample import UniformSample

__all__ = [
    "AxisMask",
    "BodyDrop",
    "BodySwap",
    "BoneScale",
    "Bones",
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
    "PartMask",
    "PartMixing",
    "ReflectCrop",
    "Resample",
    "Reverse",
    "Rotate",
    "SavitzkyGolay",
    "Scale",
    "Shear",
    "SideDrop",
    "TemporalMask",
    "TemporalShift",
    "Translate",
    "UniformSample",
]
