"""The lists in the package, held to those that the makers of the data sets published."""

import json

import numpy as np
import pytest

from skeleton_data.formats import ntu_lists
from skeleton_data.formats.ntu import RecordingName, missing_names
from skeleton_data.formats.pku import PKU1, PKU2
from skeleton_data.formats.pku_labels import CLASS_NAMES
from skeleton_data.storage.schema import sample_dtype


def lines(path):
    return path.read_text("utf-8").split("\n")


def test_missing_skeletons(official_lists):
    """The package leaves out exactly the 535 names of the official list, of which 302 are on that of NTU-60."""
    assert missing_names() == set((official_lists / "ntu120_missing_535.txt").read_text().split())
    of_60 = {name for name in missing_names() if RecordingName.parse(name).setup <= 17}
    assert of_60 == set((official_lists / "ntu60_missing_302.txt").read_text().split())


def test_ntu_ids(official_lists):
    """Training subjects, cameras and setups, and who was seen in which setup, are the published ones."""
    published = json.loads((official_lists / "ntu_splits.json").read_text())
    assert list(ntu_lists.XSUB60_TRAIN_SUBJECTS) == published["xsub60_train"]
    assert list(ntu_lists.XSUB120_TRAIN_SUBJECTS) == published["xsub120_train"]
    assert list(ntu_lists.XVIEW_TRAIN_CAMERAS) == published["xview_train_cameras"]
    assert list(ntu_lists.XSET_TRAIN_SETUPS) == published["xset_train_setups"]
    subjects = {str(setup): sorted(ids) for setup, ids in ntu_lists.SETUP_SUBJECTS.items()}
    assert subjects == {setup: sorted(ids) for setup, ids in published["setup_subjects"].items()}
    everybody = {subject for ids in ntu_lists.SETUP_SUBJECTS.values() for subject in ids}
    assert everybody - set(ntu_lists.XSUB120_TRAIN_SUBJECTS) == set(published["xsub120_test"])


@pytest.mark.parametrize(("file", "names"), [("ntu", ntu_lists.CLASSES), ("pkummd", CLASS_NAMES)])
def test_class_names(official_lists, file, names):
    """Classes have the published names in the published order."""
    rows = [line.split("\t") for line in lines(official_lists / f"{file}_classes.tsv") if line.strip()]
    assert [row[1] for row in rows] == list(names) and [int(row[0]) for row in rows] == list(range(1, len(names) + 1))


def pku_table(recordings, instance):
    samples = np.zeros(len(recordings), sample_dtype("U24"))
    samples["name"] = [f"{name}{instance}" for name in recordings]
    samples["camera"] = ["LMR".index(name[-1]) + 1 for name in recordings]
    samples["subject"] = [int(name[4:6]) if name[0] == "A" else -1 for name in recordings]
    return samples


def parts_of(path):
    """Recordings of the training and the validation part of a split file."""
    _, train, _, test = (line for line in lines(path) if line.strip())
    return [[name.strip() for name in part.split(",") if name.strip()] for part in (train, test)]


@pytest.mark.parametrize(
    ("split", "file", "counts"),
    [("xsub", "cross_subject", (944, 132)), ("xview", "cross_view_DERIVED", (717, 359))],
)
def test_pku_1_splits(official_lists, split, file, counts):
    """Every recording of phase I falls into the part that the split file says."""
    train, test = parts_of(official_lists / f"pkummd1_{file}.txt")
    assert (len(train), len(test)) == counts
    recordings = sorted(train + test)
    found = PKU1().splits(pku_table(recordings, "_A05_001"))[split]
    assert [[recordings[i] for i in part] for part in found] == [sorted(train), sorted(test)]


def test_pku_2_split(official_lists):
    """Every recording of phase II falls into the part that the lists say."""
    train = (official_lists / "pkummd2_cross_subject_train_names_DERIVED.txt").read_text().split()
    test = (official_lists / "pkummd2_cross_subject_test_names.txt").read_text().split()
    assert (len(train), len(test)) == (775, 234)
    recordings = sorted(train + test)
    found = PKU2().splits(pku_table(recordings, "_A05_001"))["xsub"]
    assert [[recordings[i] for i in part] for part in found] == [sorted(train), sorted(test)]
