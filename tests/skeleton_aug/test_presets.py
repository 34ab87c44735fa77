import numpy as np
import pytest

from skeleton_aug import SKELETONS, Bones, presets
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
TABLE = [("aggressive", AGGRESSIVE), ("conservative", CONSERVATIVE), ("evaluation", EVALUATION)]


@pytest.mark.parametrize(("name", "expected"), TABLE)
def test_settings_are_the_papers(name, expected):
    """Each preset is the table above."""
    found = [t for t, _ in reference.steps(getattr(presets, name)())]
    assert len(found) == len(expected)
    for transform, line in zip(found, expected, strict=True):
        kind, *_ = line.split()
        assert transform.name == kind
        settings = line[len(kind) :].strip().replace("(0.7, 1.3)", "(0.7,1.3)").replace("(-1.0, 1.0)", "(-1.0,1.0)")
        for setting in settings.split():
            key, value = setting.split("=")
            assert repr(getattr(transform, key)).replace(" ", "") == value
        if "p=" not in line:
            assert transform.p == 1


@pytest.mark.parametrize(("name", "_"), TABLE)
@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
@pytest.mark.parametrize(("channels", "n_channels"), [("joint", 3), ("joint+bone", 6), ("bone", 3)])
def test_shapes(name, _, skeleton, channels, n_channels):
    """Every preset serves every skeleton and every choice of channels."""
    pipeline = getattr(presets, name)(skeleton, n_frames=33, channels=channels)
    x = np.stack([random_sample(np.random.default_rng(i), 2, 20, skeleton.n_joints) for i in range(3)])
    assert pipeline(x, seed=0, layout="model").shape == (3, n_channels, 33, skeleton.n_joints, 2)


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
