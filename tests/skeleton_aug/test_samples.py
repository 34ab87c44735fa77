import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import Samples, Shear
from skeleton_aug.testing import batches, random_sample

WRONG = {
    "an int array": (np.ones((1, 2, 25, 3), np.int64), TypeError, r"float32 or float64, got int64"),
    "half precision": (np.ones((1, 2, 25, 3), np.float16), TypeError, r"convert with x\.astype\('float32'\)"),
    "one body": (np.ones((2, 25, 3), np.float32), ValueError, r"axes \(M, T, V, C\), got shape \(2, 25, 3\)"),
    "no frames": (np.ones((1, 0, 25, 3), np.float32), ValueError, "at least one frame, joint and channel"),
    "no joints": (np.ones((1, 5, 0, 3), np.float32), ValueError, "at least one frame, joint and channel"),
    "a list": ([[1.0, 2.0]], TypeError, "NumPy array"),
}


@pytest.mark.parametrize(("sample", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_samples_are_refused(sample, error, message):
    """Type and axes are checked, and the message says what is expected."""
    with pytest.raises(error, match=message):
        Samples.from_arrays([sample])


def test_no_samples_are_refused():
    """An empty batch has no shape to give back."""
    for empty in ([], np.ones((0, 1, 5, 25, 3), np.float32)):
        with pytest.raises(ValueError, match="at least one sample"):
            Samples.from_arrays(empty)


def test_samples_of_one_batch_must_agree():
    """Joints, bodies and dtype may not differ; frames may."""
    x = np.ones((1, 4, 25, 3), np.float32)
    for other in (x[:, :, :20], np.ones((2, 4, 25, 3), np.float32), x.astype(np.float64)):
        with pytest.raises(ValueError, match="must share"):
            Samples.from_arrays([x, other])
    assert Samples.from_arrays([x, x[:, :2]]).n_frames.tolist() == [4, 2]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named(value):
    """The message gives sample, body, frame and joint."""
    arrays = [np.ones((2, 5, 25, 3), np.float32) for _ in range(3)]
    arrays[2][1, 3, 7, 2] = value
    with pytest.raises(ValueError, match="Sample 2, body 1, frame 3, joint 7, channel 2 is"):
        Shear()(arrays, seed=0)
    assert Samples.from_arrays(arrays, check=False).n == 3


@given(batches())
def test_tracks_are_found(arrays):
    """First and last frame and gaplessness are those that plain NumPy sees."""
    s = Samples.from_arrays(arrays)
    for n, x in enumerate(arrays):
        present = (x != 0).any(-1)
        for m, body in enumerate(present):
            frames = np.flatnonzero(body.any(-1))
            length = 0 if len(frames) == 0 else frames[-1] - frames[0] + 1
            assert s.length[n, m] == length
            if length:
                assert s.first[n, m] == frames[0]
                track = slice(frames[0], frames[-1] + 1)
                assert s.gapless[n, m] == body[track].all()
                np.testing.assert_array_equal(s.rows[s.row[n, m] :][:length], x[m, track])


def test_a_contiguous_batch_is_not_copied():
    """Rows are a read-only view of the caller's memory."""
    x = np.ones((3, 2, 5, 25, 3), np.float32)
    rows = Samples.from_arrays(x).rows
    assert np.shares_memory(rows, x)
    assert not rows.flags.writeable
    assert x.flags.writeable


@given(st.integers(0, 3))
def test_strides_do_not_matter(seed):
    """A transposed, reversed or sliced view gives the result of its copy."""
    x = np.stack([random_sample(np.random.default_rng(seed + i), 3, 20, gaps="all") for i in range(2)])
    for view in (x[:, ::-1], x[:, :, ::2], x.transpose(1, 0, 2, 3, 4), x[1:, :2]):
        np.testing.assert_array_equal(Shear()(view, seed=1), Shear()(view.copy(), seed=1))


def test_a_memory_map_is_read_in_place(tmp_path):
    """Read-only maps serve as input and are not copied."""
    x = np.stack([random_sample(np.random.default_rng(i)) for i in range(2)])
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert np.shares_memory(Samples.from_arrays(mapped).rows, mapped)
    np.testing.assert_array_equal(Shear()(mapped, seed=1), Shear()(x, seed=1))


def test_bones_missing_beside_joints_are_gaps():
    """With C = 6 a body is gapless only if its bones are all there too."""
    x = np.ones((1, 4, 25, 6), np.float32)
    assert Samples.from_arrays([x]).gapless.all()
    x[0, 2, 3, 3:] = 0
    assert not Samples.from_arrays([x]).gapless.any()
