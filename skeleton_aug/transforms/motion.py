"""Motion as channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

from skeleton_aug.batch import Batch
from skeleton_aug.operators.motion import MotionChannels, MotionOf
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws


@dataclass(frozen=True, kw_only=True)
class Motion(Transform):
    """Differences to the next frame, in place of the channels or behind them on the channel axis.

    Motion is ``y[t] = x[t + 1] - x[t]`` and zero in the last frame (as 2s-AGCN, CTR-GCN and pyskl make it), in metres a
    frame. Acceleration is the motion of the motion, ``x[t + 2] - 2 x[t + 1] + x[t]``, and zero in the last two frames.
    Both are missing where one of these frames is. They are made of all channels that there are: of joints, of bones
    after ``Bones(channels="bone")``, of both after ``Bones()``. A difference of exactly zero counts as missing.

    Resampling and filtering differences is not the same as taking differences of filtered joints: put this at the end.

    Parameters
    ----------
    channels : str
        What the result holds: "motion", "acceleration", "motion+acceleration", or any of these behind what was there,
        "joint+motion", "joint+acceleration", "joint+motion+acceleration". C is multiplied by the number of names.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.zeros((1, 4, 25, 3), np.float32)
    >>> x[0, :, :, 0] = [[1], [2], [4], [8]]
    >>> Motion()(x)[0, :, 0, 0].tolist()
    [1.0, 2.0, 4.0, 0.0]
    >>> Motion(channels="joint+motion+acceleration")(x)[0, :, 0].shape
    (4, 9)
    """

    CHANGES_CHANNELS: ClassVar[bool] = True

    channels: MotionChannels = "motion"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.channels not in get_args(MotionChannels):
            known = ", ".join(map(repr, get_args(MotionChannels)))
            raise ValueError(f"Motion: channels must be one of {known}, got {self.channels!r}.")

    def sample(self, draws: Draws, batch: Batch) -> MotionOf:
        """Nothing to draw."""
        return MotionOf(self.channels)
