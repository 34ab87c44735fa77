"""The presets: settings of their sources, shapes, passes, the reference, and what leaving transforms out does."""

from functools import partial

import numpy as np
import pytest

from skeleton_aug import SKELETONS, Bones, Compose, OneOf, Shear, TwoViews, presets
from skeleton_aug.testing import random_sample
from tests.skeleton_aug.reference import pipeline as reference

# Transforms and settings as the paper has them, in order.
AGGRESSIVE = [
    "Normalize", "SavitzkyGolay window=15 order=2 p=0.5", "Resample rate_range=(0.7, 1.3)",
    "FitLength n_frames=150 crop='random' short='repeat'", "Shear factor_range=(-1.0, 1.0) keep_orientation=False",
    "TemporalShift max_offset=None", "SideDrop p=0.5",
]  # fmt: skip
CONSERVATIVE = [
    "Normalize", "Resample rate_range=(0.7, 1.3)", "FitLength n_frames=150 crop='random' short='repeat'",
]  # fmt: skip
EVALUATION = ["Normalize", "FitLength n_frames=150 crop='start' short='repeat'"]
CROSSCLR = [
    "Normalize", "FitLength n_frames=50 short='resize' long='resize'", "ReflectCrop ratio=0.16666666666666666",
    "Shear factor_range=(-0.5, 0.5)",
]  # fmt: skip
EXTREME = [
    *CROSSCLR, "Mirror axis='x' p=0.5",
    "Rotate x_range=(-1.0, 0.0) y_range=(-1.0, 0.0) z_range=(-1.0, 0.0) main_range=(-30.0, 0.0)",
    "Noise std_range=(0.01, 0.01) p=0.5", "GaussianBlur sigma_range=(0.1, 2.0) window=15 p=0.5",
    "AxisMask axes='xyz' p=0.5",
]  # fmt: skip
PYSKL = ["Normalize rotation='legacy'", "UniformSample n_frames=100 random=True short='repeat'"]
TABLE = [
    ("aggressive", AGGRESSIVE),
    ("conservative", CONSERVATIVE),
    ("evaluation", EVALUATION),
    ("crossclr", CROSSCLR),
    ("aimclr_normal", CROSSCLR),
    ("aimclr_extreme", EXTREME),
    ("pyskl_train", PYSKL),
]
# What a pipeline needs: noise takes a pass of its own, and no filter follows a gather in one pass.
PASSES = {"aimclr_extreme": 3}
MAKERS = {
    **{name: getattr(presets, name) for name, _ in TABLE},
    "aimclr_extreme with time_flip": partial(presets.aimclr_extreme, time_flip=True),
    "pyskl_train strong": partial(presets.pyskl_train, strong=True),
}
channels_of = pytest.mark.parametrize(("channels", "n_channels"), [("joint", 3), ("joint+bone", 6), ("bone", 3)])


@pytest.mark.parametrize(("name", "expected"), TABLE)
def test_settings_are_those_of_the_source(name, expected):
    """Each preset is the table above."""
    found = [t for t, _ in reference.steps(getattr(presets, name)())]
    assert len(found) == len(expected)
    for transform, line in zip(found, expected, strict=True):
        kind, *_ = line.split()
        assert transform.name == kind
        settings = line[len(kind) :].strip().replace(", ", ",")
        for setting in settings.split():
            key, value = setting.split("=")
            assert repr(getattr(transform, key)).replace(" ", "") == value
        if "p=" not in line:
            assert transform.p == 1


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
@channels_of
def test_shapes(make, skeleton, channels, n_channels):
    """Every preset serves every skeleton and every choice of channels."""
    pipeline = make(skeleton, n_frames=33, channels=channels)
    x = np.stack([random_sample(np.random.default_rng(i), 2, 20, skeleton.n_joints) for i in range(3)])
    assert pipeline(x, seed=0, layout="model").shape == (3, n_channels, 33, skeleton.n_joints, 2)


@pytest.mark.parametrize("name", MAKERS)
@channels_of
def test_passes(name, channels, n_channels):
    """No more passes over the data than named above, whatever the channels."""
    plan = MAKERS[name](channels=channels).plan(sampled(), seed=0)
    assert len(plan.stages) == PASSES.get(name.split()[0], 1)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("channels", ["joint", "joint+bone"])
def test_equals_the_reference(make, channels):
    """Values are those of the plain sequential reference, with gaps and lengths on both sides of the preset's."""
    pipeline = make(n_frames=45, channels=channels)
    arrays = [random_sample(np.random.default_rng(i), 2, 30 + 15 * i, gaps=("none", "all")[i % 2]) for i in range(6)]
    for ours, theirs in zip(pipeline(arrays, seed=4), reference.run(pipeline, arrays, seed=4), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["aggressive", "conservative", "evaluation"])
def test_bones_are_taken_before_the_drop(name):
    """Bones stand last but for the drop, so that a bone is dropped with its own joint only."""
    kinds = [type(t) for t, _ in reference.steps(getattr(presets, name)(channels="joint+bone"))]
    assert kinds.index(Bones) == len(kinds) - (2 if name == "aggressive" else 1)


def test_evaluation_has_no_randomness():
    """Seeds and views do not matter."""
    x = random_sample(np.random.default_rng(0))
    results = {presets.evaluation()(x, seed=s, view=s, epoch=s).tobytes() for s in range(3)}
    assert len(results) == 1


def test_strong_training_scales_and_turns():
    """``strong`` puts a factor for each axis and 0.3 rad about each axis between the frame and the sampling."""
    _, scale, turn, _ = presets.pyskl_train(strong=True).transforms
    assert scale.factor_range == (0.9, 1.1) and scale.per_axis
    for bounds in (turn.x_range, turn.y_range, turn.z_range):
        np.testing.assert_allclose(np.radians(bounds), (-0.3, 0.3))


def test_time_flip_comes_last():
    """The paper's temporal flip is the only difference that it makes."""
    *others, flip = presets.aimclr_extreme(time_flip=True).transforms
    assert (flip.name, flip.p) == ("Reverse", 0.5)
    assert Compose(others) == presets.aimclr_extreme()


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_draws_do_not_move_when_others_are_left_out(make):
    """Whichever transform is left out, the streams of the others are those of the whole pipeline, in order."""
    whole = make()
    streams = dict(zip([t.name for t in whole.transforms], whole.stream_keys().tolist(), strict=True))
    assert len(set(streams.values())) == len(whole.transforms)
    for gone in streams:
        kept = presets.leave_out(whole, [gone])
        assert [t.name for t in kept.transforms] == [name for name in streams if name != gone]
        assert kept.stream_keys().tolist() == [streams[t.name] for t in kept.transforms]


@pytest.mark.parametrize("gone", ["SavitzkyGolay", "TemporalShift", "SideDrop"])
def test_shears_stay_when_others_are_left_out(gone):
    """The matrix of each sample has the same bits with and without another transform."""
    x = sampled()
    whole, kept = (presets.aggressive(without=names).plan(x, seed=1) for names in ((), (gone,)))
    assert whole.stages[0].affine.matrix.tobytes() == kept.stages[0].affine.matrix.tobytes()
    assert whole.apply(x).tobytes() != kept.apply(x).tobytes()


def test_leave_out_takes_all_of_a_name():
    """Transforms that stand more than once go together, and choices by their own name."""
    pipeline = Compose([Shear(), OneOf([Shear()]), Shear(p=0.5)])
    assert presets.leave_out(pipeline, ["Shear"]) == Compose([OneOf([Shear()])])
    assert presets.leave_out(pipeline, ["OneOf"]) == Compose([Shear(), Shear(p=0.5)])
    assert presets.leave_out(pipeline, []) == pipeline


def test_leave_out_says_what_there_is():
    """Unknown names and a single string are refused."""
    with pytest.raises(ValueError, match="There is no Mirror to leave out: the pipeline has Normalize, Resample, Fit"):
        presets.leave_out(presets.conservative(), ["Mirror"])
    with pytest.raises(ValueError, match="There is no shear to leave out"):
        presets.aggressive(without=("shear",))
    with pytest.raises(TypeError, match=r"expected several names, got 'Shear' alone; write \['Shear'\]"):
        presets.aggressive(without="Shear")


# Rows of the paper's Table 2: transforms of both views, and whether they come from two cameras.
T1 = ("SavitzkyGolay", "Resample", "Shear", "TemporalShift", "SideDrop")
T2 = ("Resample",)
ROWS = {
    "byol_conservative": (T2, T2, False),
    "byol_aggressive": (T1, T1, False),
    "no_shear": (("SavitzkyGolay", "Resample", "TemporalShift", "SideDrop"), T2, True),
    "no_low_pass": (("Resample", "Shear", "TemporalShift", "SideDrop"), T2, True),
    "no_shift": (("SavitzkyGolay", "Resample", "Shear", "SideDrop"), T2, True),
    "no_resampling": (("SavitzkyGolay", "Shear", "TemporalShift", "SideDrop"), T2, True),
    "no_side_drop": (("SavitzkyGolay", "Resample", "Shear", "TemporalShift"), T2, True),
    "no_multi_view": (T1, T2, False),
    "multi_view_aggressive": (T1, T1, True),
    "full": (T1, T2, True),
}


@pytest.mark.parametrize("ablation", ROWS)
def test_ablations_are_the_rows_of_table_2(ablation):
    """Each has the transforms of its row, and says whether pairs are of two cameras."""
    assert list(presets.ABLATIONS) == list(ROWS)
    *expected, multi_view = ROWS[ablation]
    views = presets.two_views(n_frames=30, ablation=ablation)
    assert isinstance(views, TwoViews)
    for pipeline, names in zip(views.pipelines, expected, strict=True):
        assert [t.name for t in pipeline.transforms if t.name not in ("Normalize", "FitLength")] == list(names)
    assert presets.ABLATIONS[ablation].multi_view is multi_view


def test_two_views_are_the_presets():
    """The first view is T1 drawn as view 0, the second T2 drawn as view 1; two cameras' samples go one to each."""
    one, other = sampled(), sampled()[::-1]
    first, second = presets.two_views("kinect_v2", 30, "joint+bone")(one, other, seed=2)
    np.testing.assert_array_equal(first, presets.aggressive("kinect_v2", 30, "joint+bone")(one, seed=2, view=0))
    np.testing.assert_array_equal(second, presets.conservative("kinect_v2", 30, "joint+bone")(other, seed=2, view=1))


def test_two_views_know_their_ablations():
    """An unknown row is refused with the names of those that there are."""
    with pytest.raises(ValueError, match=r"ablation must be one of byol_conservative, .*full, got 'no_filter'"):
        presets.two_views(ablation="no_filter")


def sampled():
    return np.stack([random_sample(np.random.default_rng(i)) for i in range(8)])
