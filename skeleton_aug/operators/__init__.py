"""What a transform does to a batch: small operators, each on one axis of ``(M, T, V, C)``.

Every operator holds one row per sample. Those that act on channels, joints and frames are fused into one pass over the
data; the others (:class:`Alone`) take a pass of their own.
"""

from skeleton_aug.operators.base import Alone, Mask, Operator
from skeleton_aug.operators.bone_scales import BoneScales
from skeleton_aug.operators.centring import CenterFrames
from skeleton_aug.operators.custom import Custom
from skeleton_aug.operators.joints import BodyOrder, BonesOf, JointOrder, JointWeights
from skeleton_aug.operators.mixing import Mixing, Mixture
from skeleton_aug.operators.motion import MotionOf
from skeleton_aug.operators.noise import JointNoise
from skeleton_aug.operators.space import Affine
from skeleton_aug.operators.time import FrameBlur, FrameFilter, Gather

__all__ = [
    "Affine",
    "Alone",
    "BodyOrder",
    "BoneScales",
    "BonesOf",
    "CenterFrames",
    "Custom",
    "FrameBlur",
    "FrameFilter",
    "Gather",
    "JointNoise",
    "JointOrder",
    "JointWeights",
    "Mask",
    "Mixing",
    "Mixture",
    "MotionOf",
    "Operator",
]
