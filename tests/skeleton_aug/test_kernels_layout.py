import numpy as np
import pytest

from skeleton_aug import Compose, Samples
from skeleton_aug.testing import random_sample
from tests.skeleton_aug.reference.pipeline import model_layout


@pytest.mark.parametrize("n_channels", [3, 6, 9])
@pytest.mark.parametrize("n_bodies", [0, 1, 2, 3])
@pytest.mark.parametrize("gaps", ["none", "track", "all"])
def test_doing_nothing_copies_and_lays_out(n_channels, n_bodies, gaps):
    """Every number is where it was, or where networks want it; frames without a body are zeros, whatever was there."""
    # More points than are copied at a time.
    x = np.stack([random_sample(np.random.default_rng(i), n_bodies, 40, gaps=gaps) for i in range(3)])
    x = np.concatenate([k * x for k in range(1, n_channels // 3 + 1)], axis=-1)
    samples = Samples.from_arrays(x, channels="xyz")
    plan = Compose([]).plan(samples)
    for layout, expected in (("sample", x), ("model", model_layout(x))):
        out = np.full(expected.shape, np.nan, np.float32)
        plan.apply(samples, layout=layout, out=out)
        np.testing.assert_array_equal(out, expected)
