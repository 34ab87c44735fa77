import zipfile
from collections import Counter
from itertools import product

import numpy as np
import pytest

from skeleton_data.formats import get_format, ntu_lists
from skeleton_data.formats.ntu import NTU60, NTU120, RecordingName, missing_names
from skeleton_data.raw import RawItem, SkeletonDataError
from skeleton_data.storage.schema import sample_dtype


def complete_grid(last_setup):
    names = []
    for setup, subjects in ntu_lists.SETUP_SUBJECTS.items():
        actions = range(1, 61) if setup <= 17 else range(61, 121)
        if setup <= last_setup:
            names += [RecordingName(setup, *rest) for rest in product((1, 2, 3), subjects, (1, 2), actions)]
    return names


def table(names):
    samples = np.zeros(len(names), sample_dtype("U20"))
    fields = "setup", "camera", "subject", "replication", "label"
    numbers = np.array([(n.setup, n.camera, n.subject, n.replication, n.action - 1) for n in names])
    for field, values in zip(fields, numbers.T, strict=True):
        samples[field] = values
    samples["duplicate_of"] = -1
    return samples


@pytest.mark.parametrize(
    ("made", "last_setup", "nominal", "official"),
    [
        (
            NTU60(),
            17,
            {"xsub": (40_320, 16_560), "xview": (37_920, 18_960)},
            {"xsub": (40_091, 16_487), "xview": (37_646, 18_932)},
        ),
        (
            NTU120(),
            32,
            {
                "xsub": (63_360, 51_120),
                "xset": (54_720, 59_760),
                "oneshot": (95_400, 19_060),
                "oneshot_exemplars": (20, 19_060),
            },
            {
                "xsub": (63_026, 50_919),
                "xset": (54_468, 59_477),
                "oneshot": (95_001, 18_924),
                "oneshot_exemplars": (20, 18_924),
            },
        ),
    ],
)
def test_official_split_sizes(made, last_setup, nominal, official):
    """On the complete grid of names the splits have the official sizes, before and after the missing list."""
    grid = complete_grid(last_setup)
    kept = [name for name in grid if str(name) not in missing_names()]
    for names, sizes in ((grid, nominal), (kept, official)):
        assert {k: (len(a), len(b)) for k, (a, b) in made.splits(table(names)).items()} == sizes


def test_one_shot_protocol():
    """Auxiliary and novel classes share none; the exemplars are the published ones, and stand in no test part."""
    names = complete_grid(32)
    splits = NTU120().splits(table(names))
    auxiliary, evaluation = splits["oneshot"]
    exemplars, same = splits["oneshot_exemplars"]
    assert same.tolist() == evaluation.tolist() and not np.isin(exemplars, evaluation).any()
    novel = set(range(1, 116, 6))
    assert {names[i].action for i in evaluation} == novel and not novel & {names[i].action for i in auxiliary}
    published = [f"S001C003P008R001A{a:03}" for a in range(1, 56, 6)]
    published += [f"S018C003P008R001A{a:03}" for a in range(61, 116, 6)]
    assert sorted(str(names[i]) for i in exemplars) == published
    assert not missing_names().intersection(published)


@pytest.mark.parametrize(("last_setup", "expected"), [(17, {3: 18_674, 2: 277, 1: 2}), (32, {3: 37_644, 2: 505, 1: 3})])
def test_performances_of_the_complete_data_set(last_setup, expected):
    """After the missing list a few performances have two views or one; eight of NTU-120 have none."""
    grid = complete_grid(last_setup)
    kept = [name for name in grid if str(name) not in missing_names()]
    assert Counter(Counter(name.performance for name in kept).values()) == expected
    without = {name.performance for name in grid} - {name.performance for name in kept}
    assert len(without) == {17: 7, 32: 8}[last_setup] and "S013P015R001A054" in without


def test_missing_list_sizes():
    """The lists hold 535 names, 302 of them of NTU-60, most of them of cameras 2 and 3."""
    assert len(missing_names()) == 535
    parsed = [RecordingName.parse(name) for name in missing_names()]
    of_60 = [name for name in parsed if name.setup <= 17]
    assert len(of_60) == 302
    assert Counter(name.camera for name in of_60) == {1: 28, 2: 113, 3: 161}
    assert Counter(name.camera for name in parsed) == {1: 38, 2: 209, 3: 288}


def test_names_round_trip():
    """Numbers of a name come back, lower case is read, other names are not."""
    name = RecordingName.parse("S017C003P106R002A120")
    assert name == RecordingName(17, 3, 106, 2, 120)
    assert RecordingName.parse("s017c003p106r002a120") == name
    assert str(name) == "S017C003P106R002A120" and name.performance == "S017P106R002A120"
    assert RecordingName.parse("S017C003P106R002A120x") is None


def test_find_in_folders_and_zips(tmp_path, ntu_folder):
    """Any mix of nested folders, upper-case names, zips and zips in folders is found, sorted by name."""
    deep = ntu_folder(tmp_path / "a" / "b", ["S002C001P003R001A001"])
    (deep / "S001C001P001R001A002.SKELETON").write_bytes((deep / "S002C001P003R001A001.skeleton").read_bytes())
    (deep / "notes.txt").write_text("not a recording")
    (deep / "._S001C001P001R001A002.skeleton").write_text("the hidden twin that a Mac leaves")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.write(deep / "S002C001P003R001A001.skeleton", "inside/S001C002P001R001A002.skeleton")
    found = NTU60().find(tmp_path)
    assert [item.name for item in found.items] == [
        "S001C001P001R001A002",
        "S001C002P001R001A002",
        "S002C001P003R001A001",
    ]
    assert not found.rejected and not found.left_out
    read = [NTU60().read(item)[0] for item in found.items]
    np.testing.assert_array_equal(read[1].bodies[0].positions, read[2].bodies[0].positions)
    assert [item.name for item in NTU60().find(tmp_path / "more.zip").items] == ["S001C002P001R001A002"]
    assert [item.name for item in NTU60().find(deep / "S002C001P003R001A001.skeleton").items] == [
        "S002C001P003R001A001"
    ]


def test_what_is_left_out(tmp_path, ntu_folder):
    """Names of the missing list and of the other data set are left out; keep_missing reads the former."""
    missing = "S001C002P005R002A008"
    folder = ntu_folder(tmp_path, ["S001C001P001R001A001", missing, "S018C001P008R001A061", "S001C001P001R001A099"])
    found = NTU60().find(folder)
    assert [item.name for item in found.items] == ["S001C001P001R001A001"]
    assert found.left_out["on the official list of missing skeletons"] == [missing]
    others = found.left_out["not part of ntu60 (setups 1-17, actions 1-60)"]
    assert others == ["S001C001P001R001A099", "S018C001P008R001A061"]
    assert missing in [item.name for item in NTU60(keep_missing=True).find(folder).items]
    assert len(NTU120().find(folder).items) == 3


def test_wrongly_named_file_is_rejected(tmp_path, ntu_folder):
    """A .skeleton file with another name is listed as rejected, not dropped."""
    folder = ntu_folder(tmp_path, ["S001C001P001R001A001", "walking"])
    assert [error.file for error in NTU60().find(folder).rejected] == [str(folder / "walking.skeleton")]


def test_same_name_twice(tmp_path, ntu_folder):
    """Of two files with one name the first is read; the other is left out if alike in size, else rejected."""
    name = "S001C001P001R001A001"
    ntu_folder(tmp_path / "a", [name])
    ntu_folder(tmp_path / "b", [name])
    found = NTU60().find(tmp_path)
    assert [item.path.parent.name for item in found.items] == ["a"]
    assert list(found.left_out) == ["found a second time, same name and size"]
    (tmp_path / "b" / f"{name}.skeleton").write_bytes(b"4\n")
    found = NTU60().find(tmp_path)
    assert not found.left_out
    assert [error.file for error in found.rejected] == [str(tmp_path / "b" / f"{name}.skeleton")]
    assert str(tmp_path / "a" / f"{name}.skeleton") in found.rejected[0].reason


@pytest.mark.parametrize("source", ["", "nowhere"])
def test_nothing_there(tmp_path, source):
    """An empty folder and a path that leads nowhere say so and name the path."""
    with pytest.raises(SkeletonDataError, match=r"no \.skeleton files|no such file or folder"):
        NTU60().find(tmp_path / source)


def test_read_gathers_bodies_by_exact_id(tmp_path, ntu_text, ntu_frames):
    """Ids that are equal as floats stay two bodies, in order of appearance, with original frame indices."""
    a, b = 72057594037930243, 72057594037930244
    frames = [[], *ntu_frames(0, 2, (b,)), [], *ntu_frames(1, 2, (a, b))]
    path = tmp_path / "S001C002P003R002A013.skeleton"
    path.write_bytes(ntu_text(frames))
    (read,) = NTU60().read(RawItem("S001C002P003R002A013", path))
    assert (read.label, read.setup, read.camera, read.subject, read.replication) == (12, 1, 2, 3, 2)
    assert read.performance == "S001P003R002A013" and read.n_frames == 6
    assert [body.body_id for body in read.bodies] == [b, a]
    assert [body.frames.tolist() for body in read.bodies] == [[1, 2, 4, 5], [4, 5]]


def test_one_id_twice_in_a_frame_makes_two_bodies(tmp_path, ntu_text, ntu_frames):
    """Rows are never merged or lost when the sensor repeats an id within a frame."""
    path = tmp_path / "S001C002P003R002A013.skeleton"
    path.write_bytes(ntu_text(ntu_frames(0, 3, (7, 7))))
    (read,) = NTU60().read(RawItem("S001C002P003R002A013", path))
    assert [(body.body_id, body.frames.tolist()) for body in read.bodies] == [(7, [0, 1, 2]), (7, [0, 1, 2])]


def test_formats_by_name():
    """Formats are made by name; a wrong name or option is a clear error."""
    assert get_format("ntu60", keep_missing=True) == NTU60(keep_missing=True)
    with pytest.raises(SkeletonDataError, match="choose from ntu60, ntu120"):
        get_format("ntu61")
    with pytest.raises(SkeletonDataError, match="keep_all"):
        get_format("ntu60", keep_all=True)


def test_class_names():
    """Labels carry the official names at both ends of both data sets."""
    assert len(NTU60.class_names) == 60 and len(NTU120.class_names) == 120
    assert NTU60.class_names[0] == "drink water" and NTU60.class_names[59] == "walking apart from each other"
    assert NTU120.class_names[119] == "finger-guessing game (playing rock-paper-scissors)"
