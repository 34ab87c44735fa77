from __future__ import annotations

import logging
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_data.formats.pku import PKU1, PKU2, read_frames
from skeleton_data.formats.pku_labels import CLASS_NAMES, Annotation, name_instances, read_labels
from skeleton_data.raw import Listing, RawFileError, RawSequence, SkeletonDataError

PHASE_1_ABSENT = {"0060-L", *(f"{n:04d}-{v}" for n in range(247, 251) for v in "LMR")}
PHASE_2_ABSENT = {"A05N04-M", "A07N12-M", "A08N12-M", "A14N12-M", "A20N01-M"}
CAMERAS = {"L": 1, "M": 2, "R": 3}


def frames(n: int, bodies: Sequence[int] = (0, 1), seed: int = 0) -> np.ndarray:
    """(n, 2, 25, 3) positions with six decimals; bodies that are not named are zeros."""
    positions = np.zeros((n, 2, 25, 3))
    drawn = np.random.default_rng(seed).uniform(0.5, 4.0, positions.shape).round(6)
    positions[:, list(bodies)] = drawn[:, list(bodies)]
    return positions


def text(positions: np.ndarray, end: str = "\n") -> str:
    """As the official files: a blank before every line but the first."""
    return f"{end} ".join(" ".join(f"{x:.6f}" for x in row) for row in positions.reshape(len(positions), -1)) + end


def write(folder: Path, name: str, positions: np.ndarray | str, label: str | None) -> None:
    for kind, content in (("PKU_Skeleton_Renew", positions), ("Train_Label_PKU_final", label)):
        if content is None:
            continue
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / f"{name}.txt").write_text(content if isinstance(content, str) else text(content), newline="")


def read(folder: Path, reader: PKU1 | PKU2 | None = None) -> list[RawSequence]:
    reader = reader or PKU1()
    return [sequence for item in reader.find(folder).items for sequence in reader.read(item)]


def rejections(listing: Listing) -> str:
    return "\n".join(str(error) for error in listing.rejected)


def table(recordings: Sequence[str]) -> np.ndarray:
    fields = [("name", "U32"), ("subject", "i4"), ("camera", "i4")]
    rows = [(f"{r}_A01_001", int(r[4:6]) if r[0] == "A" else -1, CAMERAS[r[-1]]) for r in recordings]
    return np.array(rows, fields)


# Reading


def test_phase_1_fields(tmp_path):
    """A phase I instance knows its class, camera and performance, and no subject, setup or replication."""
    write(tmp_path, "0002-M", frames(10), "5,2,8,1\n")
    (sequence,) = read(tmp_path)
    assert (sequence.name, sequence.performance) == ("0002-M_A05_001", "0002_A05_001")
    assert (sequence.label, sequence.camera, sequence.n_frames) == (4, 2, 6)
    assert (sequence.subject, sequence.setup, sequence.replication) == (-1, -1, -1)


def test_phase_2_subject_comes_from_the_name(tmp_path):
    """N of a phase II name is the subject; classes keep their phase I numbers."""
    write(tmp_path, "A10N08-R", frames(10), "51,0,4,1\n")
    (sequence,) = read(tmp_path, PKU2())
    assert (sequence.name, sequence.subject, sequence.camera, sequence.label) == ("A10N08-R_A51_001", 8, 3, 50)


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n", "\t\r\n"])
@pytest.mark.parametrize("tail", ["", "\n \r\n"])
def test_line_ends_and_blanks(tmp_path, end, tail):
    """Line ends, leading and trailing blanks do not change the numbers, which are the decimals to float32."""
    positions = frames(4)
    write(tmp_path, "0002-L", text(positions, end) + tail, "1,0,4,2")
    (sequence,) = read(tmp_path)
    assert [body.body_id for body in sequence.bodies] == [0, 1]
    for body in sequence.bodies:
        assert body.positions.dtype == np.float32 and body.frames.dtype == np.int32
        np.testing.assert_array_equal(body.positions, positions[:, body.body_id].astype(np.float32))


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_no_final_line_end_and_byte_order_mark(tmp_path, mark):
    """A whole last line without a line end, and a byte order mark, are accepted."""
    path = tmp_path / "0002-L.txt"
    path.write_text(mark + text(frames(3)).rstrip())
    np.testing.assert_array_equal(read_frames(path), frames(3).astype(np.float32))


def test_body_2_alone_and_empty_frames(tmp_path):
    """Empty frames are missing rows, body 2 may be there without body 1, and bodies stand by first appearance."""
    positions = frames(8)
    positions[:4, 0] = 0
    positions[2, 1] = 0
    positions[6] = 0
    write(tmp_path, "0002-L", positions, "1,0,8,1\n2,0,4,1\n")
    second, both = read(tmp_path)
    assert [body.body_id for body in both.bodies] == [1, 0]
    assert both.n_frames == 8
    np.testing.assert_array_equal(both.bodies[0].frames, [0, 1, 3, 4, 5, 7])
    np.testing.assert_array_equal(both.bodies[1].frames, [4, 5, 7])
    assert [body.body_id for body in second.bodies] == [1]


def test_empty_instance_keeps_its_length(tmp_path):
    """An instance in which nobody is visible comes back without bodies, for the converter to count."""
    positions = frames(8)
    positions[2:5] = 0
    write(tmp_path, "0002-L", positions, "1,2,5,1\n2,5,8,1\n")
    nobody, somebody = read(tmp_path)
    assert (nobody.n_frames, nobody.bodies) == (3, [])
    assert len(somebody.bodies) == 2


@pytest.mark.parametrize(
    ("cut", "start", "end", "first", "last"),
    [
        ("exclusive", 2, 5, 2, 5),
        ("inclusive_1", 2, 5, 1, 5),
        ("inclusive", 2, 5, 2, 6),
        ("exclusive", 0, 3, 0, 3),
        ("inclusive_1", 0, 3, 0, 3),
        ("inclusive", 0, 3, 0, 4),
        ("exclusive", 6, 99, 6, 8),
        ("inclusive_1", 6, 99, 5, 8),
        ("inclusive", 6, 8, 6, 8),
        ("exclusive", 5, 2, 2, 5),
        ("inclusive_1", 5, 2, 1, 5),
        ("exclusive", 3, 3, 3, 3),
        ("inclusive", 3, 3, 3, 4),
        ("exclusive", 20, 30, 8, 8),
    ],
)
def test_convention_of_the_cut(tmp_path, cut, start, end, first, last):
    """Each reading of start and end gives its slice: from 0, clamped to the video, swapped when start > end."""
    positions = frames(8, bodies=[0])
    write(tmp_path, "A01N01-L", positions, f"3,{start},{end},1\n")
    (sequence,) = read(tmp_path, PKU2(cut=cut))
    assert sequence.n_frames == last - first
    got = sequence.bodies[0].positions if sequence.bodies else np.zeros((0, 25, 3))
    np.testing.assert_array_equal(got, positions[first:last, 0].astype(np.float32))


def test_overlapping_instances_share_frames(tmp_path):
    """Annotations may overlap; each instance has its own copy of the shared frames."""
    positions = frames(8, bodies=[0])
    write(tmp_path, "A01N01-L", positions, "1,0,6,1\n2,3,8,1\n")
    one, other = read(tmp_path, PKU2())
    np.testing.assert_array_equal(one.bodies[0].positions[3:], other.bodies[0].positions[:3])
    assert not np.shares_memory(one.bodies[0].positions, other.bodies[0].positions)


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (lambda rows: [*rows[:2], rows[2] + " 0.5", *rows[3:]], 3, "found 151"),
        (lambda rows: [rows[0].rsplit(" ", 1)[0], rows[1] + " 0.5", *rows[2:]], 1, "found 149"),
        (lambda rows: [*rows[:3], rows[3][:400]], 4, "expected 150 numbers"),
        (lambda rows: [*rows[:3], rows[3][:-3]], 4, "cut off"),
        (lambda rows: [rows[0], "", *rows[1:]], 2, "found 0"),
        (lambda rows: [rows[0], "nan" + rows[1][8:], *rows[2:]], 2, "'nan'"),
        (lambda rows: [rows[0], "1e60" + rows[1][8:], *rows[2:]], 2, "'1e60'"),
        (lambda rows: [*rows[:3], "1_0" + rows[3][8:]], 4, "'1_0'"),
        (lambda rows: [*rows[:3], "\0\xff" + rows[3][8:]], 4, "finite number"),
        (lambda rows: [*rows[:3], "# " + rows[3]], 4, "found 151"),
        (lambda rows: [" ", ""], None, "no frames"),
    ],
    ids=[
        "extra",
        "shifted",
        "truncated",
        "cut number",
        "blank line",
        "nan",
        "huge",
        "underscore",
        "bytes",
        "#",
        "empty",
    ],
)
def test_broken_skeleton_files_name_the_line(tmp_path, change, line, says):
    """Whatever is wrong in a skeleton file, the error names the file and the line."""
    rows = text(frames(4)).replace("\n ", "\n").splitlines()
    write(tmp_path, "0002-L", "\n".join(change(rows)), "1,0,4,1\n")
    (item,) = PKU1().find(tmp_path).items
    with pytest.raises(RawFileError, match=says) as caught:
        PKU1().read(item)
    assert (caught.value.line, caught.value.file) == (line, str(item.path))


@given(cut=st.integers(0, 2 * 150 * 9 - 1))
def test_no_prefix_reads_as_the_whole(cut, tmp_path_factory):
    """A file cut anywhere is refused, or holds exactly the frames before the cut."""
    content = text(frames(2)).replace("\n ", "\n")
    path = tmp_path_factory.mktemp("cut") / "0002-L.txt"
    path.write_text(content[:cut])
    try:
        got = read_frames(path)
    except RawFileError:
        return
    assert cut >= content.index("\n")
    np.testing.assert_array_equal(got, frames(2)[: len(got)].astype(np.float32))


def test_unreadable_file_is_an_error_of_that_file(tmp_path):
    """A file that vanished after the listing gives an error with its name, not a traceback of the parser."""
    with pytest.raises(RawFileError, match=r"0002-L\.txt: cannot be read"):
        read_frames(tmp_path / "0002-L.txt")


def test_items_and_options_can_be_pickled(tmp_path):
    """Items go to other processes: the copy reads the same."""
    write(tmp_path, "0002-L", frames(5), "1,0,4,1\n")
    reader, item = PKU1(cut="inclusive"), PKU1().find(tmp_path).items[0]
    reader, item = pickle.loads(pickle.dumps((reader, item)))
    assert reader.read(item)[0].n_frames == 5


def test_unknown_cut_is_refused():
    """A misspelled convention is no silent default."""
    with pytest.raises(ValueError, match="exclusive, inclusive_1, inclusive"):
        PKU1(cut="inclusive_0")


# Labels


@pytest.mark.parametrize("content", ["5,10,20,1", "5,10,20,1,\r\n", " 5, 10, 20, 2 ,\n\n", "5,10,20,0\n", "5,10,20\n"])
def test_label_spellings(tmp_path, content):
    """One-line files, blanks, trailing commas, CRLF and any confidence give the same annotation."""
    path = tmp_path / "0002-L.txt"
    path.write_text(content, newline="")
    assert read_labels(path) == [Annotation(4, 10, 20, 1, False)]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("5,10", "whole numbers"),
        ("5,10,", "whole numbers"),
        ("five,1,2,1", "whole numbers"),
        ("5,1.5,2,1", "whole numbers"),
        ("0,1,2,1", "class from 1 to 51, got 0"),
        ("52,1,2,1", "class from 1 to 51, got 52"),
        ("5,-1,2,1", "negative"),
        ("\xff\0", "whole numbers"),
    ],
)
def test_broken_labels_are_rejected_by_line(tmp_path, row, says):
    """A wrong label line rejects its recording, with the line; the other recordings remain."""
    write(tmp_path, "0002-L", frames(5), f"1,0,4,1\n{row}\n")
    write(tmp_path, "0003-L", frames(5), "1,0,4,1\n")
    listing = PKU1().find(tmp_path)
    assert [item.name for item in listing.items] == ["0003-L"]
    (error,) = listing.rejected
    assert error.line == 2 and error.file.endswith("Train_Label_PKU_final/0002-L.txt") and says in str(error)


def test_swapped_ends_are_noted(tmp_path, caplog):
    """Start > end is mended and logged with file and line."""
    write(tmp_path, "0002-L", frames(9), "1,0,4,1\n2,8,5,1\n")
    with caplog.at_level(logging.WARNING):
        assert [sequence.n_frames for sequence in read(tmp_path)] == [4, 3]
    assert "1 labels start after their end" in caplog.text and "0002-L.txt, line 2" in caplog.text


# Finding


@pytest.mark.parametrize(
    ("skeletons", "labels"),
    [
        ("PKU_Skeleton_Renew", "Train_Label_PKU_final"),
        ("Data/Skeleton/PKU_Skeleton_Renew", "Label/Label_PKUMMD"),
        ("pku_skeleton_v2", "pku_label_v2"),
        ("one", "two"),
        ("skeletons_and_labels/a", "skeletons_and_labels/b"),
        ("PKU_Skeleton/a", "PKU_Skeleton/Label"),
    ],
)
@pytest.mark.parametrize("dash", ["-", "_"])
def test_layouts(tmp_path, skeletons, labels, dash):
    """Skeletons and labels of one name are told apart by folder or content, in any nesting and spelling."""
    for folder, content in ((skeletons, text(frames(5))), (labels, "7,1,4,1\n")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / f"0002{dash}L.txt").write_text(content)
    (tmp_path / "Split").mkdir()
    (tmp_path / "Split" / "cross-subject.txt").write_text("Training videos: \n0002-L, \nValidataion videos: \n0291-L,")
    listing = PKU1().find(tmp_path)
    assert (listing.rejected, listing.left_out) == ([], {})
    assert [(item.name, item.path.parent) for item in listing.items] == [("0002-L", tmp_path / skeletons)]
    assert PKU1().read(listing.items[0])[0].label == 6


def test_suffixes_of_the_readme(tmp_path):
    """Files named .skeleton and .label are taken by their suffix, even in one folder that says otherwise."""
    (tmp_path / "skeleton").mkdir()
    (tmp_path / "skeleton" / "A01N01-L.skeleton").write_text(text(frames(5)))
    (tmp_path / "skeleton" / "A01N01-L.label").write_text("7,1,4,1\n")
    assert [sequence.label for sequence in read(tmp_path, PKU2())] == [6]


def test_linked_folders_are_followed_once(tmp_path):
    """A data folder behind a link is found, and a link that leads back is no endless walk."""
    write(tmp_path / "disk", "0002-L", frames(5), "1,0,4,1\n")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "pku").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "again").symlink_to(tmp_path / "disk")
    assert [item.name for item in PKU1().find(tmp_path / "source").items] == ["0002-L"]


def test_label_and_skeleton_without_each_other(tmp_path):
    """A recording without labels is rejected; labels without a recording, or without instances, are left out."""
    write(tmp_path, "0002-L", frames(5), "1,0,4,1\n")
    write(tmp_path, "0003-L", frames(5), None)
    (tmp_path / "Train_Label_PKU_final" / "0004-L.txt").write_text("1,0,4,1\n")
    write(tmp_path, "0005-L", frames(5), "\n")
    listing = PKU1().find(tmp_path)
    assert [item.name for item in listing.items] == ["0002-L"]
    assert "PKU_Skeleton_Renew/0003-L.txt: recording 0003-L has no label file." in rejections(listing)
    assert listing.left_out == {
        "label file without a skeleton file": ["0004-L"],
        "label file without instances": ["0005-L"],
    }


def test_two_files_of_one_recording(tmp_path):
    """Two releases side by side: neither is guessed to be the right one."""
    write(tmp_path / "old", "0002-L", frames(5), None)
    write(tmp_path / "new", "0002-L", frames(5), "1,0,4,1\n")
    listing = PKU1().find(tmp_path)
    assert (listing.items, listing.left_out, len(listing.rejected)) == ([], {}, 1)
    assert "a second skeleton file of recording 0002-L" in rejections(listing)


def test_empty_file_of_unknown_kind(tmp_path):
    """An empty file that no folder explains is rejected, not ignored."""
    write(tmp_path, "0002-L", frames(5), "1,0,4,1\n")
    (tmp_path / "0003-L.txt").touch()
    listing = PKU1().find(tmp_path)
    assert [item.name for item in listing.items] == ["0002-L"] and "0003-L.txt: the file is empty." in rejections(
        listing
    )


@pytest.mark.parametrize(
    ("skeleton", "label", "says"),
    [
        (None, "1,0,4,1\n", "no skeleton files of PKU-MMD phase I"),
        ("1 2 3", None, "no label files of PKU-MMD phase I"),
        (None, None, "no skeleton and no label files of PKU-MMD phase I"),
    ],
)
def test_what_is_absent_is_said(tmp_path, skeleton, label, says):
    """A source without skeletons or without labels says which, and what to do."""
    if skeleton or label:
        write(tmp_path, "0002-L", skeleton, label)
    with pytest.raises(SkeletonDataError, match=rf"{says}\. Unpack the skeleton and the label archive"):
        PKU1().find(tmp_path)


def test_other_phase_is_named(tmp_path):
    """Phase II files given to the phase I reader point to pku2, and the other way round."""
    write(tmp_path / "2", "A01N01-L", frames(5), "1,0,4,1\n")
    write(tmp_path / "1", "0002-L", frames(5), "1,0,4,1\n")
    with pytest.raises(SkeletonDataError, match="choose pku2"):
        PKU1().find(tmp_path / "2")
    with pytest.raises(SkeletonDataError, match="choose pku1"):
        PKU2().find(tmp_path / "1")
    assert [item.name for item in PKU2().find(tmp_path).items] == ["A01N01-L"]


def test_source_that_is_no_folder(tmp_path):
    """An archive, or nothing at all, is answered with what to do."""
    (tmp_path / "Skeleton.7z").touch()
    with pytest.raises(SkeletonDataError, match=r"Skeleton\.7z: is no folder\. Unpack"):
        PKU1().find(tmp_path / "Skeleton.7z")
    with pytest.raises(SkeletonDataError, match="does not exist"):
        PKU1().find(tmp_path / "nowhere")


# Views


def annotations(*rows: tuple[int, int, int]) -> list[Annotation]:
    return [Annotation(label, start, end, line, False) for line, (label, start, end) in enumerate(rows, 1)]


def performances(views: dict[str, list[Annotation]]) -> dict[tuple[str, int], str]:
    """(view, start) -> performance."""
    named = name_instances("0002", views)
    return {(view, one.start): one.performance for view, instances in named.items() for one in instances}


def test_views_pair_when_one_lacks_an_instance_and_lines_are_swapped(tmp_path):
    """Neither a missing first repetition nor another order of lines moves an instance to a wrong performance."""
    write(tmp_path, "0311-L", frames(60), "38,0,10,1\n5,12,20,1\n38,30,40,1\n9,45,55,1\n")
    write(tmp_path, "0311-M", frames(60), "38,1,11,1\n5,12,21,1\n9,44,55,1\n38,31,41,1\n")
    write(tmp_path, "0311-R", frames(60), "5,13,20,1\n38,29,40,1\n9,45,56,1\n")
    views: dict[str, dict[int, str]] = {}
    for sequence in read(tmp_path):
        views.setdefault(sequence.performance, {})[sequence.camera] = sequence.name
    assert views == {
        "0311_A38_001": {1: "0311-L_A38_001", 2: "0311-M_A38_001"},
        "0311_A38_002": {1: "0311-L_A38_002", 2: "0311-M_A38_002", 3: "0311-R_A38_001"},
        "0311_A05_001": {1: "0311-L_A05_001", 2: "0311-M_A05_001", 3: "0311-R_A05_001"},
        "0311_A09_001": {1: "0311-L_A09_001", 2: "0311-M_A09_001", 3: "0311-R_A09_001"},
    }


def test_best_overlap_wins():
    """Of two repetitions that both overlap, the closer one is the pair and the other stands alone."""
    found = performances({"L": annotations((4, 0, 20), (4, 21, 40)), "R": annotations((4, 15, 40))})
    assert found["R", 15] == found["L", 21] != found["L", 0]


def test_equal_time_of_another_class_is_no_pair():
    """Views that disagree about the class at one moment are two performances."""
    found = performances({"L": annotations((4, 0, 20), (7, 30, 40)), "R": annotations((5, 0, 20), (7, 30, 40))})
    assert found["L", 0] != found["R", 0] and found["L", 30] == found["R", 30]


def test_no_overlap_in_comparable_views_stands_alone():
    """Where two views do share moments, the same class at another moment is another performance."""
    found = performances({"L": annotations((1, 0, 20), (2, 100, 120)), "R": annotations((1, 0, 20), (2, 300, 320))})
    assert found["L", 0] == found["R", 0] and found["L", 100] != found["R", 300]


def test_views_on_different_clocks_pair_by_occurrence():
    """Without any overlap, the k-th occurrences pair, but only of classes that both views have equally often."""
    found = performances(
        {
            "L": annotations((1, 0, 20), (2, 30, 40), (1, 50, 60), (3, 70, 80)),
            "R": annotations((1, 1050, 1060), (1, 1000, 1020), (2, 1030, 1040), (3, 1070, 1080), (3, 1090, 1099)),
        }
    )
    assert found["L", 0] == found["R", 1000] and found["L", 50] == found["R", 1050]
    assert found["L", 30] == found["R", 1030]
    assert len({found["L", 70], found["R", 1070], found["R", 1090]}) == 3


def test_names_do_not_depend_on_which_recordings_are_there(tmp_path):
    """Performances are keyed from the labels of all views, so a part of the recordings keeps the keys of the whole."""
    for view, label in (("L", "38,0,10,1\n38,30,40,1\n"), ("R", "38,30,40,1\n")):
        write(tmp_path, f"0002-{view}", frames(50), label)
    (tmp_path / "PKU_Skeleton_Renew" / "0002-L.txt").unlink()
    assert [(s.name, s.performance) for s in read(tmp_path)] == [("0002-R_A38_001", "0002_A38_002")]


rows = st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(0, 20)).map(lambda r: (r[0], r[1], r[1] + r[2]))


@given(views=st.dictionaries(st.sampled_from("LMR"), st.lists(rows, max_size=6), min_size=1), seed=st.randoms())
def test_pairing_is_a_partition_that_ignores_line_order(views, seed):
    """Each performance has one class and at most one instance per view; names are unique; line order is nothing."""
    named = name_instances("0002", {view: annotations(*rows) for view, rows in views.items()})
    everything = [(view, one) for view, instances in named.items() for one in instances]
    assert len({one.name for _, one in everything}) == len(everything) == sum(map(len, views.values()))
    groups: dict[str, list[tuple[str, int]]] = {}
    for view, one in everything:
        groups.setdefault(one.performance, []).append((view, one.label))
    for members in groups.values():
        assert len({view for view, _ in members}) == len(members) and len({label for _, label in members}) == 1
    shuffled = {view: annotations(*seed.sample(rows, len(rows))) for view, rows in views.items()}
    assert name_instances("0002", shuffled) == named


# Splits and classes


def test_phase_1_splits_have_the_published_counts():
    """The 1,076 published recordings split 944 / 132 by subject and 717 / 359 by view."""
    names = [f"{n:04d}-{v}" for n in range(2, 365) for v in "LMR" if f"{n:04d}-{v}" not in PHASE_1_ABSENT]
    splits = PKU1().splits(table(names))
    assert {name: (len(train), len(test)) for name, (train, test) in splits.items()} == {
        "xsub": (944, 132),
        "xview": (717, 359),
    }
    validation = [names[i] for i in splits["xsub"][1]]
    assert (validation[0], validation[-1]) == ("0291-L", "0334-R")
    assert {names[i][-1] for i in splits["xview"][1]} == {"M"}


def test_phase_2_split_has_the_derived_counts():
    """The 1,009 published recordings split 775 / 234 by subject, and no unverified split is offered."""
    names = [f"A{a:02d}N{n:02d}-{v}" for a in range(1, 27) for n in range(1, 14) for v in "LMR"]
    names = [name for name in names if name not in PHASE_2_ABSENT]
    splits = PKU2().splits(table(names))
    assert len(names) == 1009 and list(splits) == ["xsub"]
    train, test = splits["xsub"]
    assert (len(train), len(test)) == (775, 234)
    assert {names[i][4:6] for i in test} == {"02", "03", "07"}


def test_splits_accept_names_as_stored_bytes():
    """HDF5 gives names back as bytes; indices are int64."""
    samples = table(["0290-L", "0291-M"]).astype([("name", "S32"), ("subject", "i4"), ("camera", "i4")])
    train, test = PKU1().splits(samples)["xsub"]
    assert (train.tolist(), test.tolist(), train.dtype, test.dtype) == ([0], [1], np.int64, np.int64)


def test_splits_refuse_foreign_names():
    """Samples of another data set are an error, not a train set."""
    with pytest.raises(SkeletonDataError, match="'A01N01-L_A01_001' is not of PKU-MMD phase I"):
        PKU1().splits(table(["A01N01-L"]))


def test_classes():
    """51 distinct classes in official order, the same numbers in both phases, 25 Kinect joints."""
    assert len(set(CLASS_NAMES)) == 51 and PKU1().class_names == PKU2().class_names
    assert [CLASS_NAMES[i - 1] for i in (1, 14, 38, 51)] == [
        "bow",
        "handshaking",
        "take out something from pocket",
        "writing",
    ]
    assert (PKU1().name, PKU2().name, PKU1().skeleton.n_joints) == ("pku1", "pku2", 25)
