"""Pickles: what plain data give, and what everything else gives, which is one clear error and nothing run."""

import collections
import contextlib
import os
import pickle
import pickletools
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_data.formats import safe_pickle
from skeleton_data.formats.pickled import PickledArray
from skeleton_data.formats.safe_pickle import load_pickle
from skeleton_data.raw import RawFileError

PLAIN = {
    "none": None,
    "truth": [True, False],
    "whole": [0, 255, 256, -1, 2**31, -(2**40), 2**70],
    "real": [0.0, -1.5, 1e300, float("inf")],
    "text": ["", "ä€", "x" * 300, "quote ' \" \\ \n"],
    "bytes": [b"", b"\0\xff", b"y" * 300],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "sets": [{1, 2}, frozenset([3]), set()],
    "nested": {"a": {"b": [{"c": ()}]}},
}
ARRAYS = {
    "half": np.arange(24, dtype=np.float16).reshape(1, 2, 4, 3),
    "long": np.random.default_rng(0).normal(size=(2, 300, 25, 3)).astype(np.float32),
    "big endian": np.arange(5, dtype=">i4"),
    "fortran": np.asfortranarray(np.random.default_rng(1).normal(size=(300, 20))),
    "bytes": np.arange(256, dtype=np.uint8),
    "truths": np.array([True, False]),
    "none": np.empty((0, 3), np.float32),
}


def written(tmp_path, data):
    path = tmp_path / "x.pkl"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_come_back(tmp_path, protocol):
    """Containers, texts, bytes and numbers are what Python's own unpickler gives."""
    assert load_pickle(written(tmp_path, pickle.dumps(PLAIN, protocol))) == PLAIN


@pytest.mark.parametrize("protocol", range(6))
def test_numpy_comes_back(tmp_path, protocol):
    """Arrays of any order come back to the byte when they are read; scalars are plain values at once."""
    scalars = {"i": np.int64(-3), "f": np.float32(0.5), "s": np.str_("nä"), "b": np.bool_(True)}
    path = written(tmp_path, pickle.dumps({**ARRAYS, **scalars, "same": [ARRAYS["half"]] * 2}, protocol))
    content = load_pickle(path)
    for name, array in ARRAYS.items():
        read = content[name].read(path)
        np.testing.assert_array_equal(read, array)
        assert read.dtype == array.dtype and read.shape == array.shape
    assert {name: content[name] for name in scalars} == {"i": -3, "f": 0.5, "s": "nä", "b": True}
    assert content["same"][0] is content["same"][1]


def test_old_and_new_places_of_numpy(tmp_path):
    """The names that NumPy 1 wrote lead to the same as those of NumPy 2."""
    data = pickle.dumps(ARRAYS["half"], 2)
    old = data.replace(b"numpy._core.", b"numpy.core.")
    for text in (old, old.replace(b"numpy.core.", b"numpy._core.")):
        path = written(tmp_path, text)
        np.testing.assert_array_equal(load_pickle(path).read(path), ARRAYS["half"])


def test_pickles_of_python_2(tmp_path):
    """Its str is text where a name is expected and bytes where an array is, in protocols 0 and 2."""
    array = np.arange(3, dtype="<f4")
    raw = array.tobytes()
    head = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I3\ntcnumpy\ndtype\n"
    head += b"(S'f4'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\n"
    for data in (b"S" + repr(raw)[1:].encode() + b"\n", b"U\x0c" + raw, b"T" + struct.pack("<i", 12) + raw):
        path = written(tmp_path, b"(lp0\nS'na\\xefve'\np1\na" + head + data + b"tba.")
        name, found = load_pickle(path)
        assert name == "naïve"
        np.testing.assert_array_equal(found.read(path), array)
    long = np.arange(5000, dtype="<f4")
    text = head.replace(b"(I3\nt", b"(I5000\nt") + b"S" + repr(long.tobytes())[1:].encode() + b"\ntb."
    path = written(tmp_path, text)
    np.testing.assert_array_equal(load_pickle(path).read(path), long)


def test_literals_of_python_2(tmp_path):
    """Quotes and escapes of a literal stand for what they do in Python 2; a false escape stays, without a warning."""
    for literal, text in ((rb"'a\nb\\'", "a\nb\\"), (rb'"it\'s"', "it's"), (rb"'\xe9'", "é"), (rb"'a\qb'", "a\\qb")):
        assert load_pickle(written(tmp_path, b"S" + literal + b"\n.")) == text
    for broken in (b"Sabc\n.", b"S'abc\n.", b"S'\n.", b"S'a\\xz'\n.", b"S'abc'"):
        with pytest.raises(RawFileError, match="no whole pickle"):
            load_pickle(written(tmp_path, broken))


def test_other_plain_containers(tmp_path):
    """Ordered dictionaries are dictionaries, and bytearrays bytes."""
    ordered = collections.OrderedDict(a=1, b=[bytearray(b"xyz")])
    assert load_pickle(written(tmp_path, pickle.dumps(ordered, 2))) == {"a": 1, "b": [b"xyz"]}
    by_python_2 = b"ccollections\nOrderedDict\n((l(lS'a'\naI1\naa(lS'b'\naI2\naatR."
    assert load_pickle(written(tmp_path, by_python_2)) == {"a": 1, "b": 2}


class Runs:
    """Unpickles by calling what it is told to."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize(
    ("hostile", "says"),
    [
        (Runs(os.system, "touch ran"), r"(posix|nt)\.system"),
        (Runs(eval, "open('ran', 'w')"), r"(builtins|__builtin__)\.eval"),
        (Runs(getattr, 1, "real"), "getattr"),
        (collections.Counter("aab"), "Counter"),
        (np.random.default_rng(0), r"numpy\.random"),
        (np.array([{"a": 1}, None]), "array of Python objects"),
        (np.zeros(2, [("a", "f4")]), "no plain type"),
        (np.ma.masked_array([1], [True]), "numpy.ma"),
        (range(3), "range"),
        ({(1, 2): 3}, "as a key"),
        ({1.5: 3}, "as a key"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_all_else_is_refused_by_name(tmp_path, monkeypatch, hostile, says, protocol):
    """Whatever is no plain data gives an error that names it, and runs nothing."""
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, pickle.dumps({"annotations": [hostile]}, protocol))
    with pytest.raises(RawFileError, match=says) as caught:
        load_pickle(path)
    assert str(path) in str(caught.value) and "refused to unpickle" in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.pkl"]


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (b"cos\nsystem\n(S'touch ran'\ntR.", r"os\.system"),
        (b"(S'touch ran'\nios\nsystem\n.", r"os\.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.", r"os\.system"),
        (b"cnumpy\ndtype\n(S'O8'\ntR.", "Python objects"),
        (b"cnumpy\ndtype\n(S'V1000000000'\ntR.", "no plain type"),
        (b"cnumpy\nndarray\n(I1000000000000\ntR.", "a call of"),
        (b"I7\n(tR.", "a call of"),
        (b"ccollections\nOrderedDict\n((lI1\naI2\natR.", "something else than pairs"),
        (b"c__builtin__\nset\n(S'ab'\ntR.", "a set made of something else"),
        (b"}(S'x'\nI1\ndb.", "a state for"),
        (b"Pabc\n.", "the instruction PERSID"),
        (b"\x80\x02\x82\x01.", "the instruction EXT1"),
        (b"\x89HDF\r\n", "byte 48 is no instruction"),
        (b"aa.", "instructions do not fit together"),
        (b"c\x1b[2Jos\nsystem\n.", r"\\x1b\[2Jos"),
    ],
)
def test_programs_written_by_hand(tmp_path, program, says):
    """Instructions that Python's pickler would not combine so are refused too, with harmless messages."""
    with pytest.raises(RawFileError, match=says) as caught:
        load_pickle(written(tmp_path, program))
    assert str(caught.value).isprintable()


ARRAY = pickle.dumps(np.zeros(3, np.float32), 2)
HUGE = {
    "bytes": b"\x80\x04\x8e" + (1 << 62).to_bytes(8, "little") + b"x.",
    "text": b"\x80\x04\x8d" + (1 << 62).to_bytes(8, "little") + b"x.",
    "bytearray": b"\x80\x05\x96" + (1 << 40).to_bytes(8, "little") + b"x.",
    "memo": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "number": b"\x80\x02\x8b\xff\xff\xff\x7f\x01.",
    "frame": b"\x80\x04\x95" + (1 << 62).to_bytes(8, "little") + b"N.",
    "digits": b"I" + b"9" * 100_000 + b"\n.",
    "array": pickle.dumps(np.zeros(3, np.float32), 2).replace(
        b"K\x01K\x03\x85", b"K\x01\x8a\x08" + b"\xff" * 7 + b"\x0f\x85"
    ),
}


@pytest.mark.parametrize("what", HUGE)
def test_announced_sizes_are_not_believed(tmp_path, what):
    """A few bytes that announce gigabytes cost no memory; they are an error, or harmless."""
    path = written(tmp_path, HUGE[what])
    tracemalloc.start()
    try:
        if what in ("memo", "frame"):
            assert load_pickle(path) is None
        else:
            with pytest.raises(RawFileError):
                load_pickle(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_copies_are_paid_for(tmp_path, monkeypatch):
    """A pickle that makes much of little, by calls that copy a long list, is stopped at the limit of memory."""
    monkeypatch.setattr(safe_pickle, "MEMORY", 4 << 20)
    copies = b"cbuiltins\nlist\nh\x00\x85R" * 1000
    path = written(tmp_path, b"\x80\x02](" + b"N" * 5000 + b"eq\x00" + copies + b".")
    with pytest.raises(RawFileError, match="more than 4 MiB of objects"):
        load_pickle(path)


def test_arrays_stay_in_the_file(tmp_path):
    """Many megabytes of arrays are indexed in a few kilobytes, from any protocol."""
    many = [np.random.default_rng(at).random((300, 25, 3)) for at in range(40)]
    for protocol in (2, 4, 5):
        path = written(tmp_path, pickle.dumps(many, protocol))
        tracemalloc.start()
        content = load_pickle(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert path.stat().st_size > 6 << 20 and peak < 1 << 20
        np.testing.assert_array_equal(content[7].read(path), many[7])


def test_every_prefix_is_an_error(tmp_path):
    """A pickle cut anywhere is told to be no whole one."""
    data = pickle.dumps({"a": [1, "x", (2.5, None)], "b": np.arange(6.0), "c": {"d": True}}, 4)
    for end in range(len(data)):
        with pytest.raises(RawFileError, match=r"no whole pickle|refused"):
            load_pickle(written(tmp_path, data[:end]))


@given(seed=st.integers(0, 2**32 - 1), protocol=st.sampled_from([0, 2, 4, 5]))
def test_damage_gives_data_or_the_one_error(tmp_path_factory, seed, protocol):
    """Random damage never gives another exception, never takes memory, and never an array that reads out of bounds."""
    rng, folder = np.random.default_rng(seed), tmp_path_factory.mktemp("damaged")
    whole = pickle.dumps({"split": {"t": ["a", "b"]}, "annotations": [PLAIN, *ARRAYS.values()]}, protocol)
    for _ in range(60):
        data = bytearray(whole)
        for at in rng.integers(0, len(data) if rng.random() < 0.5 else 400, rng.integers(1, 4)):
            data[at] = rng.integers(256)
        path = written(folder, bytes(data))
        try:
            content = load_pickle(path)
        except RawFileError:
            continue
        for part in content.values() if isinstance(content, dict) else ():
            for array in part if isinstance(part, list) else ():
                if isinstance(array, PickledArray):
                    with contextlib.suppress(ValueError):
                        assert array.read(path).nbytes <= len(whole)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
        max_leaves=30,
    ),
    st.integers(0, 5),
)
def test_any_plain_data(tmp_path_factory, data, protocol):
    """Whatever plain data are pickled come back equal, also after pickletools has rewritten the program."""
    text = pickletools.optimize(pickle.dumps(data, protocol)) if protocol else pickle.dumps(data, 0)
    assert load_pickle(written(tmp_path_factory.mktemp("plain"), text)) == data


def test_no_file(tmp_path):
    """A file that is not there, or a folder, is an error with its name."""
    for path in (tmp_path / "gone.pkl", tmp_path):
        with pytest.raises(RawFileError, match="cannot be read"):
            load_pickle(path)


def test_array_whose_file_has_shrunk(tmp_path):
    """An array that is not there any more when it is read is an error, not a short array."""
    path = written(tmp_path, pickle.dumps(ARRAYS["long"], 4))
    array = load_pickle(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match="cut short"):
        array.read(path)
