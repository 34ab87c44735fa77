import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skeleton_data.formats.ntu_text import parse
from skeleton_data.raw import RawFileError

ID = 2**56 + 1


@pytest.fixture(scope="module")
def sample(ntu_text, ntu_frames):
    frames = [*ntu_frames(1, 2, (ID, ID + 1)), [], *ntu_frames(2, 1)]
    return frames, ntu_text(frames)


def with_first_x(text: bytes, token: str) -> bytes:
    lines = text.split(b"\n")
    lines[4] = token.encode() + lines[4][lines[4].index(b" ") :]
    return b"\n".join(lines)


def test_reads_positions_ids_and_empty_frames(sample):
    """Every number comes back: positions to the last bit, ids beyond 2**53, frames counted through empty ones."""
    frames, text = sample
    read = parse(text, "file")
    assert read.n_frames == 4
    assert read.body_ids.tolist() == [ID, ID + 1, ID, ID + 1, 72057594037930243]
    assert read.frames.tolist() == [0, 0, 1, 1, 3]
    np.testing.assert_array_equal(read.positions, [p for bodies in frames for _, p in bodies])


@pytest.mark.parametrize("end", ["\r\n", " ", "\t", "\n\n", "\r"])
def test_any_white_space_separates(sample, ntu_text, end):
    """The kind of white space does not matter."""
    frames, text = sample
    np.testing.assert_array_equal(parse(ntu_text(frames, end), "file").positions, parse(text, "file").positions)


def test_no_final_newline_and_byte_order_mark(sample):
    """A lost final newline and a byte order mark do no harm."""
    _, text = sample
    np.testing.assert_array_equal(
        parse(b"\xef\xbb\xbf" + text.rstrip(), "file").positions, parse(text, "file").positions
    )


@given(
    st.one_of(
        st.floats(-1e38, 1e38, allow_nan=False).map(repr),
        st.floats(-9, 9, width=32).map(lambda v: f"{v:.7g}"),
        st.from_regex(r"[+-]?([0-9]{1,25}\.?[0-9]{0,25}|\.[0-9]{1,20})([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    )
)
@example("9007199254740993")
@example("0.000000000000000000000123")
@example("1e-45")
@example("123456789012345678901234567890")
@example("5.")
def test_numbers_are_rounded_as_python_does(sample, token):
    """Any decimal token gives exactly np.float32(float(token)), whichever path reads it."""
    with np.errstate(over="ignore"):
        expected = np.float32(float(token))
    read = parse(with_first_x(sample[1], token), "file").positions[0, 0, 0]
    assert read == expected or (not np.isfinite(expected) and not np.isfinite(read))


@pytest.mark.parametrize("token", ["NaN", "nan", "-nan", "-nan(ind)", "1.#QNAN", "-1.#IND", "inf", "1e400", "-1e39"])
def test_no_number_becomes_not_finite(sample, token):
    """Every spelling of "no number" is read as such, for the converter to make missing."""
    read = parse(with_first_x(sample[1], token), "file").positions
    assert not np.isfinite(read[0, 0, 0])
    assert np.isfinite(read.reshape(-1)[1:]).all()


@given(st.data())
def test_every_truncation_is_noticed(sample, data):
    """No proper prefix of a file reads as a file."""
    text = sample[1].rstrip()
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(RawFileError, match=r"line \d+: .*(cut short|expected)") as caught:
        parse(text[:cut], "some.skeleton")
    assert caught.value.line <= text[:cut].count(b"\n") + 1


@given(st.data())
def test_damage_is_noticed_or_harmless(sample, data):
    """A changed byte gives either a clear error or a reading with the same shape, never a crash."""
    text = bytearray(sample[1])
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = parse(bytes(text), "some.skeleton")
    except RawFileError as error:
        assert error.line is not None
    else:
        assert read.positions.shape == (len(read.frames), 25, 3)


def test_letters_in_any_column_are_named_with_their_line(sample):
    """A corrupted token is shown, with its line, even in a column that is not kept."""
    lines = sample[1].split(b"\n")
    lines[10] = lines[10].replace(b"0.0233", b"0.0z33")
    with pytest.raises(RawFileError, match=re.escape("bad.skeleton, line 11: expected a number, found '0.0z33'")):
        parse(b"\n".join(lines), "bad.skeleton")


def test_value_lost_in_the_middle_is_found_at_its_line(sample):
    """A joint with eleven values is reported where it stands, not where the count no longer works out."""
    lines = sample[1].split(b"\n")
    lines[20] = lines[20].rsplit(b" ", 1)[0]
    with pytest.raises(RawFileError, match=r"line 21: expected 12 values on this line, found 11"):
        parse(b"\n".join(lines), "bad.skeleton")


def test_cut_file_says_what_it_lacks(sample):
    """The error of a cut file names the value, joint, body and frame that are not there."""
    lines = sample[1].split(b"\n")
    text = b"\n".join(lines[:10]) + b"\n0.5 0.25"
    with pytest.raises(
        RawFileError, match=r"line 11: expected the z of joint 7 of body 1 in frame 1 of 4; the text end"
    ):
        parse(text, "bad.skeleton")


@pytest.mark.parametrize("header", [b"1000000000", b"99999999999999999999", b"-3", b"0", b"4.0", b"four"])
def test_impossible_frame_count(sample, header):
    """A damaged frame count is an error of line 1, and claims no memory."""
    text = header + b"\n" + sample[1].split(b"\n", 1)[1]
    tracemalloc.start()
    with pytest.raises(RawFileError, match="line 1: expected the number of frames"):
        parse(text, "bad.skeleton")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * len(text) + 100_000


@pytest.mark.parametrize(
    ("line", "token", "says"),
    [
        (2, b"1000000000", "number of joints, 25, of body 3"),
        (2, b"-1", "number of bodies"),
        (4, b"24", "number of joints, 25"),
    ],
)
def test_impossible_counts(sample, line, token, says):
    """Counts of bodies and joints that cannot be are errors."""
    lines = sample[1].split(b"\n")
    lines[line - 1] = token
    with pytest.raises(RawFileError, match=says):
        parse(b"\n".join(lines), "bad.skeleton")


def test_body_id_beyond_64_bits(sample):
    """An id that no 64-bit integer holds is refused rather than rounded."""
    with pytest.raises(RawFileError, match="line 3: expected the body id of body 1 in frame 1 of 4; found '9999"):
        parse(sample[1].replace(str(ID).encode(), b"9999999999999999999", 1), "bad.skeleton")


def test_more_text_than_announced(sample):
    """Text after the last announced frame is an error, not ignored."""
    with pytest.raises(RawFileError, match="expected the end of the file after 4 frames; found '7'"):
        parse(sample[1] + b"7\n", "bad.skeleton")


@pytest.mark.parametrize("text", [b"", b" \n", b"\x00" * 5000, b"PK\x03\x04", "3\n1".encode("utf-16")])
def test_no_text_at_all(text):
    """An empty, zeroed or foreign file is an error of line 1."""
    with pytest.raises(RawFileError, match="line 1"):
        parse(text, "bad.skeleton")
