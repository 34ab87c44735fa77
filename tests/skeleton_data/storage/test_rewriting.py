import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from skeleton_aug import presets
from skeleton_data import SkeletonDataError, Store, remove_split, repack, save_split, verify
from skeleton_data.storage import rewriting
from skeleton_data.storage.rows import load_plugins


def content(store):
    return [(s.name, s.positions.tobytes(), s.body_ids.tobytes(), s.label, s.duplicate_of) for s in store]


@pytest.fixture(params=["lzf", "gzip", "blosc"])
def packed(request, varied_store, tmp_path):
    if request.param == "blosc":
        pytest.importorskip("hdf5plugin")
    return repack(varied_store, tmp_path / "packed.h5", filter=request.param)


def test_compressed_store_is_the_same(varied_store, packed):
    """Samples, tables, splits and digest are the same bit for bit, and chunks hold 64 frames."""
    before, after = Store.open(varied_store), Store.open(packed)
    assert content(before) == content(after) and after.digest == before.digest
    assert after.samples.tobytes() == before.samples.tobytes() and after.splits == before.splits
    assert after.provenance == before.provenance and after.class_names == before.class_names
    with h5py.File(packed) as file:
        assert file["positions"].chunks == (64, 25, 3)
    assert after.compression and not before.compression
    assert verify(packed) == [] and after.verify() == []


def test_back_in_one_piece(varied_store, packed, tmp_path):
    """Unpacked, the store can be mapped again and holds the same."""
    back = repack(packed, tmp_path / "back.h5", filter="none")
    assert content(Store.open(back)) == content(Store.open(varied_store))
    np.testing.assert_array_equal(Store.open(back).rows, Store.open(varied_store).rows)
    assert Store.open(back).rows.flags.aligned and verify(back) == []


def test_compressed_rows_cannot_be_mapped(packed):
    """Who asks a compressed store for its mapped rows is told what to do."""
    with pytest.raises(SkeletonDataError, match=r"is compressed.*repack --filter none"):
        _ = Store.open(packed).rows


def test_pipelines_see_the_same(varied_store, packed):
    """Views made from a compressed store are those made from the mapped one, bit for bit, in any order."""
    chosen, pipeline = [7, 0, 7, 3, 9], presets.aggressive("kinect_v2", 10)
    made = [
        np.asarray(pipeline(Store.open(path).describe(chosen), seed=1, index=chosen, layout="model"))
        for path in (varied_store, packed)
    ]
    np.testing.assert_array_equal(*made)


def test_opening_a_compressed_store_reads_no_positions(packed, monkeypatch):
    """Positions are read when asked for, the file is opened for them once, and no more than a sample is read."""
    opened = []
    real = rewriting.open_file
    monkeypatch.setattr("skeleton_data.storage.rows.open_file", lambda path: opened.append(path) or real(path))
    store = Store.open(packed)
    assert opened == []
    for index in (3, 1):
        assert store[index].positions.shape[1] == store.samples["n_frames"][index]
    assert len(opened) == 1


def test_missing_plugin_says_what_to_install(monkeypatch):
    """Without hdf5plugin the error names it and the extra that brings it."""
    monkeypatch.setitem(sys.modules, "hdf5plugin", None)
    with pytest.raises(SkeletonDataError, match=r"The filter blosc.*hdf5plugin.*skeleton-aug\[compression\]"):
        load_plugins("The filter blosc")


def test_blosc_store_in_a_fresh_process(varied_store, tmp_path):
    """A process that has not imported hdf5plugin reads a blosc store all the same."""
    pytest.importorskip("hdf5plugin")
    packed = repack(varied_store, tmp_path / "packed.h5", filter="blosc")
    code = f"from skeleton_data import Store; print(Store.open({str(packed)!r})[0].positions.sum(dtype='f8'))"
    out = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert float(out.stdout) == Store.open(varied_store)[0].positions.sum(dtype=np.float64)


def environment():
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"filter": "zip"}, "Unknown filter 'zip'; choose from lzf, gzip, blosc, none"),
        ({"output": "there.h5"}, "exists already"),
        ({"output": "gone/a.h5"}, "folder does not exist"),
        ({"output": ""}, "is a folder"),
        ({"source": "gone.h5"}, "no such file"),
    ],
)
def test_repack_refuses(varied_store, tmp_path, settings, says):
    """What cannot be done is refused before anything is written."""
    (tmp_path / "there.h5").write_text("mine")
    source = tmp_path / settings["source"] if "source" in settings else varied_store
    with pytest.raises(SkeletonDataError, match=says):
        repack(source, tmp_path / settings.get("output", "new.h5"), filter=settings.get("filter", "lzf"))
    assert [path.name for path in tmp_path.iterdir()] == ["there.h5"]


def test_damaged_source_gives_no_output(varied_store, tmp_path):
    """A source whose positions cannot be read ends in an error that names the rows, and leaves nothing."""
    packed = repack(varied_store, tmp_path / "packed.h5", filter="gzip")
    with h5py.File(packed) as file:
        chunk = file["positions"].id.get_chunk_info(1)
    bytes_ = bytearray(packed.read_bytes())
    bytes_[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    packed.write_bytes(bytes_)
    with pytest.raises(SkeletonDataError, match=r"rows 0 to \d+ cannot be read"):
        repack(packed, tmp_path / "out.h5", filter="none")
    assert [path.name for path in tmp_path.iterdir()] == ["packed.h5"]


@pytest.fixture
def mine(varied_store, tmp_path):
    return Path(shutil.copy(varied_store, tmp_path / "mine.h5"))


def test_saved_split_is_there_for_every_reader(mine):
    """A split of one's own is written with its rule, beside the official ones; samples and digest stay."""
    before = Store.open(mine)
    save_split(mine, "by-hand", [3, 0], [1], rule="two of three")
    after = Store.open(mine)
    assert [part.tolist() for part in after.split("by-hand")] == [[0, 3], [1]]
    assert after.split_rule("by-hand") == "two of three" and after.split_rule("xsub") is None
    assert set(after.splits) == {*before.splits, "by-hand"} and after.digest == before.digest
    assert content(after) == content(before) and verify(mine) == []
    for name in before.splits:
        assert all(map(np.array_equal, after.split(name), before.split(name)))


def test_saved_split_in_a_compressed_store(mine, tmp_path):
    """A compressed store stays compressed when a split is added, and its chunks are copied as they are."""
    packed = repack(mine, tmp_path / "packed.h5")
    save_split(packed, "new", np.arange(12) < 6)
    assert Store.open(packed).compression == ("shuffle", "lzf") and verify(packed) == []
    assert content(Store.open(packed)) == content(Store.open(mine))


def test_clean_variant_comes_and_goes_with_its_split(mine):
    """A split with copies on both sides gets a clean variant, which goes when the split is replaced or removed."""
    original, copy = 1, 5
    assert Store.open(mine).samples["duplicate_of"][copy] == original
    made = save_split(mine, "new", [original], [copy, 2])
    assert list(made) == ["new", "new_clean"] and made["new_clean"][1].tolist() == [2]
    save_split(mine, "new", [0], [2], force=True)
    assert "new_clean" not in Store.open(mine).splits
    save_split(mine, "new", [original], [copy], force=True)
    remove_split(mine, "new")
    assert not [name for name in Store.open(mine).splits if name.startswith("new")]


@pytest.mark.parametrize(
    ("name", "parts", "says"),
    [
        ("xsub", ([0], [1]), "'xsub' is the converter's and stays"),
        ("xview_clean", ([0], [1]), "is the converter's and stays"),
        ("a/b", ([0], [1]), "no name for a split"),
        ("", ([0], [1]), "no name for a split"),
        ("new", ([0, 1], [1]), "1 samples stand in both parts of the split, the first: 1"),
        ("new", ([], [1]), "training part of the split is empty"),
        ("new", ([0], [12]), r"test part has indices from 12 to 12, outside 0\.\.11"),
        ("new", ([True] * 5, None), r"train mask must have shape \(12,\), got \(5,\)"),
        ("new", ([0.5], None), "must be a mask or sample indices"),
    ],
)
def test_save_split_refuses(mine, name, parts, says):
    """A split that cannot be leaves the file as it was, to the last byte."""
    before = mine.read_bytes()
    with pytest.raises(SkeletonDataError, match=says):
        save_split(mine, name, *parts, force=True)
    assert mine.read_bytes() == before and len(list(mine.parent.iterdir())) == 1


def test_taken_name_needs_force(mine):
    """A split of one's own is replaced only on request; the converter's are never removed."""
    save_split(mine, "new", [0])
    with pytest.raises(SkeletonDataError, match="say --force"):
        save_split(mine, "new", [1])
    save_split(mine, "new", [1], force=True)
    assert Store.open(mine).split("new")[0].tolist() == [1]
    with pytest.raises(SkeletonDataError, match="only splits of your own go"):
        remove_split(mine, "xsub")


def test_a_hand_made_clean_split_is_not_swept_away(mine):
    """A split of one's own that is called like a clean variant goes on request only, with the split it belongs to."""
    save_split(mine, "new_clean", [0])
    with pytest.raises(SkeletonDataError, match=r"has a split 'new_clean'.*--force"):
        save_split(mine, "new", [1])
    assert Store.open(mine).split("new_clean")[0].tolist() == [0]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX rights and links")
def test_links_and_rights_stay(mine):
    """A store that a link leads to is replaced where it lies, and keeps its rights."""
    mine.chmod(0o640)
    link = mine.with_name("link.h5")
    link.symlink_to(mine)
    save_split(link, "new", [0])
    assert link.is_symlink() and "new" in Store.open(mine).splits and mine.stat().st_mode & 0o777 == 0o640


def test_open_readers_keep_reading(mine):
    """A store that is open while a split is added reads on, in this process and from its pickle."""
    store = Store.open(mine)
    expected = content(store)
    save_split(mine, "new", [0])
    assert content(store) == expected
    fresh = Store.open(mine)
    save_split(mine, "newer", [0])
    # Its positions are mapped only now, from the new file, which holds the same content.
    assert content(fresh) == expected


def test_positions_that_moved(mine):
    """Where new splits push the positions to another place in the file, an earlier reader finds them there."""
    fresh, expected = Store.open(mine), content(Store.open(mine))
    for number in range(12):
        save_split(mine, f"split-{number}", [0])
    with h5py.File(mine) as file:
        assert file["positions"].id.get_offset() != fresh._tables.offset
    assert content(fresh) == expected and fresh.verify() == []


def test_compressed_in_place(mine):
    """A store that was compressed under a reader's hands says so."""
    fresh = Store.open(mine)
    repack(mine, mine, force=True)
    with pytest.raises(SkeletonDataError, match="was replaced since it was opened"):
        _ = fresh[0]


def test_replaced_by_other_content(mine, varied_store, ntu_folder, tmp_path):
    """A store replaced by another one before its positions were read says so, and gives no wrong numbers."""
    from skeleton_data import convert

    store = Store.open(mine)
    raw = ntu_folder(tmp_path / "raw", ["S001C001P001R001A001"], 400)
    convert("ntu60", raw, mine, force=True)
    with pytest.raises(SkeletonDataError, match="was replaced since it was opened"):
        _ = store[0]


def test_meanwhile_replaced_store_is_not_overwritten(mine, varied_store, monkeypatch):
    """Of two programs that write one store the second notices, and does not undo the first."""
    real = rewriting._change_splits

    def slow(*arguments):
        real(*arguments)
        shutil.copy(varied_store, mine.with_name("other"))
        mine.with_name("other").replace(mine)

    monkeypatch.setattr(rewriting, "_change_splits", slow)
    with pytest.raises(SkeletonDataError, match="replaced by another program meanwhile"):
        save_split(mine, "new", [0])
    assert mine.read_bytes() == varied_store.read_bytes()


KILLED = """
    import os, signal, sys
    from skeleton_data import save_split
    from skeleton_data.storage import rewriting

    real = rewriting._change_splits

    def wait(*arguments):
        real(*arguments)
        print("writing", flush=True)
        signal.pause()

    rewriting._change_splits = wait
    save_split(sys.argv[1], "new", [0])
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_killed_writer_harms_nothing(mine):
    """SIGKILL in the middle of writing leaves the store as it was; the next writer clears up what is left."""
    before = mine.read_bytes()
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(mine)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    assert mine.read_bytes() == before and verify(mine) == []
    assert len(list(mine.parent.iterdir())) == 2
    begin = time.perf_counter()
    save_split(mine, "new", [0])
    assert [path.name for path in mine.parent.iterdir()] == ["mine.h5"] and time.perf_counter() - begin < 10


FULL = """
    import resource, sys
    from skeleton_data import SkeletonDataError, repack, save_split

    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
    try:
        if sys.argv[2] == "split":
            save_split(sys.argv[1], "new", [0])
        else:
            repack(sys.argv[1], sys.argv[1] + ".new", filter=sys.argv[2])
    except SkeletonDataError as error:
        print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits")
@pytest.mark.parametrize("size", [5_000, 60_000])
@pytest.mark.parametrize("what", ["split", "lzf", "none"])
def test_full_disk(mine, what, size):
    """A disk that fills up, early or late, gives one clear error, nothing on standard error, and no file."""
    before = mine.read_bytes()
    assert len(before) > 60_000
    command = [sys.executable, "-c", textwrap.dedent(FULL), str(mine), what, str(size)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    target = mine if what == "split" else f"{mine}.new"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{target}: cannot be written (File too large). Free some space, or choose another folder.\n"
    assert mine.read_bytes() == before and [path.name for path in mine.parent.iterdir()] == ["mine.h5"]


@pytest.mark.parametrize("progress", [False, True])
def test_progress_bar(varied_store, tmp_path, capsys, progress):
    """A bar over the rows is shown on request only."""
    repack(varied_store, tmp_path / "a.h5", progress=progress)
    assert ("100%" in capsys.readouterr().err) == progress
