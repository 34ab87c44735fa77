import numpy as np

from skeleton_data import Store, convert
from skeleton_data.conversion.gaps import fill_gaps


def track(n=8):
    return np.arange(1, 3 * 2 * n + 1, dtype=np.float32).reshape(n, 2, 3)


def test_line_between_neighbours():
    """A gap of two frames of one joint lies on the straight line between its ends; all else is untouched."""
    whole, holed = track(), track()
    holed[3:5, 1] = 0
    filled, frames, joints = fill_gaps(holed, 2)
    np.testing.assert_allclose(filled, whole, rtol=1e-6)
    np.testing.assert_array_equal(filled[:, 0], holed[:, 0])
    assert (frames, joints) == (2, 2) and not holed[3:5, 1].any()


def test_longer_gaps_stay_open():
    """A gap one frame too long is not filled at all, nor in part."""
    holed = track()
    holed[2:5, 0] = 0
    filled, frames, joints = fill_gaps(holed, 2)
    assert filled[2:5, 0].any() == frames == joints == 0
    assert fill_gaps(holed, 3)[1:] == (3, 3)


def test_ends_are_never_extrapolated():
    """What is missing at either end of a track stays missing, and a joint never seen as well."""
    holed = track()
    holed[0, 0] = holed[-1, 0] = 0
    holed[:, 1] = 0
    filled, frames, joints = fill_gaps(holed, 100)
    np.testing.assert_array_equal(filled, holed)
    assert frames == joints == 0


def test_each_joint_has_its_own_gaps():
    """A whole missing frame counts as one frame and as many joints as are filled in it."""
    holed = track()
    holed[3] = 0
    holed[4, 0] = 0
    filled, frames, joints = fill_gaps(holed, 1)
    assert (frames, joints) == (1, 1) and filled[3, 1].any() and not filled[3:5, 0].any()
    assert fill_gaps(holed, 2)[1:] == (2, 3)


def test_zero_fills_nothing():
    """By default gaps stay as they are."""
    holed = track()
    holed[3] = 0
    assert fill_gaps(holed, 0)[0] is holed


def test_conversion_records_what_was_filled(tmp_path, ntu_text, ntu_frames):
    """The summary and the store tell how many frames and joints were made up; the track is then without gaps."""
    frames = [list(bodies) for bodies in ntu_frames(0, 20)]
    frames[5], frames[10], frames[11] = [], [], []
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "S001C001P001R001A001.skeleton").write_bytes(ntu_text(frames))
    summary = convert("ntu60", tmp_path / "raw", tmp_path / "filled.h5", fill_gaps=2)
    convert("ntu60", tmp_path / "raw", tmp_path / "open.h5")
    filled, left_open = Store.open(tmp_path / "filled.h5"), Store.open(tmp_path / "open.h5")
    assert (summary.cleaning.filled_frames, summary.cleaning.filled_joints) == (3, 75)
    assert filled.provenance["options"]["fill_gaps"] == 2
    assert filled.provenance["counts"]["frames filled"] == 3 and left_open.provenance["counts"]["frames filled"] == 0
    assert filled.tracks["gapless"][0] and not left_open.tracks["gapless"][0]
    np.testing.assert_allclose(filled[0].positions[0, 5], (frames[4][0][1] + frames[6][0][1]) / 2, rtol=1e-5)
    assert not left_open[0].positions[0, 5].any()
