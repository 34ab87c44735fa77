import numpy as np
import pytest

from skeleton_aug import (
    Compose,
    FitLength,
    Noise,
    Normalize,
    OneOf,
    Resample,
    Samples,
    SavitzkyGolay,
    Shear,
    SideDrop,
    SomeOf,
    TemporalShift,
    presets,
)
from skeleton_aug.operators import Affine
from skeleton_aug.testing import random_sample

N = 256
ONE = np.ones((1, 5, 25, 3), np.float32)
WRONG_SETTINGS = {
    "p above one": (lambda: Shear(p=1.5), ValueError, r"Shear: p must lie in \[0, 1\], got 1.5"),
    "p below zero": (lambda: TemporalShift(p=-0.1), ValueError, r"TemporalShift: p must lie in \[0, 1\], got -0.1"),
    "p not a number": (lambda: Shear(p=float("nan")), ValueError, r"p must lie in \[0, 1\], got nan"),
    "p of text": (lambda: Shear(p="often"), ValueError, r"Shear: p must lie in \[0, 1\], got 'often'"),
    "range the wrong way round": (lambda: Resample(rate_range=(1.3, 0.7)), ValueError, r"Resample: rate_range must be"),
    "range of one number": (lambda: Shear(factor_range=0.5), ValueError, r"factor_range must be \(low, high\)"),
    "range from NaN": (lambda: Shear(factor_range=(np.nan, 1)), ValueError, r"low <= high, got \(nan, 1\)"),
    "range to NaN": (lambda: Resample(rate_range=(0.5, np.nan)), ValueError, r"Resample: .* got \(0.5, nan\)"),
    "range without an end": (lambda: Shear(factor_range=(0, np.inf)), ValueError, r"Shear: .* got \(0, inf\)"),
    "range of text": (lambda: Shear(factor_range=("a", "b")), ValueError, r"factor_range must be \(low, high\)"),
    "unknown keyword": (
        lambda: Shear(factor=0.5),
        TypeError,
        "Shear: unknown setting 'factor': did you mean 'factor",
    ),
    "nothing like it": (lambda: Shear(angle=5), TypeError, "unknown setting 'angle'. Its settings are p, factor_range"),
    "missing keyword": (lambda: FitLength(), TypeError, "missing 1 required keyword-only argument: 'n_frames'"),
    "positional": (lambda: Shear((-1, 1)), TypeError, r"by name, as in Shear\(factor_range=\(-1, 1\)\)"),
    "unknown skeleton": (lambda: SideDrop(skeleton="kinect"), ValueError, "built in are"),
}
WRONG_DATA = {
    "joints of another skeleton": (
        lambda: SideDrop()(ONE[:, :, :20], seed=0),
        ValueError,
        r"SideDrop: expected \(M, T, V, C\) with V=25 for skeleton 'kinect_v2', got V=20",
    ),
    "one body": (lambda: Shear()(ONE[0]), ValueError, r"axes \(M, T, V, C\), got shape \(5, 25, 3\)"),
    "six axes": (lambda: Shear()(ONE[None, None]), ValueError, r"got shape \(1, 1, 1, 5, 25, 3\)"),
    "one sample to plan": (lambda: Shear().plan(ONE), ValueError, r"Expected a batch .* One sample is x\[None\]"),
    "no frames": (lambda: Shear()(ONE[:, :0]), ValueError, r"at least one frame, .* got shape \(1, 0, 25, 3\)"),
    "no samples": (lambda: Shear()([]), ValueError, "at least one sample"),
    "NaN": (lambda: Shear()(ONE * np.nan), ValueError, "Sample 0, body 0, frame 0, joint 0, channel 0 is nan"),
    "text": (lambda: Shear()("sample"), TypeError, "got str"),
    "nothing": (lambda: Shear()(None), TypeError, "got NoneType"),
    "lists of lists": (lambda: Shear()(ONE.tolist()), TypeError, r"got list; np.asarray\(x, np.float32\) makes one"),
    "integers": (lambda: Shear()(ONE.astype(int)), TypeError, r"got int64; convert with x.astype\('float32'\)"),
    "differing joints": (lambda: Shear()([ONE, ONE[:, :, :20]]), ValueError, "must share"),
    "five channels": (lambda: Shear()(np.ones((1, 5, 25, 5))), ValueError, "Say what 5 channels are"),
    "channels that do not fit": (lambda: Shear()(ONE, channels="xy"), ValueError, "'xy' asks for C = 2 or a multiple"),
    "channels of described samples": (
        lambda: Shear()(Samples.from_arrays([ONE]), channels="xyc"),
        ValueError,
        "described as 'xyz', got channels='xyc'",
    ),
    "no threads": (lambda: Shear()(ONE, threads=0), ValueError, "threads must be at least 1, got 0"),
    "wrong number of indices": (
        lambda: Shear()(np.stack([ONE, ONE]), index=[1]),
        ValueError,
        "but 1 indices",
    ),
    "negative view": (lambda: Shear()(ONE, view=-1), ValueError, "view=-1"),
}
PIPELINES = [
    presets.aggressive(n_frames=20),
    presets.conservative(n_frames=20, channels="joint+bone"),
    Compose([OneOf([Shear(), SomeOf([TemporalShift(), SavitzkyGolay(p=0.5)], count_range=(0, 2))]), SideDrop(p=0.5)]),
]


@pytest.fixture(scope="module")
def batch():
    return np.stack([random_sample(np.random.default_rng(i), 1, 40, 25) for i in range(N)])


@pytest.mark.parametrize(("call", "error", "message"), WRONG_SETTINGS.values(), ids=WRONG_SETTINGS)
def test_wrong_settings_are_refused(call, error, message):
    """At once, with a message that names the transform and what it got."""
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(("call", "error", "message"), WRONG_DATA.values(), ids=WRONG_DATA)
def test_wrong_data_is_refused(call, error, message):
    """With a message that names the axes and what came."""
    with pytest.raises(error, match=message):
        call()


def test_tensors_of_integers_are_refused():
    """The adapter is found by the type of the data, and names the dtypes that it takes."""
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"float32 or float64 tensors .* got torch.int64"):
        Shear()(torch.ones(1, 5, 25, 3, dtype=torch.int64))
    assert isinstance(Shear()([torch.ones(1, 5, 25, 3)], seed=0), torch.Tensor)


@pytest.mark.parametrize("pipeline", PIPELINES, ids=["aggressive", "conservative", "choices"])
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 7, 256])
@pytest.mark.parametrize("as_list", [False, True], ids=["array", "list"])
def test_same_bits_however_samples_come(batch, pipeline, threads, size, as_list):
    """A sample's view depends on its index: not on the batch, the order, the threads, or the kind of container."""
    whole = pipeline(batch, seed=1, epoch=2, index=np.arange(N) + 10)
    order = np.random.default_rng(size).permutation(N)
    for begin in range(0, N, size) if size > 1 else range(0, N, 37):
        part = order[begin : begin + size]
        given = list(batch[part]) if as_list else batch[part]
        for i, view in zip(part, pipeline(given, seed=1, epoch=2, index=part + 10, threads=threads), strict=True):
            assert view.tobytes() == whole[i].tobytes()


@pytest.mark.parametrize("pipeline", PIPELINES, ids=["aggressive", "conservative", "choices"])
def test_same_bits_alone(batch, pipeline):
    """One sample without a batch gives the view that it has in a batch."""
    whole = pipeline(batch, seed=1)
    for i in range(0, N, 37):
        assert pipeline(batch[i], seed=1, index=i).tobytes() == whole[i].tobytes()


@pytest.mark.parametrize("settings", [{"seed": 2}, {"epoch": 1}, {"view": 1}, {"index": np.arange(N) + N}])
def test_seed_epoch_view_and_index_all_change_the_result(batch, settings):
    """Every sample comes out differently."""
    pipeline = presets.aggressive(n_frames=20)
    a, b = pipeline(batch, seed=1), pipeline(batch, **{"seed": 1, **settings})
    assert (a != b).any(axis=(1, 2, 3, 4)).all()


def test_no_seed_gives_another_view_each_time(batch):
    """Without a seed two calls differ."""
    assert (Shear()(batch[0]) != Shear()(batch[0])).any()


def test_draws_do_not_move_when_another_transform_leaves(batch):
    """The shear is the same alone, behind others, and among switched-off ones."""
    alone = Shear()(batch, seed=3)
    off = Compose([SavitzkyGolay(p=0.0), Shear(), SideDrop(p=0.0)])(batch, seed=3)
    np.testing.assert_array_equal(alone, off)
    shifted = Compose([TemporalShift(), Shear()])(batch, seed=3)
    np.testing.assert_array_equal(shifted, TemporalShift()(alone, seed=3))


def test_equal_transforms_draw_apart(batch):
    """A transform that stands twice draws two different things, nested or not."""
    flat = Compose([Shear(), Shear()])
    nested = Compose([Compose([Shear()]), Compose([Shear()])])
    np.testing.assert_array_equal(flat(batch, seed=0), nested(batch, seed=0))
    once = Shear()(batch, seed=0)
    assert not np.allclose(flat(batch, seed=0), Shear()(once, seed=0))


@pytest.mark.parametrize("pipeline", [Resample(), Compose([Resample(), Noise()])])
def test_results_of_several_lengths_are_the_callers_own(batch, pipeline):
    """They may be written to, and share nothing with the samples nor with each other."""
    found = pipeline(batch, seed=0)
    again = [x.copy() for x in found]
    found[0][:] = 1
    for x, y in zip(found[1:], again[1:], strict=True):
        np.testing.assert_array_equal(x, y)
    assert not any(np.may_share_memory(found[0], x) for x in batch)


def test_samples_may_be_described_beforehand(batch):
    """A pipeline takes Samples as well as arrays."""
    pipeline = presets.conservative()
    np.testing.assert_array_equal(pipeline(Samples.from_arrays(batch), seed=1), pipeline(batch, seed=1))


def test_one_sample_with_out(batch):
    """A single sample may be written into an array of its own shape."""
    out = np.empty((1, 12, 25, 3), np.float32)
    y = FitLength(n_frames=12)(batch[0], seed=0, out=out)
    assert np.shares_memory(y, out)
    np.testing.assert_array_equal(out, batch[0, :, :12])


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_p_is_the_share_of_samples_acted_on(p):
    """Of 4,000 samples about p are changed."""
    x = np.ones((4000, 1, 1, 25, 3), np.float32)
    changed = (Shear(p=p)(x, seed=0) != x).any(axis=(1, 2, 3, 4)).mean()
    assert abs(changed - p) < 5 * (p * (1 - p) / 4000) ** 0.5


def test_a_transform_of_ones_own(batch):
    """A subclass with a ``sample`` method is a transform like any other."""

    class Grow(Shear):
        def sample(self, draws, batch):
            return Affine.linear(np.eye(3) * draws.uniform(1.0, 2.0)[:, None, None])

    y = Compose([Grow(p=0.5), Normalize(rotation="none")])(batch, seed=0)
    assert y.shape == batch.shape
    factor = (Grow()(batch, seed=0) / batch).mean(axis=(1, 2, 3, 4))
    assert factor.min() >= 1
    assert factor.max() < 2
    assert len(np.unique(factor.round(4))) > 200


@pytest.mark.parametrize(("channels", "n_channels"), [("xyz", 3), ("xy", 2), ("xyc", 3), ("xyzc", 4)])
def test_channels_may_be_said(channels, n_channels):
    """They reach the plan, which replays with them; a confidence is not sheared."""
    x = np.random.default_rng(0).random((2, 1, 6, 25, n_channels))
    y = Shear()(x, seed=0, channels=channels)
    plan = Shear().plan(x, seed=0, channels=channels)
    assert plan.channels == channels
    np.testing.assert_array_equal(plan.apply(x), y)
    confidence = [i for i, name in enumerate(channels) if name == "c"]
    np.testing.assert_array_equal(y[..., confidence], x[..., confidence])
    assert (y[..., 0] != x[..., 0]).all()
