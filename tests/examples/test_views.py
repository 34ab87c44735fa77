from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from examples.encoders import N_CHANNELS, EncoderSettings, Views
from examples.views import make_pipelines
from skeleton_aug import presets


@pytest.mark.parametrize("kind", get_args(Views))
@pytest.mark.parametrize("channels", N_CHANNELS)
def test_views_fit_the_encoder(store, kind, channels):
    """Every pipeline gives finite views of the encoder's channels and frames."""
    settings = EncoderSettings(channels=channels, n_frames=12, views=kind)
    pipelines = make_pipelines(settings, store.skeleton)
    x = store[60].positions
    for pipeline in (pipelines.aggressive, pipelines.conservative, pipelines.evaluation):
        view = pipeline(x, seed=0, layout="model")
        assert view.shape == (N_CHANNELS[channels], 12, 25, len(x)) and np.isfinite(view).all() and view.any()


@pytest.mark.parametrize("kind", get_args(Views))
def test_only_evaluation_is_fixed(store, kind):
    """Training views change with the epoch, the evaluation view does not."""
    pipelines = make_pipelines(EncoderSettings(n_frames=12, views=kind), store.skeleton)
    x = store[60].positions
    for pipeline, fixed in (
        (pipelines.aggressive, False),
        (pipelines.conservative, False),
        (pipelines.evaluation, True),
    ):
        one, other = (pipeline(x, seed=0, epoch=epoch) for epoch in (0, 1))
        assert np.array_equal(one, other) is fixed


def test_paper_views_are_the_presets(store):
    """With views "paper" the pipelines are the package's presets, to the bit."""
    settings = EncoderSettings(n_frames=12)
    pipelines = make_pipelines(settings, store.skeleton)
    for ours, preset in (
        (pipelines.aggressive, presets.aggressive),
        (pipelines.conservative, presets.conservative),
        (pipelines.evaluation, presets.evaluation),
    ):
        assert ours == preset(store.skeleton, 12, "joint+bone")


@pytest.mark.parametrize("kind", ["short", "varied"])
def test_evaluation_sees_the_whole_sequence(store, kind):
    """The evaluation view begins with the first frame and ends with the last."""
    settings = EncoderSettings(channels="joint", n_frames=12, views=kind)
    x = store[60].positions
    whole = make_pipelines(settings, store.skeleton).evaluation(x, seed=0)
    every = make_pipelines(replace(settings, n_frames=x.shape[1]), store.skeleton).evaluation(x, seed=0)
    np.testing.assert_allclose(whole[:, [0, -1]], every[:, [0, -1]], atol=1e-6)


@pytest.mark.parametrize("kind", ["paper", "short"])
def test_every_row_of_the_ablation_can_be_made(store, kind):
    """What a row of Table 2 leaves out is left out at both scales; without resampling short views take all frames."""
    settings = EncoderSettings(n_frames=12, views=kind)
    full = make_pipelines(settings, store.skeleton).aggressive
    for row in presets.ABLATIONS.values():
        made = make_pipelines(settings, store.skeleton, row.without).aggressive
        assert (made == full) is (row.without == ()) and not set(row.without) & {part.name for part in made.transforms}
    made = make_pipelines(settings, store.skeleton, ["Resample", "Shear"]).aggressive
    (stretch,) = [part for part in made.transforms if part.name == "CropResize"] or [None]
    assert stretch is None if kind == "paper" else stretch.ratio_range == (1.0, 1.0)


def test_short_shear_never_mirrors(store):
    """Half as strong a shear keeps left on the left: the body frame stays right-handed in every draw."""
    pipeline = make_pipelines(EncoderSettings(channels="joint", n_frames=2, views="short"), store.skeleton).aggressive
    base, spine, left, right, knee = 0, 1, 4, 8, 13
    x = np.zeros((300, 1, 4, 25, 3), np.float32)
    x[..., [base, spine, left, right, knee], :] = [(0, 0, 3), (0, 0.5, 3), (0.2, 0.4, 3), (-0.2, 0.4, 3), (0.1, 0, 2)]
    views = pipeline(x, seed=3)[:, 0, 0]
    axes = np.stack([views[:, spine], views[:, left] - views[:, right], views[:, knee]], axis=1)
    volume = np.linalg.det(axes[np.abs(axes).sum(2).all(1)])
    assert len(volume) > 100 and (np.sign(volume) == np.sign(volume[0])).all()


@pytest.mark.parametrize("kind", get_args(Views))
@pytest.mark.parametrize(("shape", "moving"), [("joint", "motion"), ("joint+bone", "joint+bone+motion")])
def test_motion_is_of_the_finished_view(store, kind, shape, moving):
    """After all that changes the channels come the differences between frames, alone or behind them."""
    x = store[60].positions
    settings = EncoderSettings(channels=shape, n_frames=12, views=kind)
    before, after = (make_pipelines(replace(settings, channels=c), store.skeleton) for c in (shape, moving))
    n = N_CHANNELS[moving] - N_CHANNELS[shape]
    for name in ("aggressive", "conservative", "evaluation"):
        plain, found = (getattr(made, name)(x, seed=5) for made in (before, after))
        np.testing.assert_array_equal(found[..., :n], plain if n else found[..., :0])
        present = plain.any(-1)
        steps = np.where((present[:, 1:] & present[:, :-1])[..., None], np.diff(plain, axis=1), 0)
        np.testing.assert_allclose(found[:, :-1, :, n:], steps, atol=1e-6)


def test_varied_views_turn_the_body(store):
    """Conservative views are turned about the vertical axis by up to 20 degrees either way; half are mirrored."""
    settings = EncoderSettings(channels="joint", n_frames=2, views="varied")
    pipelines = make_pipelines(settings, store.skeleton)
    x = np.repeat(store[60].positions[None], 300, axis=0)
    left, right = 4, 8
    x[:, 0, :, 7, 1] += 1
    turned, straight = pipelines.conservative(x, seed=1)[:, 0, 0], pipelines.evaluation(x[:1], seed=1)[0, 0, 0]
    line = turned[:, left, :2] - turned[:, right, :2]
    angles = np.degrees(np.arctan2(line[:, 1], line[:, 0]))
    assert abs(straight[left, 1] - straight[right, 1]) < 1e-5
    assert (np.abs(angles) < 90).all() and (angles > 10).any() and (angles < -10).any()
    left_hand, right_hand, vertical = 7, 11, 2
    assert 100 < (turned[:, left_hand, vertical] > turned[:, right_hand, vertical]).sum() < 200
