import json

import numpy as np
import pytest

from benchmarks.augmentation import SECTIONS, main, pipelines, transforms_table
from benchmarks.measure import Contestant, Timing, measure
from benchmarks.pairs import transforms, twins
from benchmarks.twins import canonical_frame
from benchmarks.twins_time import view, view_one
from skeleton_aug import Samples
from skeleton_aug import transforms as ours

N, T = 4, 150
RANDOM = {"Noise", "KinectNoise"}


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
            return between_frames(stage.gather)
        case "FitLength" | "TemporalShift":
            return (stage.gather.before[:, 0].astype(int),)
        case "Crop" | "ReflectCrop" | "UniformSample":
            return (stage.gather.before.astype(int),)
    return ()


def between_frames(gather):
    """The frame before each place, one that has a next one, and the share of that."""
    low = np.minimum(gather.before.astype(int), T - 2)
    return low, (gather.mix + (gather.before - low)).astype(np.float32)


@pytest.mark.parametrize("name", sorted(set(ours.__all__) - RANDOM))
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


def test_views_of_numpy_equal_ours(batch):
    """Both of the paper's pipelines, with bones as well: the same numbers from the same parameters."""
    for channels in ("joint", "joint+bone"):
        for pipeline in pipelines(channels=channels):
            plan = pipeline.plan(batch, seed=4)
            stage = plan.stages[0]
            drawn = {"frames": between_frames(stage.gather)}
            if stage.weights is not None:
                canonical, _ = canonical_frame(batch[:, 0, 0])
                drawn["matrix"] = (stage.affine.matrix @ np.linalg.inv(canonical)).astype(np.float32)
                drawn["weights"], drawn["smooth"] = stage.weights.weights, stage.frame_filter.active
                assert 0 < drawn["smooth"].sum() < N
            expected = plan.apply(batch, layout="model")
            out = np.full_like(expected, np.nan)
            view(batch, out, drawn, normalize=True, bones=channels == "joint+bone")
            np.testing.assert_allclose(out, expected, atol=1e-4)
            if channels == "joint":
                for i, one in enumerate(plan.apply(batch)):
                    of_one = {k: tuple(a[i] for a in v) if k == "frames" else v[i] for k, v in drawn.items()}
                    np.testing.assert_allclose(view_one(batch[i], of_one), one, atol=1e-4)


def test_quick_run_prints_every_section_and_saves_it(tmp_path, capsys):
    """The command runs, prints tables and writes finite numbers for all that it measures."""
    main(["--quick", "--json", str(tmp_path / "r.json")])
    saved = json.loads((tmp_path / "r.json").read_text())["sections"]
    printed = capsys.readouterr().out
    assert list(saved) == list(SECTIONS)
    for section in SECTIONS:
        assert f"### {section.capitalize()}\n\n|" in printed
    for name in ours.__all__:
        assert f"| {name} |" in printed
        assert saved["transforms"]["batch"][name]["median_us"] > 0
        assert saved["transforms"]["batch"][name]["ratio"] > 0
    assert set(saved["startup"]) == {"import numpy", "import skeleton_aug"}


def test_only_one_section_in_the_time_of_the_thread(capsys):
    """--only and --cpu-time are obeyed."""
    main(["--quick", "--cpu-time", "--only", "threads"])
    printed = capsys.readouterr().out
    assert "CPU time" in printed and printed.count("###") == 1


def test_measured_ratio_is_that_to_the_floor():
    """A contestant that spends twice the floor's time has ratio 2, and times are per sample."""
    now = [0.0]

    def spend(seconds):
        def call():
            now[0] += seconds

        return call

    contestants = {"copy": Contestant(spend(1.0)), "other": Contestant(spend(2.0), "copy")}
    timings = measure(contestants, rounds=4, samples=10, repeats=2, clock=lambda: now[0])
    assert timings["copy"].ratio is None
    assert timings["other"].ratio == pytest.approx(2.0)
    assert timings["other"].median_us == pytest.approx(2.0e5)


def test_stars_mark_missed_targets():
    """Too many copies, or one sample slower than in NumPy, gets a star; filters may take twice the copies."""
    batch = {"Scale": Timing(3, 0, 3.0), "SavitzkyGolay": Timing(3, 0, 3.0)}
    batch |= {f"{name}, NumPy/SciPy": Timing(9, 0, 9.0) for name in list(batch)}
    single = {name: Timing(10, 0) for name in batch} | {"SavitzkyGolay": Timing(11, 0)}
    table = transforms_table(["Scale", "SavitzkyGolay"], batch, single).splitlines()
    assert table[2] == "| Scale | 3.0 | 0.0 | 3.0 * | 9.0 | 10.0 | 10.0 |"
    assert table[3] == "| SavitzkyGolay | 3.0 | 0.0 | 3.0 | 9.0 | 11.0 * | 10.0 |"
