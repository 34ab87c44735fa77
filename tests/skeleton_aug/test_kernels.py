"""The fused kernel for any number of joints, bodies and frames, beside one plain transform after another."""

import numpy as np
import pytest

from skeleton_aug import (
    Bones,
    Compose,
    FitLength,
    GaussianBlur,
    JointMask,
    Mirror,
    Resample,
    Samples,
    SavitzkyGolay,
    Shear,
    Skeleton,
    TemporalShift,
)
from skeleton_aug.testing import random_sample
from tests.skeleton_aug.reference import pipeline as reference


def chain(n_joints):
    """Joints in a row, each the parent of the next, of which the last two are a pair."""
    pair = (n_joints - 2, n_joints - 1)
    names = (*(f"joint_{v}" for v in range(n_joints - 2)), "left_end", "right_end")
    parents = (*range(-1, n_joints - 2), n_joints - 3)
    return Skeleton("chain", names, parents, (pair,))


def pipelines(n_joints):
    """What fuses into one pass, with joints alone, bones alone and both, in and out of order."""
    skeleton = chain(n_joints)
    moves = [SavitzkyGolay(window=7, p=0.7), Resample(), FitLength(n_frames=33, crop="random"), Shear()]
    return {
        "joints": Compose([*moves, TemporalShift(), JointMask(count_range=(1, 2), p=0.5)]),
        "blurred": Compose([GaussianBlur(), FitLength(n_frames=16)]),
        "long window": Compose([SavitzkyGolay(window=15), FitLength(n_frames=20)]),
        "bones": Compose([*moves, Bones(skeleton=skeleton, channels="bone")]),
        "joints and bones": Compose([*moves, Mirror(skeleton=skeleton, p=0.5), Bones(skeleton=skeleton)]),
    }


@pytest.mark.parametrize("n_joints", [3, 5, 6, 7, 15, 16, 17, 22, 33])
@pytest.mark.parametrize("n_bodies", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_joints_and_bodies(n_joints, n_bodies, dtype):
    """Every width of a frame, around those that vectors and blocks have, in both layouts, with frames missing too."""
    arrays = [
        random_sample(np.random.default_rng(i), n_bodies, n_frames, n_joints, gaps=gaps, dtype=dtype)
        for i, (n_frames, gaps) in enumerate([(1, "none"), (8, "none"), (31, "frames"), (45, "none"), (52, "track")])
    ]
    for name, pipeline in pipelines(n_joints).items():
        expected = np.stack(reference.run(pipeline, arrays, seed=3))
        for layout, wanted in (("sample", expected), ("model", reference.model_layout(expected))):
            found = pipeline(arrays, seed=3, layout=layout)
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=2e-5, err_msg=f"{name}, {layout}")


@pytest.mark.parametrize("n_frames", [1, 2, 14, 15, 16, 29, 31])
@pytest.mark.parametrize("layout", ["sample", "model"])
def test_nothing_else_is_written(n_frames, layout):
    """What stands before and behind the result stays."""
    x = np.stack([random_sample(np.random.default_rng(i), 2, 40) for i in range(2)])
    for channels in ("joint", "joint+bone"):
        pipeline = Compose([Resample(), FitLength(n_frames=n_frames), *([Bones()] if channels != "joint" else [])])
        wanted = pipeline(x, seed=0, layout=layout)
        around = np.full((4, *wanted.shape[1:]), 7, np.float32)
        pipeline(x, seed=0, layout=layout, out=around[1:3])
        np.testing.assert_array_equal(around[1:3], wanted)
        assert (around[[0, 3]] == 7).all()


def test_rows_may_end_where_the_last_frame_ends():
    """Nothing behind the rows is read into a result: those of a sample alone and of one before others are the same."""
    x = np.stack([random_sample(np.random.default_rng(i), 2, 33) for i in range(3)])
    pipeline = Compose([SavitzkyGolay(), Resample(), FitLength(n_frames=40), Mirror(), Bones()])
    together = pipeline(Samples.from_arrays(x), seed=1)
    for i, one in enumerate(x):
        np.testing.assert_array_equal(pipeline(one.copy(), seed=1, index=i), together[i])
