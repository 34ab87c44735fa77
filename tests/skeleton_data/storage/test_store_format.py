"""The published format: the page says what the code writes, and stores written by earlier versions stay readable."""

import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from skeleton_data import Store, repack, save_split, verify
from skeleton_data.storage.schema import FORMAT, FORMAT_VERSION, TRACK_DTYPE, sample_dtype, source_dtype, text_dtype
from tests.skeleton_data import frozen

PAGE = (Path(__file__).parents[3] / "docs" / "store-format.md").read_text("utf-8")
DIGEST = "4159507fad15422aab96e5c7f4adefff"
STORED = sorted(frozen.FOLDER.glob("*.h5"))


def table(heading):
    """(first, second) column of the table below a heading of the page."""
    section = PAGE.split(heading, 1)[1].split("\n#", 1)[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    return [(name.strip().strip("`"), kind.strip()) for name, kind in rows]


def described(dtype):
    """Fields of a type as the page writes them."""
    kinds = {}
    for name in dtype.names:
        field = dtype[name]
        base = "text" if field.base.kind in "SU" else field.base.name
        kinds[name] = f"{field.shape[0]} x {base}" if field.shape else base
    return list(kinds.items())


@pytest.mark.parametrize(
    ("heading", "dtype"),
    [
        ("### `/samples`", sample_dtype(text_dtype(20))),
        ("### `/tracks`", TRACK_DTYPE),
        ("### `/sources`", source_dtype(text_dtype(20))),
    ],
)
def test_fields_are_those_of_the_code(heading, dtype):
    """The page lists each field of a table with its type, in order."""
    assert table(heading) == described(dtype)


def test_objects_and_attributes_are_those_of_a_file(varied_store, tmp_path):
    """A store with a split of one's own has exactly the objects and attributes that the page names, of those types."""
    path = shutil.copy(varied_store, tmp_path / "a.h5")
    save_split(path, "NAME", [0])
    objects = dict(table("## What is in the file"))
    with h5py.File(path) as file:
        found = {}
        file.visititems(lambda name, node: found.update({f"/{name}": node} if isinstance(node, h5py.Dataset) else {}))
        official = re.compile(r"/splits/(xsub|xview|xview_clean)/(train|test)")
        assert {name for name in found if not official.fullmatch(name)} == set(objects)
        for name, kind in objects.items():
            dtype = found[name].dtype
            written = "table" if dtype.names else "text" if dtype.kind == "S" else dtype.name
            assert kind.split(" ")[0] == written and (kind.count("(") == (found[name].ndim > 0) or dtype.names)
        attributes = dict(table("### Attributes of the root"))
        assert set(file.attrs) == set(attributes)
        for name, kind in attributes.items():
            value = file.attrs[name]
            assert kind == ("text" if isinstance(value, bytes) else value.dtype.name)
    assert f"`{FORMAT}`" in PAGE and f"version {FORMAT_VERSION} field by field" in PAGE


def test_ten_lines_of_plain_h5py(varied_store):
    """The lines on the page are ten, and read what the store reads."""
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for line in block.splitlines() if line and not line.startswith("import")]
    assert len(lines) == 10
    names = {}
    exec(compile(block.replace('"ntu60.h5"', repr(str(varied_store))), "store-format.md", "exec"), names)
    store = Store.open(varied_store)
    sample = store[int(names["i"])]
    np.testing.assert_array_equal(names["x"], sample.positions)
    assert names["name"] == sample.name and names["label"] == sample.label
    assert names["class_name"] == store.class_names[sample.label]
    assert all(map(np.array_equal, (names["train"], names["test"]), store.split("xsub")))


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_stores_of_earlier_versions(path, tmp_path):
    """A store that an earlier version wrote reads as it did, passes verification, and can be repacked."""
    for store in (Store.open(path), Store.open(repack(path, tmp_path / "new.h5", filter="none"))):
        assert store.samples["name"].tolist() == frozen.NAMES and store.digest == DIGEST
        assert store.samples["duplicate_of"].tolist() == [-1, 0, -1]
        assert store.samples["performance"].tolist() == [0, 0, 1] and store.labels.tolist() == [0, 0, 1]
        for number, sample in enumerate(store):
            np.testing.assert_array_equal(sample.positions, frozen.positions(number))
        assert store[2].body_ids.tolist() == [frozen.BODY_ID, frozen.BODY_ID + 1]
        assert store.tracks["gapless"].tolist() == [True, True, True, False]
        for name, parts in frozen.SPLITS.items():
            assert [part.tolist() for part in store.split(name)] == [list(part) for part in parts]
        assert store.split_rule("mine") == "a café's choice" and store.split_rule("xsub") is None
        assert store.skeleton.name == "kinect_v2"
    assert verify(path) == []


def test_today_writes_what_was_frozen(tmp_path):
    """Today's writer gives the samples, digest and tables of the frozen store of its version."""
    now = Store.open(frozen.write(tmp_path / "a.h5"))
    then = Store.open(frozen.FOLDER / f"store_v{FORMAT_VERSION}.h5")
    assert now.digest == then.digest and now.samples.tobytes() == then.samples.tobytes()
    assert now.rows.tobytes() == then.rows.tobytes() and now.tracks.tobytes() == then.tracks.tobytes()
