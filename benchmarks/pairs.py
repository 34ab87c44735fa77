"""Every transform at its usual settings, and its twin."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import twins as space
from benchmarks import twins_time as time
from benchmarks.forms import Twin, below, between, lay_out
from skeleton_aug import transforms as ours
from skeleton_aug.compose import Compose
from skeleton_aug.pipeline import Pipeline

SHORT = 100
"""Frames of the result of transforms that cut to a given length, from samples of more."""


def _nothing(rng: Any, lead: Any, t: int) -> tuple[()]:
    return ()


def _draw_axis(rng: Any, lead: Any, t: int) -> tuple[Any]:
    return (below(rng, lead, 3),)


def _draw_scale(rng: Any, lead: Any, t: int) -> tuple[Any]:
    return (np.float32(between(rng, 0.8, 1.2, lead)),)


def _draw_offset(rng: Any, lead: Any, t: int) -> tuple[Any]:
    return (between(rng, -0.1, 0.1, lead, 3).astype(np.float32),)


def _swap(x: Any, out: Any) -> None:
    lay_out(x[:, ::-1], out)


def transforms(n_frames: int) -> dict[str, Pipeline]:
    """One pipeline for every class, by its name."""
    fit = ours.FitLength(n_frames=n_frames, crop="random")
    changed = {
        "Crop": Compose([ours.Crop(), ours.FitLength(n_frames=n_frames)]),
        "CropResize": ours.CropResize(n_frames=n_frames),
        "FitLength": ours.FitLength(n_frames=SHORT, crop="random"),
        "Resample": Compose([ours.Resample(), fit]),
        "UniformSample": ours.UniformSample(n_frames=SHORT),
    }
    return {name: changed.get(name) or getattr(ours, name)() for name in ours.__all__}


def twins(n_frames: int) -> dict[str, Twin]:
    """The twins, by the same names."""
    weigh = space.weigh, space.weigh_one
    pick = time.pick, time.pick_one
    blend = time.blend, time.blend_one
    mix = space.mix, space.mix_one
    noise = space.add_noise, space.add_noise_one
    kinect = space.add_kinect_noise, space.add_kinect_noise_one
    return {
        "AxisMask": Twin(_draw_axis, space.mask_axis, space.mask_axis_one),
        "BodyDrop": Twin(space.draw_bodies, space.drop_bodies, space.drop_bodies_one),
        "BodySwap": Twin(_nothing, _swap, lambda x: x[::-1].copy()),
        "BoneScale": Twin(space.draw_bone_scales, space.scale_bones, space.scale_bones_one),
        "Bones": Twin(_nothing, space.bones, space.bones_one),
        "Crop": Twin(time.draw_crop, *pick),
        "CropResize": Twin(time.draw_crop_resize(n_frames), *blend),
        "FitLength": Twin(time.draw_window(SHORT), time.window, time.window_one(SHORT)),
        "GaussianBlur": Twin(time.draw_blur, time.blur, time.blur_one),
        "JointMask": Twin(space.draw_joint_mask, *weigh),
        "JointMixing": Twin(space.draw_joint_mixing, *mix, chunk=1 << 30),
        "KinectNoise": Twin(space.draw_noise_scale(0.5, 1.5), *kinect),
        "Mirror": Twin(_nothing, space.mirror, space.mirror_one),
        "Motion": Twin(_nothing, time.move, time.move_one),
        "Noise": Twin(space.draw_noise_scale(0.0, 0.01), *noise),
        "Normalize": Twin(_nothing, space.normalize, space.normalize_one),
        "PartMask": Twin(space.draw_part_mask, *weigh),
        "PartMixing": Twin(space.draw_part_mixing, *mix, chunk=1 << 30),
        "ReflectCrop": Twin(time.draw_reflect, *pick),
        "Resample": Twin(time.draw_resample, *blend),
        "Reverse": Twin(_nothing, time.reverse, time.reverse_one),
        "Rotate": Twin(space.draw_rotation, space.turn, space.turn_one),
        "SavitzkyGolay": Twin(_nothing, time.smooth, time.smooth_one),
        "Scale": Twin(_draw_scale, space.scale, lambda x, factor: x * factor),
        "Shear": Twin(space.draw_shear, space.turn, space.turn_one),
        "SideDrop": Twin(space.draw_side, *weigh),
        "TemporalMask": Twin(time.draw_temporal_mask, time.mask_frames, time.mask_frames_one),
        "TemporalShift": Twin(time.draw_shift, time.roll, time.roll_one),
        "Translate": Twin(_draw_offset, space.translate, space.translate_one),
        "UniformSample": Twin(time.draw_segments(SHORT), *pick),
    }
