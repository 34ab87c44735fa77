import numpy as np
import pytest

from skeleton_data import SkeletonDataError, Store, convert
from skeleton_data.formats.pku import PKU1, PKU2
from skeleton_data.formats.pku_splits import read_split_file
from skeleton_data.raw import RawFileError

OFFICIAL = "Training videos: \n0002-L, 0003-M, \nValidataion videos: \n0002_R, 0291-L,"


@pytest.mark.parametrize("text", [OFFICIAL, OFFICIAL.replace("\n", "\r\n"), OFFICIAL.replace("-L", "_L.txt") + "\n"])
def test_official_layout(tmp_path, text):
    """Trailing commas, the misspelled heading, both spellings of names, suffixes and line ends are taken."""
    (tmp_path / "cross-view.txt").write_text(text, newline="")
    train, test = read_split_file(tmp_path / "cross-view.txt", 1)
    assert train == {"0002-L", "0003-M"} and test == {"0002-R", "0291-L"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "each followed by names"),
        ("Training videos:\n0002-L\n", "each followed by names"),
        ("Training videos:\n0002-L\nValidation videos:\n", "each followed by names"),
        ("0002-L\n" + OFFICIAL, "line 1: names stand before"),
        (OFFICIAL.replace("0003-M", "0003-X"), "line 2: '0003-X' is no recording of phase I"),
        (OFFICIAL.replace("0003-M", "A01N01-M"), "'A01N01-M' is no recording of phase I"),
        (OFFICIAL + " 0002-L", "0002-L stands in the training and in the validation part"),
    ],
)
def test_wrong_split_files(tmp_path, text, says):
    """Whatever is no split file of this phase is refused with file, line and reason."""
    (tmp_path / "split.txt").write_text(text)
    with pytest.raises(RawFileError, match=says):
        read_split_file(tmp_path / "split.txt", 1)
    with pytest.raises(RawFileError, match="cannot be read"):
        read_split_file(tmp_path / "gone.txt", 1)


def recordings(folder, names):
    rows = np.random.default_rng(0).uniform(0.5, 4, (6, 150))
    for kind in ("skeleton", "label"):
        (folder / kind).mkdir(parents=True)
    for number, name in enumerate(names):
        text = "\n".join(" ".join(f"{x:.6f}" for x in row + number) for row in rows)
        (folder / "skeleton" / f"{name}.txt").write_text(text + "\n")
        (folder / "label" / f"{name}.txt").write_text("1,0,3,1\n2,3,6,1\n")
    return folder


def test_split_of_a_file_takes_the_place_of_the_built_in_one(tmp_path):
    """A conversion given a split file stores that split; recordings that it does not name are in neither part."""
    source = recordings(tmp_path / "raw", ["0002-L", "0002-R", "0003-M", "0004-L"])
    (tmp_path / "split.txt").write_text("Training videos:\n0002-L, 0003-M\nValidation videos:\n0002-R\n")
    convert(PKU1(cross_view=tmp_path / "split.txt"), source, tmp_path / "a.h5")
    store = Store.open(tmp_path / "a.h5")
    train, test = (store.samples["name"][part].tolist() for part in store.split("xview"))
    assert train == ["0002-L_A01_001", "0002-L_A02_001", "0003-M_A01_001", "0003-M_A02_001"]
    assert test == ["0002-R_A01_001", "0002-R_A02_001"]
    assert store.provenance["options"]["cross_view"] == "split.txt" and len(store.split("xsub")[0]) == 8


def test_phase_2_has_a_cross_view_split_only_from_its_file(tmp_path):
    """No list of phase II's views is known for sure, so there is no such split unless the official file is given."""
    source = recordings(tmp_path / "raw", ["A01N01-L", "A01N01-M"])
    (tmp_path / "cross_view_v2.txt").write_text("Training videos:\nA01N01-L\nValidation videos:\nA01N01-M\n")
    convert(PKU2(), source, tmp_path / "a.h5")
    convert(PKU2(cross_view=tmp_path / "cross_view_v2.txt"), source, tmp_path / "b.h5")
    assert Store.open(tmp_path / "a.h5").splits == ("xsub",)
    assert [part.tolist() for part in Store.open(tmp_path / "b.h5").split("xview")] == [[0, 1], [2, 3]]


def test_wrong_split_file_stops_before_anything_is_read(tmp_path):
    """The file is looked at before the recordings, not after hours."""
    source = recordings(tmp_path / "raw", ["0002-L"])
    with pytest.raises(SkeletonDataError, match=r"gone\.txt: cannot be read"):
        PKU1(cross_subject=tmp_path / "gone.txt").find(source)
