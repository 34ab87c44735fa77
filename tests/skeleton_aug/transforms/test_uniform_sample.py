import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import UniformSample


def frames(transform, n_frames, n=1, seed=0):
    """Numbers of the frames that are kept, (n, n_frames)."""
    x = np.zeros((n, 1, n_frames, 1, 3), np.float32)
    x[:, 0, :, 0, 0] = np.arange(1, n_frames + 1)
    return transform(x, seed=seed)[:, 0, :, 0, 0].astype(int) - 1


@given(st.integers(1, 40), st.integers(0, 100), st.integers(0, 99))
def test_one_frame_of_each_segment(n_new, more, seed):
    """Frame i lies in the i-th of equal segments, so the frames are in order and different."""
    n_frames = n_new + more
    found, edges = (
        frames(UniformSample(n_frames=n_new), n_frames, seed=seed)[0],
        np.arange(n_new + 1) * n_frames // n_new,
    )
    assert (edges[:-1] <= found).all()
    assert (found < edges[1:]).all()


def test_frames_of_a_segment_are_equally_likely():
    """Over many samples, in every segment."""
    found = frames(UniformSample(n_frames=3), 12, 20_000)
    for k in range(3):
        np.testing.assert_allclose(np.bincount(found[:, k] - 4 * k, minlength=4) / 20_000, 0.25, atol=0.015)
    assert abs(np.corrcoef(found[:, 0], found[:, 1])[0, 1]) < 0.03


@pytest.mark.parametrize(("n_frames", "expected"), [(9, [1, 4, 7]), (6, [1, 3, 5]), (4, [0, 1, 3]), (3, [0, 1, 2])])
def test_convention_the_middle_without_randomness(n_frames, expected):
    """Of two middle frames the later."""
    assert frames(UniformSample(n_frames=3, random=False), n_frames)[0].tolist() == expected


def test_short_sequences_go_round():
    """By default they are played in a loop, from a random frame on or, without randomness, from the first."""
    found = frames(UniformSample(n_frames=8), 3, 3000)
    assert (np.diff(found, axis=1) % 3 == 1).all()
    np.testing.assert_allclose(np.bincount(found[:, 0]) / 3000, 1 / 3, atol=0.03)
    assert frames(UniformSample(n_frames=8, random=False), 3)[0].tolist() == [0, 1, 2, 0, 1, 2, 0, 1]


@pytest.mark.parametrize("random", [True, False])
def test_short_sequences_may_be_held(random):
    """Then they run once, each frame about as long as the others, and there is nothing to draw."""
    held = UniformSample(n_frames=8, short="hold", random=random)
    assert frames(held, 3)[0].tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
    assert frames(held, 1)[0].tolist() == [0] * 8


@pytest.mark.parametrize("settings", [{"n_frames": 0}, {"n_frames": 5, "short": "last"}])
def test_wrong_settings(settings):
    """The message lists what there is."""
    with pytest.raises(ValueError, match="UniformSample: n_frames must be at least 1 and short one of"):
        UniformSample(**settings)
