"""One's own recordings: every way to lay them out, and what each mistake is told to be."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import Skeleton
from skeleton_aug.skeletons import COCO_17, KINECT_V2
from skeleton_data import SkeletonDataError, Store, convert
from skeleton_data.formats.folder import Folder

RNG = np.random.default_rng(0)
ONE = RNG.normal(size=(5, 25, 3)).astype(np.float32)
TWO = RNG.normal(size=(2, 4, 25, 3)).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    """A folder with ``one.npy`` (T, V, 3) and ``deep/two.npz`` with the arrays x and y (M, T, V, 3)."""
    (tmp_path / "data" / "deep").mkdir(parents=True)
    np.save(tmp_path / "data" / "one.npy", ONE)
    np.savez(tmp_path / "data" / "deep" / "two.npz", x=TWO, y=TWO[:, :2])
    return tmp_path / "data"


def table(folder, *lines, name="samples.csv", encoding="utf-8"):
    (folder / name).write_text("\n".join(lines) + "\n", encoding=encoding)


def converted(folder, **options):
    options = {"skeleton": "kinect_v2", **options}
    summary = convert(Folder(**options), folder, folder.parent / "a.h5", force=True)
    return summary, Store.open(folder.parent / "a.h5")


def rejected(folder, **options):
    listing = Folder(**{"skeleton": "kinect_v2", **options}).bind(folder).find(folder)
    return [str(error) for error in listing.rejected]


def test_every_column(folder):
    """Names, numbers, performances, exact body ids and splits stand in the store as in the table."""
    table(
        folder,
        "name,file,array,label,subject,camera,setup,replication,performance,body_ids,split,split:xview",
        "first,one.npy,,0,4,1,2,3,p,,train,test",
        '"second, far",deep/two.npz,x,1,5,2,,,p,72057594037930243 72057594037930244,test,',
    )
    summary, store = converted(folder)
    assert summary.n_samples == 2 and not summary.rejected and store.skeleton == KINECT_V2
    first, second = store
    assert (first.name, first.label, first.subject, first.camera, first.setup, first.replication) == (
        "first",
        0,
        4,
        1,
        2,
        3,
    )
    np.testing.assert_array_equal(first.positions, ONE[None])
    np.testing.assert_array_equal(second.positions, TWO)
    assert second.name == "second, far" and second.setup == -1
    assert second.body_ids.tolist() == [72057594037930243, 72057594037930244]
    assert store.performance_names == ("p",) and store.class_names == ("0", "1")
    assert {name: tuple(map(list, store.split(name))) for name in store.splits} == {
        "given": ([0], [1]),
        "xview": ([], [0]),
    }


def test_names_make_files_and_files_make_names(folder):
    """A name alone finds its .npy, a file alone gives the name; order is that of the table."""
    table(folder, "label,name", "0,one")
    assert converted(folder)[1][0].name == "one"
    table(folder, "file,array,label", "one.npy,,0", "deep/two.npz,y,0", "deep/two.npz,x,0")
    assert [sample.name for sample in converted(folder)[1]] == ["one", "deep/two/y", "deep/two/x"]


def test_class_names(folder):
    """Labels that are no numbers are class names, sorted; classes.txt gives the order, and takes both."""
    table(folder, "name,file,array,label", "a,one.npy,,walk", "b,deep/two.npz,x,run")
    store = converted(folder)[1]
    assert store.class_names == ("run", "walk") and store.labels.tolist() == [1, 0]
    (folder / "classes.txt").write_text("walk\nrun\njump\n\n")
    store = converted(folder)[1]
    assert store.class_names == ("walk", "run", "jump") and store.labels.tolist() == [0, 1]
    table(folder, "name,file,array,label", "a,one.npy,,2", "b,deep/two.npz,x,runn")
    assert converted(folder)[1].labels.tolist() == [2]
    assert "line 3: 'runn' is not one of the 3 class names. Did you mean 'run'?" in rejected(folder)[0]


def test_joint_layouts(folder):
    """The layout is a built-in one, a file's, or skeleton.json in the folder; joints must agree with it."""
    table(folder, "name,label", "one,0")
    own = Skeleton("mine", tuple(f"j{i}" for i in range(25)), (-1, *range(24)))
    (folder.parent / "mine.json").write_text(json.dumps(own.to_dict()))
    assert converted(folder, skeleton=str(folder.parent / "mine.json"))[1].skeleton == own
    (folder / "skeleton.json").write_text(json.dumps(own.to_dict()))
    assert converted(folder, skeleton=None)[1].skeleton == own
    (folder / "skeleton.json").write_text(json.dumps(COCO_17.to_dict()))
    with pytest.raises(SkeletonDataError, match=r"one\.npy: has 25 joints, joint layout 'coco_17' has 17"):
        converted(folder, skeleton=None)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"name": "x", "joints": [], "parents": [], "mirror_pairs": []}'])
def test_bad_joint_layouts(folder, text):
    """What is no layout is told with its file."""
    table(folder, "name,label", "one,0")
    (folder / "skeleton.json").write_text(text)
    with pytest.raises(SkeletonDataError, match=r"skeleton\.json: holds no joint layout"):
        converted(folder, skeleton=None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_tables_of_spreadsheets(folder, sign, encoding):
    """Commas, semicolons or tabs, with or without a byte order mark, blanks around values, blank lines."""
    table(
        folder,
        sign.join(["name", "label", "subject"]),
        sign.join([" one ", " 0 ", " 3"]),
        "",
        name="t.csv",
        encoding=encoding,
    )
    store = converted(folder)[1]
    assert store[0].name == "one" and store[0].subject == 3


def test_columns_that_are_not_used(folder):
    """Other columns are listed, not passed over in silence; near misses are errors."""
    table(folder, "name,label,weather", "one,0,fine")
    assert converted(folder)[0].left_out == {"columns of samples.csv that are not used": 1}
    for wrong, right in (("lable", "label"), ("Subject", "subject"), ("bodyids", "body_ids"), ("splits", "split")):
        table(folder, f"name,{wrong}", "one,0")
        with pytest.raises(SkeletonDataError, match=f"line 1: unknown column '{wrong}'. Did you mean '{right}'"):
            converted(folder)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("one,,,", "has no label"),
        (",,,0", "has neither a name nor a file"),
        ("x,gone.npy,,0", "names 'gone.npy', which is not in the folder"),
        ("gone,,,0", "names 'gone.npy', which is not in the folder"),
        ("x,samples.csv,,0", "names 'samples.csv', which is neither .npy nor .npz"),
        ("x,../data/one.npy,,0", "leaves the folder"),
        ("x,/etc/passwd,,0", "leaves the folder"),
        ("x,C:\\one.npy,,0", "leaves the folder"),
        ("x,deep/two.npz,,0", "no column 'array' says which array of two.npz is meant; it holds x, y"),
        ("x,deep/two.npz,z,0", "no array 'z' in two.npz is meant; it holds x, y"),
        ("x,one.npy,,-1", "'-1' is not one of"),
        ("x,one.npy,,0,3", "has 5 values where the first line names 4 columns"),
        ("x\x07,one.npy,,0", "control characters"),
        ("good,one.npy,,0", "a second line for the name 'good'"),
        ("x,deep/objects.npy,,0", "Python objects"),
        ("x,deep/cut.npy,,0", "announces"),
    ],
)
def test_wrong_lines(folder, line, says):
    """A wrong line is rejected with file, number and mend; the others are read."""
    np.save(folder / "deep" / "objects.npy", np.array([{}], object), allow_pickle=True)
    (folder / "deep" / "cut.npy").write_bytes((folder / "one.npy").read_bytes()[:500])
    (folder / "classes.txt").write_text("a\n")
    table(folder, "name,file,array,label", "good,one.npy,,0", line)
    summary, store = converted(folder)
    assert [sample.name for sample in store] == ["good"] and len(summary.rejected) == 1
    assert says in str(summary.rejected[0]) and str(folder) in str(summary.rejected[0])


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("subject", "four", "expected a whole number in column 'subject', found 'four'"),
        ("camera", "1.0", "whole number"),
        ("setup", "99999999999", "whole number"),
        ("body_ids", "9223372036854775808", "whole number in column 'body_ids'"),
        ("body_ids", "1 2", "has 1 bodies, its line in the table 2 body ids"),
        ("split", "val", "expected 'train', 'test' or nothing in column 'split', found 'val'"),
        ("split:x", "TRAIN", "'split:x'"),
    ],
)
def test_wrong_values(folder, column, value, says):
    """A value that its column cannot take rejects its line."""
    table(folder, f"name,file,label,{column}", f"bad,one.npy,0,{value}", "good,one.npy,0,")
    summary, store = converted(folder)
    assert [sample.name for sample in store] == ["good"] and says in str(summary.rejected[0])


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((5, 25, 2), np.float32), "expected positions"),
        (np.zeros((5, 75), np.float32), "expected positions"),
        (np.zeros((5, 20, 3), np.float32), "Name its layout with --skeleton"),
        (np.zeros((0, 25, 3), np.float32), "expected positions"),
        (np.ones((5, 25, 3), bool), "expected numbers"),
        (np.float32(3), "expected positions"),
    ],
)
def test_wrong_shapes(folder, array, says):
    """An array of another shape or type rejects its recording with file and shape."""
    np.save(folder / "bad.npy", array)
    table(folder, "name,label", "one,0", "bad,0")
    summary, _ = converted(folder)
    assert says in str(summary.rejected[0]) and "bad.npy" in str(summary.rejected[0])


def test_numbers_of_any_type(folder):
    """Whole numbers and doubles become float32; what is beyond it, or no number, is missing and counted."""
    values = ONE.astype(np.float64)
    values[0, 3, 1], values[1, 4, 2] = np.nan, 1e300
    np.save(folder / "double.npy", values)
    np.save(folder / "whole.npy", np.arange(150, dtype=np.int16).reshape(2, 25, 3))
    table(folder, "name,label", "double,0", "whole,0")
    summary, store = converted(folder)
    expected = ONE.copy()
    expected[0, 3] = expected[1, 4] = 0
    np.testing.assert_array_equal(store[0].positions[0], expected)
    np.testing.assert_array_equal(store[1].positions[0], np.arange(150, dtype=np.float32).reshape(2, 25, 3))
    assert summary.n_missing_joints == 2


def test_signalling_numbers(folder):
    """Bit patterns that a processor signals for are missing joints, without a warning."""
    values = ONE.copy()
    values.view(np.uint32)[2, 3, 0] = 0x7FA00000
    np.save(folder / "one.npy", values)
    table(folder, "name,label", "one,0")
    summary, store = converted(folder)
    assert summary.n_missing_joints == 1 and not store[0].positions[0, 2, 3].any()


def test_folders_that_are_none(folder, tmp_path):
    """No folder, no table, several tables, no layout: each is one error that says what to do."""
    with pytest.raises(SkeletonDataError, match="is no folder"):
        Folder().bind(tmp_path / "gone")
    with pytest.raises(SkeletonDataError, match=r"holds no table. Add samples\.csv"):
        Folder().bind(folder)
    table(folder, "name,label", "one,0", name="a.csv")
    with pytest.raises(SkeletonDataError, match="which joints are these"):
        Folder().bind(folder)
    table(folder, "name,label", "one,1", name="b.csv")
    with pytest.raises(SkeletonDataError, match=r"a\.csv, b\.csv.*--table"):
        Folder().bind(folder)
    assert converted(folder, table="b.csv")[1].labels.tolist() == [1]
    with pytest.raises(SkeletonDataError, match=r"c\.csv: cannot be read"):
        Folder(table="c.csv").bind(folder)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "line 1: expected names of columns"),
        (b"name\none\n", "line 1: expected names of columns"),
        (b"name,label\n", "has no recordings"),
        (b"name,label,name\n", "stands twice"),
        (b"name,label,split,split:given\n", "stands twice"),
        (b"name,label\n\xff,0\n", "no text in UTF-8"),
        (b"\xff\xfen\0a\0m\0e\0", "no text in UTF-8"),
        (b'name,label\n"' + b"x" * 200_000, "line 2: is no CSV"),
    ],
)
def test_tables_that_are_none(folder, data, says):
    """A file that is no such table is one error with the file and line."""
    (folder / "samples.csv").write_bytes(data)
    with pytest.raises(SkeletonDataError, match=says):
        converted(folder)


def test_file_names_that_no_system_takes(folder):
    """A name too long for a file is a line to mend, not a failure of the reader."""
    table(folder, "name,file,label", "a,one.npy,0", f"b,{'9' * 400},0", f"{'c' * 400},,0")
    (wrong, other) = Folder(skeleton="kinect_v2").bind(folder).find(folder).rejected
    assert "line 3: names '999" in str(wrong) and "which is not in the folder" in str(other)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60), head=st.booleans())
def test_any_table(tmp_path_factory, text, head):
    """Any text at all gives a listing or the one kind of error."""
    folder = tmp_path_factory.mktemp("any")
    (folder / "samples.csv").write_bytes((("name,label,body_ids,split\n" if head else "") + text).encode())
    try:
        contents = Folder(skeleton="kinect_v2").bind(folder)
    except SkeletonDataError:
        return
    assert not contents.find(folder).items


def test_workers_give_the_same_bytes(folder):
    """Reading in two processes gives the very file that one gives."""
    table(
        folder,
        "name,file,array,label,split",
        "a,one.npy,,0,train",
        "b,deep/two.npz,x,1,test",
        "c,deep/two.npz,y,1,test",
    )
    for workers in (1, 2):
        convert(Folder(skeleton="kinect_v2"), folder, folder.parent / f"{workers}.h5", workers=workers)
    assert (folder.parent / "1.h5").read_bytes() == (folder.parent / "2.h5").read_bytes()


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x": np.ones((2, 25, 3))}, r"has no array 'x\.lean' beside it"),
        (
            {"x": np.ones((2, 25, 3)), "x.lean": np.ones((2, 3))},
            r"expected numbers of shape \(1, 2, 2\) for the channel",
        ),
        ({"x": np.ones((2, 25, 3)), "x.lean": np.array([["a", "b"]])}, "expected an array of numbers"),
        ({"x": np.ones((2, 25, 3)), "x.lean": np.ones((2, 2)), "x.hands": np.full((2, 4), 256)}, "from 0 to 255"),
    ],
)
def test_channels_that_do_not_fit(folder, arrays, says):
    """Each is a recording that is rejected, with the array that is missing or wrong."""
    np.savez(folder / "c.npz", **arrays)
    table(folder, "name,file,array,label", "c,c.npz,x,0")
    channels = ("lean", "hands") if "x.hands" in arrays else ("lean",)
    with pytest.raises(SkeletonDataError, match=says):
        convert(Folder(skeleton="kinect_v2", channels=channels), folder, folder.parent / "c.h5", strict=True)
