import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeleton_data.formats.ntu_scan import scan
from skeleton_data.formats.ntu_text import _parse_any, parse
from skeleton_data.raw import RawFileError

ID = 2**56 + 1
FLOAT = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@pytest.fixture(scope="module")
def text(ntu_text, ntu_frames):
    return ntu_text([*ntu_frames(1, 2, (ID, ID + 1)), [], *ntu_frames(2, 1)])


def with_token(text: bytes, line: int, column: int, token: bytes) -> bytes:
    lines = text.split(b"\n")
    words = lines[line].split(b" ")
    words[column] = token
    lines[line] = b" ".join(words)
    return b"\n".join(lines)


def assert_alike(data: bytes) -> None:
    """Both readers give the same bits, or the same error."""
    try:
        expected = _parse_any(data, "f")
    except RawFileError as error:
        with pytest.raises(RawFileError) as caught:
            parse(data, "f")
        assert str(caught.value) == str(error)
        return
    read = parse(data, "f")
    assert read.n_frames == expected.n_frames
    for name in ("body_ids", "frames", "positions"):
        ours, theirs = getattr(read, name), getattr(expected, name)
        assert ours.dtype == theirs.dtype and ours.tobytes() == theirs.tobytes()


def assert_scanned(data: bytes) -> None:
    """The fast reader reads it, and as the other does."""
    assert scan(data) is not None
    assert_alike(data)


@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\t", "\n\n", "\r"])
def test_usual_texts_take_the_fast_way(ntu_text, ntu_frames, end):
    """Usual files are read by the fast reader whatever the white space, to the last bit as by the other."""
    assert_scanned(ntu_text([[], *ntu_frames(1, 3, (ID, 5)), []], end))


def test_all_lengths(text):
    """A file may end anywhere within a block of 64 bytes."""
    for blanks in range(130):
        assert_scanned(text.rstrip() + b" " * blanks)
        assert_scanned(b" " * blanks + text)


NUMBERS = st.one_of(
    st.floats(-9, 9, width=32).map(lambda v: f"{v:.7g}"),
    st.from_regex(r"[+-]?([0-9]{1,20}\.?[0-9]{0,20}|\.[0-9]{1,20})([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)


@settings(max_examples=150)
@given(NUMBERS, st.integers(0, 11))
def test_all_numbers(text, token, column):
    """Any decimal number in any column is read as Python reads it, signs of zeros included."""
    data = with_token(text, 5, column, token.encode())
    assert_scanned(data)
    if column < 3:
        with np.errstate(over="ignore"):
            expected = np.float32(float(token))
        read = parse(data, "f").positions[0, 1, column]
        assert read.tobytes() == expected.tobytes() or not np.isfinite(expected)


@settings(max_examples=300)
@given(st.text("0159+-.eE", min_size=1, max_size=7), st.integers(0, 63))
def test_no_other_token_passes(text, token, shift):
    """Whatever is made of the characters of numbers passes exactly if it is a number, wherever in a block it lies."""
    data = with_token(b" " * shift + text, 20, 7, token.encode())
    assert (scan(data) is not None) == (FLOAT.fullmatch(token.encode()) is not None)
    assert_alike(data)


@settings(max_examples=150)
@given(st.data())
def test_damage_reads_alike(text, data):
    """Changed, lost and added bytes give what the other reader gives, errors with their places included."""
    damaged = bytearray(text)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    assert_alike(bytes(damaged))


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000])
def test_texts_that_are_none(size):
    """Blanks, digits and zeros of any size are no recording, and nothing beyond their end is read."""
    for filling in (b" ", b"1", b"\0", b"1 "):
        assert scan((filling * size)[:size]) is None


def test_huge_counts_claim_no_memory(text):
    """Counts that announce more than the file holds lead to the other reader, whatever their size."""
    for line in (0, 1):
        for count in (b"99999", b"1000000000", b"999999999999999999", b"9999999999999999999"):
            data = with_token(text, line, 0, count)
            assert scan(data) is None
            assert_alike(data)
