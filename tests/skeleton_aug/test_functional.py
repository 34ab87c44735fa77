import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from scipy.signal import savgol_filter
from scipy.spatial.transform import Rotation

import skeleton_aug
from skeleton_aug import functional as f
from skeleton_aug import get_skeleton
from skeleton_aug.testing import batches, random_sample

KINECT = get_skeleton("kinect_v2")
LEFT, RIGHT, ARM = list(KINECT.left), list(KINECT.right), list(KINECT.parts["left_arm"])
FACTORS = np.linspace(0.5, 1.5, 25)


def changed(x, at, value):
    """A copy with something else at one place."""
    y = x.copy()
    y[at] = value
    return y


def longer_bones(x, factors=FACTORS):
    """Walk from the root on."""
    y, done = x.copy(), {KINECT.center}
    while len(done) < 25:
        for joint, parent in KINECT.edges:
            if parent in done and joint not in done:
                y[:, :, joint] = y[:, :, parent] + factors[joint] * (x[:, :, joint] - x[:, :, parent])
                done.add(joint)
    return y


def resized(x, start, stop, n):
    """Every number interpolated by itself."""
    places = np.linspace(start, stop, n)
    return np.apply_along_axis(lambda path: np.interp(places, np.arange(len(path)), path), 1, x)


def with_bones(x):
    parents = np.where(KINECT.parent_array < 0, np.arange(25), KINECT.parent_array)
    return np.concatenate([x, x - x[:, :, parents]], -1)


def differences(x):
    return np.concatenate([np.diff(x, axis=1), 0 * x[:, :1]], 1)


# (function, its parameters, the same in NumPy or SciPy on one sample of which nothing is missing)
TABLE = [
    (f.normalize, {"rotation": "none"}, lambda x: x - x[0, 0, 0]),
    (f.shear, {"factors": (1, 2, 3, 4, 5, 6)}, lambda x: x @ np.array([[1, 1, 2], [3, 1, 4], [5, 6, 1]]).T),
    (f.rotate, {"degrees": (30, -60, 100)},
     lambda x: x @ Rotation.from_euler("xyz", (30, -60, 100), degrees=True).as_matrix().T),
    (f.scale, {"factors": 2.5}, lambda x: 2.5 * x),
    (f.scale, {"factors": (1, 2, 3)}, lambda x: x * [1, 2, 3]),
    (f.translate, {"offset": (1, -2, 3)}, lambda x: x + np.array([1, -2, 3])),
    (f.mirror, {}, lambda x: x[:, :, KINECT.mirror] * [-1, 1, 1]),
    (f.axis_mask, {"axis": "y"}, lambda x: x * [1, 0, 1]),
    (f.side_drop, {"side": "left"}, lambda x: changed(x, np.s_[:, :, LEFT], 0)),
    (f.side_drop, {"side": "right"}, lambda x: changed(x, np.s_[:, :, RIGHT], 0)),
    (f.joint_mask, {"joints": [3, 0]}, lambda x: changed(x, np.s_[:, :, [0, 3]], 0)),
    (f.part_mask, {"parts": ["left_arm"]}, lambda x: changed(x, np.s_[:, :, ARM], 0)),
    (f.body_drop, {"bodies": [1]}, lambda x: changed(x, 1, 0)),
    (f.body_swap, {}, lambda x: x[::-1]),
    (f.bone_scale, {"factors": FACTORS}, longer_bones),
    (f.bone_scale, {"factors": 0.5}, lambda x: longer_bones(x, np.full(25, 0.5))),
    (f.bones, {}, with_bones),
    (f.bones, {"result": "bone"}, lambda x: with_bones(x)[..., 3:]),
    (f.motion, {}, differences),
    (f.motion, {"result": "joint+motion"}, lambda x: np.concatenate([x, differences(x)], -1)),
    (f.savitzky_golay, {"window": 7, "order": 3}, lambda x: savgol_filter(x, 7, 3, axis=1)),
    (f.gaussian_blur, {"sigma": 1.2, "window": 11},
     lambda x: gaussian_filter1d(x, 1.2, 1, mode="constant", radius=5)
     / gaussian_filter1d(np.ones_like(x), 1.2, 1, mode="constant", radius=5)),
    (f.resample, {"rate": 0.8}, lambda x: resized(x, 0, 39, 50)),
    (f.fit_length, {"n_frames": 7, "crop": "center"}, lambda x: x[:, 16:23]),
    (f.fit_length, {"n_frames": 50}, lambda x: np.concatenate([x, x[:, :10]], 1)),
    (f.crop, {"start": 3, "n_frames": 9}, lambda x: x[:, 3:12]),
    (f.crop_resize, {"start": 1.5, "stop": 30, "n_frames": 20}, lambda x: resized(x, 1.5, 30, 20)),
    (f.reflect_crop, {"offset": 7}, lambda x: np.pad(x, ((0, 0), (0, 7), (0, 0), (0, 0)), "symmetric")[:, 7:]),
    (f.reflect_crop, {"offset": -7}, lambda x: np.pad(x, ((0, 0), (7, 0), (0, 0), (0, 0)), "symmetric")[:, :40]),
    (f.temporal_shift, {"offset": 3}, lambda x: np.roll(x, -3, 1)),
    (f.temporal_shift, {"offset": -3}, lambda x: np.roll(x, 3, 1)),
    (f.temporal_mask, {"frames": range(4, 9)}, lambda x: changed(x, np.s_[:, 4:9], 0)),
    (f.reverse, {}, lambda x: x[:, ::-1]),
    (f.uniform_sample, {"n_frames": 8}, lambda x: x[:, 2::5]),
]  # fmt: skip
PAIR = [
    (f.shear, {"factors": np.full(6, 0.3)}, skeleton_aug.Shear(factor_range=(0.3, 0.3))),
    (f.rotate, {"degrees": (10, 20, 30)}, skeleton_aug.Rotate(x_range=(10, 10), y_range=(20, 20), z_range=(30, 30))),
    (f.scale, {"factors": 1.3}, skeleton_aug.Scale(factor_range=(1.3, 1.3))),
    (f.translate, {"offset": (1, 2, 3)}, skeleton_aug.Translate(x_range=(1, 1), y_range=(2, 2), z_range=(3, 3))),
    (f.axis_mask, {"axis": "z"}, skeleton_aug.AxisMask(axes="z")),
    (f.bone_scale, {"factors": 0.8}, skeleton_aug.BoneScale(factor_range=(0.8, 0.8))),
    (f.gaussian_blur, {"sigma": 2.0}, skeleton_aug.GaussianBlur(sigma_range=(2.0, 2.0))),
    (f.resample, {"rate": 1.7}, skeleton_aug.Resample(rate_range=(1.7, 1.7))),
    (f.temporal_shift, {"offset": 0}, skeleton_aug.TemporalShift(max_offset=0)),
    (f.reflect_crop, {"offset": 0}, skeleton_aug.ReflectCrop(ratio=0)),
    (f.joint_mask, {"joints": range(25)}, skeleton_aug.JointMask(count_range=(25, 25))),
    (f.part_mask, {"parts": list(KINECT.parts)}, skeleton_aug.PartMask(count_range=(5, 5))),
    (f.body_swap, {}, skeleton_aug.BodySwap()),
    (f.normalize, {"scale": 0.5}, skeleton_aug.Normalize(scale=0.5)),
    (f.mirror, {"axis": "z"}, skeleton_aug.Mirror(axis="z")),
    (f.bones, {"result": "bone"}, skeleton_aug.Bones(channels="bone")),
    (f.motion, {"result": "acceleration"}, skeleton_aug.Motion(channels="acceleration")),
    (f.savitzky_golay, {"window": 9}, skeleton_aug.SavitzkyGolay(window=9)),
    (f.fit_length, {"n_frames": 33, "short": "resize"}, skeleton_aug.FitLength(n_frames=33, short="resize")),
    (f.reverse, {}, skeleton_aug.Reverse()),
    (f.uniform_sample, {"n_frames": 9}, skeleton_aug.UniformSample(n_frames=9, random=False)),
]
WRONG = [
    (f.shear, {"factors": (1, 2, 3)}, r"shear: expected factors finite, as shape \(6,\) or shape \(3, 6\), got"),
    (f.shear, {"factors": [np.nan] * 6}, "shear: expected factors finite"),
    (f.rotate, {"degrees": 30}, r"rotate: expected degrees finite, as shape \(3,\)"),
    (f.scale, {"factors": 0}, "scale: expected factors above 0, got 0"),
    (f.scale, {"factors": (1, 2)}, r"scale: .*shape \(3,\) or shape \(3, 3\) or one number"),
    (f.axis_mask, {"axis": "xy"}, "axis_mask: expected axis 'x', 'y' or 'z', got 'xy'"),
    (f.side_drop, {"side": "both"}, "side_drop: expected side 'left' or 'right', got 'both'"),
    (f.side_drop, {"side": "left", "skeleton": "kinect_v1"}, "side_drop: .*V=20 .*got V=25"),
    (f.joint_mask, {"joints": [25]}, r"joint_mask: expected joints as a list of whole numbers in 0..24, got \[25\]"),
    (f.joint_mask, {"joints": [-1]}, "joint_mask: expected joints"),
    (f.joint_mask, {"joints": 3}, "joint_mask: expected joints as a list"),
    (f.joint_mask, {"joints": [1.5]}, "joint_mask: expected joints as a list of whole numbers"),
    (f.joint_mask, {"joints": np.arange(25) < 3}, "joint_mask: expected joints as a list of whole numbers"),
    (f.part_mask, {"parts": ["tail"]}, "part_mask: expected a list of some of the parts .*left_arm.*got"),
    (f.part_mask, {"parts": "trunk"}, "part_mask: expected a list"),
    (f.part_mask, {"parts": ["trunk"], "skeleton": "kinect_v1"}, "part_mask: .*V=20 .*got V=25"),
    (f.body_drop, {"bodies": [2]}, "body_drop: expected bodies as a list of whole numbers in 0..1"),
    (f.body_swap, {"one": 0, "other": 2}, "body_swap: expected bodies"),
    (f.bone_scale, {"factors": -1}, "bone_scale: expected factors above 0, got -1"),
    (f.bone_scale, {"factors": 1, "skeleton": "kinect_v1"}, "bone_scale: .*V=20 .*got V=25"),
    (f.savitzky_golay, {"window": 4}, "SavitzkyGolay: window must be odd"),
    (f.gaussian_blur, {"sigma": 0}, "gaussian_blur: expected sigma above 0, got 0"),
    (f.gaussian_blur, {"sigma": 1, "window": 4}, "gaussian_blur: expected an odd window"),
    (f.resample, {"rate": -2}, "resample: expected a rate above 0, got -2"),
    (f.fit_length, {"n_frames": 5, "crop": "random"}, "fit_length: expected crop 'start' or 'center'"),
    (f.crop, {"start": 35, "n_frames": 9}, r"crop: expected .*start \+ n_frames <= T = 40, got \(35, 9\)"),
    (f.crop, {"start": -1, "n_frames": 9}, "crop: expected n_frames >= 1, start >= 0"),
    (f.crop, {"start": 0, "n_frames": 0}, "crop: expected n_frames >= 1"),
    (f.crop, {"start": 0.5, "n_frames": 9}, "crop: expected start in whole frames, got 0.5"),
    (f.crop_resize, {"start": 5, "stop": 40, "n_frames": 9}, "crop_resize: expected .*T - 1 = 39"),
    (f.crop_resize, {"start": 5, "stop": 4, "n_frames": 9}, "crop_resize: expected .*start <= stop"),
    (f.temporal_shift, {"offset": 0.5}, "temporal_shift: expected offset in whole frames"),
    (f.temporal_mask, {"frames": [40]}, "temporal_mask: expected frames as a list of whole numbers in 0..39"),
]  # fmt: skip


def label(row):
    return f"{row[0].__name__}-{'-'.join(map(str, row[1]))}"


every = pytest.mark.parametrize(("function", "parameters", "twin"), TABLE, ids=map(label, TABLE))


def whole_batch(dtype="float64"):
    return np.stack([random_sample(np.random.default_rng(i), dtype=dtype) for i in range(3)])


@every
def test_equals_numpy(function, parameters, twin):
    """One sample and a batch give what a line of NumPy or SciPy gives, in their dtype; the input stays."""
    x = whole_batch()
    x.flags.writeable = False
    expected = np.stack([twin(sample) for sample in x])
    np.testing.assert_allclose(function(x, **parameters), expected, atol=1e-10)
    np.testing.assert_allclose(function(x[1], **parameters), expected[1], atol=1e-10)
    single = function(x.astype(np.float32), **parameters)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=1e-4, atol=1e-4)


@every
def test_tensors_come_back_as_tensors(function, parameters, twin):
    """A tensor gives the array's numbers as a tensor."""
    torch = pytest.importorskip("torch")
    x = whole_batch("float32")
    made = function(torch.from_numpy(x), **parameters)
    assert isinstance(made, torch.Tensor)
    np.testing.assert_array_equal(made.numpy(), function(x, **parameters))


@pytest.mark.parametrize(("function", "parameters", "transform"), PAIR, ids=map(label, PAIR))
@given(data=st.data())
def test_equals_the_transform(function, parameters, transform, data):
    """A transform that has one choice left does the same, whatever is missing."""
    arrays = data.draw(batches(skeleton="kinect_v2"))
    if transform == skeleton_aug.BodySwap():
        arrays = [x if len(x) == 2 and x.any((1, 2, 3)).all() else np.ones((2, 4, 25, 3), x.dtype) for x in arrays]
    for ours, theirs in zip(function(arrays, **parameters), transform(arrays, seed=0), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("function", "name", "rows"),
    [
        (f.shear, "factors", np.arange(18).reshape(3, 6)),
        (f.rotate, "degrees", np.arange(9).reshape(3, 3)),
        (f.scale, "factors", np.arange(1, 10).reshape(3, 3)),
        (f.translate, "offset", np.arange(9).reshape(3, 3)),
        (f.bone_scale, "factors", np.arange(1, 76).reshape(3, 25)),
        (f.gaussian_blur, "sigma", [0.5, 1, 2]),
        (f.resample, "rate", [0.5, 1, 2]),
        (f.temporal_shift, "offset", [3, 0, -50]),
        (f.reflect_crop, "offset", [3, 0, -5]),
    ],
)
def test_every_sample_may_have_its_own_numbers(function, name, rows):
    """A row for each sample of a batch is that sample's parameter."""
    x = whole_batch()
    for sample, row, made in zip(x, rows, function(x, **{name: rows}), strict=True):
        np.testing.assert_array_equal(made, function(sample, **{name: row}))


def test_windows_may_differ_between_samples():
    """Crops of one length from different places."""
    x = whole_batch()
    for sample, a, b, made, stretched in zip(
        x, [0, 5, 31], [9, 39, 31.5], f.crop(x, [0, 5, 31], 9), f.crop_resize(x, [0, 5, 31], [9, 39, 31.5], 6),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_array_equal(made, sample[:, a : a + 9])
        np.testing.assert_allclose(stretched, resized(sample, a, b, 6), atol=1e-12)


def test_convention_sides_are_the_bodys_own():
    """The left hand (joint 7) goes with "left"."""
    x = np.ones((1, 1, 25, 3))
    assert not f.side_drop(x, "left")[0, 0, 7].any() and f.side_drop(x, "left")[0, 0, 11].all()
    assert not f.side_drop(x, "right")[0, 0, 11].any() and f.side_drop(x, "right")[0, 0, 7].all()


def test_data_in_the_plane_and_a_confidence():
    """Geometry acts on x and y alone, and depth has no place there."""
    x = np.random.default_rng(0).uniform(1, 2, (1, 4, 25, 3))
    sheared = f.shear(x, (0.5, 9, 0.25, 9, 9, 9), channels="xyc")
    np.testing.assert_allclose(sheared[..., :2], x[..., :2] @ np.array([[1, 0.5], [0.25, 1]]).T)
    np.testing.assert_array_equal(sheared[..., 2], x[..., 2])
    turned = f.rotate(x[..., :2], (0, 0, 90))
    np.testing.assert_allclose(turned, np.stack([-x[..., 1], x[..., 0]], -1))
    with pytest.raises(ValueError, match=r"rotate: expected degrees of \(0, 0, z\) for data in the plane"):
        f.rotate(x[..., :2], (0, 1, 0))


def test_lists_of_lengths():
    """Samples of different lengths come back as a list, each treated by its own length."""
    short, long = np.ones((1, 3, 25, 3)), np.ones((1, 8, 25, 3))
    assert [y.shape[1] for y in f.resample([short, long], 0.5)] == [6, 16]
    assert [(y != 0).any((0, 2, 3)).tolist() for y in f.temporal_mask([short, long], [1])] == [
        [True, False, True],
        [True, False] + [True] * 6,
    ]
    with pytest.raises(ValueError, match=r"frames as a list of whole numbers in 0\.\.2"):
        f.temporal_mask([short, long], [5])


def test_nothing_to_do_is_nothing_done():
    """Empty lists of joints, parts, bodies and frames leave the sample as it is."""
    x = whole_batch()
    for made in (f.joint_mask(x, []), f.part_mask(x, []), f.body_drop(x, []), f.temporal_mask(x, [])):
        np.testing.assert_array_equal(made, x)


@pytest.mark.parametrize(("function", "parameters", "message"), WRONG, ids=map(label, WRONG))
def test_errors_say_what_was_expected(function, parameters, message):
    """Who, what was expected, and what came."""
    with pytest.raises((TypeError, ValueError), match=message):
        function(whole_batch(), **parameters)


@every
def test_errors_of_data_are_those_of_pipelines(function, parameters, twin):
    """Axes, dtypes and NaN are looked at in every function."""
    with pytest.raises(ValueError, match=r"\(M, T, V, C\)"):
        function(np.ones((4, 25, 3)), **parameters)
    with pytest.raises(TypeError, match="float32 or float64"):
        function(np.ones((2, 40, 25, 3), int), **parameters)
    with pytest.raises(ValueError, match="joint 0, channel 0 is nan"):
        function(np.full((2, 40, 25, 3), np.nan), **parameters)


def test_every_function_is_listed():
    """The table above, ``__all__`` and the transforms that can go by hand are the same functions."""
    assert {row[0].__name__ for row in TABLE} == set(f.__all__)
    by_chance = {"Noise", "KinectNoise", "JointMixing", "PartMixing"}
    names = {"".join(word.title() for word in name.split("_")) for name in f.__all__}
    assert names == set(skeleton_aug.transforms.__all__) - by_chance
    for name in f.__all__:
        signature = inspect.signature(getattr(f, name))
        assert next(iter(signature.parameters)) == "x" and signature.parameters["channels"].default is None
