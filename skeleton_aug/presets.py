"""Ready-made pipelines. The paper's are T1 (aggressive) and T2 (conservative) of its section 3.2."""

from __future__ import annotations

from typing import Literal

from skeleton_aug.compose import Compose
from skeleton_aug.pipeline import Transform
from skeleton_aug.skeletons import Skeleton
from skeleton_aug.transforms import (
    Bones,
    FitLength,
    Normalize,
    Resample,
    SavitzkyGolay,
    Shear,
    SideDrop,
    TemporalShift,
)

Channels = Literal["joint", "joint+bone", "bone"]


def aggressive(skeleton: str | Skeleton = "kinect_v2", n_frames: int = 150, channels: Channels = "joint") -> Compose:
    """T1: low-pass filter, change of speed, shear, cyclic shift, left/right drop.

    The filter acts on the frames as recorded, and bones are taken before the drop, which drops them with their joint.

    Parameters
    ----------
    skeleton : str or Skeleton
        Joint layout of the data.
    n_frames : int
        Frames of the result: a random window of longer sequences, shorter ones repeated.
    channels : {"joint", "joint+bone", "bone"}
        What the result holds; the paper trains on "joint+bone".
    """
    return Compose(
        [
            Normalize(skeleton=skeleton),
            SavitzkyGolay(window=15, order=2, p=0.5),
            Resample(rate_range=(0.7, 1.3)),
            FitLength(n_frames=n_frames, crop="random"),
            Shear(factor_range=(-1.0, 1.0)),
            TemporalShift(),
            *_bones(skeleton, channels),
            SideDrop(skeleton=skeleton, p=0.5),
        ]
    )


def conservative(skeleton: str | Skeleton = "kinect_v2", n_frames: int = 150, channels: Channels = "joint") -> Compose:
    """T2: change of speed only. Parameters as for :func:`aggressive`."""
    return Compose(
        [
            Normalize(skeleton=skeleton),
            Resample(rate_range=(0.7, 1.3)),
            FitLength(n_frames=n_frames, crop="random"),
            *_bones(skeleton, channels),
        ]
    )


def evaluation(skeleton: str | Skeleton = "kinect_v2", n_frames: int = 150, channels: Channels = "joint") -> Compose:
    """Return the pipeline without any randomness: normalised, the first ``n_frames`` frames, repeated if shorter."""
    return Compose([Normalize(skeleton=skeleton), FitLength(n_frames=n_frames), *_bones(skeleton, channels)])


def _bones(skeleton: str | Skeleton, channels: Channels) -> list[Transform]:
    return [] if channels == "joint" else [Bones(channels=channels, skeleton=skeleton)]
