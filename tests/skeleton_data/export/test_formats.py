"""Each format: what is in the files for those who read them without this library, and what is refused."""

import csv
import json
import pickle

import numpy as np
import pytest

from skeleton_aug.skeletons import KINECT_V1
from skeleton_data import RawBody, RawSequence, SkeletonDataError, Store, convert, convert_sequences, export
from skeleton_data.export.ctrgcn import CTRGCNExport
from skeleton_data.export.ntu import NTUExport
from skeleton_data.export.pyskl import PysklExport
from skeleton_data.export.stgcn import STGCNExport
from skeleton_data.formats.nucla import NUCLA
from tests.skeleton_data.made import NTU_NAMES, assert_same, odd_store

NUCLA_NAMES = ["a01_s01_e00_v01", "a01_s01_e00_v03", "a12_s10_e03_v02", "a08_s06_e01_v03"]
NUCLA_LABELS = dict(zip(NUCLA_NAMES, [0, 0, 9, 6], strict=True))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return odd_store(tmp_path_factory.mktemp("store") / "a.h5", 0, NTU_NAMES, most=2)


@pytest.fixture(scope="module")
def nucla(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "b.h5"
    names = NUCLA.class_names
    return odd_store(path, 1, NUCLA_NAMES, most=1, skeleton=KINECT_V1, label=NUCLA_LABELS.get, class_names=names)


@pytest.mark.parametrize(("half", "dtype"), [(False, np.float32), (True, np.float16)])
def test_pyskl_for_others(tmp_path, half, dtype):
    """Python's unpickler gives what pyskl reads, with float32 or float16 positions."""
    store = odd_store(tmp_path / "a.h5", 0, NTU_NAMES, most=2, tame=True)
    export(store, PysklExport(half=half), tmp_path / "x.pkl")
    content = pickle.loads((tmp_path / "x.pkl").read_bytes())
    assert list(content) == ["split", "annotations"]
    assert list(content["split"]) == ["xsub_train", "xsub_val", "xview_train", "xview_val"]
    for annotation, sample in zip(content["annotations"], store, strict=True):
        assert annotation["frame_dir"] == sample.name and annotation["label"] == sample.label
        assert annotation["total_frames"] == sample.positions.shape[1] and annotation["keypoint"].dtype == dtype
        np.testing.assert_array_equal(annotation["keypoint"], sample.positions.astype(dtype))
    names = [annotation["frame_dir"] for annotation in content["annotations"]]
    assert [names.index(name) for name in content["split"]["xview_val"]] == store.split("xview")[1].tolist()


def test_positions_beyond_half_precision(store, tmp_path):
    """What float16 cannot hold is refused, not made infinite."""
    with pytest.raises(SkeletonDataError, match="beyond float16; leave out --half"):
        export(store, PysklExport(half=True), tmp_path / "x.pkl")
    assert list(tmp_path.iterdir()) == []


def test_one_split_only(store, tmp_path):
    """With a split named, only its recordings and only it are written."""
    assert export(store, "pyskl", tmp_path / "x.pkl", split="xview") == len(store)
    content = pickle.loads((tmp_path / "x.pkl").read_bytes())
    assert list(content["split"]) == ["xview_train", "xview_val"]
    with pytest.raises(SkeletonDataError, match="no split 'x'; it has xsub, xview"):
        export(store, "pyskl", tmp_path / "y.pkl", split="x")


def test_stgcn_for_others(store, tmp_path):
    """The pickle holds names and labels as st-gcn wrote them, readable by Python 2; lengths are beside."""
    export(store, "stgcn", tmp_path / "x", split="xview")
    train, test = store.split("xview")
    for part, indices in (("train", train), ("val", test)):
        names, labels = pickle.loads((tmp_path / "x" / f"{part}_label.pkl").read_bytes())
        assert names == [f"{store.samples['name'][index]}.skeleton" for index in indices]
        assert labels == store.labels[indices].tolist()
        lengths = np.load(tmp_path / "x" / f"{part}_num_frame.npy")
        assert lengths.tolist() == store.samples["n_frames"][indices].tolist()
    assert (tmp_path / "x" / "train_label.pkl").read_bytes()[1] <= 2


@pytest.mark.parametrize("made", [STGCNExport, CTRGCNExport])
def test_padded_formats_refuse_what_does_not_fit(store, tmp_path, made):
    """Several splits, recordings that are longer or have more bodies, a split without a part: told with counts."""
    for options, split, says in (
        ({}, None, "holds one split; say which with --split (it has xsub, xview)"),
        ({"frames": 1}, "xsub", "are longer than 1 frames; say more with --frames"),
        ({"bodies": 1}, "xsub", "have more than 1 bodies; say more with --bodies"),
    ):
        with pytest.raises(SkeletonDataError) as caught:
            export(store, made(**options), tmp_path / "x", split=split)
        assert says in str(caught.value)
    lone = odd_store(tmp_path / "lone.h5", 0, NTU_NAMES[:1])
    with pytest.raises(SkeletonDataError, match="a part without recordings"):
        export(lone, made(bodies=9), tmp_path / "x", split="xsub")
    assert [entry.name for entry in tmp_path.iterdir()] == ["lone.h5"]


def test_folder_for_others(store, tmp_path):
    """The table is plain CSV, the arrays plain .npy, the layout plain JSON."""
    export(store, "folder", tmp_path / "x")
    with (tmp_path / "x" / "samples.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(store) and list(rows[0])[-2:] == ["split:xsub", "split:xview"]
    for row, sample in zip(rows, store, strict=True):
        np.testing.assert_array_equal(np.load(tmp_path / "x" / row["file"], allow_pickle=False), sample.positions)
        assert row["name"] == sample.name and row["file"] == f"{sample.name}.npy" and int(row["label"]) == sample.label
        assert [int(word) for word in row["body_ids"].split()] == sample.body_ids.tolist()
    assert json.loads((tmp_path / "x" / "skeleton.json").read_text())["name"] == "kinect_v2"
    assert (tmp_path / "x" / "classes.txt").read_text().splitlines() == list(store.class_names)


@pytest.mark.parametrize(
    ("names", "class_names", "says"),
    [
        ([" x"], ["a"], "have names with blanks around them:  x"),
        (["x"], ["a\u2028b"], "have a class name of no or several"),
    ],
)
def test_folder_refuses_what_a_table_does_not_give_back(tmp_path, names, class_names, says):
    """Names that would change on their way are refused, before anything is written."""
    odd = odd_store(tmp_path / "a.h5", 0, names, label=lambda name: 0, class_names=class_names)
    with pytest.raises(SkeletonDataError, match=says):
        export(odd, "folder", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_ntu_text_for_others(store, tmp_path):
    """Every line has as many values as the format asks for, with the constants in their places."""
    export(store, NTUExport(), tmp_path / "x")
    for sample in store:
        lines = (tmp_path / "x" / f"{sample.name}.skeleton").read_text().splitlines()
        assert int(lines[0]) == sample.positions.shape[1]
        at = 1
        for _ in range(int(lines[0])):
            n_bodies = int(lines[at])
            for body in range(n_bodies):
                head = lines[at + 1 + body * 27].split()
                assert len(head) == 10 and head[1:9] == ["0"] * 8 and head[9] in "02"
                assert lines[at + 2 + body * 27] == "25"
                for line in lines[at + 3 + body * 27 : at + 28 + body * 27]:
                    values = line.split()
                    present = any(float(value) for value in values[:3])
                    assert len(values) == 12 and values[3:] == ["0"] * 8 + ["2" if present else "0"]
            at += 1 + 27 * n_bodies
        assert at == len(lines)


def test_places_in_ntu_text(tmp_path):
    """A body keeps its place in every frame: a missing one before it is listed with zeros, one behind it is not."""
    ones = np.ones((1, 25, 3), np.float32)
    bodies = [RawBody(7, np.array([1], np.int32), ones), RawBody(5, np.array([0], np.int32), 2 * ones)]
    given = RawSequence("S001C001P001R001A001", 3, bodies, 0, "p")
    convert_sequences([given], tmp_path / "a.h5", skeleton="kinect_v2", class_names=["x"])
    export(Store.open(tmp_path / "a.h5"), "ntu", tmp_path / "x")
    lines = (tmp_path / "x" / f"{given.name}.skeleton").read_text().splitlines()
    counts_and_ids = [line.split()[0] for line in lines if len(line.split()) in (1, 10) and line != "25"]
    assert counts_and_ids == ["3", "2", "7", "5", "1", "7", "0"]
    assert lines[4] == "0 0 0 0 0 0 0 0 0 0 0 0" and lines[31] == "2 2 2 0 0 0 0 0 0 0 0 2"


def test_ntu_text_is_refused_for_others(store, nucla, tmp_path):
    """Other joints, and names that are not NTU's or say another class, are refused with a way out."""
    with pytest.raises(SkeletonDataError, match="NTU text has 25 joints, the store has kinect_v1, 20"):
        export(nucla, "ntu", tmp_path / "x")
    for names, label in ((["walk"], 0), (["s001c001p001r001a001"], 0), (["S001C001P001R001A002"], 0)):
        other = odd_store(tmp_path / "o.h5", 0, names, label=lambda name: label)  # noqa: B023
        with pytest.raises(SkeletonDataError, match=f"1 recordings are not named like.*'folder' takes any.*{names[0]}"):
            export(other, "ntu", tmp_path / "x")


def test_nucla_and_back(nucla, tmp_path):
    """JSON files give back positions, names, labels and splits; only body ids are lost."""
    export(nucla, "nucla", tmp_path / "x")
    convert("nucla", tmp_path / "x", tmp_path / "b.h5", bodies="first")
    back = Store.open(tmp_path / "b.h5")
    by_name = sorted(NUCLA_NAMES)
    assert back.samples["name"].tolist() == by_name and (back.tracks["body_id"] == 0).all()
    for sample in back:
        other = nucla[NUCLA_NAMES.index(sample.name)]
        assert sample.positions.tobytes() == other.positions.tobytes() and sample.label == other.label


def test_real_nucla_and_back(nucla_zip, tmp_path):
    """The real recordings go to a store, to JSON and to every other format, and come back."""
    convert("nucla", nucla_zip, tmp_path / "a.h5")
    one = Store.open(tmp_path / "a.h5")
    for there, back in (("nucla", "nucla"), ("folder", "folder")):
        export(one, there, tmp_path / there)
        convert(back, tmp_path / there, tmp_path / "b.h5", force=True)
        assert_same(one, Store.open(tmp_path / "b.h5"))


def test_nucla_is_refused_for_others(store, nucla, tmp_path):
    """Other joints, several bodies and other names are refused."""
    with pytest.raises(SkeletonDataError, match="N-UCLA has 20 joints"):
        export(store, "nucla", tmp_path / "x")
    for names, label, most, says in (
        (["a01_s01_e00_v01"], 3, 1, "1 recordings are not named like a01"),
        (["walk"], 0, 1, "1 recordings are not named like a01"),
        (NUCLA_NAMES, 0, 9, "have several bodies"),
    ):
        labels = NUCLA_LABELS.get if most > 1 else lambda name: label  # noqa: B023
        other = odd_store(
            tmp_path / "o.h5", 2, names, most=most, skeleton=KINECT_V1, label=labels, class_names=NUCLA.class_names
        )
        with pytest.raises(SkeletonDataError, match=says):
            export(other, "nucla", tmp_path / "x")


def test_unknown_format(store, tmp_path):
    """A format that is none is told with those there are."""
    with pytest.raises(SkeletonDataError, match="Unknown format 'pku'; a store can be exported as folder, ntu"):
        export(store, "pku", tmp_path / "x")
