"""The pipelines that tasks train and evaluate with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from examples.encoders import EncoderSettings, Views
from examples.run import InputError
from skeleton_aug import (
    Bones,
    Compose,
    CropResize,
    Mirror,
    Motion,
    Noise,
    Normalize,
    Rotate,
    SavitzkyGolay,
    Scale,
    Shear,
    SideDrop,
    Skeleton,
    TemporalShift,
    Transform,
    presets,
)
from skeleton_aug.operators.motion import MotionChannels
from skeleton_aug.presets import Channels
from skeleton_aug.transforms.normalize import Rotation


@dataclass(frozen=True)
class Pipelines:
    """What a task needs.

    Attributes
    ----------
    aggressive, conservative : Compose
        T1 and T2 of the paper's section 3.2, or their counterparts for short or varied views.
    evaluation : Compose
        Without randomness.
    """

    aggressive: Compose
    conservative: Compose
    evaluation: Compose


def leave_out(pipeline: Compose, names: Sequence[str]) -> Compose:
    """Return the pipeline without some transforms; where a stretched part stands for a resampled one, all is taken.

    Raises
    ------
    ValueError
        When the pipeline has no such transform.
    """
    if "Resample" in names and any(isinstance(part, CropResize) for part in pipeline.transforms):
        whole = [replace(p, ratio_range=(1.0, 1.0)) if isinstance(p, CropResize) else p for p in pipeline.transforms]
        return leave_out(Compose(whole), [name for name in names if name != "Resample"])
    return presets.leave_out(pipeline, names)


def make_pipelines(settings: EncoderSettings, skeleton: Skeleton, without: Sequence[str] = ()) -> Pipelines:
    """Pipelines for an encoder's input; ``without`` names transforms to leave out of the aggressive one."""
    makers: dict[Views, Callable[[int, Channels, Skeleton], Pipelines]] = {
        "paper": paper_pipelines,
        "short": short_pipelines,
        "varied": varied_pipelines,
        "upright": partial(varied_pipelines, rotation="upright"),
    }
    make = makers[settings.views]
    motion = {"motion": "motion", "joint+bone+motion": "joint+motion"}.get(settings.channels)
    shape = cast(Channels, "joint" if settings.channels == "motion" else settings.channels.removesuffix("+motion"))
    pipelines = make(settings.n_frames, shape, skeleton)
    if motion is not None:
        pipelines = with_motion(pipelines, Motion(channels=cast(MotionChannels, motion)))
    try:
        return replace(pipelines, aggressive=leave_out(pipelines.aggressive, without))
    except ValueError as error:
        raise InputError(f"--without: {error}") from None


def with_motion(pipelines: Pipelines, motion: Motion) -> Pipelines:
    """Take the motion of what all else has made."""
    every = pipelines.aggressive, pipelines.conservative, pipelines.evaluation
    return Pipelines(*(Compose([*pipeline.transforms, motion]) for pipeline in every))


def paper_pipelines(n: int, channels: Channels, skeleton: Skeleton) -> Pipelines:
    """Return the presets."""
    return Pipelines(
        presets.aggressive(skeleton, n, channels),
        presets.conservative(skeleton, n, channels),
        presets.evaluation(skeleton, n, channels),
    )


def short_pipelines(n: int, channels: Channels, skeleton: Skeleton) -> Pipelines:
    """Return the counterparts of the presets for views of few frames.

    A crop to a few frames would miss most of an action, so a random half to whole of the sequence is stretched to
    ``n_frames`` instead of resampled and cropped; the shear is half as strong, so that it never mirrors the body.
    """
    normalize = Normalize(skeleton=skeleton)
    stretch = CropResize(n_frames=n, ratio_range=(0.5, 1.0))
    bones = bones_of(channels, skeleton)
    return Pipelines(
        aggressive=Compose(
            [
                normalize,
                SavitzkyGolay(window=15, order=2, p=0.5),
                stretch,
                Shear(factor_range=(-0.5, 0.5)),
                TemporalShift(),
                *bones,
                SideDrop(skeleton=skeleton, p=0.5),
            ]
        ),
        conservative=Compose([normalize, stretch, *bones]),
        evaluation=Compose([normalize, CropResize(n_frames=n, ratio_range=(1.0, 1.0)), *bones]),
    )


def varied_pipelines(n: int, channels: Channels, skeleton: Skeleton, rotation: Rotation = "canonical") -> Pipelines:
    """Views that differ as cameras and people do, for small data sets: the conservative ones a little, too.

    A canonical orientation rests on what one camera saw of spine and shoulders in one frame. Views turned about the
    vertical axis, and tilted, make up for its error. All see nearly the whole sequence, as half of a short action may
    be another action.
    """
    bones, normalize = bones_of(channels, skeleton), Normalize(rotation=rotation, skeleton=skeleton)
    stretch, mirror = CropResize(n_frames=n, ratio_range=(0.8, 1.0)), Mirror(skeleton=skeleton, p=0.5)
    return Pipelines(
        aggressive=Compose(
            [
                normalize,
                SavitzkyGolay(window=7, order=2, p=0.5),
                stretch,
                Rotate(x_range=(-10, 10), y_range=(-10, 10), z_range=(-30, 30)),
                Shear(factor_range=(-0.3, 0.3)),
                Scale(factor_range=(0.9, 1.1)),
                mirror,
                Noise(std_range=(0.0, 0.005)),
                *bones,
                SideDrop(skeleton=skeleton, p=0.5),
            ]
        ),
        conservative=Compose(
            [
                normalize,
                stretch,
                Rotate(x_range=(-10, 10), y_range=(-10, 10), z_range=(-20, 20)),
                mirror,
                *bones,
            ]
        ),
        evaluation=Compose([normalize, CropResize(n_frames=n, ratio_range=(1.0, 1.0)), *bones]),
    )


def bones_of(channels: Channels, skeleton: Skeleton) -> list[Transform]:
    """What makes the channels from joints."""
    return [] if channels == "joint" else [Bones(channels=channels, skeleton=skeleton)]
