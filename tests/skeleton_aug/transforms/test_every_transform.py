"""What holds for every transform and every preset."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import skeleton_aug
from skeleton_aug import (
    SKELETONS,
    Bones,
    Compose,
    CropResize,
    FitLength,
    JointMixing,
    Normalize,
    OneOf,
    PartMixing,
    Pipeline,
    Plan,
    Resample,
    SavitzkyGolay,
    Shear,
    SideDrop,
    SomeOf,
    TemporalShift,
    Transform,
    presets,
)
from skeleton_aug.testing import batches, random_sample
from tests.skeleton_aug.reference import pipeline as reference

SINGLE = reference.CASES
COMPOSED = [
    presets.aggressive(n_frames=20),
    presets.aggressive(n_frames=20, channels="joint+bone"),
    presets.aggressive(n_frames=20, channels="bone"),
    presets.conservative(n_frames=20),
    presets.conservative(n_frames=20, channels="joint+bone"),
    presets.evaluation(n_frames=20),
    Compose([]),
    Compose([Resample(), SavitzkyGolay(), FitLength(n_frames=20)]),
    Compose([Resample(), CropResize(n_frames=20)]),
    Compose([FitLength(n_frames=20, short="zeros"), Resample(), FitLength(n_frames=20)]),
    Compose([SideDrop(), Bones(), Shear(), TemporalShift()]),
    Compose([Bones(channels="bone"), Resample(), Shear(), SavitzkyGolay()]),
    Compose([Bones(), Normalize(), SavitzkyGolay(), Resample(), SideDrop()]),
    Compose([Shear(), Normalize(rotation="none"), SideDrop(), Shear(), Normalize()]),
    Compose([SavitzkyGolay(), SavitzkyGolay(p=0.5), TemporalShift(), TemporalShift()]),
    OneOf([Shear(), Compose([TemporalShift(), SideDrop(p=0.5)]), Resample()], weights=[1, 2.5, 1], p=0.8),
    SomeOf([Normalize(), SavitzkyGolay(), FitLength(n_frames=20), Shear(p=0.5)], count_range=(0, 3)),
    Compose(
        [OneOf([Shear(), SomeOf([Shear(), SideDrop()], count_range=(1, 2))]), Shear(), OneOf([SideDrop()]), Bones()]
    ),
]


def name(pipeline):
    return " ".join(repr(pipeline).split())


def on(pipeline, skeleton):
    """The same pipeline for another joint layout."""
    if not isinstance(pipeline, Transform):
        return replace(pipeline, transforms=[on(t, skeleton) for t in pipeline.transforms])
    return replace(pipeline, skeleton=skeleton) if hasattr(pipeline, "skeleton") else pipeline


def as_list(result):
    return [np.asarray(x) for x in result]


every = pytest.mark.parametrize("pipeline", SINGLE + COMPOSED, ids=name)


@every
@given(data=st.data(), seed=st.integers(0, 2**64 - 1))
def test_equals_the_reference(pipeline, data, seed):
    """Shapes and values are those of the plain sequential reference, whatever is missing."""
    skeleton = data.draw(st.sampled_from(list(SKELETONS.values())))
    arrays = data.draw(batches(skeleton=skeleton))
    ours = on(pipeline, skeleton)(arrays, seed=seed)
    theirs = reference.run(on(pipeline, skeleton), arrays, seed=seed)
    for x, y, z in zip(arrays, ours, theirs, strict=True):
        assert y.shape == z.shape
        assert y.dtype == x.dtype
        np.testing.assert_allclose(y, z, rtol=1e-5, atol=1e-5)


@every
@given(data=st.data(), seed=st.integers(0, 2**64 - 1))
def test_missing_stays_missing_and_present_stays_present(pipeline, data, seed):
    """A vector is all zeros in the result exactly where the reference says that it is missing."""
    arrays = data.draw(batches(skeleton="kinect_v2", gaps=("none", "all")))
    for y, z in zip(pipeline(arrays, seed=seed), reference.trace(pipeline, arrays, seed=seed), strict=True):
        vectors = y.reshape((*z.present.shape, 3))
        present, certain = (vectors != 0).any(-1), np.ones(z.present.shape, bool)
        if any(isinstance(t, Bones) for t, _ in reference.steps(pipeline)):
            # Rounding decides whether a bone between joints at one place has a length at all.
            longest = np.maximum(np.abs(vectors[..., -1, :]), np.abs(z.vectors[..., -1, :])).max(-1)
            certain[..., -1] = longest > 1e-6
        np.testing.assert_array_equal(present[certain], z.present[certain])


@every
def test_inputs_are_never_modified(pipeline):
    """Read-only and writeable inputs alike keep their values."""
    x = np.stack([random_sample(np.random.default_rng(i), gaps="all") for i in range(3)])
    before = x.copy()
    pipeline(x, seed=1)
    np.testing.assert_array_equal(x, before)
    x.flags.writeable = False
    pipeline(x, seed=1)


@every
def test_applying_twice_gives_the_same_bits(pipeline):
    """A plan holds everything that was drawn."""
    arrays = [random_sample(np.random.default_rng(i), n_frames=30 + i, gaps="all") for i in range(3)]
    plan = pipeline.plan(arrays, seed=5)
    for a, b, c in zip(plan.apply(arrays), plan.apply(arrays), pipeline(arrays, seed=5), strict=True):
        assert a.tobytes() == b.tobytes() == c.tobytes()


@every
def test_batch_equals_loop_equals_list(pipeline):
    """Same bits in a batch array, in a list and at any order; at any batch size and alone, unless samples are mixed."""
    n = 9
    x = np.stack([random_sample(np.random.default_rng(i), gaps=("all", "none")[i % 2]) for i in range(n)])
    whole = as_list(pipeline(x, seed=2, index=np.arange(n)))
    order = np.random.default_rng(0).permutation(n)
    for a, b in zip(as_list(pipeline(x[order], seed=2, index=order)), order, strict=True):
        assert a.tobytes() == whole[b].tobytes()
    for a, b in zip(whole, as_list(pipeline(list(x), seed=2)), strict=True):
        assert a.tobytes() == b.tobytes()
    if any(isinstance(t, JointMixing | PartMixing) for t, _ in reference.steps(pipeline)):
        return
    for i in range(n):
        assert whole[i].tobytes() == pipeline(x[i], seed=2, index=i).tobytes()
    for a, b in zip(whole[3:5], as_list(pipeline(x[3:5], seed=2, index=[3, 4])), strict=True):
        assert a.tobytes() == b.tobytes()


@every
@pytest.mark.parametrize("n_bodies", [1, 2, 3])
@pytest.mark.parametrize("gaps", ["none", "all"])
def test_model_layout_is_the_sample_layout_transposed(pipeline, n_bodies, gaps):
    """``layout="model"`` holds the same numbers as (N, C, T, V, M), to rounding."""
    pipeline = Compose([pipeline, FitLength(n_frames=20)])
    x = np.stack([random_sample(np.random.default_rng(i), n_bodies, gaps=gaps) for i in range(3)])
    model = pipeline(x, seed=3, layout="model")
    assert model.flags.c_contiguous
    np.testing.assert_allclose(model, reference.model_layout(pipeline(x, seed=3)), rtol=1e-5, atol=1e-5)


@every
def test_p_zero_is_the_identity(pipeline):
    """A pipeline of transforms that never act returns its input, bit for bit."""
    kept = [replace(t, p=0.0) for t, _ in reference.steps(pipeline) if not t.CHANGES_CHANNELS]
    arrays = [random_sample(np.random.default_rng(i), n_frames=5 + i, gaps="all") for i in range(4)]
    for x, y in zip(arrays, Compose(kept)(arrays, seed=1), strict=True):
        np.testing.assert_array_equal(x, y)
        assert not np.shares_memory(x, y)


@every
def test_survives_pickling(pipeline):
    """A pipeline comes back from pickle equal and with the same results."""
    again = pickle.loads(pickle.dumps(pipeline))
    x = random_sample(np.random.default_rng(0))
    assert again == pipeline
    assert again(x, seed=1).tobytes() == pipeline(x, seed=1).tobytes()


@every
def test_survives_being_saved_and_written_down(pipeline):
    """JSON values and the repr, read as code, give an equal pipeline with the same hash."""
    saved = json.loads(json.dumps(pipeline.to_dict()))
    for again in (Pipeline.from_dict(saved), eval(repr(pipeline), dict(vars(skeleton_aug)))):
        assert again == pipeline
        assert hash(again) == hash(pipeline)
        assert repr(again) == repr(pipeline)


@every
def test_plans_survive_being_saved(pipeline):
    """A plan that went through JSON gives the same bits."""
    arrays = [random_sample(np.random.default_rng(i), n_frames=30 + i, gaps="all") for i in range(3)]
    plan = pipeline.plan(arrays, seed=5)
    again = Plan.from_dict(json.loads(json.dumps(plan.to_dict())))
    for a, b in zip(plan.apply(arrays), again.apply(arrays), strict=True):
        assert a.tobytes() == b.tobytes()


@every
def test_a_sample_without_body_slots_stays_one(pipeline):
    """M = 0 gives an empty result of the right length and channels."""
    full, empty = np.ones((1, 30, 25, 3), np.float32), np.ones((0, 30, 25, 3), np.float32)
    assert pipeline(empty, seed=1).shape == (0, *pipeline(full, seed=1).shape[1:])


@every
def test_long_sequences(pipeline):
    """300 frames, the longest that the data sets have."""
    arrays = [random_sample(np.random.default_rng(i), 2, 300, gaps=g) for i, g in enumerate(("none", "frames"))]
    for y, z in zip(pipeline(arrays, seed=3), reference.run(pipeline, arrays, seed=3), strict=True):
        np.testing.assert_allclose(y, z, rtol=1e-5, atol=1e-5)


def test_the_tables_name_every_transform():
    """A transform that is added must be added to the tables above."""
    from skeleton_aug import transforms

    assert {type(t).__name__ for t in SINGLE} == set(transforms.__all__)
