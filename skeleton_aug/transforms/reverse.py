"""Reversal of time."""

from __future__ import annotations

from dataclasses import dataclass

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import REVERSE
from skeleton_aug.operators import Gather
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class Reverse(Transform):
    """Play the sequence backwards: ``y[t] = x[T - 1 - t]``. The temporal flip of AimCLR, there with p = 0.5.

    Beware of actions that are each other's reversal, such as sitting down and standing up.

    Examples
    --------
    >>> x = np.ones((1, 4, 25, 3)) * np.arange(1, 5)[:, None, None]
    >>> Reverse()(x)[0, :, 0, 0]
    array([4., 3., 2., 1.])
    """

    def sample(self, draws: Draws, batch: Batch) -> Gather:
        """Nothing to draw but whether it acts, which ``p`` does."""
        # The frames that a reflection puts behind the last one are those of the sequence backwards.
        return Gather.window(batch.n_frames, batch.n_frames, batch.n_frames, beyond="reflect")

    def instructions(self, samples: Samples) -> Instructions:
        """A window."""
        return (Instruction(REVERSE, beyond="reflect"),)
