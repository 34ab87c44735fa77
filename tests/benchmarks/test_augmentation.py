import numpy as np
import pytest

from benchmarks.pairs import transforms, twins
from skeleton_aug import Samples
from skeleton_aug import transforms as ours

N, T = 4, 150
RANDOM = {"Noise": 0.0, "KinectNoise": 0.0}


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    steps = np.cumsum(rng.normal(0, 0.02, (N, 2, T, 25, 3)), axis=2)
    return (rng.normal(0, 0.3, (N, 2, 1, 25, 3)) + steps + [0, 0, 3]).astype(np.float32)


def given(name, plan):
    """Parameters of a plan as the twin takes them."""
    stage = plan.stages[0]
    match name:
        case "AxisMask":
            return (np.argmin(stage.affine.matrix[:, range(3), range(3)], axis=1),)
        case "BodyDrop":
            return (stage.bodies.source >= 0,)
        case "BoneScale":
            return (stage.alone.scales.astype(np.float32),)
        case "GaussianBlur":
            return (stage.frame_filter.taps.astype(np.float32),)
        case "JointMixing" | "PartMixing":
            return stage.alone.partner, stage.alone.joints
        case "Rotate" | "Shear":
            return (stage.affine.matrix.astype(np.float32),)
        case "Scale":
            return (stage.affine.matrix[:, 0, 0].astype(np.float32),)
        case "Translate":
            return (stage.affine.offset.astype(np.float32),)
        case "JointMask" | "PartMask" | "SideDrop":
            return (stage.weights.weights.astype(np.float32),)
        case "TemporalMask":
            lost = stage.gather.before < 0
            return lost.argmax(1), lost.argmax(1) + lost.sum(1)
        case "CropResize" | "Resample":
            before, mix = stage.gather.before, stage.gather.mix.astype(np.float32)
            return before.astype(int), np.where(mix > 0, stage.gather.after_, before).astype(int), mix
        case "Crop" | "FitLength" | "ReflectCrop" | "TemporalShift" | "UniformSample":
            return (stage.gather.before.astype(int),)
    return ()


@pytest.mark.parametrize("name", sorted(set(ours.__all__) - RANDOM.keys()))
def test_twin_equals_ours(name, batch):
    """With the same parameters the NumPy form gives what we give, for a batch and for one sample."""
    pipeline, twin = transforms(T)[name], twins(T)[name]
    samples = Samples.from_arrays(batch)
    plan = pipeline.plan(samples, seed=1)
    parameters = given(name, plan)
    expected = plan.apply(samples, layout="model")
    out = np.full_like(expected, np.nan)
    twin.run(batch, out, parameters)
    np.testing.assert_allclose(out, expected, atol=2e-5)
    if "Mixing" not in name:
        one = twin.one(batch[2], *(p[2] for p in parameters))
        np.testing.assert_allclose(one, plan.apply(samples)[2], atol=2e-5)


@pytest.mark.parametrize("name", ours.__all__)
def test_twins_draw_for_one_and_for_many(name, batch):
    """A twin's own parameters fit its two forms, so that what is timed does the whole work."""
    twin, rng = twins(T)[name], np.random.default_rng(0)
    shape = transforms(T)[name](batch, seed=0, layout="model").shape
    out = np.full(shape, np.nan, np.float32)
    twin.run(batch, out, twin.draw(rng, (N,), T))
    assert np.isfinite(out).all()
    one = twin.one(batch[0], *twin.draw(rng, (), T))
    assert one.shape == (2, shape[2], 25, shape[1]) and one.dtype == np.float32
    assert not np.shares_memory(one, batch)
