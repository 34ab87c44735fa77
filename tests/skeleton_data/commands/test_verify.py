import h5py

from skeleton_data import verify


def test_whole_store(run, varied_store):
    """A whole store: exit code 0 and one line that says what was looked at."""
    code, out, err = run("verify", varied_store)
    assert code == 0 and err == ""
    assert out == f"{varied_store}: whole. 12 samples, structure, tables and splits are as written.\n"


def test_damaged_store(run, varied_store, tmp_path):
    """A damaged store: exit code 1, a line for each finding on standard output, the count on standard error."""
    with h5py.File(varied_store) as file:
        offset = file["positions"].id.get_offset()
    content = bytearray(varied_store.read_bytes())
    for row in (0, 200):
        content[offset + row * 300 + 7] ^= 1
    path = tmp_path / "bad.h5"
    path.write_bytes(content)
    code, out, err = run("verify", path)
    assert code == 1 and err == f"skeleton-data: {path}: damaged, 2 findings.\n"
    assert out.splitlines() == [f"{path}: {finding}" for finding in verify(path)]
    assert f"{path}: sample S001C001P001R001A001: its positions differ from their checksum." in out


def test_damaged_tables(run, varied_store, tmp_path):
    """Where the tables cannot be trusted, that is the one finding, with what to do."""
    with h5py.File(varied_store) as file:
        offset = file["samples"].id.get_offset()
    content = bytearray(varied_store.read_bytes())
    content[offset + 3] ^= 4
    path = tmp_path / "bad.h5"
    path.write_bytes(content)
    code, out, _ = run("verify", path)
    assert code == 1 and out.count("\n") == 1
    assert out.startswith(f"{path}: store: is damaged or cut short (its tables differ from their digest). Convert")


def test_no_store(run, tmp_path):
    """What cannot be looked at is an error: exit code 2, one line."""
    code, out, err = run("verify", tmp_path / "gone.h5")
    assert code == 2 and out == "" and "no such file" in err and err.count("\n") == 1
