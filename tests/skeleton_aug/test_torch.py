"""Tensors in, the same numbers out: the kernels on shared memory, and PyTorch's own operations for accelerators."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import SKELETONS, Bones, Compose, FitLength, Normalize, Resample, Samples, Shear, TwoViews, presets
from skeleton_aug.batch import Batch
from skeleton_aug.kernels import PRESENT_AT_ORIGIN
from skeleton_aug.operators import (
    Affine,
    BodyOrder,
    BonesOf,
    Custom,
    FrameBlur,
    FrameFilter,
    Gather,
    JointOrder,
    JointWeights,
    MotionOf,
)
from skeleton_aug.testing import batches, random_sample
from skeleton_aug.transforms.savitzky_golay import savgol_bank
from tests.skeleton_aug.transforms.test_every_transform import every, on

torch = pytest.importorskip("torch", reason="PyTorch, an extra, is not installed")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402

from skeleton_aug import torch as adapter  # noqa: E402

TO_LENGTH = FitLength(n_frames=20)
PRESET = presets.aggressive(n_frames=20, channels="joint+bone")


def tensors(arrays):
    return torch.from_numpy(arrays) if isinstance(arrays, np.ndarray) else [torch.from_numpy(x) for x in arrays]


def on_device(plan, arrays, layout="sample", out=None):
    """What is done on an accelerator, in main memory."""
    return adapter._apply_on_device(plan, tensors(arrays), layout, out)


def some(n=3, gaps="all", channels="xyz", n_bodies=2, dtype="float32", step=1):
    """Samples of 30, 31, 32 frames with any channels."""
    rng = np.random.default_rng(n)
    samples = [random_sample(rng, n_bodies, 30 + i * step, gaps=gaps, dtype=dtype) for i in range(n)]
    confident = [np.concatenate([x, (x != 0).any(-1, keepdims=True) * x[..., :1] ** 2], -1) for x in samples]
    return [np.ascontiguousarray(x[..., ["xyzc".index(c) for c in channels]]) for x in confident]


def plan_of(operators, arrays, channels="xyz"):
    batch = Batch(Samples.from_arrays(arrays, channels=channels))
    for operator in operators:
        batch.add(operator)
    return batch.plan()


def assert_same(ours, theirs, width=3):
    """Equal to rounding, and missing in the same places."""
    assert len(ours) == len(theirs)
    for x, y in zip((x.numpy() for x in ours), theirs, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-5)
        length, other = (np.abs(a).reshape(*a.shape[:-1], a.shape[-1] // width, width).max(-1) for a in (x, y))
        # Rounding decides whether a bone between joints at one place has a length at all.
        longer = np.maximum(length, other)
        certain = (longer > 1e-6) | np.isclose(longer, PRESENT_AT_ORIGIN, rtol=1e-3, atol=0)
        np.testing.assert_array_equal(length[certain] != 0, other[certain] != 0)


@every
@given(data=st.data(), seed=st.integers(0, 2**64 - 1))
def test_operations_equal_the_kernels(pipeline, data, seed):
    """Every transform and preset on batches with all sorts of gaps: same numbers, dtype, shape and missing joints."""
    skeleton = data.draw(st.sampled_from(list(SKELETONS.values())))
    arrays = data.draw(batches(skeleton=skeleton))
    plan = on(pipeline, skeleton).plan(arrays, seed=seed)
    assert_same(on_device(plan, arrays), plan.apply(arrays))


@every
@pytest.mark.parametrize("n_bodies", [0, 1, 3])
def test_operations_in_model_layout(pipeline, n_bodies):
    """The networks' layout, contiguous, for any number of body slots."""
    arrays = some(n_bodies=n_bodies)
    plan = Compose([pipeline, TO_LENGTH]).plan(arrays, seed=1)
    ours = on_device(plan, arrays, "model")
    assert ours.is_contiguous()
    np.testing.assert_allclose(ours.numpy(), plan.apply(arrays, layout="model"), rtol=1e-5, atol=1e-5)


def operators(arrays):
    """One of each kind, drawn anew, by name."""
    rng, n, (m, _, v, _) = np.random.default_rng(0), len(arrays), arrays[0].shape
    lengths, n_source = np.array([25, 40, 33]), np.array([x.shape[1] for x in arrays])
    frames = rng.integers(-3, 40, (2, n, 40))
    mix = rng.random((n, 40)) * (rng.random((n, 40)) < 0.7)
    taps = rng.random((n, 7)) + 0.1
    taps[1] = 0
    some_bones = np.arange(-1, v - 1)
    return {
        "bodies": BodyOrder(rng.integers(-1, m, (n, m))),
        "filter": FrameFilter(savgol_bank(7, 2), 3, np.array([True, False, True])),
        "filter all": FrameFilter(savgol_bank(15, 4), 5, np.ones(n, bool)),
        "filter none": FrameFilter(savgol_bank(15, 2), 3, np.zeros(n, bool)),
        "blur": FrameBlur(taps),
        "gather": Gather(frames[0].astype(np.int32), frames[1].astype(np.int32), mix, lengths),
        "interpolation": Gather.at(rng.random((n, 40)) * 40, lengths, n_source),
        "frames": Gather.frames(frames[0], lengths),
        "affine": Affine(rng.normal(size=(n, 3, 3)), rng.normal(size=(n, 3))),
        "bones": BonesOf(some_bones, "bone"),
        "joints and bones": BonesOf(some_bones, "joint+bone"),
        "motion": MotionOf("motion"),
        "joints and motion": MotionOf("joint+motion+acceleration"),
        "order": JointOrder(rng.integers(-1, v, (n, v))),
        "weights": JointWeights(rng.random((n, v)) * (rng.random((n, v)) < 0.7)),
    }


@pytest.mark.parametrize("channels", ["xyz", "xy", "xyc", "xyzc"])
@pytest.mark.parametrize("gaps", ["none", "frames", "joints", "all"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_operations_on_all_channels(channels, gaps, dtype):
    """Every operator alone, all of them in one stage, and all of them twice, for every kind of channels."""
    arrays = some(channels=channels, gaps=gaps, dtype=dtype)
    each = operators(arrays)
    stage = [each[name] for name in ("bodies", "filter", "interpolation", "affine", "joints and bones", "weights")]
    stages = [
        each[name]
        for name in ("order", "blur", "gather", "affine", "joints and bones", "filter", "affine", "joints and motion")
    ]
    for drawn in (*([operator] for operator in each.values()), stage, stages):
        plan = plan_of(drawn, arrays, channels)
        assert_same(on_device(plan, arrays), plan.apply(arrays), len(channels))


@pytest.mark.parametrize("gap", [False, True])
def test_joints_that_land_on_the_origin_stay_present(gap):
    """Opposite positions cancel in a mean, and a joint is centred on itself: both are written beside the origin."""
    x = np.ones((1, 9, 25, 3), np.float32)
    x[:, ::2] *= -1
    if gap:
        x[0, 4, 6] = 0
    half = Gather.at(np.array([[0.5, 3.5, 4.5, 6.5]]), np.array([4]), np.array([9]))
    to_origin = Affine(np.eye(3)[None], -x[:, 0, 0].astype(float))
    for kept in ([half], [FrameBlur(np.array([[1.0, 2.0, 1.0]]))], [to_origin], [half, Affine.linear(np.eye(3)[None])]):
        plan = plan_of(kept, [x])
        y = on_device(plan, [x])[0].numpy()
        assert (np.abs(y) < 1e-6).all(-1).any()
        np.testing.assert_array_equal((y != 0).any(-1), (plan.apply([x])[0] != 0).any(-1))


class Crossings(TorchDispatchMode):
    """Names the operations in which tensors of two devices meet."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        devices = {t.device.type for t in tree_leaves((args, kwargs, result)) if isinstance(t, torch.Tensor)}
        if len(devices) > 1:
            self.names.add(str(function))
        return result


@every
@pytest.mark.parametrize("layout", ["sample", "model"])
def test_nothing_waits_for_the_device(pipeline, layout):
    """Where tensors have no values, all is done but what needs values; only the plan's numbers go over."""
    arrays = some()
    plan = Compose([pipeline, TO_LENGTH]).plan(arrays, seed=0)
    fused = plan.part(slice(None))
    fused.stages = [stage for stage in plan.stages if stage.alone is None]
    with Crossings() as crossings:
        result = adapter.apply(fused, [x.to("meta") for x in tensors(arrays)], layout=layout)
    assert result.device.type == "meta"
    assert crossings.names <= {"aten._to_copy.default"}
    if len(fused.stages) == len(plan.stages):
        assert result.shape == plan.apply(arrays, layout=layout).shape


def test_out_and_lists_on_a_device():
    """``out`` is filled and returned, results of several lengths come one by one, and nothing shares memory."""
    arrays = some(step=0)
    plan = PRESET.plan(arrays, seed=0)
    out = torch.full((3, 6, 20, 25, 2), 7.0)
    assert on_device(plan, arrays, "model", out) is out
    np.testing.assert_allclose(out.numpy(), plan.apply(arrays, layout="model"), rtol=1e-5, atol=1e-5)
    x = torch.from_numpy(np.stack(arrays))
    nothing = Compose([]).plan(np.stack(arrays), seed=0)
    same = adapter._apply_on_device(nothing, x, "sample", None)
    assert torch.equal(same, x)
    assert same.data_ptr() != x.data_ptr()
    with pytest.raises(ValueError, match=r"out must be contiguous.*no memory"):
        adapter._apply_on_device(nothing, x, "sample", x)
    with pytest.raises(ValueError, match=r"of shape \(3, 6, 20, 25, 2\).*got \(3, 20\)"):
        on_device(plan, arrays, "model", torch.empty(3, 20))
    ragged = Resample().plan(arrays, seed=0)
    assert [y.shape for y in on_device(ragged, arrays)] == [y.shape for y in ragged.apply(arrays)]
    with pytest.raises(ValueError, match="do not fit one array"):
        on_device(ragged, arrays, "model")


def test_functions_of_one_sample_make_the_round_trip():
    """What has no form of its own runs in main memory, between stages that have one."""
    arrays = some()
    shorten = Custom(lambda x: x[:, ::-2].copy(), np.array([True, False, True]))
    each = operators(arrays)
    plan = plan_of([each["affine"], shorten, each["weights"], each["filter"]], arrays)
    assert len(set(plan.n_frames.tolist())) == 3
    assert_same(on_device(plan, arrays), plan.apply(arrays))


def test_precision_settings_do_not_matter():
    """Under autocast, and with lower precision for matrix products, the numbers stay."""
    arrays = some()
    plan = PRESET.plan(arrays, seed=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_same(on_device(plan, arrays), plan.apply(arrays))


@pytest.mark.parametrize("pipeline", [PRESET, Normalize(), Resample()], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_main_memory_gives_the_kernels_bits(pipeline, dtype):
    """One sample, a batch in any memory order and a list: the bits of the arrays, in memory that one may write to."""
    arrays = some(step=0, dtype=dtype)
    batch = torch.from_numpy(np.stack(arrays))
    backwards = torch.from_numpy(np.ascontiguousarray(np.stack(arrays).T)).permute(4, 3, 2, 1, 0)
    expected = pipeline(np.stack(arrays), seed=3)
    for x in (batch, backwards, list(batch)):
        for y, z in zip(adapter.call(pipeline, x, seed=3), expected, strict=True):
            assert y.numpy().tobytes() == z.tobytes()
            assert y.numpy().flags.writeable
    plan = pipeline.plan(arrays[:1], seed=3)
    for one in (adapter.call(pipeline, batch[0], seed=3), adapter.apply(plan, batch[0])):
        assert one.numpy().tobytes() == expected[0].tobytes()


def test_main_memory_is_shared():
    """Tensors go in without a copy, results come out without one, and ``out`` is written to directly."""
    x = torch.from_numpy(np.stack(some(step=0)))
    assert np.shares_memory(adapter._arrays(x), x.numpy())
    before = x.clone()
    out = torch.empty(3, 3, 20, 25, 2)
    assert adapter.call(TO_LENGTH, x, seed=0, layout="model", out=out, threads=2) is out
    np.testing.assert_array_equal(out.numpy(), TO_LENGTH(x.numpy(), seed=0, layout="model"))
    assert adapter.call(TO_LENGTH, x[0], seed=0, out=out[:, 0, 0, 0, 0].new_empty(2, 20, 25, 3)).shape == (2, 20, 25, 3)
    assert torch.equal(x, before)
    with pytest.raises(ValueError, match="share memory"):
        adapter.call(Shear(), x, seed=0, out=x)


def test_pipelines_take_tensors():
    """Calling a pipeline or two views on tensors is calling the adapter; other channels are named as for arrays."""
    x = torch.from_numpy(np.stack(some(step=0)))
    views = TwoViews(PRESET, PRESET)
    for ours, arrays in ((x, x.numpy()), (list(x), x.numpy()), (x[0], x[0].numpy())):
        for y, z in zip(views(ours, seed=1), views(arrays, seed=1), strict=True):
            assert isinstance(y, torch.Tensor)
            np.testing.assert_array_equal(y.numpy(), z)
    flat = Compose([Resample(), TO_LENGTH])
    ours, theirs = flat(x, seed=0, channels="xyc"), flat(x.numpy(), seed=0, channels="xyc")
    np.testing.assert_array_equal(ours.numpy(), theirs)


def test_a_batch_on_a_device_is_planned_from_one_copy(monkeypatch):
    """``call`` brings the data to main memory once, whatever the plan looks at."""
    copies = []
    monkeypatch.setattr(adapter, "_arrays", lambda x: copies.append(1) or np.stack(some(step=0)))
    x = torch.empty(3, 2, 30, 25, 3, device="meta")
    assert adapter.call(PRESET, x, seed=0).device.type == "meta"
    assert copies == [1]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(2, 9, 25, 3, dtype=torch.float16), TypeError, "float32 or float64.*torch.float16 on cpu"),
        (torch.ones(2, 9, 25, 3, requires_grad=True), ValueError, r"x\.detach"),
        (torch.ones(9, 25, 3), ValueError, r"\(M, T, V, C\).*\(9, 25, 3\)"),
        ([torch.ones(1, 2, 9, 25, 3)], ValueError, r"\(M, T, V, C\).*\(1, 2, 9, 25, 3\)"),
        ([torch.ones(2, 9, 25, 3), torch.ones(2, 9, 25, 3).double()], TypeError, "one dtype on one device.*float64"),
        ([torch.ones(2, 9, 25, 3), np.ones((2, 9, 25, 3))], TypeError, "Expected a tensor"),
        ([], TypeError, "Expected a tensor"),
    ],
    ids=["half", "gradient", "axes", "batches", "dtypes", "kinds", "none"],
)
def test_other_tensors_are_refused(x, error, message):
    """The message says what came and what to do."""
    with pytest.raises(error, match=message):
        adapter.call(Bones(), x)


def test_tensors_that_are_not_the_plans_are_refused():
    """On a device as in main memory: other samples, frames, joints, layouts, and an ``out`` of another kind."""
    arrays = some(step=0)
    x, plan = torch.from_numpy(np.stack(arrays)), PRESET.plan(arrays, seed=0)
    for device in ("cpu", "meta"):
        given = x.to(device)
        with pytest.raises(ValueError, match="drawn for 3 samples, got 2"):
            adapter.apply(plan, given[:2])
        with pytest.raises(ValueError, match="30 frames and 25 joints, got 29 and 25"):
            adapter.apply(plan, given[:, :, 1:])
        with pytest.raises(ValueError, match=r"share \(M, V, C"):
            adapter.apply(plan, [given[0], given[1, :1], given[2]])
        with pytest.raises(ValueError, match="'sample' or 'model', got 'nctvm'"):
            adapter.apply(plan, given, layout="nctvm")
        with pytest.raises(ValueError, match=r"out must be torch\.float32 on"):
            adapter.apply(plan, given, out=torch.empty(3, 2, 20, 25, 6, dtype=torch.float64, device=device))


def test_docstring_examples():
    """Examples in docstrings give what they show."""
    result = doctest.testmod(adapter)
    assert result.attempted and not result.failed
