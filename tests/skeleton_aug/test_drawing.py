"""A program draws what the transforms' ``sample`` methods draw, one after the other, to the bit."""

import json
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeleton_aug import (
    SKELETONS,
    AxisMask,
    Bones,
    Compose,
    Crop,
    CropResize,
    FitLength,
    GaussianBlur,
    JointMask,
    Mirror,
    Noise,
    Normalize,
    OneOf,
    PartMask,
    ReflectCrop,
    Resample,
    Reverse,
    Rotate,
    SavitzkyGolay,
    Scale,
    Shear,
    SideDrop,
    TemporalShift,
    Transform,
    Translate,
    presets,
)
from skeleton_aug.batch import Batch
from skeleton_aug.operators import Affine
from skeleton_aug.randomness import Draws, Key
from skeleton_aug.samples import Samples
from skeleton_aug.testing import batches, random_sample
from tests.skeleton_aug.transforms.test_every_transform import COMPOSED, SINGLE, name, on

PROGRAMMED = [
    Normalize(),
    Normalize(rotation="legacy", scale=0.5, measure="torso"),
    Normalize(center="none", rotation="none"),
    SavitzkyGolay(),
    SavitzkyGolay(window=7, order=3, p=0.5),
    Resample(),
    Resample(rate_range=(0.2, 9.0), p=0.7),
    *(FitLength(n_frames=n, crop=crop, short=short)
      for n in (1, 20) for crop in ("start", "center", "random") for short in ("repeat", "zeros", "last", "resize")),
    FitLength(n_frames=17, short="resize", long="resize", p=0.5),
    TemporalShift(),
    TemporalShift(max_offset=100, p=0.5),
    Crop(),
    Crop(ratio_range=(0.01, 1.0), p=0.5),
    CropResize(n_frames=20),
    CropResize(n_frames=3, ratio_range=(0.1, 0.4), p=0.5),
    ReflectCrop(),
    ReflectCrop(ratio=1 / 3, p=0.5),
    Reverse(),
    Reverse(p=0.5),
    Shear(),
    Shear(factor_range=(0.1, 0.2), p=0.5),
    Scale(),
    Scale(per_axis=True, p=0.5),
    Translate(x_range=(-1, 1), z_range=(2, 3)),
    Rotate(),
    Rotate(x_range=(-1, 0), y_range=(-1, 0), z_range=(-1, 0), main_range=(-30, 0), p=0.5),
    AxisMask(),
    AxisMask(axes="zx", p=0.5),
    Mirror(),
    Mirror(axis="y", p=0.5),
    SideDrop(),
    SideDrop(p=0.5),
    JointMask(),
    JointMask(count_range=(0, 13), p=0.5),
    JointMask(count_range=(0, 0)),
    PartMask(),
    PartMask(count_range=(0, 3), p=0.5),
    Bones(),
    Bones(channels="bone"),
]  # fmt: skip


def drawn_one_by_one(pipeline, samples, key):
    batch = Batch(samples)
    pipeline.draw(batch, iter(Draws.of_streams(key, pipeline.stream_keys())))
    return batch.plan()


def assert_same(pipeline, arrays, seed, indices, epoch, view):
    samples = Samples.from_arrays(arrays)
    key = Key.of(seed, indices, epoch, view)
    program = pipeline.program(samples)
    if program is not None:
        ours, theirs = program.draw(key, samples), drawn_one_by_one(pipeline, samples, key)
        assert ours.to_dict() == theirs.to_dict()
        assert pipeline.plan(samples, seed=seed, indices=indices, epoch=epoch, view=view).to_dict() == ours.to_dict()
        middle = slice(len(arrays) // 2, None)
        assert ours.part(middle).to_dict() == theirs.part(middle).to_dict()
        results = zip(as_list(ours.apply(samples)), as_list(theirs.apply(samples)), strict=True)
        assert all(x.tobytes() == y.tobytes() for x, y in results)
    return program is not None


def as_list(result):
    return [np.asarray(x) for x in result]


def whose(n):
    return st.lists(st.integers(0, 2**63 - 1), min_size=n, max_size=n)


@pytest.mark.parametrize("pipeline", PROGRAMMED, ids=name)
@given(data=st.data(), seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 2**62), view=st.integers(0, 9))
def test_each_transform(pipeline, data, seed, epoch, view):
    """Alone, for any layout, samples and key."""
    skeleton = data.draw(st.sampled_from(list(SKELETONS.values())))
    arrays = data.draw(batches(skeleton=skeleton))
    assert assert_same(on(pipeline, skeleton), arrays, seed, data.draw(whose(len(arrays))), epoch, view)


@settings(max_examples=60)
@given(data=st.data(), seed=st.integers(0, 2**64 - 1))
def test_any_composition(data, seed):
    """Several together, nested or not; those that a program cannot do are left to the transforms."""
    parts = data.draw(st.lists(st.sampled_from(PROGRAMMED), min_size=0, max_size=7))
    cut = data.draw(st.integers(0, len(parts)))
    pipeline = Compose([*parts[:cut], Compose(parts[cut:])])
    arrays = data.draw(batches(skeleton="kinect_v2"))
    try:
        pipeline.plan(arrays, seed=0)
    except ValueError:
        return
    assert_same(pipeline, arrays, seed, list(range(len(arrays))), 0, 0)


@pytest.mark.parametrize("pipeline", SINGLE + COMPOSED, ids=name)
def test_the_usual_cases(pipeline):
    """Every case of the other tests."""
    arrays = [random_sample(np.random.default_rng(i), n_frames=9 + 7 * i, gaps="all") for i in range(4)]
    for seed in range(20):
        assert_same(pipeline, arrays, seed, [3, 1, 2, 0], 5, 1)


@pytest.mark.parametrize("channels", ["joint", "joint+bone", "bone"])
@pytest.mark.parametrize("make", [presets.aggressive, presets.conservative, presets.evaluation, presets.crossclr])
def test_presets_after_the_paper_have_programs(make, channels):
    """Those that people start from are drawn in one call."""
    arrays = [random_sample(np.random.default_rng(i), n_frames=140 + i) for i in range(3)]
    assert assert_same(make(channels=channels), arrays, 3, [0, 1, 2], 0, 0)


@pytest.mark.parametrize("channels", ["xy", "xyc", "xyzc"])
@given(data=st.data(), seed=st.integers(0, 2**64 - 1))
def test_other_channels(channels, data, seed):
    """In the plane, and with a confidence."""
    arrays = data.draw(batches(skeleton="kinect_v2", channels=channels))
    samples = Samples.from_arrays(arrays, channels=channels)
    key = Key.of(seed, range(len(arrays)))
    for pipeline in PROGRAMMED:
        program = pipeline.program(samples)
        if program is not None:
            assert program.draw(key, samples).to_dict() == drawn_one_by_one(pipeline, samples, key).to_dict()


@pytest.mark.parametrize(
    "pipeline",
    [
        OneOf([Shear(), Scale()]),
        Compose([Shear(), OneOf([Shear(), Scale()])]),
        Noise(),
        Compose([Shear(), GaussianBlur()]),
        Shear(keep_orientation=True),
        Normalize(p=0.5),
        Normalize(center="frame"),
        Compose([Shear(), Normalize()]),
        Compose([Resample(), Resample()]),
        Compose([TemporalShift(), SavitzkyGolay()]),
        Compose([Bones(), Resample()]),
        Compose([Bones(channels="bone"), Translate()]),
        Compose([SideDrop(), Bones()]),
        Compose([SideDrop(), Mirror()]),
        Compose([Mirror(), Mirror()]),
        FitLength(n_frames=9, long="resize"),
        Compose([]),
    ],
    ids=name,
)
def test_what_has_no_program(pipeline):
    """Choices, passes of their own, more than one stage, and what looks at data that has changed."""
    assert pipeline.program(Samples.from_arrays(random_sample(np.random.default_rng(0))[None])) is None


def test_samples_that_do_not_fit_get_the_transforms_own_errors():
    """A program is not made for them, so what complains is what always did."""
    x = random_sample(np.random.default_rng(0), n_joints=20)
    with pytest.raises(ValueError, match="SideDrop: expected"):
        Compose([Shear(), SideDrop()])(x, seed=0)
    with pytest.raises(ValueError, match="have no axis 'z'"):
        AxisMask()(x[..., :2], seed=0)
    with pytest.raises(ValueError, match="made from joint positions"):
        Bones(skeleton="kinect_v1")(np.concatenate([x, x], -1), seed=0)


@dataclass(frozen=True, kw_only=True)
class TwiceAsBig(Scale):
    """Draws in its own way, though its parent has instructions."""

    def sample(self, draws, batch):
        return Affine.linear(2 * np.eye(3)[None].repeat(batch.n, 0))


@dataclass(frozen=True, kw_only=True)
class Never(Shear):
    def draw_stream(self, batch, draws, mask=None):
        pass


@pytest.mark.parametrize(("transform", "factor"), [(TwiceAsBig(), 2), (Never(), 1)])
def test_subclasses_that_draw_in_their_own_way_are_heeded(transform, factor):
    """Instructions of a parent do not override what a subclass draws."""
    x = random_sample(np.random.default_rng(0))
    np.testing.assert_array_equal(transform(x, seed=0), factor * x)
    np.testing.assert_array_equal(Compose([transform])(x, seed=0), factor * x)


def test_programs_are_kept_and_not_pickled():
    """A pipeline makes one for each kind of samples; copies make their own."""
    pipeline = presets.aggressive()
    x = Samples.from_arrays(random_sample(np.random.default_rng(0))[None])
    assert pipeline.program(x) is pipeline.program(x)
    copy = pickle.loads(pickle.dumps(pipeline))
    assert copy == pipeline
    assert "_programs" not in vars(copy)
    assert replace(pipeline, transforms=[Shear()]).program(x) is not pipeline.program(x)
    assert json.dumps(pipeline.to_dict()) == json.dumps(copy.to_dict())


def test_every_transform_with_instructions_is_tested_here():
    """The list above names all of them."""
    known = {type(t) for t in PROGRAMMED}
    own = {k for k in Transform.__subclasses__() if k.__module__.startswith("skeleton_aug.")}
    assert {k for k in own if "instructions" in vars(k)} == known
