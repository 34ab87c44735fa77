import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import (
    Bones,
    Compose,
    CropResize,
    FitLength,
    Normalize,
    Plan,
    Resample,
    Samples,
    SavitzkyGolay,
    Shear,
    SideDrop,
    TemporalShift,
    Transform,
)
from skeleton_aug.batch import Batch
from skeleton_aug.operators import Affine, Custom, FrameFilter, Gather, JointWeights
from skeleton_aug.randomness import Draws, Key
from skeleton_aug.testing import batches, random_sample
from tests.skeleton_aug.reference import pipeline as reference

STEPS = [
    Normalize(),
    SavitzkyGolay(),
    SavitzkyGolay(window=5, p=0.5),
    Resample(),
    CropResize(n_frames=18),
    FitLength(n_frames=17, crop="random", short="zeros"),
    TemporalShift(p=0.5),
    Shear(),
    SideDrop(p=0.5),
    Bones(),
]
FUSED = {
    "filter, gathers, affines, bones, drop": (
        [SavitzkyGolay(), Resample(), FitLength(n_frames=9), Shear(), TemporalShift(), Shear(), Bones(), SideDrop()],
        1,
    ),
    "two filters": ([SavitzkyGolay(), SavitzkyGolay()], 2),
    "filter after gather": ([TemporalShift(), SavitzkyGolay()], 2),
    "two interpolations": ([Resample(), Resample()], 2),
    "interpolation after whole frames": ([TemporalShift(), Resample()], 1),
    "bones after drop": ([SideDrop(), Bones()], 2),
    "gather after bones": ([Bones(), Resample()], 2),
    "nothing": ([], 1),
}


class Weigh(Transform):
    """Weights other than 0 and 1."""

    def sample(self, draws, batch):
        return JointWeights(draws.uniform(0.5, 2.0, size=batch.n_joints))


class Backwards(Transform):
    """A function of one sample."""

    def sample(self, draws, batch):
        return Custom(lambda x: x[:, ::-1], np.ones(batch.n, bool))


class Given(Transform):
    """An operator from outside."""

    operator = None

    def sample(self, draws, batch):
        return self.operator


def given_operator(operator):
    transform = Given()
    object.__setattr__(transform, "operator", operator)
    return transform


def one_by_one(pipeline, arrays, seed):
    """Every transform as a plan of its own, drawn from the stream that it has in the pipeline."""
    key, current = Key.of(seed, np.arange(len(arrays))), arrays
    for transform, stream in reference.steps(pipeline):
        samples = Samples.from_arrays(current)
        batch = Batch(samples)
        transform.draw_stream(batch, Draws(key, stream))
        current = list(batch.plan().apply(samples))
    return current


@given(batches(skeleton="kinect_v2"), st.lists(st.sampled_from(STEPS), min_size=2, max_size=7), st.integers(0, 2**32))
def test_fused_equals_sequential(arrays, transforms, seed):
    """Any transforms in any order give the same as each in a pass of its own, to rounding."""
    kept = [t for i, t in enumerate(transforms) if not (isinstance(t, Bones) and t in transforms[:i])]
    pipeline = Compose(kept)
    for a, b in zip(pipeline(arrays, seed=seed), one_by_one(pipeline, arrays, seed), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "transforms",
    [
        [Weigh(), Normalize(), Weigh()],
        [Normalize(), Weigh(), Shear(), SavitzkyGolay()],
        [Shear(), Backwards(), Resample(), Backwards()],
        [Backwards(p=0.5), SideDrop(), FitLength(n_frames=7)],
    ],
    ids=str,
)
def test_weights_and_functions_keep_their_place(transforms):
    """Scaled joints do not commute with offsets, functions with nothing."""
    arrays = [random_sample(np.random.default_rng(i), 2, 20, gaps=g) for i, g in enumerate(("none", "all", "frames"))]
    pipeline = Compose(transforms)
    for a, b in zip(pipeline(arrays, seed=1), one_by_one(pipeline, arrays, 1), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("transforms", "n_stages"), FUSED.values(), ids=FUSED)
def test_number_of_passes(transforms, n_stages):
    """What can be fused is; what cannot takes another pass."""
    assert len(Compose(transforms).plan(np.ones((2, 1, 30, 25, 3)), seed=0).stages) == n_stages


def test_bones_alone_are_moved_by_no_offset():
    """Once bones stand in place of joints, an affine acts with its matrix only."""
    offset = given_operator(Affine(np.eye(3)[None] * 2, np.ones((1, 3))))
    x = random_sample(np.random.default_rng(0), 1, 20)
    bones = Bones(channels="bone")
    for between in ([], [Resample(rate_range=(1.0, 1.0)), SavitzkyGolay(window=1, order=0)]):
        y = Compose([bones, *between, offset])(x, seed=0)
        np.testing.assert_allclose(y, 2 * bones(x, seed=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layout", ["sample", "model"])
@pytest.mark.parametrize("gaps", ["none", "joints"])
def test_out_is_filled_and_returned(layout, gaps):
    """``out`` receives the very bits of a call without it."""
    x = np.stack([random_sample(np.random.default_rng(i), gaps=gaps) for i in range(3)])
    plan = Compose([Shear(), FitLength(n_frames=10)]).plan(x, seed=0)
    expected = plan.apply(x, layout=layout)
    out = np.full_like(expected, 7)
    assert plan.apply(x, out=out, layout=layout) is out
    np.testing.assert_array_equal(out, expected)


def test_out_of_another_kind_is_refused():
    """Shape, dtype, order and memory of ``out`` are checked."""
    x = np.ones((3, 2, 10, 25, 3), np.float32)
    plan = Shear().plan(x, seed=0)
    for out in (np.empty((3, 2, 9, 25, 3), np.float32), np.empty(x.shape), np.empty(x.shape, np.float32)[::-1]):
        with pytest.raises(ValueError, match=r"out must be C-contiguous, float32, of shape \(3, 2, 10, 25, 3\)"):
            plan.apply(x, out=out)
    with pytest.raises(ValueError, match="share memory"):
        plan.apply(x, out=x)


def test_results_of_several_lengths():
    """They come as a list; a model layout or an ``out`` asks for FitLength."""
    arrays = [np.ones((1, t, 25, 3), np.float32) for t in (5, 9)]
    result = Shear()(arrays, seed=0)
    assert [y.shape for y in result] == [(1, 5, 25, 3), (1, 9, 25, 3)]
    for settings in ({"layout": "model"}, {"out": np.empty((2, 1, 5, 25, 3), np.float32)}):
        with pytest.raises(ValueError, match=r"5 to 9 frames .* FitLength"):
            Shear()(arrays, seed=0, **settings)


def test_unknown_layouts_are_refused():
    """The message lists the layouts."""
    with pytest.raises(ValueError, match="'sample' or 'model', got 'nctvm'"):
        Shear()(np.ones((1, 5, 25, 3)), seed=0, layout="nctvm")


def test_a_plan_knows_its_samples():
    """Another number of samples, of frames or of joints is refused."""
    x = np.ones((2, 1, 10, 25, 3), np.float32)
    plan = TemporalShift().plan(x, seed=0)
    with pytest.raises(ValueError, match="drawn for 2 samples, got 1"):
        plan.apply(x[:1])
    with pytest.raises(ValueError, match="sample 1 had 10 frames and 25 joints, got 8 and 25"):
        plan.apply([x[0], x[1, :, :8]])
    with pytest.raises(ValueError, match="10 frames and 25 joints, got 10 and 20"):
        plan.apply(x[:, :, :, :20])
    assert isinstance(plan, Plan)


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Affine(np.eye(3)[None], np.zeros((1, 3))), r"Affine: matrix must have shape \(2, 3, 3\)"),
        (JointWeights(np.ones((2, 20))), r"JointWeights: weights must have shape \(2, 25\)"),
        (FrameFilter(np.ones((3, 3, 3)), 1, np.ones(2, bool)), r"FrameFilter: bank must have shape \(4, 3, 3\)"),
        (
            Gather.frames(np.zeros((2, 5), int), np.array([5, 6])),
            "Gather: before must have a column for each of 6 frames, got 5",
        ),
    ],
    ids=lambda x: type(x).__name__,
)
def test_operators_that_do_not_fit_are_refused(operator, message):
    """Compiled code would read beyond their arrays."""
    with pytest.raises(ValueError, match=message):
        given_operator(operator)(np.ones((2, 1, 10, 25, 3)), seed=0)


@pytest.mark.parametrize("frames", [[-1, -5, 0, 10, 99]])
def test_frames_outside_the_sample_are_missing(frames):
    """A gather may point anywhere; what is not there comes as zeros."""
    for x in (np.ones((1, 10, 25, 3)), np.ones((1, 10, 25, 2))):
        outside = given_operator(Gather.frames(np.array([frames]), np.array([5])))
        for pipeline in (outside, Compose([TemporalShift(), outside])):
            np.testing.assert_array_equal(pipeline(x, seed=0)[0, :, 0, 0], [0, 0, 1, 0, 0])


def test_other_channels_pass_through_time():
    """Transforms of time and joints work with any number of channels, each joint missing as a whole."""
    x = np.random.default_rng(0).random((2, 30, 25, 4))
    x[:, 3, 5] = 0
    y = Compose([SavitzkyGolay(), TemporalShift(), SideDrop()])(x, seed=0)
    z = np.stack(
        [Compose([SavitzkyGolay(), TemporalShift(), SideDrop()])(x[..., [c] * 3], seed=0)[..., 0] for c in range(4)]
    )
    np.testing.assert_allclose(y, np.moveaxis(z, 0, -1), rtol=1e-12, atol=1e-12)


def test_normalize_after_bones_alone_is_refused():
    """There are no positions left to take the frame from."""
    with pytest.raises(ValueError, match="of bones alone; put it before Bones"):
        Compose([Bones(channels="bone"), Normalize()])(np.ones((1, 5, 25, 3)), seed=0)


@pytest.mark.parametrize("transforms", [[TemporalShift()], [SavitzkyGolay(window=3, order=0)], [Shear()]], ids=str)
@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("layout", ["sample", "model"])
def test_joints_that_land_on_the_origin_stay_present(transforms, gap, layout):
    """Opposite positions cancel in a blend or a mean; the joint is written beside the origin, not as missing."""
    x = np.ones((2, 9, 25, 3), np.float32)
    x[:, ::2] *= -1
    x[:, [0, 1, 2]] = np.array([1.0, -0.5, -0.5])[:, None, None]
    if gap:
        x[1, 4, 6] = 0
    half = given_operator(Gather.at(np.array([[0.5, 3.5, 4.5, 6.5, 8.0]]), np.array([5]), np.array([9])))
    y = Compose([*transforms, half])(x[None], seed=0, layout="sample")[0]
    model = Compose([*transforms, half])(x[None], seed=0, layout="model")[0]
    assert (y != 0).any(-1).all()
    assert (model != 0).any(0).all()
    assert (np.abs(y) < 1e-6).all(-1).any() or isinstance(transforms[0], SavitzkyGolay)
