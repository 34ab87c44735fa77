"""Sequences of one length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import STRETCH, WINDOW
from skeleton_aug.operators import Gather
from skeleton_aug.operators.frame_steps import Beyond
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples

_CROPS = ("start", "center", "random")
_LONG = ("crop", "resize")
_SHORT = ("repeat", "zeros", "last", "resize")


@dataclass(frozen=True, kw_only=True)
class FitLength(Transform):
    """Bring every sequence to ``n_frames``: longer ones are cropped, shorter ones repeated (paper, section 4.1).

    Parameters
    ----------
    n_frames : int
        Frames of the result.
    crop : {"start", "center", "random"}
        Which window of a longer sequence is kept; "random" draws it uniformly. Without effect where ``long`` is
        "resize".
    short : {"repeat", "zeros", "last", "resize"}
        What becomes of shorter sequences: cyclic repetition, missing frames behind, the last frame held, or the whole
        sequence stretched by linear interpolation.
    long : {"crop", "resize"}
        What becomes of longer sequences: a window of them, or the whole sequence squeezed by linear interpolation. With
        ``short="resize"`` too, first frames stay first and last frames last.

    Examples
    --------
    >>> x = np.ones((1, 3, 25, 3)) * np.array([1, 2, 3])[:, None, None]
    >>> FitLength(n_frames=5)(x)[0, :, 0, 0]
    array([1., 2., 3., 1., 2.])
    >>> FitLength(n_frames=5, short="resize")(x)[0, :, 0, 0]
    array([1. , 1.5, 2. , 2.5, 3. ])
    """

    n_frames: int
    crop: Literal["start", "center", "random"] = "start"
    short: Literal["repeat", "zeros", "last", "resize"] = "repeat"
    long: Literal["crop", "resize"] = "crop"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_frames < 1:
            raise ValueError(f"FitLength: n_frames must be at least 1, got {self.n_frames}.")
        if self.crop not in _CROPS or self.short not in _SHORT or self.long not in _LONG:
            raise ValueError(
                f"FitLength: crop must be one of {_CROPS}, short one of {_SHORT} and long one of {_LONG}, "
                f"got crop={self.crop!r}, short={self.short!r}, long={self.long!r}."
            )

    def sample(self, draws: Draws, batch: Batch) -> Gather | tuple[Gather, Gather]:
        """One window a sample, and a stretch where sequences are resized."""
        length, n_frames = batch.n_frames, self.n_frames
        if self.long == "resize" and self.short == "resize":
            return Gather.stretch(n_frames, length)
        if self.long == "resize":
            # What is not longer is first left as it is, and then filled up.
            squeezed = np.minimum(length, n_frames)
            return Gather.stretch(squeezed, length), self._fill_up(0 * length, squeezed)
        start = self._start(draws, length)
        if self.short == "resize":
            return Gather.stretch(n_frames, length, start.astype(np.float64), np.minimum(length, n_frames) - 1.0)
        return self._fill_up(start, length)

    def instructions(self, samples: Samples) -> Instructions | None:
        """A window or a stretch; a stretch with windows behind it is left to :meth:`sample`."""
        crop, n_blocks = _CROPS.index(self.crop), int(self.crop == "random")
        if self.long == "resize":
            return (Instruction(STRETCH, (self.n_frames, -1)),) if self.short == "resize" else None
        if self.short == "resize":
            return (Instruction(STRETCH, (self.n_frames, crop), n_blocks),)
        return (Instruction(WINDOW, (self.n_frames, crop), n_blocks, self.short),)

    def _start(self, draws: Draws, length: NDArray[np.int64]) -> NDArray[np.int64]:
        """First frame that is kept."""
        if self.crop == "start":
            return np.zeros(len(length), np.int64)
        places = np.maximum(length - (self.n_frames - 1), 1)
        return draws.integers(0, places) if self.crop == "random" else (places - 1) // 2

    def _fill_up(self, start: NDArray[np.int64], length: NDArray[np.int64]) -> Gather:
        beyond: Beyond = "repeat" if self.short == "resize" else self.short
        return Gather.window(start, self.n_frames, length, beyond)
