import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import (
    Compose,
    FitLength,
    Normalize,
    Resample,
    SavitzkyGolay,
    Shear,
    SideDrop,
    TemporalMask,
    Transform,
    UniformSample,
)
from skeleton_aug.batch import Batch
from skeleton_aug.operators import JointWeights
from skeleton_aug.samples import Samples
from skeleton_aug.testing import batches, random_sample
from skeleton_aug.transforms.temporal_mask import present_frames


def missing(n_frames, n=1, **settings):
    """Which frames are missing, (n, n_frames)."""
    y = TemporalMask(**settings)(np.ones((n, 1, n_frames, 3, 3), np.float32), seed=0)
    assert ((y == 0) | (y == 1)).all()
    assert (y == y[:, :, :, :1, :1]).all()
    return y[:, 0, :, 0, 0] == 0


def test_windows_are_uniform():
    """Shares follow the range, and every frame can be hit."""
    hit = missing(100, 5000, ratio_range=(0.1, 0.3))
    share = hit.mean(1)
    assert share.min() == pytest.approx(0.1)
    assert share.max() == pytest.approx(0.3)
    assert abs(share.mean() - 0.2) < 0.005
    assert (np.abs(np.diff(hit.astype(int), axis=1)).sum(1) <= 2).all()
    assert hit.any(0).all()
    starts = np.argmax(hit, axis=1) / (100 * (1 - share))
    assert abs(starts.mean() - 0.5) < 0.02


def test_several_windows():
    """Each has its share; together they hit at most the sum, and less where they overlap."""
    share = missing(100, 2000, n_windows=3, ratio_range=(0.1, 0.1)).mean(1)
    assert share.max() == pytest.approx(0.3)
    assert share.min() < 0.2


@pytest.mark.parametrize("n_frames", [1, 2, 9])
def test_one_frame_is_always_left(n_frames):
    """Where the window is everything, each frame is spared as often as another."""
    hit = missing(n_frames, 3000, ratio_range=(1.0, 1.0))
    assert (hit.sum(1) == n_frames - 1).all()
    np.testing.assert_allclose(1 - hit.mean(0), 1 / n_frames, atol=0.04)


def test_the_spared_frame_is_a_present_one():
    """Not one that was missing already."""
    x = np.zeros((500, 1, 40, 3, 3))
    x[:, :, [7, 30]] = 1
    y = TemporalMask(ratio_range=(1.0, 1.0))(x, seed=0)[:, 0, :, 0, 0]
    assert (y.sum(1) == 1).all()
    assert set(np.argmax(y, axis=1)) == {7, 30}


class DropAll(Transform):
    """Makes the first joint missing."""

    def sample(self, draws, batch):
        return JointWeights(np.tile(np.arange(batch.n_joints) > 0, (batch.n, 1)).astype(float))


BEFORE = {
    "space and filters": [Normalize(), Shear(p=0.5), SavitzkyGolay()],
    "frames": [Resample(), FitLength(n_frames=20, short="zeros", p=0.5)],
    "lengths": [UniformSample(n_frames=10, p=0.5)],
    "joints": [Resample(), SideDrop(), DropAll()],
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@given(arrays=batches(skeleton="kinect_v2"), seed=st.integers(0, 2**32))
def test_presence_is_known_behind_other_transforms(before, arrays, seed):
    """As it is in the samples that they make."""
    drawn = Compose(before).plan(arrays, seed=seed)
    batch = Batch(Samples.from_arrays(arrays))
    batch.stages, batch.n_frames = drawn.stages, drawn.n_frames
    for row, y in zip(present_frames(batch), drawn.apply(arrays), strict=True):
        np.testing.assert_array_equal(row[: y.shape[1]], (y != 0).any((0, 2, 3)))
        assert not row[y.shape[1] :].any()


def test_what_is_left_does_not_depend_on_longer_samples():
    """In a batch whose lengths came to differ, a sample loses the frames that it loses alone."""
    arrays = [random_sample(np.random.default_rng(i), 1, 5 + i) for i in range(20)]
    pipeline = Compose([UniformSample(n_frames=20, p=0.5), TemporalMask(n_windows=4, ratio_range=(0.4, 1.0))])
    for i, y in enumerate(pipeline(arrays, seed=0)):
        assert (y != 0).any()
        np.testing.assert_array_equal(y, pipeline(arrays[i], seed=0, index=i))


def test_all_bodies_lose_the_same_frames():
    """The sensor loses everybody at once."""
    x = random_sample(np.random.default_rng(0), 3, 40)
    gone = (TemporalMask()(x, seed=0) == 0).all((2, 3))
    assert gone[0].any()
    assert (gone == gone[0]).all()


@pytest.mark.parametrize("settings", [{"n_windows": 0}, {"ratio_range": (-0.1, 0.5)}, {"ratio_range": (0.5, 1.1)}])
def test_wrong_settings(settings):
    """Windows are parts of the sequence."""
    with pytest.raises(ValueError, match=r"TemporalMask: n_windows must be at least 1 and ratios lie in \[0, 1\]"):
        TemporalMask(**settings)
