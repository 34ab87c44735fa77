"""References and cases of the transforms that act on joints and bodies."""

import numpy as np

from skeleton_aug import Bones, SideDrop, get_skeleton
from tests.skeleton_aug.reference.sample import Reference, without_joints

CASES = [
    SideDrop(),
    SideDrop(p=0.5),
    Bones(),
    Bones(channels="bone"),
]


def side_drop(sample, transform, draws, i, batch):
    skeleton = get_skeleton(transform.skeleton)
    return without_joints(sample, skeleton.left if draws.uniform()[i] < 0.5 else skeleton.right)


def bones(sample, transform, draws, i, batch):
    """Joint minus parent; a confidence is the mean of both."""
    values, present, dims = np.zeros_like(sample.values), np.zeros_like(sample.present), sample.dims
    for joint, parent in enumerate(get_skeleton(transform.skeleton).parents):
        if parent >= 0:
            at, up = sample.values[:, :, joint], sample.values[:, :, parent]
            values[:, :, joint, :dims] = (at - up)[..., :dims]
            values[:, :, joint, dims:] = ((at + up) / 2)[..., dims:]
            present[:, :, joint] = sample.present[:, :, joint] & sample.present[:, :, parent]
            # A bone of no length cannot be told from a missing one once it is stored.
            present[:, :, joint, 0] &= (values[:, :, joint] != 0).any(-1)
    if transform.channels == "bone":
        return Reference(values, present, sample.channels)
    joined = (np.concatenate(pair, -1) for pair in ((sample.values, values), (sample.present, present)))
    return Reference(*joined, sample.channels)


REFERENCES = {SideDrop: side_drop, Bones: bones}
