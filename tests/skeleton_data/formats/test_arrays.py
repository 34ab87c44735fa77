"""NumPy's files read in pieces: rows agree with NumPy's own reader, and no header is believed."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_data.formats.arrays import npy_array, npz_arrays
from skeleton_data.formats.sources import close_archives
from skeleton_data.raw import RawFileError

VALUES = np.random.default_rng(0).normal(size=(7, 4, 3)).astype(np.float32)


def npy_bytes(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


def header(text, version=1):
    body = text.encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(body).to_bytes(2 if version == 1 else 4, "little") + body


@pytest.fixture(params=["npy", "npy fortran", "npy version 2", "npz", "npz compressed"])
def stored(request, tmp_path):
    path = tmp_path / "x.npz"
    if request.param == "npz":
        np.savez(path, first=np.arange(3), x=VALUES)
    elif request.param == "npz compressed":
        np.savez_compressed(path, first=np.arange(3), x=VALUES)
    else:
        path = tmp_path / "x.npy"
        values = np.asfortranarray(VALUES) if "fortran" in request.param else VALUES
        path.write_bytes(npy_bytes(values, version=(2, 0) if "2" in request.param else (1, 0)))
    yield npy_array(path) if path.suffix == ".npy" else npz_arrays(path)["x"]
    close_archives()


def test_rows_agree_with_numpy(stored):
    """Rows in any order, blocks, and the whole, from every way of storing."""
    assert stored.shape == VALUES.shape and len(stored) == 7 and stored.nbytes == VALUES.nbytes
    for at in (3, 0, 6, 6, 2):
        np.testing.assert_array_equal(stored.row(at), VALUES[at])
    np.testing.assert_array_equal(stored.read(), VALUES)
    np.testing.assert_array_equal(np.concatenate(list(stored.blocks())), VALUES)


def test_rows_are_read_alone(tmp_path):
    """A row of a large array costs its own bytes only, and so it does from a compressed archive."""
    values = np.zeros((200, 40_000), np.float32)
    np.save(tmp_path / "x.npy", values)
    np.savez_compressed(tmp_path / "x.npz", x=values)
    for array in (npy_array(tmp_path / "x.npy"), npz_arrays(tmp_path / "x.npz")["x"]):
        tracemalloc.start()
        assert array.row(150).shape == (40_000,)
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
        tracemalloc.stop()
    close_archives()


SHAPE = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no valid .npy header"),
        (b"\x93NUMPY", "no valid .npy header"),
        (header(SHAPE % "(1000000000000,)"), "announces"),
        (header(SHAPE % "(10,)") + bytes(39), "announces"),
        (header(SHAPE % "(-1, 5)") + bytes(40), "expected an array of numbers"),
        (header(SHAPE % "(" + "(" * 3000), "no valid .npy header"),
        (header("__import__('os').system('touch ran')"), "no valid .npy header"),
        (header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }") + b"cos\nsystem\n.", "Python objects"),
        (header("{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }"), "Python objects"),
        (header("{'descr': '<U9', 'fortran_order': False, 'shape': (0,), }"), "array of numbers"),
        (header("{'descr': '<c8', 'fortran_order': False, 'shape': (0,), }"), "array of numbers"),
        (header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (0,), }"), "array of numbers"),
        (header(SHAPE % "(1,)", version=3), "version"),
    ],
)
def test_bad_files(tmp_path, data, says):
    """Damage, object arrays and headers that announce too much are one clear error, inside of archives as well."""
    (tmp_path / "x.npy").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", data)
    for read, path in ((npy_array, tmp_path / "x.npy"), (npz_arrays, tmp_path / "x.npz")):
        with pytest.raises(RawFileError, match=says) as caught:
            read(path)
        assert path.name in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_bad_archives(tmp_path):
    """Members that leave the archive, stand twice, or unpack to more than they can are refused."""
    path = tmp_path / "x.npz"
    for name in ("../x.npy", "/x.npy", "a/../../x.npy", "C:/x.npy", "..\\x.npy"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, npy_bytes(VALUES))
        with pytest.raises(RawFileError, match="leaves it"):
            npz_arrays(path)
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("x.npy", npy_bytes(VALUES))
        archive.writestr("x.npy", npy_bytes(VALUES))
    with pytest.raises(RawFileError, match="twice"):
        npz_arrays(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.npy", npy_bytes(VALUES))
    with pytest.raises(RawFileError, match="compressed in a way"):
        npz_arrays(path)
    path.write_bytes(b"no archive")
    with pytest.raises(RawFileError, match="is no readable"):
        npz_arrays(path)


def test_archive_that_lies_about_sizes(tmp_path):
    """A directory that announces terabytes for a few bytes is refused unread."""
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header(SHAPE % "(1000000000,)") + bytes(1000))
        archive.infolist()[0].file_size = 4_000_000_000
    with pytest.raises(RawFileError, match="cannot unpack to 4,000,000,000"):
        npz_arrays(path)


def test_truncated_archives(tmp_path):
    """An archive cut anywhere is an error at the latest when the row that is gone is read."""
    path = tmp_path / "x.npz"
    for save in (np.savez, np.savez_compressed):
        save(path, x=VALUES)
        whole = path.read_bytes()
        for end in range(0, len(whole), 37):
            path.write_bytes(whole[:end])
            with pytest.raises(RawFileError):
                npz_arrays(path)
    close_archives()


def test_file_that_shrinks(tmp_path):
    """A row that is gone when it is asked for is an error that says where."""
    np.save(tmp_path / "x.npy", VALUES)
    array = npy_array(tmp_path / "x.npy")
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:200])
    with pytest.raises(RawFileError, match="cut short"):
        array.row(6)
    (tmp_path / "x.npy").unlink()
    with pytest.raises(RawFileError, match="cannot be read"):
        array.row(0)


@given(seed=st.integers(0, 2**32 - 1), save=st.sampled_from([np.savez, np.savez_compressed]))
def test_damaged_archives_give_rows_or_the_one_error(tmp_path_factory, seed, save):
    """Random damage gives numbers of the right shape or one kind of error."""
    rng, folder = np.random.default_rng(seed), tmp_path_factory.mktemp("damaged")
    save(folder / "whole.npz", x=VALUES, y=np.eye(4))
    whole = (folder / "whole.npz").read_bytes()
    for round_ in range(40):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), rng.integers(1, 5)):
            data[at] = rng.integers(256)
        path = folder / f"{round_}.npz"
        path.write_bytes(bytes(data))
        try:
            for array in npz_arrays(path).values():
                for at in range(min(len(array), 8) if array.shape else 0):
                    assert array.row(at).shape == array.shape[1:]
        except RawFileError:
            continue
    close_archives()
