import re

import numpy as np
import pytest

from skeleton_aug import FitLength, OneOf, Shear, SideDrop, TemporalShift, TwoViews, Views, presets
from skeleton_aug.testing import random_sample

WRONG = {
    "one pipeline": (lambda: Views(Shear()), TypeError, "Views: expected a list of pipelines, one a view, got Shear()"),
    "none": (lambda: Views([]), TypeError, "Views: expected a list of pipelines, one a view, got []"),
    "a class": (lambda: TwoViews(Shear(), Shear), TypeError, "TwoViews: expected transforms, got the class Shear"),
    "a list": (lambda: Views([Shear(), [Shear()]]), TypeError, "got a list of them; write Compose([...]) around it"),
    "too many samples": (
        lambda: Views([Shear()] * 3)(*np.ones((2, 1, 5, 25, 3))),
        ValueError,
        "Views: expected samples for all 3 views, or 3 times samples, one a view, got 2",
    ),
    "too few outs": (
        lambda: Views([Shear()] * 3)(np.ones((1, 5, 25, 3)), out=[np.ones((1, 5, 25, 3))]),
        ValueError,
        "Views: expected 3 arrays as out, got 1",
    ),
}


@pytest.fixture(scope="module")
def batch():
    return np.stack([random_sample(np.random.default_rng(i), 1, 40) for i in range(8)])


@pytest.mark.parametrize(("call", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_views_are_refused(call, error, message):
    """With a message that says how many views there are and what came."""
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_two_views_are_the_pipelines_as_views_zero_and_one(batch):
    """TwoViews adds nothing to its two pipelines, on one sample or on two."""
    first, second = presets.aggressive(n_frames=20), presets.conservative(n_frames=20)
    views = TwoViews(first, second)
    a, b = views(batch[:4], seed=1, epoch=3, layout="model")
    np.testing.assert_array_equal(a, first(batch[:4], seed=1, epoch=3, view=0, layout="model"))
    np.testing.assert_array_equal(b, second(batch[:4], seed=1, epoch=3, view=1, layout="model"))
    other = views(batch[:4], batch[4:8], seed=1, epoch=3)[1]
    np.testing.assert_array_equal(other, second(batch[4:8], seed=1, epoch=3, view=1))


def test_view_k_draws_as_view_k(batch):
    """Any number of views, each of its own samples (three cameras, say) or all of the same."""
    pipelines = [presets.aggressive(n_frames=20), Shear(), OneOf([TemporalShift(), SideDrop()])]
    cameras = batch[:2], batch[2:4], batch[4:6]
    settings = {"seed": 1, "epoch": 2, "index": [7, 9]}
    for given in ((batch[:2],), cameras):
        views = Views(pipelines)(*given, **settings, threads=2)
        for k, (pipeline, view) in enumerate(zip(pipelines, views, strict=True)):
            np.testing.assert_array_equal(view, pipeline(given[k % len(given)], view=k, **settings))


def test_two_views_are_views():
    """A pair equals the list of two in all that it does, and keeps its own name."""
    first, second = Shear(), TemporalShift()
    pair = TwoViews(first, second)
    assert isinstance(pair, Views)
    assert pair.pipelines == (first, second)
    assert pair == TwoViews(first=first, second=second) != TwoViews(second, first)
    x = random_sample(np.random.default_rng(0))
    for a, b in zip(pair(x, seed=1), Views([first, second])(x, seed=1), strict=True):
        np.testing.assert_array_equal(a, b)


def test_views_of_one_pipeline_differ(batch):
    """Even without a seed, all views share one fresh seed and differ by their number."""
    a, b, c = Views([Shear()] * 3)(batch[0])
    assert not np.allclose(a, b) and not np.allclose(b, c)
    d, *_ = Views([Shear()] * 3)(batch[0])
    assert not np.allclose(a, d)


def test_plans_replay_the_views(batch):
    """Plans drawn for all views give the bits of a call."""
    views = Views([presets.aggressive(n_frames=20), presets.conservative(n_frames=20)])
    plans = views.plan(batch[:4], batch[4:], seed=5, epoch=1, indices=[3, 1, 4, 1])
    called = views(batch[:4], batch[4:], seed=5, epoch=1, index=[3, 1, 4, 1])
    for plan, x, y in zip(plans, (batch[:4], batch[4:]), called, strict=True):
        assert plan.apply(x).tobytes() == plan.apply(x).tobytes() == y.tobytes()


def test_views_fill_what_they_are_given(batch):
    """``out`` has an array a view, of its own length."""
    views = TwoViews(FitLength(n_frames=10), FitLength(n_frames=12))
    out = [np.full((8, 1, t, 25, 3), 7, np.float32) for t in (10, 12)]
    for a, b, c in zip(out, views(batch, seed=0, out=out), views(batch, seed=0), strict=True):
        assert a is b
        np.testing.assert_array_equal(a, c)
