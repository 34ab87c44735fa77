import json
from collections import Counter

import numpy as np
import pytest

from skeleton_data import Store, convert
from skeleton_data.formats.nucla import NUCLA
from skeleton_data.formats.sources import close_archives
from skeleton_data.raw import RawFileError, SkeletonDataError


@pytest.fixture(scope="module")
def real(nucla_zip, tmp_path_factory):
    output = tmp_path_factory.mktemp("nucla") / "nucla.h5"
    return convert("nucla", nucla_zip, output), Store.open(output)


def write(folder, name="a01_s01_e00_v01", **content):
    content = {"file_name": name, "skeletons": np.ones((2, 20, 3)).tolist(), "label": 1, **content}
    (folder / f"{name}.json").write_text(json.dumps(content))


def read_error(folder):
    with pytest.raises(RawFileError) as caught:
        NUCLA().read(NUCLA().find(folder).items[0])
    return str(caught.value)


def test_real_counts(real):
    """The real release converts whole: 1,484 recordings, 516/504/464 by camera, lengths 1 to 201."""
    summary, store = real
    assert len(store) == 1484 and not summary.rejected and not summary.empty
    assert Counter(store.samples["camera"].tolist()) == {1: 516, 2: 504, 3: 464}
    assert store.samples["n_frames"].min() == 1 and store.samples["n_frames"].max() == 201
    assert set(store.samples["label"].tolist()) == set(range(10))


def test_real_copies(real):
    """The 95 copies are found: camera 3 repeating camera 2 of the same performance, actions 2 and 3."""
    _, store = real
    copies = np.flatnonzero(store.samples["duplicate_of"] >= 0)
    first = store.samples[store.samples["duplicate_of"][copies]]
    assert len(copies) == 95
    assert set(store.samples["camera"][copies].tolist()) == {3} and set(first["camera"].tolist()) == {2}
    assert (store.samples["performance"][copies] == first["performance"]).all()
    assert Counter(store.samples["label"][copies].tolist()) == {1: 50, 2: 45}


def test_real_splits(real):
    """The usual cross-view split has 1,020 and 464, the clean one 1,020 and 369; the border of copies is reported."""
    summary, store = real
    sizes = {name: tuple(map(len, store.split(name))) for name in store.splits}
    assert sizes["xview"] == (1020, 464) and sizes["xview_clean"] == (1020, 369)
    assert sizes["xview_test1"] == (968, 516) and sizes["xview_test2"] == (980, 504)
    assert sizes["xsub"] == (754, 730)
    assert summary.splits["xview"] == (1020, 464, 95) and summary.splits["xview_clean"] == (1020, 369, 0)


def test_real_performances(real):
    """548 performances, 433/70/45 with 3/2/1 recordings; a recording is never grouped with its own copy."""
    _, store = real
    recordings = Counter(Counter(store.samples["performance"].tolist()).values())
    assert recordings == {3: 433, 2: 70, 1: 45}
    groups = store.performances()
    assert len(groups) == 548 and sum(map(len, groups)) == 1484 - 95
    assert not (store.samples["duplicate_of"][np.concatenate(groups)] >= 0).any()


def test_real_positions(real, nucla_zip):
    """A stored recording is the JSON's numbers as float32; zero joints are flagged as gaps."""
    _, store = real
    for item in NUCLA().find(nucla_zip).items[:3]:
        (raw,) = NUCLA().read(item)
        at = store.samples["name"].tolist().index(item.name)
        np.testing.assert_array_equal(store[at].positions, raw.bodies[0].positions[None])
    close_archives()
    gaps = store.samples["name"][store.tracks["sample"][~store.tracks["gapless"]]]
    assert gaps.tolist() == ["a04_s01_e01_v01", "a04_s04_e02_v01"]


def test_fields(tmp_path):
    """Action numbers map to labels; subject, camera and repetition come from the name."""
    write(tmp_path, "a12_s07_e03_v02", label=10)
    (read,) = NUCLA().read(NUCLA().find(tmp_path).items[0])
    assert (read.label, read.subject, read.camera, read.replication, read.setup) == (9, 7, 2, 3, -1)
    assert read.performance == "a12_s07_e03" and read.n_frames == 2


def test_one_frame(tmp_path):
    """The shortest recordings of the release have one frame; they convert like others."""
    write(tmp_path, skeletons=np.ones((1, 20, 3)).tolist())
    convert("nucla", tmp_path, tmp_path / "a.h5")
    store = Store.open(tmp_path / "a.h5")
    assert store[0].positions.shape == (1, 1, 20, 3) and store.samples["n_frames"].tolist() == [1]


def test_text_form_is_not_taken_for_json(tmp_path):
    """The older text form (a header of 60, then x,y,z,state lines) is not read: the error names what is."""
    (tmp_path / "a01_s01_e00_v01.txt").write_text("60\n0.1,0.2,3.0,2\n")
    with pytest.raises(SkeletonDataError, match=r"a01_s01_e00_v01\.json"):
        NUCLA().find(tmp_path)


def test_label_against_name(tmp_path):
    """A label that contradicts the action in the name is an error that tells both."""
    write(tmp_path, "a08_s01_e00_v01", label=8)
    assert "label is 8, but action 8 in its name has label 7" in read_error(tmp_path)


def test_unknown_action(tmp_path):
    """Action 7 does not exist."""
    write(tmp_path, "a07_s01_e00_v01")
    assert "none of the data set's actions" in read_error(tmp_path)


@pytest.mark.parametrize(
    "skeletons",
    [
        None,
        [],
        "abc",
        [[1, 2]],
        np.ones((2, 25, 3)).tolist(),
        [[[0, 0]] * 20],
        [[["1", "2", "3"]] * 20],
        [[[None] * 3] * 20],
    ],
)
def test_wrong_skeletons(tmp_path, skeletons):
    """Anything but frames x 20 x 3 numbers is an error."""
    write(tmp_path, skeletons=skeletons)
    assert "skeletons" in read_error(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"label": 1,\n "skeletons": [[[0.1, 0', "\xff"])
def test_broken_json(tmp_path, text):
    """Broken JSON names the file."""
    (tmp_path / "a01_s01_e00_v01.json").write_bytes(text.encode("latin-1"))
    assert "a01_s01_e00_v01.json" in read_error(tmp_path)


def test_empty_folder(tmp_path):
    """A folder without recordings says what is looked for."""
    with pytest.raises(SkeletonDataError, match=r"a01_s01_e00_v01\.json"):
        NUCLA().find(tmp_path)
