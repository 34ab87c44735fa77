"""Sequences of one length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.operators import Gather
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws

_CROPS = ("start", "center", "random")
_SHORT = ("repeat", "zeros", "last")


@dataclass(frozen=True, kw_only=True)
class FitLength(Transform):
    """Bring every sequence to ``n_frames``: longer ones are cropped, shorter ones repeated (paper, section 4.1).

    Parameters
    ----------
    n_frames : int
        Frames of the result.
    crop : {"start", "center", "random"}
        Which window of a longer sequence is kept; "random" draws it uniformly.
    short : {"repeat", "zeros", "last"}
        Cyclic repetition, missing frames, or the last frame held.
    """

    n_frames: int
    crop: Literal["start", "center", "random"] = "start"
    short: Literal["repeat", "zeros", "last"] = "repeat"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_frames < 1:
            raise ValueError(f"FitLength: n_frames must be at least 1, got {self.n_frames}.")
        if self.crop not in _CROPS or self.short not in _SHORT:
            raise ValueError(
                f"FitLength: crop must be one of {_CROPS} and short one of {_SHORT}, "
                f"got crop={self.crop!r}, short={self.short!r}."
            )

    def sample(self, draws: Draws, batch: Batch) -> Gather:
        """One window a sample."""
        spare = np.maximum(batch.n_frames - self.n_frames, 0)
        start = {"start": 0 * spare, "center": spare // 2, "random": draws.integers(0, spare + 1)}[self.crop]
        n_frames = np.full(batch.n, self.n_frames)
        if self.short == "repeat":
            return Gather.cyclic(start, n_frames, batch.n_frames)
        frames, length = np.arange(self.n_frames) + start[:, None], batch.n_frames[:, None]
        frames = np.where(frames < length, frames, -1 if self.short == "zeros" else length - 1)
        return Gather.frames(frames, n_frames)
