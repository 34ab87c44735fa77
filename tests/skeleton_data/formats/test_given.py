"""What files leave unsaid: names of layouts and classes, what an NTU name tells, and lists of names."""

import pytest

from skeleton_aug.skeletons import COCO_17
from skeleton_data import SkeletonDataError
from skeleton_data.formats.given import (
    Facts,
    check_name,
    class_names,
    facts,
    get_class_names,
    get_layout,
    read_lines,
    recording_name,
)
from skeleton_data.formats.ntu_lists import CLASSES
from skeleton_data.formats.parts import known_split, split_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("S001C002P003R001A004", "S001C002P003R001A004"),
        ("S001C002P003R001A004.skeleton", "S001C002P003R001A004"),
        ("/a/b/S001C002P003R001A004.skeleton", "S001C002P003R001A004"),
        ("a\\S001C002P003R001A004", "S001C002P003R001A004"),
        ("a/walk.skeleton", "a/walk"),
        ("a.skeleton.skeleton", "a.skeleton"),
    ],
)
def test_names_of_recordings(text, name):
    """The ending goes once, folders go before NTU names only."""
    assert recording_name(text) == name


def test_facts():
    """An NTU name tells all numbers; any other is a performance of its own."""
    assert facts("S001C002P003R001A004") == Facts("S001P003R001A004", 3, 2, 1, 1)
    assert facts("walk") == Facts("walk", -1, -1, -1, -1)


def test_class_names():
    """NTU's where all names and labels agree, of 60 or 120 classes; else numbers, no fewer than the source says."""
    assert class_names(None, ["S001C002P003R001A004"], [3]) == CLASSES[:60]
    assert class_names(None, ["S018C002P003R001A061"], [60]) == CLASSES
    assert class_names(None, ["S001C002P003R001A004"], [3], least=120) == CLASSES
    assert class_names(None, ["S001C002P003R001A004"], [0]) == ("0",)
    assert class_names(None, ["x"], [2], least=5) == tuple("01234")
    assert len(class_names(None, ["x"], [10**12])) == 10_000


def test_named_classes_and_layouts(tmp_path):
    """Built-in names, files, and what is neither."""
    (tmp_path / "c.txt").write_text("walk\r\nfall\n\n")
    assert get_class_names("ntu120") == CLASSES and get_class_names(str(tmp_path / "c.txt")) == ("walk", "fall")
    assert len(get_class_names("pku1")) == 51 and len(get_class_names("nucla")) == 10
    assert get_layout("coco_17") == COCO_17
    for read in (get_class_names, get_layout):
        with pytest.raises(SkeletonDataError, match="'mine': choose from"):
            read("mine")


def test_lists_of_names(tmp_path):
    """A byte order mark goes; what is no text, or far too long, is told."""
    path = tmp_path / "names.txt"
    path.write_bytes("\ufeffä\n b\n\n".encode())
    assert read_lines(path) == ["ä", " b"]
    path.write_bytes(b"\xff")
    with pytest.raises(SkeletonDataError, match="no text in UTF-8"):
        read_lines(path)
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(SkeletonDataError, match="are no list of names"):
        read_lines(path)


@pytest.mark.parametrize("name", ["", "a\nb", "a\0", "x" * 251, "\ud800"])
def test_names_that_no_store_holds(name):
    """Empty, long, broken names and control characters are refused."""
    with pytest.raises(ValueError, match="the name"):
        check_name(name)


def test_splits_that_names_tell():
    """The last known word of a file's or folder's name counts; slashes do not nest."""
    told = {"NTU60_CS": "xsub", "ntu-xview": "xview", "data": "given", "xsub_cv": "xview", "NTU120 CSet": "xset"}
    assert {name: known_split(name) for name in told} == told
    assert split_name("a/b") == "a_b" and split_name("..") == "given" and split_name("") == "given"


@pytest.mark.parametrize("parents", ["[1e999]", "[0]", "{}", '"x"', "[[]]", "[-2]"])
def test_layouts_that_are_none(tmp_path, parents):
    """A file whose parents are no places of joints is one error that names it."""
    text = '{"name": "x", "joints": ["a"], "mirror_pairs": [], "parents": PARENTS}'
    (tmp_path / "l.json").write_text(text.replace("PARENTS", parents))
    with pytest.raises(SkeletonDataError, match=r"l\.json: holds no joint layout"):
        get_layout(str(tmp_path / "l.json"))
