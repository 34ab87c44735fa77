"""References and cases of the transforms that act on joints and bodies."""

import numpy as np

from skeleton_aug import BodyDrop, BodySwap, Bones, JointMask, PartMask, SideDrop, get_skeleton
from tests.skeleton_aug.reference.sample import Reference, without_joints

CASES = [
    SideDrop(),
    SideDrop(p=0.5),
    Bones(),
    Bones(channels="bone"),
    JointMask(),
    JointMask(count_range=(0, 17), p=0.5),
    PartMask(),
    PartMask(count_range=(0, 5), p=0.5),
    BodyDrop(),
    BodyDrop(drop_p=0.9, p=0.5),
    BodySwap(),
    BodySwap(p=0.5),
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


def joint_mask(sample, transform, draws, i, batch):
    return without_joints(sample, some_of(range(sample.present.shape[2]), transform, draws, i))


def part_mask(sample, transform, draws, i, batch):
    parts = get_skeleton(transform.skeleton).parts
    masked = some_of(range(len(parts)), transform, draws, i)
    return without_joints(sample, [joint for part in masked for joint in list(parts.values())[part]])


def some_of(members, transform, draws, i):
    """Taken out of a hat one after the other; who is left keeps the order, but that the first takes the empty place."""
    low, high = transform.count_range
    count = low + int(draws.uniform()[i] * (high + 1 - low))
    lots, hat, taken = draws.uniform(size=max(high, 1))[i], list(members), []
    for lot in lots[:count]:
        at = int(lot * len(hat))
        hat[0], hat[at] = hat[at], hat[0]
        taken.append(hat.pop(0))
    return taken


def body_drop(sample, transform, draws, i, batch):
    there = present_bodies(sample)
    if len(there) < 2:
        return sample
    lots = draws.uniform(size=len(sample.values))[i]
    gone = [m for m in there if lots[m] < transform.drop_p]
    if gone == there:
        gone.remove(max(there, key=lambda m: lots[m]))
    return with_bodies(sample, [None if m in gone else m for m in range(len(sample.values))])


def body_swap(sample, transform, draws, i, batch):
    there = present_bodies(sample)
    if len(there) < 2:
        return sample
    lots = draws.uniform(size=len(sample.values))[i]
    one, other = sorted(there, key=lambda m: -lots[m])[:2]
    exchange = {one: other, other: one}
    return with_bodies(sample, [exchange.get(m, m) for m in range(len(sample.values))])


def present_bodies(sample):
    return [m for m, body in enumerate(sample.present) if body.any()]


def with_bodies(sample, order):
    """Slot m holds body order[m], or nobody."""
    present = np.stack([sample.present[m] if m is not None else np.zeros_like(sample.present[0]) for m in order])
    values = sample.values[[0 if m is None else m for m in order]]
    return Reference(values, present, sample.channels)


REFERENCES = {
    SideDrop: side_drop,
    Bones: bones,
    JointMask: joint_mask,
    PartMask: part_mask,
    BodyDrop: body_drop,
    BodySwap: body_swap,
}
