"""Stores made to cost time or memory, or to lead a reader astray: their digests fit, and opening refuses them."""

import json
import shutil

import h5py
import numpy as np
import pytest

from skeleton_data import RawBody, RawSequence, SkeletonDataError, Store, convert_sequences
from skeleton_data.storage.portrait import store_text
from skeleton_data.storage.schema import MAX_SAMPLE_BYTES
from tests.skeleton_data.storage.test_verification import rename, set_field, tampered


def set_text(name, values):
    def change(file):
        del file[name]
        file[name] = np.array(json.dumps(values).encode(), h5py.string_dtype("utf-8", 4000))

    return change


def endless(file):
    """A table of 2^50 rows, of which the file has none."""
    del file["performances"]
    file.create_dataset("performances", (1 << 50,), "S8", chunks=(64,))


def large_chunks(file):
    """Positions of which one row cannot be had without 3 GB of others."""
    shape = file["positions"].shape
    del file["positions"]
    file.create_dataset("positions", shape, "<f4", maxshape=(None, *shape[1:]), chunks=(10_000_000, *shape[1:]))


def texts_of_any_length(file):
    del file["classes"]
    file["classes"] = np.array(["walk"] * 60, object)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (set_field("samples", 3, "label", 60), "1 have a label outside 0..59, S001C001P003R001A002 has 60"),
        (set_field("samples", 3, "performance", -1), "1 have a performance outside 0..3"),
        (set_field("samples", 3, "source", 99), "1 have a source outside 0..11"),
        (set_field("samples", 3, "duplicate_of", 12), "1 have a duplicate_of outside -1..11"),
        (set_field("samples", 3, "n_frames", 2_000_000_000), "a recording announces 1,200,000,000,000 bytes"),
        (set_field("tracks", -1, "sample", 2_000_000_000), "do not fit together"),
        (set_field("tracks", 0, "sample", -1), "do not fit together"),
        (set_field("tracks", 3, "row", 2**63 - 1), "do not fit together"),
        (lambda file: file["splits/xsub/train"].__setitem__(0, 12), "split xsub has indices outside 0..11"),
        (set_text("provenance", []), "is damaged"),
        (set_text("provenance", {"options": []}), "says nothing sound of options"),
        (set_text("provenance", {"frame_rate": -1}), "says that it has -1 frames a second"),
        (set_text("skeleton", {"name": "x", "joints": ["a"], "parents": [1e999], "mirror_pairs": []}), "is damaged"),
        (endless, "performances announces 9,007,199,254,740,992 bytes"),
        (large_chunks, "positions announces 3,000,000,000 bytes"),
        (texts_of_any_length, "classes holds object"),
        (rename("sources", "others"), "is damaged"),
    ],
)
def test_hostile_tables(varied_store, tmp_path, change, says):
    """What fits its digests, but announces too much or leads outside, is one error, soon, and takes no memory."""
    made = shutil.copy(varied_store, tmp_path / "made.h5")
    if change is endless:
        # Its digest would take years; opening does not come as far.
        with h5py.File(made, "r+") as file:
            change(file)
    else:
        made = tampered(varied_store, tmp_path / "bad.h5", change)
    with pytest.raises(SkeletonDataError, match="is damaged or cut short") as error:
        Store.open(made)
    assert says in str(error.value)


def test_names_of_sources_that_are_no_text(varied_store, tmp_path):
    """They do not keep a store from being read; asking for them is an error that names the file."""
    bad = tampered(varied_store, tmp_path / "bad.h5", set_field("sources", 3, "path", b"\xff"))
    store = Store.open(bad)
    assert "12 samples" in store_text(store)
    with pytest.raises(SkeletonDataError, match=r"bad\.h5: cannot be read any more"):
        store.sources()


def test_recordings_that_no_memory_holds(tmp_path):
    """What could not be laid out again is rejected with its size when it is converted."""
    body = RawBody(0, np.array([0], np.int32), np.ones((1, 25, 3), np.float32))
    longest = MAX_SAMPLE_BYTES // 300
    sequences = [RawSequence(f"s{n}", n, [body], 0, f"s{n}") for n in (longest, longest + 1)]
    done = convert_sequences(sequences, tmp_path / "a.h5", skeleton="kinect_v2", class_names=["x"])
    assert done.n_samples == 1 and "with its 1,789,570 frames" in str(done.rejected[0])
    assert Store.open(tmp_path / "a.h5").samples["n_frames"].tolist() == [longest]
