"""References and cases of the transforms that act on channels.

Each reference takes a sample, its transform, the draws of the batch, the sample's place in it, and the whole batch.
"""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from skeleton_aug import AxisMask, Mirror, Normalize, Rotate, Scale, Shear, Translate, get_skeleton
from tests.skeleton_aug.reference.sample import multiply

CASES = [
    Normalize(),
    Normalize(rotation="none"),
    Normalize(rotation="legacy"),
    Normalize(rotation="upright"),
    Normalize(rotation="upright", center="none", scale=0.5, p=0.5),
    Normalize(center="frame", scale=0.4, measure="torso"),
    Normalize(center="frame", rotation="none", p=0.5),
    Normalize(center="none", scale=0.25),
    Shear(),
    Shear(factor_range=(-2.0, 2.0), keep_orientation=True, p=0.5),
    Rotate(),
    Rotate(x_range=(-200.0, 0.0), y_range=(0.0, 0.0), z_range=(90.0, 90.0), p=0.5),
    Rotate(x_range=(0.0, 1.0), y_range=(-1.0, 0.0), z_range=(0.0, 1.0), main_range=(-30.0, 30.0)),
    Scale(),
    Scale(factor_range=(0.01, 3.0), per_axis=True, p=0.5),
    Translate(),
    Translate(x_range=(0.5, 0.5), y_range=(-20.0, -1.0), z_range=(0.0, 0.0), p=0.5),
    Mirror(),
    Mirror(axis="z", p=0.5),
    AxisMask(),
    AxisMask(axes="zx", p=0.5),
]


def normalize(sample, transform, draws, i, batch):
    matrix, origin = body_frame(sample, transform)
    if transform.center == "frame":
        vectors = sample.vectors
        vectors[..., 0, : sample.dims] -= origins(sample, transform)[:, None, : sample.dims]
        sample = sample.with_vectors(vectors)
    return multiply(sample, matrix, origin if transform.center == "sequence" else None)


def place(sample, transform, role, body, frame):
    """Mean of the joints of a role; None where one is missing."""
    joints = np.atleast_1d(get_skeleton(transform.skeleton).frame_joints[role])
    if not sample.present[body, frame, joints, 0].all():
        return None
    at = np.zeros(3)
    at[: sample.dims] = sample.values[body, frame, joints, : sample.dims].mean(0)
    return at


def body_frame(sample, transform):
    """Matrix and origin, from the first frame of the first present body that has what is needed."""
    measured = {"spine": ["base", "spine"], "torso": ["base", "left_shoulder", "right_shoulder"]}
    measured["shoulders"] = measured["torso"][1:]
    needed = {"base"} if transform.center != "none" else set()
    if transform.rotation in ("canonical", "legacy"):
        needed |= {"base", "spine", "left_shoulder", "right_shoulder"}
    if transform.rotation == "upright":
        needed |= {"left_shoulder", "right_shoulder"}
    if transform.scale is not None:
        needed |= set(measured[transform.measure])
    for roles in (needed, {"base"} if transform.center != "none" else set()):
        for body, frame in np.ndindex(sample.present.shape[:2]):
            at = {role: place(sample, transform, role, body, frame) for role in roles}
            if sample.present[body, frame].any() and all(p is not None for p in at.values()):
                if transform.rotation == "upright":
                    frames = range(frame, sample.present.shape[1])
                    ends = [
                        [place(sample, transform, f"{s}_shoulder", body, f) for s in ("left", "right")] for f in frames
                    ]
                    line = sum((left - right for left, right in ends if left is not None and right is not None))
                    at["line"] = line
                turn = {
                    "canonical": gram_schmidt,
                    "legacy": two_steps,
                    "upright": upright,
                    "none": lambda at: np.eye(3),
                }
                matrix = turn[transform.rotation](at) if roles == needed else np.eye(3)
                if transform.scale is not None and roles == needed:
                    ends = [at[role] for role in measured[transform.measure]]
                    if transform.measure == "torso":
                        ends = [ends[0], (ends[1] + ends[2]) / 2]
                    length = np.linalg.norm(ends[1] - ends[0])
                    matrix = matrix * (transform.scale / length if length > 1e-9 else 1)
                return matrix, at.get("base")
    return np.eye(3), None


def gram_schmidt(at):
    """Rows left, back and up."""
    z, x = at["spine"] - at["base"], at["left_shoulder"] - at["right_shoulder"]
    if np.linalg.norm(z) > 1e-9:
        z /= np.linalg.norm(z)
        x = x - (x @ z) * z
        if np.linalg.norm(x) > 1e-9:
            x /= np.linalg.norm(x)
            return np.stack([x, np.cross(z, x), z])
    return np.eye(3)


def upright(at):
    """Rows left, back and up, where up is the sensor's."""
    vertical = {"base": np.zeros(3), "spine": np.array([0.0, 1.0, 0.0])}
    return gram_schmidt(vertical | {"left_shoulder": at["line"], "right_shoulder": np.zeros(3)})


def two_steps(at):
    """Spine to z, then left-to-right shoulders to x, each the shortest way."""

    def shortest(vector, target):
        axis = np.cross(vector, target)
        if np.abs(axis).sum() < 1e-6:
            return np.eye(3)
        angle = np.arctan2(np.linalg.norm(axis), vector @ target)
        return Rotation.from_rotvec(axis / np.linalg.norm(axis) * angle).as_matrix()

    first = shortest(at["spine"] - at["base"], np.array([0, 0, 1]))
    return shortest(first @ (at["right_shoulder"] - at["left_shoulder"]), np.array([1, 0, 0])) @ first


def origins(sample, transform):
    """(T, 3): base of the first present body of every frame, held where it is missing."""
    found = {}
    for t in range(sample.n_frames):
        there = np.flatnonzero(sample.present[:, t].any((1, 2)))
        at = place(sample, transform, "base", there[0], t) if len(there) else None
        if at is not None:
            found[t] = at
    if not found:
        return np.zeros((sample.n_frames, 3))
    return np.array([found[max((f for f in found if f <= t), default=min(found))] for t in range(sample.n_frames)])


def shear(sample, transform, draws, i, batch):
    return multiply(sample, shear_factors(sample, transform, draws, i))


def shear_factors(sample, transform, draws, i):
    def matrix():
        a, b, c, d, e, f = draws.uniform(*transform.factor_range, size=6)[i]
        return np.array([[1, a, b], [c, 1, d], [e, f, 1]])

    first = matrix()
    if not transform.keep_orientation:
        return first
    for candidate in [first] + [matrix() for _ in range(7)]:
        if np.linalg.det(candidate[: sample.dims, : sample.dims]) > 0:
            return candidate
    return np.eye(3)


def rotate(sample, transform, draws, i, batch):
    """SciPy's rotations about fixed axes, x first."""
    units = draws.uniform(size=3)[i]
    ranges = [transform.x_range, transform.y_range, transform.z_range]
    if transform.main_range is not None:
        ranges[int(3 * draws.uniform()[i])] = transform.main_range
    angles = [low + (high - low) * unit for (low, high), unit in zip(ranges, units, strict=True)]
    return multiply(sample, Rotation.from_euler("xyz", angles, degrees=True).as_matrix())


def scale(sample, transform, draws, i, batch):
    factors = draws.uniform(*transform.factor_range, size=3 if transform.per_axis else 1)[i]
    return multiply(sample, np.eye(3) * factors)


def translate(sample, transform, draws, i, batch):
    ranges = transform.x_range, transform.y_range, transform.z_range
    units = draws.uniform(size=3)[i]
    return multiply(
        sample, np.eye(3), offset=[low + (high - low) * u for (low, high), u in zip(ranges, units, strict=True)]
    )


def mirror(sample, transform, draws, i, batch):
    """One sign and the names of the joints."""
    names = get_skeleton(transform.skeleton).joints
    other = [swap_sides(name) for name in names]
    order = [names.index(name) for name in other]
    signs = np.where(np.arange(3) == "xyz".index(transform.axis), -1.0, 1.0)
    flipped = multiply(sample, np.diag(signs))
    return replace(flipped, values=flipped.values[:, :, order], present=flipped.present[:, :, order])


def swap_sides(name):
    return "_".join({"left": "right", "right": "left"}.get(word, word) for word in name.split("_"))


def axis_mask(sample, transform, draws, i, batch):
    axis = transform.axes[int(len(transform.axes) * draws.uniform()[i])]
    vectors = sample.vectors
    vectors[..., "xyz".index(axis)] = 0
    return sample.with_vectors(vectors)


REFERENCES = {
    Normalize: normalize,
    Shear: shear,
    Rotate: rotate,
    Scale: scale,
    Translate: translate,
    Mirror: mirror,
    AxisMask: axis_mask,
}
