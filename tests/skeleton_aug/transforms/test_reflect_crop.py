import numpy as np
import pytest

from skeleton_aug import ReflectCrop


def numbered(n_frames, n=1):
    x = np.zeros((n, 1, n_frames, 1, 3), np.float32)
    x[:, 0, :, 0, 0] = np.arange(1, n_frames + 1)
    return x


def published(n_frames, first, padding_ratio=6):
    """Frames that the crop of CrosSCLR and AimCLR keeps when it begins at ``first`` of the padded sequence."""
    padding, frames = n_frames // padding_ratio, list(range(1, n_frames + 1))
    tail = frames[-padding:][::-1] if padding else []
    padded = frames[:padding][::-1] + frames + tail
    return padded[first : first + n_frames]


@pytest.mark.parametrize("n_frames", [1, 5, 6, 7, 12, 50])
def test_convention_the_published_crop(n_frames):
    """Every window of the padded sequence comes, each about as often as the others, and nothing else."""
    n, places = 4000, 2 * (n_frames // 6) + 1
    found = ReflectCrop()(numbered(n_frames, n), seed=0)[:, 0, :, 0, 0].astype(int)
    windows, counts = np.unique(found, axis=0, return_counts=True)
    assert sorted(windows.tolist()) == sorted(published(n_frames, first) for first in range(places))
    np.testing.assert_allclose(counts / n, 1 / places, atol=0.04)


def test_a_sixth_is_the_integer_division_by_six():
    """At every length, although 1/6 is no binary fraction: the widest shift is T // 6."""
    for n_frames in range(6, 400, 6):
        y = ReflectCrop()(numbered(n_frames, 300), seed=1)[:, 0, :, 0, 0]
        widest = max(np.abs(row - np.arange(1, n_frames + 1)).max() for row in y)
        assert widest <= 2 * (n_frames // 6)
    y = ReflectCrop()(numbered(18, 300), seed=1)[:, 0, 0, 0, 0]
    assert set(y.astype(int)) == {1, 2, 3, 4}


def test_the_whole_sequence_backwards_at_most():
    """A ratio of one reaches from the sequence backwards, over itself, to backwards again."""
    y = ReflectCrop(ratio=1)(numbered(4, 500), seed=0)[:, 0, :, 0, 0].astype(int).tolist()
    assert [4, 3, 2, 1] in y
    assert [1, 2, 3, 4] in y
    assert ReflectCrop(ratio=0.0)(numbered(9), seed=0).tolist() == numbered(9).tolist()


@pytest.mark.parametrize("ratio", [-0.1, 1.1, "1/6"])
def test_wrong_settings(ratio):
    """No more can be reflected than there is."""
    with pytest.raises(ValueError, match=r"ReflectCrop: ratio must lie in \[0, 1\], got"):
        ReflectCrop(ratio=ratio)
