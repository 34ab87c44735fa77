import shutil
import tracemalloc
from hashlib import blake2b

import h5py
import numpy as np
import pytest

from skeleton_data import SkeletonDataError, Store, convert, repack, save_split, verify
from skeleton_data.storage import rewriting
from skeleton_data.storage.schema import store_digest, tables_digest

N_FLIPS = 200


@pytest.fixture(scope="module", params=["in one piece", "lzf"])
def whole(request, varied_store, tmp_path_factory):
    """A whole store with a split of one's own, in both layouts."""
    path = tmp_path_factory.mktemp("whole") / "store.h5"
    repack(varied_store, path, filter="none" if request.param == "in one piece" else request.param)
    save_split(path, "mine", [0, 1, 2])
    return path


def data_ranges(path):
    """Bytes of the file that hold numbers or texts: of every table, and of the positions."""
    ranges = []

    def visit(name, node):
        if isinstance(node, h5py.Dataset) and node.chunks is None:
            ranges.append((node.id.get_offset(), node.id.get_storage_size()))
        elif isinstance(node, h5py.Dataset):
            chunks = [node.id.get_chunk_info(i) for i in range(node.id.get_num_chunks())]
            ranges.extend((chunk.byte_offset, chunk.size) for chunk in chunks)

    with h5py.File(path) as file:
        file.visititems(visit)
    return ranges


def everything(path):
    """All that anybody reads of a store, through this package and through plain h5py."""
    found = [(s.name, s.positions.tobytes(), s.body_ids.tobytes(), s.label, s.camera) for s in Store.open(path)]

    def visit(name, node):
        if isinstance(node, h5py.Dataset):
            found.append((name, str(node.dtype), node.shape, np.asarray(node[()]).tobytes()))

    with h5py.File(path) as file:
        file.visititems(visit)
        found.append(sorted((name, str(value)) for name, value in file.attrs.items()))
    return found


def flipped(path, at, mask, target):
    content = bytearray(path.read_bytes())
    content[at] ^= mask
    target.write_bytes(content)
    return target


def findings(path):
    try:
        return verify(path)
    except SkeletonDataError as error:
        return [error]


def test_whole_store_has_no_findings(whole):
    """A store as it was written passes, with splits of one's own and in either layout."""
    assert verify(whole) == []


def test_flipped_byte_of_data_is_found(whole, tmp_path):
    """Each of 200 random bytes of tables and positions, with one bit or all bits flipped, is found."""
    rng = np.random.default_rng(0)
    covered = np.concatenate([np.arange(start, start + size) for start, size in data_ranges(whole)])
    assert len(covered) > 0.5 * whole.stat().st_size
    for number, at in enumerate(rng.choice(covered, N_FLIPS, replace=False).tolist()):
        mask = 0xFF if number % 2 else 1 << int(rng.integers(8))
        assert findings(flipped(whole, at, mask, tmp_path / "bad.h5")), at


def test_flipped_byte_of_structure_is_found_or_harmless(whole, tmp_path):
    """Of all other bytes, those that pass change nothing that is read: unused room, or HDF5's own bookkeeping."""
    rng = np.random.default_rng(1)
    covered = np.zeros(whole.stat().st_size, bool)
    for start, size in data_ranges(whole):
        covered[start : start + size] = True
    expected, harmless = everything(whole), 0
    for at in rng.choice(np.flatnonzero(~covered), N_FLIPS // 2, replace=False).tolist():
        bad = flipped(whole, at, 1 << int(rng.integers(8)), tmp_path / "bad.h5")
        if not findings(bad):
            harmless += 1
            assert everything(bad) == expected, at
    assert 0 < harmless < N_FLIPS // 2


def test_flipped_position_names_its_sample(whole, tmp_path):
    """One changed number is reported with the recording that it belongs to, and no other."""
    bad = shutil.copy(whole, tmp_path / "bad.h5")
    with h5py.File(bad, "r+") as file:
        row = int(file["tracks"][-1]["row"])
        file["positions"][row, 3, 2] += 1
        name = file["samples"]["name"][-1].decode()
    (finding,) = verify(bad)
    assert str(finding) == f"sample {name}: its positions differ from their checksum."


def test_truncated_chunk_is_a_finding(varied_store, tmp_path):
    """A compressed chunk that cannot be unpacked is reported for every sample in it, and the rest is still checked."""
    packed = repack(varied_store, tmp_path / "packed.h5")
    with h5py.File(packed) as file:
        chunk = file["positions"].id.get_chunk_info(0)
    content = bytearray(packed.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    packed.write_bytes(content)
    found = [str(finding) for finding in verify(packed)]
    assert 1 <= len(found) < 12 and all(line.startswith("sample S001C001") for line in found)


def tampered(path, target, change):
    """A store with a change made through HDF5, its digests made to fit."""
    shutil.copy(path, target)
    with h5py.File(target, "r+") as file:
        change(file)
        names = [name.decode() for name in file["samples"]["name"]]
        file.attrs["digest"] = np.bytes_(store_digest(names, file["samples"]["checksum"]))
        file.attrs["tables_digest"] = np.bytes_(tables_digest(file))
    return target


def set_field(table, row, field, value):
    def change(file):
        rows = file[table][()]
        rows[field][row] = value
        file[table][...] = rows

    return change


def rename(old, new):
    return lambda file: file.move(old, new)


def retype(name, dtype):
    def change(file):
        values = file[name][()].astype(dtype)
        del file[name]
        file[name] = values

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (set_field("samples", 3, "duplicate_of", 0), "are marked as copies, or not, against their checksums"),
        (set_field("samples", 3, "name", b"S001C001P001R001A001"), "two samples have one name"),
        (set_field("tracks", slice(None), "gapless", True), "flagged gapless, or not"),
        (set_field("tracks", slice(None), "gapless", False), "flagged gapless, or not"),
        (set_field("tracks", 3, "row", 0), "do not cover the rows"),
        (set_field("samples", 2, "checksum", 0), "its positions differ from their checksum"),
        (rename("splits/xsub/train", "splits/xsub/rule"), "is damaged or cut short"),
        (retype("splits/xsub/train", "<i8"), "table splits/xsub/train: has the type int64, int32 is expected"),
        (retype("classes", "S40"), "table classes: has texts of the type"),
        (lambda file: file["splits/xsub/test"].write_direct(file["splits/xsub/train"][()]), "both train and test"),
        (lambda file: file.attrs.__setitem__("format_version", np.int64(1)), "attribute format_version"),
        (lambda file: file.attrs.__setitem__("format_version", np.int32(0)), "no format version 0"),
    ],
)
def test_tables_that_contradict_each_other(varied_store, tmp_path, change, says):
    """What only a faulty program could write, digests and all, is found by what the tables say about each other."""
    found = verify(tampered(varied_store, tmp_path / "bad.h5", change))
    assert any(says in str(finding) for finding in found), found


def test_channels(varied_store, tmp_path):
    """What is kept beside the positions is held to its own digest and length, and repacking takes it along."""
    path = shutil.copy(varied_store, tmp_path / "a.h5")
    with h5py.File(path, "r+") as file:
        values = np.arange(len(file["positions"]) * 25, dtype=np.uint8).reshape(-1, 25)
        file["channels/state"] = values
        file["channels/state"].attrs["digest"] = np.bytes_(blake2b(values.tobytes(), digest_size=16).hexdigest())
    assert verify(path) == []
    packed = repack(path, tmp_path / "packed.h5")
    assert verify(packed) == []
    for changed in (path, packed):
        with h5py.File(changed, "r+") as file:
            np.testing.assert_array_equal(file["channels/state"][()], values)
            file["channels/state"][7, 3] += 1
        assert [str(finding) for finding in verify(changed)] == ["channel state: its values differ from their digest."]
    with h5py.File(path, "r+") as file:
        del file["channels/state"]
        file["channels/state"] = values[:5]
        file["channels/state"].attrs["digest"] = np.bytes_(blake2b(values[:5].tobytes(), digest_size=16).hexdigest())
    (finding,) = verify(path)
    assert str(finding) == f"channel state: has 5 rows beside {len(values)} of positions."


def test_what_cannot_be_looked_at(tmp_path, varied_store):
    """No file, no store and a newer version are errors, not findings."""
    (tmp_path / "text.h5").write_text("hello")
    newer = shutil.copy(varied_store, tmp_path / "newer.h5")
    with h5py.File(newer, "r+") as file:
        file.attrs["format_version"] = np.int32(99)
    for name, says in {"gone.h5": "no such file", "text.h5": "no HDF5 file", "newer.h5": "Update"}.items():
        with pytest.raises(SkeletonDataError, match=says):
            verify(tmp_path / name)


def test_a_file_that_goes_while_it_is_opened(tmp_path, varied_store, monkeypatch):
    """What h5py says of a file that another process removes is one line that names it, whatever reads the store."""
    path = tmp_path / "store.h5"

    def removed(name, *mode):
        path.unlink()
        return was(name, *mode)

    for patched, reads in (("is_hdf5", Store.open), ("is_hdf5", verify), ("File", Store.open)):
        shutil.copy(varied_store, path)
        was = getattr(h5py, patched)
        with monkeypatch.context() as patch:
            patch.setattr(h5py, patched, removed)
            with pytest.raises(SkeletonDataError, match=r"store\.h5: .*(removed or replaced|no HDF5 file)"):
                reads(path)

    def unreachable(name):
        raise OSError("Unable to determine if file is accessible as hdf5")

    monkeypatch.setattr(h5py, "is_hdf5", unreachable)
    with pytest.raises(SkeletonDataError, match=r"gone\.h5: no such file"):
        Store.open(tmp_path / "gone.h5")
    with pytest.raises(SkeletonDataError, match=r"store\.h5: cannot be read \(Unable to determine"):
        Store.open(shutil.copy(varied_store, path))


@pytest.mark.parametrize("reads", [lambda path, out: repack(path, out), lambda path, out: save_split(path, "x", [0])])
def test_a_file_that_goes_while_it_is_copied(tmp_path, varied_store, monkeypatch, reads):
    """So do the commands that write a store anew; nothing is left beside it."""
    path = tmp_path / "store.h5"
    shutil.copy(varied_store, path)
    copied = rewriting._copy_tables

    def fails(old, new):
        copied(old, new)
        raise OSError("Can't synchronously read data (file read failed)")

    monkeypatch.setattr(rewriting, "_copy_tables", fails)
    with pytest.raises(SkeletonDataError, match=r"store\.h5: cannot be read any more \(Can't sync"):
        reads(path, tmp_path / "out.h5")
    assert [left.name for left in tmp_path.iterdir()] == ["store.h5"]


def test_memory_does_not_grow_with_the_store(tmp_path, ntu_folder):
    """A store ten times as large takes no more memory to verify than the tables of it do."""
    peaks = []
    for n_frames in (20, 2000):
        folder = ntu_folder(tmp_path / str(n_frames), [f"S001C001P001R001A00{a}" for a in range(1, 9)], n_frames)
        convert("ntu60", folder, tmp_path / f"{n_frames}.h5")
        tracemalloc.start()
        assert verify(tmp_path / f"{n_frames}.h5") == []
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    one_sample = 2000 * 25 * 3 * 4
    assert peaks[1] < peaks[0] + 4 * one_sample < 8 * one_sample


@pytest.mark.parametrize("progress", [False, True])
def test_progress_bar(varied_store, capsys, progress):
    """A bar over the samples is shown on request only."""
    assert verify(varied_store, progress=progress) == []
    assert ("12/12" in capsys.readouterr().err) == progress
