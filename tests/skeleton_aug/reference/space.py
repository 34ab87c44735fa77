"""References and cases of the transforms that act on channels.

Each reference takes a sample, its transform, the draws of the batch, the sample's place in it, and the whole batch.
"""

import numpy as np

from skeleton_aug import Normalize, Shear, get_skeleton
from tests.skeleton_aug.reference.sample import multiply

CASES = [
    Normalize(),
    Normalize(rotate=False),
    Shear(),
    Shear(factor_range=(-2.0, 2.0), keep_orientation=True, p=0.5),
]


def normalize(sample, transform, draws, i, batch):
    return multiply(sample, *canonical_frame(sample, transform))


def canonical_frame(sample, transform):
    """Rotation (rows are the axes) and origin, from the first frame of the first present body that has the joints."""
    skeleton = get_skeleton(transform.skeleton)
    base, spine, left, right = (skeleton.frame_joints[r] for r in ("base", "spine", "left_shoulder", "right_shoulder"))
    for joints in [[base, spine, left, right], [base]] if transform.rotate else [[base]]:
        for body, present in zip(sample.values, sample.present[..., 0], strict=True):
            for frame in np.flatnonzero(present[:, joints].all(1)):
                at = body[frame, :, :3]
                rotation = np.eye(3)
                if len(joints) == 4:
                    z, x = at[spine] - at[base], at[left] - at[right]
                    if np.linalg.norm(z) > 1e-9:
                        z /= np.linalg.norm(z)
                        x = x - (x @ z) * z
                        if np.linalg.norm(x) > 1e-9:
                            x /= np.linalg.norm(x)
                            rotation = np.stack([x, np.cross(z, x), z])
                return rotation, at[base]
    return np.eye(3), np.zeros(3)


def shear(sample, transform, draws, i, batch):
    return multiply(sample, shear_factors(transform, draws, i))


def shear_factors(transform, draws, i):
    def matrix():
        a, b, c, d, e, f = draws.uniform(*transform.factor_range, size=6)[i]
        return np.array([[1, a, b], [c, 1, d], [e, f, 1]])

    first = matrix()
    if not transform.keep_orientation:
        return first
    for candidate in [first] + [matrix() for _ in range(7)]:
        if np.linalg.det(candidate) > 0:
            return candidate
    return np.eye(3)


REFERENCES = {Normalize: normalize, Shear: shear}
