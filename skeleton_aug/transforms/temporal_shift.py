"""Cyclic shift in time."""

from __future__ import annotations

from dataclasses import dataclass

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import SHIFT
from skeleton_aug.operators import Gather
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class TemporalShift(Transform):
    """Begin the sequence at another frame and go on cyclically: ``y[t] = x[(t + offset) mod T]``.

    Parameters
    ----------
    max_offset : int, optional
        The offset is uniform on the integers 0..max_offset; None takes T, the length of the sequence (paper, section
        3.2: 150 for sequences of 150 frames).

    Examples
    --------
    >>> x = np.ones((1, 4, 25, 3)) * np.array([1, 2, 3, 4])[:, None, None]
    >>> TemporalShift()(x, seed=2)[0, :, 0, 0]
    array([3., 4., 1., 2.])
    """

    max_offset: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_offset is not None and self.max_offset < 0:
            raise ValueError(f"TemporalShift: max_offset must not be negative, got {self.max_offset}.")

    def sample(self, draws: Draws, batch: Batch) -> Gather:
        """One offset a sample."""
        longest = batch.n_frames if self.max_offset is None else self.max_offset
        offset = draws.integers(0, longest + 1)
        return Gather.cyclic(offset, batch.n_frames, batch.n_frames)

    def instructions(self, samples: Samples) -> Instructions:
        """A window."""
        return (Instruction(SHIFT, (-1 if self.max_offset is None else self.max_offset,), 1),)
