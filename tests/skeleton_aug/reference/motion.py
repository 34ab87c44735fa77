"""References and cases of bone lengths and motion."""

import numpy as np

from skeleton_aug import BoneScale, Motion, get_skeleton
from tests.skeleton_aug.reference.sample import Reference

CASES = [
    BoneScale(),
    BoneScale(factor_range=(0.5, 2.0), symmetric=False, p=0.5),
    Motion(),
    Motion(channels="acceleration"),
    Motion(channels="motion+acceleration"),
    Motion(channels="joint+motion"),
    Motion(channels="joint+acceleration"),
    Motion(channels="joint+motion+acceleration"),
]


def bone_scale(sample, transform, draws, i, batch):
    skeleton = get_skeleton(transform.skeleton)
    factors = draws.uniform(*transform.factor_range, size=skeleton.n_joints)[i]
    if transform.symmetric:
        for pair in skeleton.mirror_pairs:
            factors[max(pair)] = factors[min(pair)]
    moved = sample.values.copy()

    def shift(body, frame, joint):
        parent = skeleton.parents[joint]
        if parent < 0:
            return np.zeros(sample.dims)
        above = shift(body, frame, parent)
        if not (sample.present[body, frame, joint, 0] and sample.present[body, frame, parent, 0]):
            return above
        x = sample.values[body, frame]
        return above + (factors[joint] - 1) * (x[joint] - x[parent])[: sample.dims]

    for body, frame, joint in np.argwhere(sample.present[..., 0]):
        moved[body, frame, joint, : sample.dims] += shift(body, frame, joint)
    return Reference(moved, sample.present, sample.channels)


def difference(values, present, dims):
    """``x[t + 1] - x[t]`` and the mean confidence, missing in the last frame; vectors are (M, T, V, K, width)."""
    made, there = np.zeros_like(values), np.zeros_like(present)
    made[:, :-1, ..., :dims] = (values[:, 1:] - values[:, :-1])[..., :dims]
    made[:, :-1, ..., dims:] = (values[:, 1:] + values[:, :-1])[..., dims:] / 2
    there[:, :-1] = present[:, 1:] & present[:, :-1]
    return made, there


def motion(sample, transform, draws, i, batch):
    still = sample.vectors, sample.present
    first = difference(*still, sample.dims)
    second = difference(*first, sample.dims)
    named = {"joint": still, "motion": first, "acceleration": second}
    kinds = [named[name] for name in transform.channels.split("+")]
    values = np.concatenate([values for values, _ in kinds], 3)
    # A difference of zero cannot be told from a missing one once it is stored.
    present = np.concatenate([present for _, present in kinds], 3) & (values != 0).any(-1)
    return Reference(values.reshape(*values.shape[:3], values.shape[3] * sample.width), present, sample.channels)


REFERENCES = {BoneScale: bone_scale, Motion: motion}
