"""The pipelines that tasks train and evaluate with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from examples.encoders import EncoderSettings
from examples.run import InputError
from skeleton_aug import (
    Bones,
    Compose,
    CropResize,
    Normalize,
    SavitzkyGolay,
    Shear,
    SideDrop,
    Skeleton,
    TemporalShift,
    Transform,
    presets,
)


@dataclass(frozen=True)
class Pipelines:
    """What a task needs.

    Attributes
    ----------
    aggressive, conservative : Compose
        T1 and T2 of the paper's section 3.2, or their counterparts for short views.
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
    make = {"paper": paper_pipelines, "short": short_pipelines}[settings.views]
    pipelines = make(settings, skeleton)
    try:
        return replace(pipelines, aggressive=leave_out(pipelines.aggressive, without))
    except ValueError as error:
        raise InputError(f"--without: {error}") from None


def paper_pipelines(settings: EncoderSettings, skeleton: Skeleton) -> Pipelines:
    """Return the presets."""
    n, channels = settings.n_frames, settings.channels
    return Pipelines(
        presets.aggressive(skeleton, n, channels),
        presets.conservative(skeleton, n, channels),
        presets.evaluation(skeleton, n, channels),
    )


def short_pipelines(settings: EncoderSettings, skeleton: Skeleton) -> Pipelines:
    """Return the counterparts of the presets for views of few frames.

    A crop to a few frames would miss most of an action, so a random half to whole of the sequence is stretched to
    ``n_frames`` instead of resampled and cropped; the shear is half as strong, so that it never mirrors the body.
    """
    n, channels = settings.n_frames, settings.channels
    normalize = Normalize(skeleton=skeleton)
    stretch = CropResize(n_frames=n, ratio_range=(0.5, 1.0))
    bones: list[Transform] = [] if channels == "joint" else [Bones(channels=channels, skeleton=skeleton)]
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
