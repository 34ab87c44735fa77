"""Data in the plane, and data with a confidence."""

from dataclasses import replace

import numpy as np
import pytest

from skeleton_aug import (
    SKELETONS,
    AxisMask,
    Bones,
    Compose,
    CropResize,
    FitLength,
    KinectNoise,
    Mirror,
    Normalize,
    Resample,
    Rotate,
    Samples,
    SavitzkyGolay,
    Scale,
    Shear,
    SideDrop,
    TemporalShift,
    Translate,
)
from skeleton_aug.testing import random_sample
from tests.skeleton_aug.reference import pipeline as reference
from tests.skeleton_aug.reference import space

KINDS = {"xy": "coco_17", "xyc": "openpose_18", "xyzc": "azure_kinect_32"}
WITH_BONES = [
    Compose([Normalize(), SavitzkyGolay(), Resample(), FitLength(n_frames=20), Shear(), Bones(), SideDrop(p=0.5)]),
    Compose([Normalize(center="frame"), Bones(), Rotate(), Translate(), Scale(per_axis=True)]),
    Compose([Bones(), Normalize(), Resample(), Mirror(p=0.5), SideDrop(), TemporalShift()]),
    Compose([Bones(channels="bone"), Shear(), SavitzkyGolay(), CropResize(n_frames=7)]),
]
GEOMETRY = [replace(case, p=1.0) for case in space.CASES if not isinstance(case, Mirror)]


def made_for(pipeline, channels):
    """The same pipeline with the layout of these channels and, in the plane, without what needs a depth."""
    if isinstance(pipeline, Compose):
        return Compose([made_for(t, channels) for t in pipeline.transforms])
    if hasattr(pipeline, "skeleton"):
        pipeline = replace(pipeline, skeleton=KINDS[channels])
    if channels.startswith("xyz"):
        return pipeline
    match pipeline:
        case Normalize():
            return replace(pipeline, rotation="none")
        case Rotate():
            return replace(pipeline, x_range=(0.0, 0.0), y_range=(0.0, 0.0), z_range=(-90.0, 30.0), main_range=None)
        case Mirror():
            return replace(pipeline, axis="x")
        case AxisMask():
            return replace(pipeline, axes="xy")
    return pipeline


def recordings(channels, dtype="float64"):
    """Samples of several lengths, with and without gaps, coordinates that are zero, and absent bodies."""
    n_joints = SKELETONS[KINDS[channels]].n_joints
    kinds = [("none", 15, ()), ("all", 40, ()), ("joints", 1, (0,)), ("none", 22, (1,)), ("all", 9, (0, 1))]
    return [
        random_sample(
            np.random.default_rng(seed), 2, n_frames, n_joints,
            gaps=gaps, absent=absent, on_grid=seed % 2 == 1, channels=channels, dtype=dtype,
        )
        for seed, (gaps, n_frames, absent) in enumerate(kinds)
    ]  # fmt: skip


def label(value):
    return value if isinstance(value, str) else " ".join(repr(value).split())


each_kind = pytest.mark.parametrize("channels", KINDS)


@each_kind
@pytest.mark.parametrize("pipeline", reference.CASES + WITH_BONES, ids=label)
def test_equals_the_reference(pipeline, channels):
    """Every transform does to other channels what its reference does; or it says that it needs a depth."""
    pipeline, arrays = made_for(pipeline, channels), recordings(channels)
    if isinstance(pipeline, KinectNoise) and "z" not in channels:
        with pytest.raises(ValueError, match=r"channels 'xyz' or 'xyzc', got C = . of 'xyc?'"):
            pipeline(arrays, seed=3, channels=channels)
        return
    ours = pipeline(arrays, seed=3, channels=channels)
    for y, z in zip(ours, reference.run(pipeline, arrays, seed=3, channels=channels), strict=True):
        assert y.shape == z.shape
        # Noise is made in single precision.
        np.testing.assert_allclose(y, z, rtol=1e-6, atol=1e-6)


@each_kind
@pytest.mark.parametrize("pipeline", WITH_BONES, ids=label)
def test_single_precision_and_the_model_layout(pipeline, channels):
    """The networks' layout holds the same numbers, and so does single precision, to rounding."""
    pipeline = Compose([made_for(pipeline, channels), FitLength(n_frames=6)])
    double, single = (pipeline(recordings(channels, dtype), seed=3, channels=channels) for dtype in (float, "float32"))
    model = pipeline(recordings(channels), seed=3, channels=channels, layout="model")
    np.testing.assert_allclose(model, reference.model_layout(double), rtol=1e-9, atol=1e-9)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("channels", ["xyc", "xyzc"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("pipeline", [*GEOMETRY, Compose(GEOMETRY)], ids=label)
def test_geometry_leaves_a_confidence_alone(pipeline, channels, dtype):
    """Coordinates move, and the confidence keeps its bits."""
    arrays = recordings(channels, dtype)
    moved = made_for(pipeline, channels)(arrays, seed=3, channels=channels)
    assert any((x != y).any() for x, y in zip(arrays, moved, strict=True))
    for x, y in zip(arrays, moved, strict=True):
        assert x[..., -1].tobytes() == y[..., -1].tobytes()


@pytest.mark.parametrize("channels", ["xyc", "xyzc"])
def test_a_mirror_swaps_confidences_with_their_joints(channels):
    """They follow the joint, and no sign changes."""
    for x in recordings(channels):
        y = made_for(Mirror(), channels)(x, seed=0, channels=channels)
        np.testing.assert_array_equal(y[..., -1], x[:, :, SKELETONS[KINDS[channels]].mirror, -1])


def test_a_bones_confidence_is_the_mean_of_both_ends():
    """As the estimators' users have it; missing with either end."""
    skeleton = SKELETONS["coco_17"]
    x = random_sample(np.random.default_rng(0), 1, 5, 17, channels="xyc")
    x[0, 2, 9] = 0
    y = Bones(skeleton=skeleton)(x, channels="xyc")
    np.testing.assert_array_equal(y[..., :3], x)
    for joint, parent in skeleton.edges:
        expected = (x[:, :, joint, 2] + x[:, :, parent, 2]) / 2
        expected[0, 2] *= joint != 9
        np.testing.assert_array_equal(y[:, :, joint, 5], expected)


@pytest.mark.parametrize(
    "pipeline",
    [
        Normalize(rotation="none", scale=0.5, skeleton="coco_17"),
        Normalize(rotation="none", center="frame", skeleton="coco_17"),
        Shear(factor_range=(-1.0, 1.0)),
        Rotate(x_range=(0.0, 0.0), y_range=(0.0, 0.0), z_range=(-180.0, 180.0)),
        Scale(per_axis=True),
        Translate(),
        Mirror(skeleton="coco_17"),
        Compose([SavitzkyGolay(), Resample(), Shear(), Bones(skeleton="coco_17"), SideDrop(skeleton="coco_17")]),
    ],
    ids=label,
)
def test_the_plane_is_space_with_a_depth_of_zero(pipeline):
    """Two channels come out as the first two of three whose third is zero."""
    arrays = recordings("xy")
    flat = pipeline(arrays, seed=1, channels="xy")
    deep = pipeline([np.concatenate([x, np.zeros_like(x[..., :1])], axis=-1) for x in arrays], seed=1)
    for y, z in zip(flat, deep, strict=True):
        in_plane = z.reshape(*z.shape[:3], z.shape[3] // 3, 3)[..., :2].reshape(y.shape)
        np.testing.assert_allclose(y, in_plane, rtol=1e-9, atol=1e-9)


def test_a_joint_is_missing_when_all_its_numbers_are_zero():
    """A confidence alone makes a joint present: it moves, and at the origin it needs no mark; zeros stay zeros."""
    x = np.zeros((1, 2, 17, 3))
    x[0, 0, 3, 2] = 0.5
    x[0, 1, 4] = [1.0, 2.0, 0.0]
    y = Translate(x_range=(0.25, 0.25), y_range=(0.5, 0.5))(x, channels="xyc")
    np.testing.assert_array_equal(y[0, 0, 3], [0.25, 0.5, 0.5])
    np.testing.assert_array_equal(y[0, 1, 4], [1.25, 2.5, 0.0])
    assert (y != 0).any(-1).sum() == 2
    shapes = Scale(factor_range=(2.0, 2.0))(x, channels="xyc")
    np.testing.assert_array_equal(shapes[0, 0, 3], [0.0, 0.0, 0.5])


def test_a_dropped_joint_loses_its_confidence():
    """All of its numbers are zero."""
    x = np.ones((1, 3, 17, 3))
    y = SideDrop(skeleton="coco_17")(x, seed=0, channels="xyc")
    gone = (y[0, 0] == 0).all(-1)
    assert set(np.flatnonzero(gone)) in (set(SKELETONS["coco_17"].left), set(SKELETONS["coco_17"].right))
    np.testing.assert_array_equal(y[:, :, ~gone], x[:, :, ~gone])


@pytest.mark.parametrize(("n_channels", "channels"), [(2, "xy"), (3, "xyz"), (4, "xyzc"), (6, "xyz")])
def test_channels_that_need_no_saying(n_channels, channels):
    """What the usual numbers of channels are, unless it is said."""
    assert Samples.from_arrays([np.ones((1, 2, 5, n_channels))]).channels == channels


WRONG = {
    "unknown number": (5, None, "Say what 5 channels are: channels='xy', 'xyz', 'xyc', 'xyzc'"),
    "one": (1, None, "Say what 1 channels are"),
    "joint, bone and more of two kinds": (8, None, "Say what 8 channels are"),
    "no multiple": (6, "xyzc", "channels='xyzc' asks for C = 4 or a multiple, got C = 6"),
    "too few": (2, "xyz", "channels='xyz' asks for C = 3 or a multiple, got C = 2"),
    "no such": (3, "zyx", r"channels must be one of \('xy', 'xyz', 'xyc', 'xyzc'\), got 'zyx'"),
}


@pytest.mark.parametrize(("n_channels", "channels", "message"), WRONG.values(), ids=WRONG)
def test_wrong_channels(n_channels, channels, message):
    """A number of channels that may be several things is asked about, one that cannot be is refused."""
    with pytest.raises(ValueError, match=message):
        Shear()(np.ones((1, 2, 5, n_channels)), channels=channels)


def test_three_channels_are_two_things():
    """The same numbers are moved as x, y, z, or as x, y and a confidence, as it is said; a plan remembers."""
    x = np.ones((1, 2, 17, 3))
    double = Scale(factor_range=(2.0, 2.0))
    np.testing.assert_array_equal(double(x)[0, 0, 0], [2, 2, 2])
    np.testing.assert_array_equal(double(x, channels="xyc")[0, 0, 0], [2, 2, 1])
    plan = double.plan([x], channels="xyc")
    np.testing.assert_array_equal(plan.apply([x])[0, 0, 0, 0], [2, 2, 1])
    with pytest.raises(ValueError, match="drawn for channels 'xyc', got 'xyz'"):
        plan.apply(Samples.from_arrays([x]))
