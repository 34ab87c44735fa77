"""Transforms of space, joints and bodies in orders that matter, and on other channels than x, y, z."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import (
    AxisMask,
    BodyDrop,
    BodySwap,
    Bones,
    Compose,
    CropResize,
    JointMask,
    Mirror,
    Normalize,
    PartMask,
    Resample,
    Rotate,
    SavitzkyGolay,
    Scale,
    Shear,
    SideDrop,
    Translate,
)
from skeleton_aug.testing import batches
from tests.skeleton_aug.reference import pipeline as reference

TURN = Rotate(x_range=(-90, 90), y_range=(-180, 180), z_range=(-17, 17))
ORDERS = [
    [Mirror(p=0.5), Bones(), SideDrop()],
    [Bones(), Mirror(p=0.5), SideDrop()],
    [SideDrop(), Mirror(), Bones()],
    [SideDrop(), Mirror(), JointMask(), Mirror(p=0.5), PartMask()],
    [JointMask(), Bones(), Mirror(), Translate()],
    [Bones(channels="bone"), Mirror(), TURN, Scale(per_axis=True)],
    [Normalize(), Mirror(p=0.5), TURN],
    [TURN, Mirror(p=0.5), Normalize()],
    [JointMask(count_range=(5, 15)), Normalize(), Mirror()],
    [PartMask(), Resample(), Mirror(), SavitzkyGolay()],
    [BodyDrop(), Normalize(), TURN, BodySwap()],
    [BodySwap(p=0.5), Normalize(), BodyDrop(drop_p=0.9)],
    [CropResize(n_frames=3, ratio_range=(0.1, 0.5)), BodyDrop(), BodySwap(p=0.5), BodyDrop(drop_p=0.9)],
    [JointMask(count_range=(10, 17)), BodyDrop(), Bones(), BodySwap()],
    [Translate(), AxisMask(), Scale(), Bones(), Mirror()],
    [AxisMask(p=0.5), Normalize(rotation="none"), AxisMask(), AxisMask(), Resample()],
    [Scale(per_axis=True), TURN, Translate(p=0.5), Shear(p=0.5), TURN],
]
FLAT = [
    Rotate(y_range=(0, 0), z_range=(-180, 180), p=0.5),
    Scale(per_axis=True),
    Translate(x_range=(1, 2)),
    Mirror(p=0.5),
    AxisMask(axes="xy", p=0.5),
    Shear(factor_range=(-2, 2), keep_orientation=True),
    JointMask(),
    PartMask(p=0.5),
    SideDrop(p=0.5),
    BodyDrop(),
    BodySwap(p=0.5),
    Compose([BodyDrop(), Mirror(p=0.5), Bones(), Scale(), SideDrop(), BodySwap()]),
    Compose([SideDrop(), Translate(), Mirror(), Bones(), Resample(), Rotate(y_range=(0, 0), z_range=(5, 5))]),
]


def assert_equal_to_the_reference(pipeline, data, seed, channels="xyz"):
    arrays = data.draw(batches(skeleton="kinect_v2", channels=channels, n_bodies=(1, 3)))
    ours = pipeline(arrays, seed=seed, channels=channels)
    theirs = reference.trace(pipeline, arrays, seed=seed, channels=channels)
    for y, z in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(y, z.dense(), rtol=1e-5, atol=1e-5)
        # Rounding decides whether a bone between joints at one place has a length at all.
        size = np.abs(z.vectors).max(-1)
        certain = (size == 0) | (size > 1e-9)
        present = (y.reshape(z.vectors.shape) != 0).any(-1)
        np.testing.assert_array_equal(present[certain], z.present[certain])


@pytest.mark.parametrize("transforms", ORDERS, ids=str)
@given(data=st.data(), seed=st.integers(0, 2**64 - 1))
def test_order(transforms, data, seed):
    """What is fused equals one transform after the other."""
    assert_equal_to_the_reference(Compose(transforms), data, seed)


@pytest.mark.parametrize("pipeline", FLAT, ids=str)
@pytest.mark.parametrize("channels", ["xy", "xyc", "xyzc"])
@given(data=st.data(), seed=st.integers(0, 2**64 - 1))
def test_other_channels(pipeline, channels, data, seed):
    """Two or three coordinates, with a confidence that stays as it is."""
    assert_equal_to_the_reference(pipeline, data, seed, channels)


def test_one_pass():
    """Everything here fuses, as long as joints go after bones are made."""
    pipeline = Compose(
        [
            Normalize(),
            BodyDrop(),
            BodySwap(),
            TURN,
            Scale(),
            Translate(),
            Mirror(),
            AxisMask(),
            Bones(),
            JointMask(),
            PartMask(),
        ]
    )
    assert len(pipeline.plan(np.ones((2, 2, 4, 25, 3)), seed=0).stages) == 1
