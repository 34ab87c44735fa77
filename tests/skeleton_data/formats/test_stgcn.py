"""The arrays of st-gcn and 2s-AGCN read: layout, padding, names, and files that do not fit together."""

import pickle

import numpy as np
import pytest

from skeleton_data import SkeletonDataError, Store, convert
from skeleton_data.formats.ntu_lists import CLASSES
from skeleton_data.formats.stgcn import STGCN

NAMES = {
    "train": ["S001C002P001R001A003.skeleton", "/data/nturgb+d_skeletons/S001C003P001R001A003.skeleton"],
    "val": ["S001C001P001R001A003", "C:\\data\\S002C001P003R002A050.skeleton"],
}
LABELS = {"train": [2, 2], "val": [2, 49]}
LENGTHS = {"train": [3, 6], "val": [5, 1]}


def entries(part):
    data = np.zeros((2, 3, 6, 25, 2), np.float32)
    rng = np.random.default_rng(len(part))
    for at, length in enumerate(LENGTHS[part]):
        data[at, :, :length] = rng.normal(size=(3, length, 25, 2))
    data[0, ..., 1] = 0
    return data


@pytest.fixture
def folder(tmp_path):
    """A folder called xview with both parts."""
    made = tmp_path / "xview"
    made.mkdir()
    for part in ("train", "val"):
        np.save(made / f"{part}_data.npy", entries(part))
        (made / f"{part}_label.pkl").write_bytes(pickle.dumps((NAMES[part], LABELS[part])))
    return made


def converted(folder, to="a.h5", **options):
    summary = convert(STGCN(**options), folder, folder.parent / to, force=True)
    return summary, Store.open(folder.parent / to)


def test_whole_folder(folder):
    """Each coordinate in its place, padding cut, one split, and all that NTU names tell, from any path."""
    summary, store = converted(folder)
    assert summary.n_samples == 4 and not summary.rejected
    clean = ["S001C002P001R001A003", "S001C003P001R001A003", "S001C001P001R001A003", "S002C001P003R002A050"]
    assert store.samples["name"].tolist() == clean and store.labels.tolist() == [2, 2, 2, 49]
    expected = [entry for part in ("train", "val") for entry in entries(part)]
    for sample, entry, length in zip(store, expected, [3, 6, 5, 1], strict=True):
        n_bodies = len(sample.positions)
        np.testing.assert_array_equal(sample.positions, entry[:, :length, :, :n_bodies].transpose(3, 1, 2, 0))
    assert [len(sample.positions) for sample in store] == [1, 2, 1, 2]
    assert store.class_names == CLASSES[:60] and store.splits == ("xview",)
    assert [list(part) for part in store.split("xview")] == [[0, 1], [2, 3]]
    assert len(store.performances()) == 2 and store[3].subject == 3


def test_lengths_told_beside(folder):
    """``_num_frame.npy`` decides how long a recording is, also where it ends without anybody."""
    np.save(folder / "train_num_frame.npy", np.array([5, 6]))
    assert converted(folder)[1].samples["n_frames"].tolist() == [5, 6, 5, 1]
    np.save(folder / "train_num_frame.npy", np.array([5, 7]))
    summary, store = converted(folder)
    assert len(store) == 3 and "has 6 frames at most, its number of frames is 7" in str(summary.rejected[0])
    np.save(folder / "train_num_frame.npy", np.array([5]))
    with pytest.raises(SkeletonDataError, match="expected 2 numbers of frames"):
        converted(folder)


def test_padding_kept(folder):
    """On request the empty frames at the end stay."""
    assert converted(folder, keep_padding=True)[1].samples["n_frames"].tolist() == [6] * 4


def test_other_spellings(folder):
    """``_data_joint.npy`` beside bones; Python 2's pickle; labels as an array; a list for a pair; Fortran order."""
    for part in ("train", "val"):
        (folder / f"{part}_data.npy").rename(folder / f"{part}_data_joint.npy")
    expected = converted(folder, to="expected.h5")[1]
    np.save(folder / "train_data_bone.npy", np.zeros(1))
    np.save(folder / "train_data_joint.npy", np.asfortranarray(entries("train")).astype(np.float16))
    (folder / "train_label.pkl").write_bytes(pickle.dumps([NAMES["train"], np.array(LABELS["train"])], 4))
    text = (
        "(lp0\n(lp1\nS'S001C001P001R001A003.skeleton'\np2\naS'S002C001P003R002A050.skeleton'\np3\naa(lp4\nI2\naI49\naa."
    )
    (folder / "val_label.pkl").write_text(text)
    summary, store = converted(folder, split="mine")
    assert summary.left_out == {"bones or motion, which are made from joints": 1}
    assert store.samples["name"].tolist() == expected.samples["name"].tolist() and store.splits == ("mine",)
    np.testing.assert_allclose(store.rows, expected.rows, atol=2e-3)
    np.testing.assert_array_equal(store[3].positions, expected[3].positions)


def test_one_part_alone(folder):
    """A folder with the training part only is a split without a test part."""
    for kind in ("data.npy", "label.pkl"):
        (folder / f"val_{kind}").unlink()
    assert [list(part) for part in converted(folder)[1].split("xview")] == [[0, 1], []]


def test_folder_of_another_name(folder):
    """Where the folder's name tells no split, it is the given one."""
    assert converted(folder.rename(folder.with_name("prepared")))[1].splits == ("given",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (3, "expected a pair"),
        ((["a"], [0]), "has 1 names and 1 labels for 2 samples"),
        ((["a", 3], [0, 0]), "expected the names to be texts"),
        ((["a", "b"], ["0", "1"]), "expected the labels to be whole numbers"),
        (("ab", [0, 1]), "expected a list of names"),
        (({"a"}, eval), "refused to unpickle"),
    ],
)
def test_labels_that_do_not_fit(folder, content, says):
    """A label file that is none, or of another array, is one error."""
    (folder / "train_label.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(SkeletonDataError, match=rf"train_label\.pkl: .*{says}"):
        converted(folder)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((2, 2, 6, 25, 2), np.float32), "expected floats"),
        (np.zeros((2, 3, 6, 25), np.float32), "expected floats"),
        (np.zeros((2, 3, 6, 25, 2), np.int32), "expected floats"),
        (np.zeros((0, 3, 6, 25, 2), np.float32), "expected floats"),
        (np.zeros((2, 3, 6, 20, 2), np.float32), "has 20 joints.*--skeleton"),
    ],
)
def test_arrays_that_do_not_fit(folder, array, says):
    """An array of another shape is one error with the file and shape."""
    np.save(folder / "train_data.npy", array)
    with pytest.raises(SkeletonDataError, match=rf"train_data\.npy: .*{says}"):
        converted(folder)


def test_files_that_are_missing_or_too_many(folder):
    """A missing pickle, two arrays of one part, a folder above the right one: each is told with its mend."""
    with pytest.raises(SkeletonDataError, match=r"Perhaps you mean .*xview"):
        converted(folder.parent)
    np.save(folder / "train_data_joint.npy", np.zeros(1))
    with pytest.raises(SkeletonDataError, match="a second array of the part 'train'"):
        converted(folder)
    (folder / "train_data_joint.npy").unlink()
    (folder / "val_label.pkl").unlink()
    with pytest.raises(SkeletonDataError, match=r"val_label\.pkl: no such file"):
        converted(folder)
    with pytest.raises(SkeletonDataError, match="is no folder"):
        converted(folder / "train_data.npy")


def test_names_that_stand_twice(folder):
    """A name in both parts is read once; the second is rejected, not mixed in."""
    (folder / "val_label.pkl").write_bytes(pickle.dumps((NAMES["train"], LABELS["train"])))
    summary, store = converted(folder)
    assert len(store) == 2 and len(summary.rejected) == 2 and "was read before" in str(summary.rejected[0])


def test_other_labels_than_the_names_say(folder):
    """Where labels were numbered anew, NTU's class names are not put on them."""
    (folder / "val_label.pkl").write_bytes(pickle.dumps((NAMES["val"], [0, 1])))
    assert converted(folder)[1].class_names == ("0", "1", "2")
