"""The transforms as plain functions, with parameters given by hand: nothing is drawn.

Every function takes one sample ``(M, T, V, C)``, a batch ``(N, M, T, V, C)`` or a list of samples, as NumPy arrays or
PyTorch tensors of float32 or float64, and returns the same kind; a list where results differ in length. Input is never
modified, and what is missing (all zeros) stays missing. Numbers are one setting for all samples, or have a row for each
sample of a batch. ``channels`` says what C holds, as for :meth:`skeleton_aug.Compose.plan`. What is noise or mixes
samples has no function; and several functions in a row are several passes, where a :class:`skeleton_aug.Compose` of
transforms takes one.
"""

from skeleton_aug.functional.joints import body_drop, body_swap, bone_scale, bones, joint_mask, part_mask, side_drop
from skeleton_aug.functional.space import axis_mask, mirror, normalize, rotate, scale, shear, translate
from skeleton_aug.functional.time import (
    crop,
    crop_resize,
    fit_length,
    gaussian_blur,
    motion,
    reflect_crop,
    resample,
    reverse,
    savitzky_golay,
    temporal_mask,
    temporal_shift,
    uniform_sample,
)

__all__ = [
    "axis_mask",
    "body_drop",
    "body_swap",
    "bone_scale",
    "bones",
    "crop",
    "crop_resize",
    "fit_length",
    "gaussian_blur",
    "joint_mask",
    "mirror",
    "motion",
    "normalize",
    "part_mask",
    "reflect_crop",
    "resample",
    "reverse",
    "rotate",
    "savitzky_golay",
    "scale",
    "shear",
    "side_drop",
    "temporal_mask",
    "temporal_shift",
    "translate",
    "uniform_sample",
]
