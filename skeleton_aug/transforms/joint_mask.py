"""Missing joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.compiled import kernel
from skeleton_aug.drawing import Instruction, Instructions
from skeleton_aug.kernels_draw import SUBSET
from skeleton_aug.operators import JointWeights
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class JointMask(Transform):
    """Make some random joints missing in the whole sequence, as if they were hidden all the time.

    The number of joints is drawn first, then that many different ones, each set as likely: the same for all bodies and
    frames of a sample. Bones and differences go with their joint.

    Parameters
    ----------
    count_range : (int, int)
        Range of the number of joints, both ends included.

    Examples
    --------
    >>> x = np.ones((1, 1, 25, 3), np.float32)
    >>> int((JointMask(count_range=(4, 4))(x) == 0).all(-1).sum())
    4
    """

    count_range: tuple[int, int] = (1, 5)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts("JointMask", self.count_range)

    def sample(self, draws: Draws, batch: Batch) -> JointWeights:
        """A number of joints and which, for each sample."""
        if self.count_range[1] > batch.n_joints:
            raise ValueError(
                f"JointMask: count_range must not exceed the joints of (M, T, V, C), V={batch.n_joints}, "
                f"got {self.count_range}."
            )
        return JointWeights(np.where(random_subsets(draws, batch.n_joints, self.count_range), 0.0, 1.0))

    def instructions(self, samples: Samples) -> Instructions | None:
        """A subset of the joints."""
        v, (low, high) = samples.n_joints, self.count_range
        return None if high > v else (subset_of(np.eye(v), low, high),)


def check_counts(who: str, counts: tuple[int, int]) -> None:
    """Raise ValueError unless ``counts`` is (low, high), integers with 0 <= low <= high."""
    pair = isinstance(counts, tuple | list) and len(counts) == 2
    if not pair or not all(isinstance(k, int | np.integer) for k in counts) or not 0 <= counts[0] <= counts[1]:
        raise ValueError(f"{who}: count_range must be (low, high), integers with 0 <= low <= high, got {counts!r}.")


def random_subsets(draws: Draws, n_members: int, count_range: tuple[int, int]) -> NDArray[np.bool_]:
    """Mark a random number of different members for each sample, (N, n_members)."""
    count = draws.integers(count_range[0], count_range[1] + 1)
    chosen = np.zeros((draws.n, n_members), np.bool_)
    _choose(draws.uniform(size=max(count_range[1], 1)), count, chosen)
    return chosen


def subset_of(members: NDArray[np.float64], low: int, high: int) -> Instruction:
    """Drop ``low`` to ``high`` of some parts, whose rows (parts, V) are 1 where a joint belongs to them."""
    return Instruction(SUBSET, (len(members), low, high, *members.ravel()), 1 + -(-max(high, 1) // 4))


@kernel()
def _choose(units, count, chosen):  # type: ignore[no-untyped-def]
    """Begin a Fisher-Yates shuffle of the members and mark those that it has put in place."""
    order = np.empty(chosen.shape[1], np.int64)
    for n in range(chosen.shape[0]):
        for i in range(order.size):
            order[i] = i
        for k in range(count[n]):
            left = order.size - k
            # A product may round up to the number itself.
            other = k + min(int(units[n, k] * left), left - 1)
            order[k], order[other] = order[other], order[k]
            chosen[n, order[k]] = True
