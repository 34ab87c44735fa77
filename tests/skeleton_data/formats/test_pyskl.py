"""The pickle of pyskl and mmaction2 read: names, splits, precisions, and what is refused."""

import pickle

import numpy as np
import pytest

from skeleton_data import RawFileError, SkeletonDataError, Store, convert
from skeleton_data.formats.ntu_lists import CLASSES
from skeleton_data.formats.parts import paired
from skeleton_data.formats.pyskl import Pyskl

NAMES = ["S001C001P001R001A003", "S001C002P001R001A003", "S002C001P003R002A060"]
KEYPOINTS = [np.random.default_rng(at).normal(size=(1 + at % 2, 4 + at, 25, 3)).astype(np.float16) for at in range(3)]


def annotations(key="frame_dir", **changed):
    return [
        {key: name, "label": int(name[-3:]) - 1, "keypoint": keypoint, "total_frames": keypoint.shape[1], **changed}
        for name, keypoint in zip(NAMES, KEYPOINTS, strict=True)
    ]


def content(**options):
    splits = {"xsub_train": NAMES[:2], "xsub_val": NAMES[2:], "xview_train": NAMES[1:2], "xview_val": NAMES[::2]}
    return {"split": splits, "annotations": annotations(**options)}


def converted(tmp_path, data, protocol=4, **options):
    (tmp_path / "x.pkl").write_bytes(data if isinstance(data, bytes) else pickle.dumps(data, protocol))
    summary = convert(Pyskl(**options), tmp_path / "x.pkl", tmp_path / "a.h5", force=True)
    return summary, Store.open(tmp_path / "a.h5")


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("key", ["frame_dir", "filename"])
def test_whole_file(tmp_path, key, protocol):
    """Both keys, all protocols: positions as float32, splits, and all that NTU names tell."""
    summary, store = converted(tmp_path, content(key=key), protocol)
    assert summary.n_samples == 3 and not summary.rejected and not summary.left_out
    for sample, name, keypoint in zip(store, NAMES, KEYPOINTS, strict=True):
        assert sample.name == name and sample.label == int(name[-3:]) - 1
        np.testing.assert_array_equal(sample.positions, keypoint.astype(np.float32))
        assert sample.body_ids.tolist() == list(range(len(keypoint)))
    last = store[2]
    assert (last.subject, last.camera, last.setup, last.replication) == (3, 1, 2, 2)
    assert store.performance_names == ("S001P001R001A003", "S002P003R002A060")
    assert store.class_names == CLASSES[:60]
    assert [list(part) for part in store.split("xsub")] == [[0, 1], [2]]
    assert [list(part) for part in store.split("xview")] == [[1], [0, 2]]


def test_other_forms(tmp_path):
    """A list without splits, names that are not NTU's, scalars of NumPy, doubles, and paths in names."""
    plain = annotations(label=np.int64(7))
    for at, annotation in enumerate(plain):
        annotation["frame_dir"] = ["walk_1", "/data/S001C001P001R001A003.skeleton", "x/y"][at]
        annotation["keypoint"] = annotation["keypoint"].astype(np.float64)
    _, store = converted(tmp_path, plain)
    assert store.samples["name"].tolist() == ["walk_1", "S001C001P001R001A003", "x/y"]
    assert store.class_names == tuple(map(str, range(8))) and store.splits == ()
    assert converted(tmp_path, plain, classes="ntu120")[1].class_names == CLASSES


def test_bodies_are_kept_as_selected(tmp_path):
    """What the makers selected stays: a wide body and one of few frames are not selected away."""
    wide = np.ones((2, 3, 25, 3), np.float16)
    wide[..., 0] *= np.arange(25)
    data = [{"frame_dir": "x", "label": 0, "keypoint": wide, "total_frames": 3}]
    assert converted(tmp_path, data)[1][0].positions.shape == (2, 3, 25, 3)


def test_frames_without_bodies(tmp_path):
    """All-zero frames stay frames; a body without any is left out."""
    keypoint = np.zeros((2, 5, 25, 3), np.float16)
    keypoint[1, 2] = 1
    _, store = converted(tmp_path, [{"frame_dir": "x", "label": 0, "keypoint": keypoint, "total_frames": 5}])
    assert store[0].positions.shape == (1, 5, 25, 3) and store[0].body_ids.tolist() == [1]
    np.testing.assert_array_equal(store[0].positions[0], keypoint[1])


def test_keypoints_in_the_plane_are_refused(tmp_path):
    """Pixels with scores are no positions in space; the error says so."""
    flat = {"frame_dir": "x", "label": 0, "keypoint": np.zeros((1, 3, 17, 2), np.float16), "total_frames": 3}
    for annotation in (flat, {**annotations()[0], "keypoint_score": np.zeros((1, 4, 25), np.float16)}):
        with pytest.raises(RawFileError, match=r"annotations\[0\].*in the plane, in pixels"):
            converted(tmp_path, [annotation])


def test_wrong_annotations_are_rejected(tmp_path):
    """Each wrong annotation is named by its place, and the others are read."""
    good = annotations()[0]
    wrong = [
        (7, "expected a dictionary"),
        ({**good, "frame_dir": 3}, "expected its name under 'frame_dir'"),
        ({**good, "label": None}, "expected its label"),
        ({**good, "keypoint": [1]}, "expected an array"),
        ({**good, "frame_dir": "a", "total_frames": 99}, "'total_frames' is 99, but 'keypoint' has 4"),
        ({**good, "frame_dir": "b", "keypoint": np.zeros((4, 25, 3))}, "expected positions"),
        ({**good, "frame_dir": "c", "keypoint": np.zeros((1, 4, 20, 3))}, "has 20 joints"),
        ({**good, "frame_dir": "d\n"}, "control characters"),
        ({**good, "frame_dir": "e\ud800"}, "no valid text"),
        ({**good, "frame_dir": "f" * 300}, "longer than"),
        ({**good, "frame_dir": "g", "label": -2}, "has label -2"),
        ({**good, "frame_dir": "h", "label": 10**9}, "has label 1000000000"),
        (dict(good), "was read before"),
    ]
    summary, store = converted(tmp_path, [good, *(annotation for annotation, _ in wrong)])
    assert len(store) == 1
    found = "\n".join(str(error) for error in summary.rejected)
    for _, says in wrong:
        assert says in found
    assert len(summary.rejected) == len(wrong)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"x": 1}, "expected a dictionary with 'annotations'"),
        (3, "expected a dictionary with 'annotations'"),
        ({"annotations": [], "split": {}}, "has no annotations"),
        ({"annotations": [1], "split": {"a": 3}}, "expected the split 'a' to be a list of names"),
        (b"\x80\x04cos\nsystem\n.", "os.system"),
        (pickle.dumps(content())[:-900], "no whole pickle"),
    ],
)
def test_other_files(tmp_path, data, says):
    """What is no such pickle is one error, and nothing is written."""
    with pytest.raises(SkeletonDataError, match=says):
        converted(tmp_path, data)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.pkl"]


def test_sources_that_are_none(tmp_path):
    """A folder or a missing file is told."""
    for source in (tmp_path, tmp_path / "gone.pkl"):
        with pytest.raises(SkeletonDataError, match=r"Give the \.pkl file"):
            Pyskl().bind(source)


def test_names_of_a_split_without_annotation(tmp_path):
    """They are counted, not passed over."""
    data = content()
    data["split"]["xsub_val"] = [*NAMES[2:], "S009C001P001R001A001"]
    summary, _ = converted(tmp_path, data)
    assert summary.left_out == {"in a split, but without an annotation that can be read": 1}


def test_lists_become_splits():
    """Lists pair up by their names, with numbers and with three parts too; a lone list is a training part."""
    lists = {
        name: [name] for name in ("xsub_train", "xsub_val", "train1", "test1", "train", "val", "test", "all", "a/b")
    }
    assert paired(lists) == {
        "xsub": (["xsub_train"], ["xsub_val"]),
        "1": (["train1"], ["test1"]),
        "given": (["train"], ["test"]),
        "given_val": (["train"], ["val"]),
        "all": (["all"], ()),
        "a_b": (["a/b"], ()),
    }


def test_workers_give_the_same_bytes(tmp_path):
    """Reading in two processes gives the very file that one gives."""
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(content()))
    for workers in (1, 2):
        convert("pyskl", tmp_path / "x.pkl", tmp_path / f"{workers}.h5", workers=workers)
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()
