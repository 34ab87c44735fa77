import multiprocessing
import pickle
import shutil
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_data import SkeletonDataError, Store, convert, verify
from skeleton_data.raw import RawSequence
from tests.skeleton_data import frozen

ID = 2**56 + 1
NAMES = [f"S001C00{c}P00{p}R001A00{a}" for c in (1, 2, 3) for p in (1, 3) for a in (1, 2)]


@pytest.fixture(scope="module")
def raw(tmp_path_factory, ntu_folder, ntu_text, ntu_frames):
    folder = ntu_folder(tmp_path_factory.mktemp("raw"), NAMES, 14)
    # One recording with two bodies and a hole, one with a hole and late bodies, one a copy of another view.
    two = [[], *ntu_frames(50, 15, (ID, ID + 1)), [], *ntu_frames(51, 3, (ID,))]
    (folder / f"{NAMES[0]}.skeleton").write_bytes(ntu_text(two))
    copy = (folder / f"{NAMES[4]}.skeleton").read_bytes()
    (folder / f"{NAMES[8]}.skeleton").write_bytes(copy.replace(b"72057594037930243 ", b"72057594037930299 "))
    return folder, two


@pytest.fixture(scope="module")
def path(raw, tmp_path_factory):
    output = tmp_path_factory.mktemp("store") / "ntu60.h5"
    convert("ntu60", raw[0], output)
    return output


@pytest.fixture(scope="module")
def store(path):
    return Store.open(path)


def test_round_trip_is_exact(raw, store):
    """Positions come back to the last bit at their original frames, absent bodies and frames as zeros."""
    frames = raw[1]
    sample = store[store.samples["name"].tolist().index(NAMES[0])]
    assert sample.positions.shape == (2, 20, 25, 3) and sample.positions.dtype == np.float32
    expected = np.zeros((2, 20, 25, 3), np.float32)
    for at, bodies in enumerate(frames):
        for body_id, positions in bodies:
            expected[sample.body_ids.tolist().index(body_id), at] = positions
    np.testing.assert_array_equal(sample.positions, expected)


def test_body_ids_are_exact(store):
    """Ids that are one and the same as float64 stay apart."""
    assert sorted(store[0].body_ids.tolist()) == [ID, ID + 1] and float(ID) == float(2**56)


def test_tables(store):
    """The sample table carries what the names say, and tracks are found by their offsets."""
    assert len(store) == 12 and store.samples["name"].tolist() == sorted(NAMES)
    row = store.samples[-1]
    assert [row[f] for f in ("label", "subject", "camera", "setup", "replication")] == [1, 3, 3, 1, 1]
    for i, sample in enumerate(store):
        tracks = store.tracks[store.track_offsets[i] : store.track_offsets[i + 1]]
        assert (tracks["sample"] == i).all() and len(tracks) == sample.positions.shape[0] == store.samples["n_bodies"][
            i
        ]
    assert store.track_offsets[-1] == len(store.tracks)
    assert store.max_bodies == 2 and store.skeleton.name == "kinect_v2" and len(store.class_names) == 60


def test_tracks_cover_first_to_last_frame(store):
    """A track begins at its body's first frame; the flag tells which tracks have holes."""
    tracks = store.tracks[: store.track_offsets[1]]
    by_id = {int(t["body_id"]): (int(t["first_frame"]), int(t["n_frames"]), bool(t["gapless"])) for t in tracks}
    assert by_id == {ID: (1, 19, False), ID + 1: (1, 15, True)}
    rows = store.rows[tracks[0]["row"] : tracks[0]["row"] + tracks[0]["n_frames"]]
    np.testing.assert_array_equal(rows, store[0].positions[0, 1:20])


def test_rows_are_mapped_read_only(path, store):
    """Rows are the file's own bytes, aligned, and cannot be written."""
    assert isinstance(store.rows, np.memmap) and store.rows.flags.aligned
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["positions"][()], store.rows)
    with pytest.raises(ValueError, match="read-only"):
        store.rows[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        store.samples["label"][0] = 1
    mine = store[0].positions
    mine += 1
    assert (store[0].positions != mine).any()


def test_plain_h5py_reads_names_and_tables(path):
    """Another program needs nothing but HDF5: names are UTF-8 text, numbers are numbers."""
    with h5py.File(path) as file:
        assert [name.decode() for name in file["samples"]["name"]] == sorted(NAMES)
        assert file["classes"].asstr()[0] == "drink water"
        assert file["positions"].chunks is None and file["positions"].dtype == np.dtype("<f4")
        assert file["tracks"]["body_id"].dtype == np.int64


def test_copies_are_marked_and_never_grouped(store):
    """A recording copied under another camera and body id is marked, and no performance holds it twice."""
    names = store.samples["name"].tolist()
    original, copy = names.index(NAMES[4]), names.index(NAMES[8])
    assert store.samples["duplicate_of"][copy] == original
    assert (store.samples["duplicate_of"] >= 0).sum() == 1
    groups = store.performances()
    assert sorted(map(len, groups)) == [2, 3, 3, 3] and not any(copy in group for group in groups)
    train, test = store.split("xview")
    assert store.samples["camera"][test].tolist() == [1] * 4 and len(train) == 8
    assert [len(g) for g in store.performances(train)].count(1) == 1
    assert store.performance_names[int(store.samples["performance"][copy])] == "S001P001R001A001"


def test_indexing(store):
    """Negative indices count from the end, others are refused, and iteration ends."""
    assert store[-1].index == 11 and len(list(store)) == 12
    with pytest.raises(IndexError):
        store[12]


def test_unknown_split(store):
    """A wrong split lists the right ones."""
    with pytest.raises(SkeletonDataError, match="no split 'xset'; it has xsub, xview"):
        store.split("xset")


def total(store):
    return float(sum(sample.positions.sum(dtype=np.float64) for sample in store))


def test_pickled_store_reopens_small(store):
    """A pickle carries the path, not the data."""
    text = pickle.dumps(store)
    assert len(text) < 1000 and total(pickle.loads(text)) == total(store)


def test_pickle_of_a_changed_file_is_refused(path, raw, tmp_path):
    """A store whose file was replaced by other content does not come back from its pickle as if nothing were."""
    mine = tmp_path / "mine.h5"
    shutil.copy(path, mine)
    text = pickle.dumps(Store.open(mine))
    convert("ntu60", raw[0] / f"{NAMES[1]}.skeleton", mine, force=True)
    with pytest.raises(SkeletonDataError, match="has changed since it was opened"):
        pickle.loads(text)


@pytest.mark.parametrize("method", ["spawn", "fork"])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_other_processes_read_the_same(store, method):
    """A store already in use reads the same in spawned and forked processes."""
    expected = total(store)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        assert pool.submit(sum, [0]).result(60) == 0
        assert pool.submit(_read_elsewhere, store).result(60) == expected


def _read_elsewhere(store):
    return float(sum(sample.positions.sum(dtype=np.float64) for sample in store))


def test_threads_share_a_store(path):
    """Many threads reading a fresh store at once agree."""
    fresh = Store.open(path)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: total(fresh), range(16)))) == 1


def test_verify_finds_a_flipped_bit(path, tmp_path):
    """Checksums name the very sample whose numbers changed."""
    mine = tmp_path / "mine.h5"
    shutil.copy(path, mine)
    assert Store.open(mine).verify() == []
    with h5py.File(mine, "r+") as file:
        file["positions"][-1, 3, 2] += 1
    assert Store.open(mine).verify() == [sorted(NAMES)[-1]]


@given(st.data())
def test_truncated_store(path, tmp_path_factory, data):
    """No proper prefix of a store opens."""
    content = path.read_bytes()
    cut = tmp_path_factory.mktemp("cut") / "cut.h5"
    cut.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(SkeletonDataError, match=r"cut\.h5: is (no store|damaged or cut short)"):
        Store.open(cut)


@given(st.data())
def test_damaged_store(path, tmp_path_factory, data):
    """A store with changed bytes is refused, or opens and reads without leaving its bounds."""
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        metadata = min(file["positions"].id.get_offset(), len(content))
    for _ in range(3):
        content[data.draw(st.integers(0, metadata - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path_factory.mktemp("damaged") / "damaged.h5"
    damaged.write_bytes(content)
    try:
        opened = Store.open(damaged)
    except SkeletonDataError:
        return
    assert len(list(opened)) == 12


def test_files_that_are_no_stores(tmp_path):
    """A missing path, a folder, a text file and another program's HDF5 each get one clear sentence."""
    (tmp_path / "text.h5").write_text("hello")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["positions"] = np.zeros(3)
    cases = {"gone.h5": "no such file", "": "no HDF5 file", "text.h5": "no HDF5 file", "other.h5": "another program"}
    for name, says in cases.items():
        with pytest.raises(SkeletonDataError, match=says):
            Store.open(tmp_path / name)


def test_newer_version_is_refused(path, tmp_path):
    """A store of a later format version says to update."""
    newer = tmp_path / "newer.h5"
    shutil.copy(path, newer)
    with h5py.File(newer, "r+") as file:
        file.attrs["format_version"] = np.int32(99)
    with pytest.raises(SkeletonDataError, match=r"version 99.*Update"):
        Store.open(newer)


@pytest.mark.parametrize("table", ["samples", "tracks", "splits/xsub/train", "provenance"])
def test_damaged_table_is_refused(path, tmp_path, table):
    """A single flipped bit in any table is noticed on opening."""
    mine = tmp_path / "mine.h5"
    shutil.copy(path, mine)
    with h5py.File(mine) as file:
        offset = file[table].id.get_offset()
    content = bytearray(mine.read_bytes())
    content[offset + 3] ^= 4
    mine.write_bytes(content)
    with pytest.raises(SkeletonDataError, match="tables differ from their digest"):
        Store.open(mine)


def test_reading_many_at_once(store):
    """Many samples at once, in any order and repeated, are what each is alone, in memory of the caller's."""
    chosen = [7, 0, 7, 11]
    many = store.read(chosen)
    for index, positions in zip(chosen, many, strict=True):
        np.testing.assert_array_equal(positions, store[index].positions)
        assert positions.flags.writeable and not np.shares_memory(positions, store.rows)
    assert store.read([]) == []


def test_reading_very_many_at_once(store):
    """A long list goes through compiled code and is the same, frames without a body included."""
    chosen = [*range(12)] * 5
    buffer = np.full((3000, 25, 3), 7, np.float32)
    for index, positions in zip(chosen, store.read(chosen, out=buffer), strict=True):
        np.testing.assert_array_equal(positions, store[index].positions)


def test_reading_into_a_buffer(store):
    """A buffer is filled from its beginning, whatever it held; one that does not fit is refused."""
    n_rows = sum(positions.shape[0] * positions.shape[1] for positions in store.read([0, 5]))
    buffer = np.full((n_rows + 3, 25, 3), 7, np.float32)
    many = store.read([0, 5], out=buffer)
    assert all(np.shares_memory(positions, buffer) for positions in many) and (buffer[n_rows:] == 7).all()
    for positions, index in zip(many, (0, 5), strict=True):
        np.testing.assert_array_equal(positions, store[index].positions)
    for wrong in (buffer[: n_rows - 1], buffer.astype(np.float64), buffer[:, :20], buffer[::2]):
        with pytest.raises(ValueError, match=rf"expected out of shape \({n_rows} or more, 25, 3\) float32"):
            store.read([0, 5], out=wrong)


def test_reading_beyond_the_end(store):
    """Indices outside the store are refused, those before its beginning too."""
    for wrong in ([12], [0, -1]):
        with pytest.raises(IndexError, match=r"must lie in 0\.\.11"):
            store.read(wrong)
        with pytest.raises(IndexError, match=r"must lie in 0\.\.11"):
            store.describe(wrong)


def test_split_in_memory(store):
    """Masks and indices make a split that the original store does not have, that pickles, and that hides another."""
    mine = store.with_split("mine", np.arange(12) < 4).with_split("xsub", [5, 1], [0])
    assert [part.tolist() for part in mine.split("mine")] == [[0, 1, 2, 3], list(range(4, 12))]
    assert [part.tolist() for part in pickle.loads(pickle.dumps(mine)).split("xsub")] == [[1, 5], [0]]
    assert "mine" in mine.splits and "mine" not in store.splits and len(store.split("xsub")[1]) == 6
    assert mine.split_rule("mine") is None and mine[3].name == store[3].name


def test_split_that_cannot_be(store):
    """A sample in both parts, an index out of range and a wrong mask are refused."""
    for train, test in (([0], [0]), ([12], None), (np.ones(3, bool), None), ([], None)):
        with pytest.raises(SkeletonDataError):
            store.with_split("mine", train, test)


def test_leaving_subjects_out(store):
    """Subjects left out test, all others train; one that is not there is named, with those that are."""
    train, test = store.leave_subjects_out([3])
    assert set(store.samples["subject"][test]) == {3} and set(store.samples["subject"][train]) == {1}
    assert len(train) + len(test) == 12
    with pytest.raises(SkeletonDataError, match="No sample has subject 2; there are 1, 3"):
        store.leave_subjects_out([2, 3])
    with pytest.raises(SkeletonDataError, match="All samples have subject 1, 3"):
        store.leave_subjects_out([1, 3])
    with pytest.raises(SkeletonDataError, match=r"\(none given\)"):
        store.leave_subjects_out([])


def test_label_fractions_of_a_split(store):
    """A split's name stands for its training half; parts are nested and hold every class."""
    small, large = (store.label_fraction("xview", fraction, seed=1) for fraction in (0.3, 0.8))
    train, _ = store.split("xview")
    assert np.isin(small, large).all() and np.isin(large, train).all() and len(small) < len(large)
    assert set(store.labels[small]) == {0, 1}
    assert store.label_fraction(train, 0.3, seed=1).tolist() == small.tolist()


def test_names_beyond_ascii(tmp_path):
    """Names and classes of other scripts come back as they were written."""
    names = ["Händewaschen", "手を洗う", "plain"]
    made = [RawSequence(name, 8, frozen.bodies(number + 1), 0, name) for number, name in enumerate(names)]
    convert(frozen.Given(made, ([0, 1], [2]), ["Füße heben"]), tmp_path, tmp_path / "a.h5")
    store = Store.open(tmp_path / "a.h5")
    assert store.samples["name"].tolist() == names == list(store.performance_names)
    assert store.class_names == ("Füße heben",) and verify(tmp_path / "a.h5") == []
