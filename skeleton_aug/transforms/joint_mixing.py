"""Joints of another sample."""

from __future__ import annotations

from dataclasses import dataclass

from skeleton_aug.batch import Batch
from skeleton_aug.operators.mixing import Mixing
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws
from skeleton_aug.transforms.joint_mask import check_counts, random_subsets


@dataclass(frozen=True, kw_only=True)
class JointMixing(Transform):
    """Replace some random joints by those of another sample of the batch, in the whole sequence.

    Each sample draws a number, and takes joints from the sample with the next higher one (the highest from the lowest):
    whom a sample is mixed with depends on which samples are in the batch, though not on their order. This is the one
    exception to the rule that nothing but seed, epoch, index and view decides a result. A sample alone stays as it is.

    Joints are taken where both samples have them, so what is missing stays missing. Bodies pair by slot. The frames of
    the other sample are stretched to the sample's length by picking the nearest; cut both to one length before, with
    :class:`CropResize` or :class:`FitLength`, to blend motions of one speed. Samples far from each other give torn
    bodies: put :class:`Normalize` before, and :class:`Bones` or :class:`Motion` behind.

    Parameters
    ----------
    count_range : (int, int)
        Range of the number of joints, both ends included.

    Examples
    --------
    Mix one-hot labels as the samples are mixed; ``plan.mixtures`` has one pair of arrays for each mixing transform:

    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(4, 1, 8, 25, 3))
    >>> labels = np.eye(4)
    >>> plan = JointMixing(count_range=(5, 5)).plan(x, seed=0)
    >>> mixed = plan.apply(x)
    >>> for partner, share in plan.mixtures:
    ...     labels = (1 - share)[:, None] * labels + share[:, None] * labels[partner]
    >>> labels.max(axis=1).tolist()
    [0.8, 0.8, 0.8, 0.8]
    """

    count_range: tuple[int, int] = (5, 12)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts("JointMixing", self.count_range)

    def sample(self, draws: Draws, batch: Batch) -> Mixing:
        """A partner, a number of joints and which, for each sample."""
        if self.count_range[1] > batch.n_joints:
            raise ValueError(
                f"JointMixing: count_range must not exceed the joints of (M, T, V, C), V={batch.n_joints}, "
                f"got {self.count_range}."
            )
        numbers = draws.uniform()
        return Mixing.in_order_of(numbers, random_subsets(draws, batch.n_joints, self.count_range))
