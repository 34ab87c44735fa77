import json

from skeleton_data import Store, repack, save_split
from skeleton_data.storage.portrait import split_table


def test_json(run, varied_store):
    """--json prints one object with the same facts as the store's tables."""
    code, out, err = run("info", varied_store, "--json")
    facts, store = json.loads(out), Store.open(varied_store)
    assert code == 0 and err == ""
    assert facts["samples"] == 12 and facts["data_set"] == "ntu60" and facts["digest"] == store.digest
    assert facts["subjects"] == [1, 3] and facts["cameras"] == [1, 2, 3] and facts["setups"] == [1]
    assert facts["performances_by_views"] == {"3": 3, "2": 1} and facts["copies"] == 1
    assert facts["samples_by_bodies"] == {"2": 4, "1": 8} and facts["tracks"]["total"] == len(store.tracks)
    assert facts["frames"]["total"] == int(store.samples["n_frames"].sum())
    assert facts["skeleton"]["joints"] == 25 and len(facts["skeleton"]["joint_names"]) == 25
    assert facts["splits"]["xview"] == {
        "train": 8, "test": 4, "official": {"train": 37_646, "test": 18_932}, "copies_across": 1, "rule": None,
        "train_classes": 2, "test_classes": 2, "train_subjects": [1, 3], "test_subjects": [1, 3],
        "train_cameras": [2, 3], "test_cameras": [1], "train_setups": [1], "test_setups": [1],
    }  # fmt: skip
    assert facts["provenance"] == store.provenance and facts["compression"] == []
    assert facts["bytes"] == varied_store.stat().st_size and facts["format_version"] == 1


def test_table(run, varied_store, tmp_path):
    """The table tells what is there, how it is split beside the official counts, and where it comes from."""
    packed = repack(varied_store, tmp_path / "packed.h5")
    save_split(packed, "mine", [0], [1, 2], rule="by hand")
    code, out, err = run("info", packed)
    assert code == 0 and err == ""
    lines = out.splitlines()
    assert lines[0] == str(packed)
    for fact in (
        "ntu60, 12 samples",
        "2 of 60 occur",
        "2 (1, 3)",
        "3 (1-3)",
        "4: 3 with 3 views, 1 with 2 views",
        "4 samples with 2, 8 samples with 1",
        "kinect_v2, 25 joints",
        "1 recording identical to an earlier one",
        "positions shuffle + lzf, format version 1",
        "motion",
    ):
        assert fact in out, fact
    assert all(line in lines for line in split_table(Store.open(packed)))
    (xview,) = (line.split() for line in lines if line.startswith("xview "))
    assert xview == ["xview", "8", "4", "37,646", "/", "18,932", "2", "2-3", "/", "1", "1"]
    (mine,) = (line for line in lines if line.startswith("mine "))
    assert mine.endswith("by hand") and all(line == line.rstrip() and len(line) <= 120 for line in lines[1:])
