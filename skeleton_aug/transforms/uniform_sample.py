"""Frames spread evenly over the sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.operators import Gather
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws

_SHORT = ("repeat", "hold")


@dataclass(frozen=True, kw_only=True)
class UniformSample(Transform):
    """Keep ``n_frames`` frames, one from each of as many equal segments of the sequence.

    Segment i holds the frames from floor(i * T / n_frames) to before floor((i + 1) * T / n_frames), as in pyskl's
    ``UniformSampleFrames``. Frames are kept as they are, so unlike :class:`CropResize` nothing is interpolated.

    A sequence that is shorter than ``n_frames`` has fewer frames than segments. As in pyskl it is then played in a
    loop, from a random frame on (the first without randomness), which keeps its speed; or each of its frames is held
    for several, as video pipelines do, which keeps it one course from begin to end.

    Parameters
    ----------
    n_frames : int
        Frames of the result.
    random : bool
        Whether the frame of a segment is drawn, each as likely; otherwise it is the middle one (of two, the later).
    short : {"repeat", "hold"}
        What becomes of shorter sequences: a loop, or frame floor(i * T / n_frames) for segment i.

    Notes
    -----
    Between ``n_frames`` and twice as many frames pyskl does not use segments but leaves out random frames; here
    segments of one or two frames serve there too.

    Examples
    --------
    >>> x = np.ones((1, 9, 25, 3)) * np.arange(1, 10)[:, None, None]
    >>> UniformSample(n_frames=3, random=False)(x)[0, :, 0, 0]
    array([2., 5., 8.])
    >>> UniformSample(n_frames=3)(x, seed=1)[0, :, 0, 0]
    array([3., 5., 9.])
    """

    n_frames: int
    random: bool = True
    short: Literal["repeat", "hold"] = "repeat"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_frames < 1 or self.short not in _SHORT:
            raise ValueError(
                f"UniformSample: n_frames must be at least 1 and short one of {_SHORT}, "
                f"got n_frames={self.n_frames}, short={self.short!r}."
            )

    def sample(self, draws: Draws, batch: Batch) -> Gather:
        """One frame a segment."""
        length = batch.n_frames[:, None]
        edges = np.arange(self.n_frames + 1) * length // self.n_frames
        begin, size = edges[:, :-1], np.diff(edges)
        units = draws.uniform(size=self.n_frames) if self.random else np.full(begin.shape, 0.5)
        frames = begin + (units * size).astype(np.int64)
        if self.short == "repeat":
            frames = np.where(length < self.n_frames, self._loop(draws, batch.n_frames), frames)
        return Gather.frames(frames, np.full(batch.n, self.n_frames))

    def _loop(self, draws: Draws, length: NDArray[np.int64]) -> NDArray[np.int64]:
        """Frames one after the other, beginning again after the last."""
        start = draws.integers(0, length) if self.random else np.zeros_like(length)
        return np.asarray((start[:, None] + np.arange(self.n_frames)) % length[:, None])
