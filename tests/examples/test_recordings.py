import numpy as np
import pytest

from examples.recordings import find_recordings, read_skeleton_file
from examples.run import InputError
from skeleton_aug import get_skeleton
from skeleton_data import RawFileError, Store, convert
from skeleton_data.synthetic import synthesize

KINECT = get_skeleton("kinect_v2")


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Simulated .skeleton files, some with a second person or furniture."""
    folder = tmp_path_factory.mktemp("raw")
    synthesize(folder, performances=6, seed=2)
    return folder


@pytest.mark.parametrize("bodies", ["motion", "first"])
def test_reads_as_the_converter_does(raw, tmp_path, bodies):
    """Every file gives the positions that conversion would store, to the bit, whatever the file is called."""
    convert("ntu60", raw, tmp_path / "store.h5", bodies=bodies)
    store = Store.open(tmp_path / "store.h5")
    files = {path.stem: path for path in raw.rglob("*.skeleton")}
    assert len(store) >= 15 and {sample.positions.shape[0] for sample in store} == {1, 2}
    for sample in store:
        renamed = tmp_path / "kitchen.skeleton"
        renamed.write_bytes(files[sample.name].read_bytes())
        np.testing.assert_array_equal(read_skeleton_file(renamed, bodies), sample.positions)


def test_broken_numbers_are_missing(tmp_path, write_skeleton, standing):
    """A joint without finite coordinates becomes zeros, and a frame of such joints is one without the body."""
    positions = standing[:, :3].copy()
    positions[0, 0, 3, 1], positions[0, 1] = np.nan, np.nan
    found = read_skeleton_file(write_skeleton(tmp_path / "x.skeleton", positions))
    positions[0, 0, 3], positions[0, 1] = 0, 0
    np.testing.assert_array_equal(found, positions)


def test_recording_of_nobody(tmp_path):
    """A file in which nobody was found has its frames and no bodies."""
    (tmp_path / "x.skeleton").write_text("3\n0\n0\n0\n")
    assert read_skeleton_file(tmp_path / "x.skeleton").shape == (0, 3, 25, 3)


def test_folder(raw, tmp_path):
    """Files anywhere in a folder are read in order, named by their place; broken ones are noted with their line."""
    files = sorted(raw.rglob("*.skeleton"))[:2]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.skeleton").write_bytes(files[0].read_bytes())
    (tmp_path / "two.SKELETON").write_bytes(files[1].read_bytes())
    (tmp_path / "broken.skeleton").write_bytes(files[1].read_bytes()[:3000])
    (tmp_path / "notes.txt").write_text("no recording")
    found = find_recordings(tmp_path, KINECT, None, "motion")
    assert [recording.name for recording in found] == ["a/one", "two"] and len(found) == 3
    ((error),) = found.rejected
    assert isinstance(error, RawFileError) and "broken.skeleton, line" in str(error)


def test_store(store_path, store):
    """A store gives its recordings, or the test half of a split."""
    found = find_recordings(store_path, KINECT, "xview", "motion")
    _, test = store.split("xview")
    read = list(found)
    assert [r.name for r in read] == [store[int(i)].name for i in test] and len(found) == len(test)
    np.testing.assert_array_equal(read[0].positions, store[int(test[0])].positions)
    assert len(find_recordings(store_path, KINECT, None, "motion")) == len(store)


def test_what_cannot_be_read(raw, store_path, tmp_path):
    """Missing data, an empty folder, another layout and a split of files are named with what to do."""
    for data, skeleton, split, message in (
        (tmp_path / "absent", KINECT, None, "no such file or folder"),
        (tmp_path, KINECT, None, r"no \.skeleton files here"),
        (raw, get_skeleton("kinect_v1"), None, "25 joints of Kinect v2"),
        (store_path, get_skeleton("kinect_v1"), None, r"holds kinect_v2 \(25 joints\)"),
        (raw, KINECT, "xsub", "--split is for stores"),
    ):
        with pytest.raises(InputError, match=message):
            find_recordings(data, skeleton, split, "motion")
