import subprocess
import sys

import pytest

from skeleton_aug import Compose, presets, warm_up
from skeleton_aug.transforms import Crop, Shear

CHECK = """
import numpy as np
import skeleton_aug
from skeleton_aug import *
pipeline = {pipeline}
skeleton_aug.warm_up({settings})
import numba
compiled = []
numba.core.dispatcher.Dispatcher.compile = lambda self, signature: compiled.append((self, signature))
for gaps in (False, True):
    x = np.random.default_rng(0).normal(size=(5, 2, 40, {n_joints}, 3)).astype("{dtype}")
    x[:, :, ::2, 3] *= not gaps
    for layout in ("sample", "model"):
        for seed in range(5):
            pipeline(x, seed=seed, layout=layout)
            pipeline(x[0], seed=seed)
            Plan.from_dict(pipeline.plan(x, seed=seed).to_dict()).apply(x, layout=layout)
print(compiled)
"""


@pytest.mark.parametrize(
    ("pipeline", "settings", "n_joints", "dtype"),
    [
        ("presets.aggressive()", "", 25, "float32"),
        ("presets.conservative(channels='joint+bone')", "", 25, "float32"),
        ("presets.evaluation('openpose_18')", "pipeline, 'float64'", 18, "float64"),
        ("Compose([Normalize(center='frame'), FitLength(n_frames=9)])", "pipeline", 25, "float32"),
        ("Compose([OneOf([Noise(), BoneScale(p=0.3)]), FitLength(n_frames=9)])", "pipeline", 25, "float32"),
    ],
)
def test_nothing_is_left_to_compile(pipeline, settings, n_joints, dtype):
    """Batches, single samples and saved plans, in both layouts, with joints missing or not, wait for no compiler."""
    code = CHECK.format(pipeline=pipeline, settings=settings, n_joints=n_joints, dtype=dtype)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_results_of_many_lengths_are_no_obstacle():
    """A pipeline without a model layout is warmed up for the other."""
    warm_up(Compose([Crop(ratio_range=(0.2, 0.9)), Shear()]))


def test_unknown_pipelines_and_types_are_refused():
    """The errors say what is taken."""
    with pytest.raises(TypeError, match="expected a pipeline"):
        warm_up("aggressive")
    with pytest.raises(ValueError, match="'float32' or 'float64', got 'float16'"):
        warm_up(presets.evaluation(), dtype="float16")
