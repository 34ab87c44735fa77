"""References and cases of the transforms that mix the samples of a batch."""

import numpy as np

from skeleton_aug import JointMixing, PartMixing, get_skeleton
from tests.skeleton_aug.reference.joints import some_of
from tests.skeleton_aug.reference.sample import Reference

CASES = [
    JointMixing(),
    JointMixing(count_range=(0, 15), p=0.5),
    PartMixing(),
    PartMixing(count_range=(1, 1), p=0.5),
]


def partner_of(numbers, i):
    """The sample with the next higher number, or the lowest."""
    higher = [j for j in range(len(numbers)) if numbers[j] > numbers[i]]
    return min(higher or range(len(numbers)), key=lambda j: numbers[j])


def exchange(sample, other, joints):
    """Vectors of ``joints`` from another sample, stretched to this length, where both have them."""
    n, n_other = sample.n_frames, other.n_frames
    frames = [int((t + 0.5) * n_other / n) if n != n_other else t for t in range(n)]
    vectors, theirs, there = sample.vectors, other.vectors[:, frames], other.present[:, frames] & sample.present
    for joint in joints:
        vectors[:, :, joint] = np.where(there[:, :, joint, ..., None], theirs[:, :, joint], vectors[:, :, joint])
    return Reference(vectors.reshape(sample.values.shape), sample.present, sample.channels)


def joint_mixing(sample, transform, draws, i, batch):
    partner = partner_of(draws.uniform(), i)
    return exchange(sample, batch[partner], some_of(range(sample.values.shape[2]), transform, draws, i))


def part_mixing(sample, transform, draws, i, batch):
    parts = list(get_skeleton(transform.skeleton).parts.values())
    partner = partner_of(draws.uniform(), i)
    chosen = some_of(range(len(parts)), transform, draws, i)
    return exchange(sample, batch[partner], [joint for part in chosen for joint in parts[part]])


REFERENCES = {JointMixing: joint_mixing, PartMixing: part_mixing}
