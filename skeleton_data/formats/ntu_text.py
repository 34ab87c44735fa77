"""The NTU RGB+D ``.skeleton`` text: one pass over its bytes into arrays.

A file is a sequence of numbers split by any white space: the frame count; per frame a body count; per body ten
numbers, the joint count and twelve numbers per joint, of which x, y, z come first. Body ids are integers near
2**56 and are read as such. Coordinates are exactly ``np.float32(float(token))``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from skeleton_data.formats.ntu_scan import scan
from skeleton_data.raw import RawFileError

N_JOINTS = 25
MAX_FRAMES = 100_000
MAX_BYTES = 32 << 20
"""The longest real recordings have a tenth of this."""
_ODD_AT_ONCE = 4096
_BODY_FIELDS = (
    "body id",
    "clipped edges",
    "left hand confidence",
    "left hand state",
    "right hand confidence",
    "right hand state",
    "restricted flag",
    "lean x",
    "lean y",
    "tracking state",
)
_JOINT_FIELDS = (
    "x",
    "y",
    "z",
    "depth x",
    "depth y",
    "color x",
    "color y",
    "orientation w",
    "orientation x",
    "orientation y",
    "orientation z",
    "tracking state",
)
_FIELDS = len(_BODY_FIELDS) + N_JOINTS * len(_JOINT_FIELDS)
_BYTES_PER_BODY = 2 * (len(_BODY_FIELDS) + 1 + N_JOINTS * len(_JOINT_FIELDS))
_CUT_SHORT = "The file is cut short; extract or download it again."
# Spellings of "no number" that Windows and Linux C libraries print.
_MISSING = frozenset({"nan", "nan(ind)", "nan(snan)", "1.#qnan", "1.#ind", "1.#snan", "1.#inf", "inf", "infinity"})

_FLOAT32_MAX = float(np.finfo(np.float32).max)

_OK, _END, _WRONG = 0, 1, 2
_AT_FRAMES, _AT_BODIES, _AT_BODY, _AT_JOINTS, _AT_JOINT, _AT_TAIL = 0, 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Text:
    """The numbers of one file; a row is one body in one frame, in file order.

    Attributes
    ----------
    n_frames : int
    body_ids : (n,) int64 array
    frames : (n,) int32 array
    positions : (n, 25, 3) float32 array, metres; NaN where the file says so
    body_fields : (n, 10) float64 array, or None
        All numbers of a body in the order of the file, where they were asked for; the id is rounded here.
    joint_fields : (n, 25, 12) float64 array, or None
        All numbers of the joints, where they were asked for.
    """

    n_frames: int
    body_ids: NDArray[np.int64]
    frames: NDArray[np.int32]
    positions: NDArray[np.float32]
    body_fields: NDArray[np.float64] | None = None
    joint_fields: NDArray[np.float64] | None = None


def parse(data: bytes, place: str, *, all_fields: bool = False) -> Text:
    """Read the text of one ``.skeleton`` file.

    Parameters
    ----------
    data : bytes
        The whole file.
    place : str
        How errors name the file.
    all_fields : bool
        Keep every number of bodies and joints, at about twice the time.

    Raises
    ------
    RawFileError
        With the line and what was expected there, for any truncation or corruption.
    """
    if len(data) > MAX_BYTES:
        raise RawFileError(place, f"refused: {len(data):,} bytes where one recording has at most {MAX_BYTES:,}.")
    data = data.removeprefix(b"\xef\xbb\xbf")
    usual = scan(data)
    if usual is not None:
        _read_odd(data, place, usual.positions, usual.odd)
        read = Text(usual.n_frames, usual.body_ids, usual.frames, usual.positions)
    else:
        read = _parse_any(data, place)
    return _with_all_fields(read, data, place) if all_fields else read


def _parse_any(data: bytes, place: str) -> Text:
    """Read a text token by token; knows every spelling of a number, and the place of whatever is wrong."""
    text = np.frombuffer(data, np.uint8)
    # Nothing is sized by the counts that the file announces: a damaged count must not claim memory.
    capacity = len(data) // _BYTES_PER_BODY + 1
    positions = np.empty((capacity, N_JOINTS, 3), np.float32)
    body_ids, frames = np.empty(capacity, np.int64), np.empty(capacity, np.int32)
    odd = np.empty((len(data) // 2 + 1, 3), np.int64)
    n_frames, n_rows, n_odd, *fault = (int(v) for v in _scan(text, body_ids, frames, positions, odd))
    if fault[0] != _OK:
        raise _error(data, place, n_frames, fault)
    _read_odd(data, place, positions, odd[:n_odd])
    return Text(n_frames, body_ids[:n_rows].copy(), frames[:n_rows].copy(), positions[:n_rows].copy())


def _pieces(odd: NDArray[np.int64]) -> Iterator[list[int]]:
    """Give the rows as lists, a few thousand at a time: lists take twenty times the memory of an array."""
    for start in range(0, len(odd), _ODD_AT_ONCE):
        yield from odd[start : start + _ODD_AT_ONCE].tolist()


def _with_all_fields(read: Text, data: bytes, place: str) -> Text:
    fields = np.empty((len(read.frames), _FIELDS), np.float64)
    odd = np.empty((fields.size, 3), np.int64)
    n_odd = int(_scan_fields(np.frombuffer(data, np.uint8), read.n_frames, fields, odd))
    flat = fields.reshape(-1)
    for slot, start, end in _pieces(odd[:n_odd]):
        flat[slot] = _odd_value(data, place, start, end)
    n_body = len(_BODY_FIELDS)
    joints = fields[:, n_body:].reshape(-1, N_JOINTS, len(_JOINT_FIELDS))
    return replace(read, body_fields=fields[:, :n_body], joint_fields=joints)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _token(text, pos):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Bounds of the next token from ``pos`` on; start == end at the end of the text."""
    n = text.size
    while pos < n and (text[pos] == 32 or 9 <= text[pos] <= 13):
        pos += 1
    start = pos
    while pos < n and not (text[pos] == 32 or 9 <= text[pos] <= 13):
        pos += 1
    return start, pos


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _integer(text, start, end):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Value and validity of a signed 64-bit integer token."""
    negative = text[start] == 45
    pos = start + 1 if negative or text[start] == 43 else start
    if pos == end or end - pos > 19:
        return np.int64(0), False
    value = np.uint64(0)
    for at in range(pos, end):
        digit = int(text[at]) - 48
        if digit < 0 or digit > 9:
            return np.int64(0), False
        value = value * np.uint64(10) + np.uint64(digit)
    if value > np.uint64(9223372036854775807):
        return np.int64(0), False
    return -np.int64(value) if negative else np.int64(value), True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _number(text, start, end, powers):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Value of a decimal token, and whether it is exact; the rest is left to Python's own reader.

    A mantissa below 2**53 times or over a power of ten up to 10**22 is rounded once, hence correctly.
    """
    negative = text[start] == 45
    pos = start + 1 if negative or text[start] == 43 else start
    mantissa, digits, exponent = np.uint64(0), 0, 0
    after_point = False
    while pos < end:
        code = int(text[pos])
        if 48 <= code <= 57:
            digits += 1
            if digits <= 18:
                mantissa = mantissa * np.uint64(10) + np.uint64(code - 48)
            exponent -= after_point
        elif code == 46 and not after_point:
            after_point = True
        else:
            break
        pos += 1
    if digits == 0 or digits > 18 or mantissa > np.uint64(9007199254740992):
        return 0.0, False
    if pos < end:
        if text[pos] != 101 and text[pos] != 69:
            return 0.0, False
        written, valid = _integer(text, pos + 1, end) if pos + 1 < end else (np.int64(0), False)
        if not valid or written > 99 or written < -99:
            return 0.0, False
        exponent += int(written)
    if exponent < -22 or exponent > 22:
        return 0.0, False
    value = float(mantissa)
    value = value * powers[exponent] if exponent >= 0 else value / powers[-exponent]
    return -value if negative else value, True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _scan(text, body_ids, frames, positions, odd):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fill the arrays; return counts, then (fault, byte, what was read, frame, body, joint, field)."""
    powers = 10.0 ** np.arange(23)
    row, n_odd = 0, 0
    start, end = _token(text, 0)
    if start == end:
        return 0, 0, 0, _END, start, _AT_FRAMES, 0, 0, 0, 0
    n_frames, valid = _integer(text, start, end)
    if not valid or n_frames < 1 or n_frames > MAX_FRAMES:
        return n_frames, 0, 0, _WRONG, start, _AT_FRAMES, 0, 0, 0, 0
    for frame in range(n_frames):
        start, end = _token(text, end)
        if start == end:
            return n_frames, 0, 0, _END, start, _AT_BODIES, frame, 0, 0, 0
        n_bodies, valid = _integer(text, start, end)
        if not valid or n_bodies < 0:
            return n_frames, 0, 0, _WRONG, start, _AT_BODIES, frame, 0, 0, 0
        for body in range(n_bodies):
            for field in range(10):
                start, end = _token(text, end)
                if start == end:
                    return n_frames, 0, 0, _END, start, _AT_BODY, frame, body, 0, field
                if field == 0:
                    body_id, valid = _integer(text, start, end)
                    if not valid:
                        return n_frames, 0, 0, _WRONG, start, _AT_BODY, frame, body, 0, field
                else:
                    _, valid = _number(text, start, end, powers)
                    if not valid:
                        odd[n_odd, 0], odd[n_odd, 1], odd[n_odd, 2] = -1, start, end
                        n_odd += 1
            start, end = _token(text, end)
            if start == end:
                return n_frames, 0, 0, _END, start, _AT_JOINTS, frame, body, 0, 0
            n_joints, valid = _integer(text, start, end)
            if not valid or n_joints != N_JOINTS:
                return n_frames, 0, 0, _WRONG, start, _AT_JOINTS, frame, body, 0, 0
            for joint in range(N_JOINTS):
                for field in range(12):
                    start, end = _token(text, end)
                    if start == end:
                        return n_frames, 0, 0, _END, start, _AT_JOINT, frame, body, joint, field
                    value, valid = _number(text, start, end, powers)
                    if not valid:
                        odd[n_odd, 0] = (row * N_JOINTS + joint) * 3 + field if field < 3 else -1
                        odd[n_odd, 1], odd[n_odd, 2] = start, end
                        n_odd += 1
                    if field < 3 and row < frames.size:
                        positions[row, joint, field] = value
            body_ids[row], frames[row] = body_id, frame
            row += 1
    start, end = _token(text, end)
    if start != end:
        return n_frames, 0, 0, _WRONG, start, _AT_TAIL, 0, 0, 0, 0
    return n_frames, row, n_odd, _OK, 0, 0, 0, 0, 0, 0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _scan_fields(text, n_frames, fields, odd):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fill (rows, fields) from a text that ``_scan`` found whole; return how many numbers are left in ``odd``."""
    powers = 10.0 ** np.arange(23)
    row, n_odd = 0, 0
    start, end = _token(text, 0)
    for _ in range(n_frames):
        start, end = _token(text, end)
        n_bodies, _valid = _integer(text, start, end)
        for _body in range(n_bodies):
            for field in range(fields.shape[1]):
                start, end = _token(text, end)
                if field == 10:  # the joint count stands between the body's numbers and those of its joints
                    start, end = _token(text, end)
                value, valid = _number(text, start, end, powers)
                fields[row, field] = value
                if not valid:
                    odd[n_odd, 0], odd[n_odd, 1], odd[n_odd, 2] = row * fields.shape[1] + field, start, end
                    n_odd += 1
            row += 1
    return n_odd


def _line(data: bytes, pos: int) -> int:
    return data.count(b"\n", 0, pos) + 1


def _shown(data: bytes, start: int) -> str:
    token = data[start : start + 200].split(None, 1)[0]
    return repr(token[:40].decode("utf-8", "replace"))


def _read_odd(data: bytes, place: str, positions: NDArray[np.float32], odd: NDArray[np.int64]) -> None:
    flat = positions.reshape(-1)
    for slot, start, end in _pieces(odd):
        value = _odd_value(data, place, start, end)
        if slot >= 0:
            flat[slot] = value


def _odd_value(data: bytes, place: str, start: int, end: int) -> float:
    """Value of a token that is no plain short decimal; NaN where the sensor's program printed "no number"."""
    token = data[start:end].decode("utf-8", "replace")
    if token.lower().lstrip("+-") in _MISSING:
        return float("nan")
    try:
        # Python's reader also takes "1_000", which no sensor writes.
        value = float("x" if "_" in token else token)
    except ValueError:
        raise RawFileError(place, f"expected a number, found {_shown(data, start)}.", line=_line(data, start)) from None
    return value if abs(value) < _FLOAT32_MAX else float("nan")


def _error(data: bytes, place: str, n_frames: int, fault: list[int]) -> RawFileError:
    kind, pos, what, frame, body, joint, field = fault
    expected = _expected(what, n_frames, frame, body, joint, field)
    if kind == _END:
        found, mend = "the text ends", _CUT_SHORT
        pos = len(data.rstrip())
    else:
        found, mend = f"found {_shown(data, pos)}", "The file is damaged; extract or download it again."
    line = _line(data, pos)
    miscounted = _first_miscounted_line(data, line)
    if miscounted is not None:
        return RawFileError(place, miscounted[1], line=miscounted[0], mend=mend)
    return RawFileError(place, f"expected {expected}; {found}.", line=line, mend=mend)


def _expected(what: int, n_frames: int, frame: int, body: int, joint: int, field: int) -> str:
    where = f"of body {body + 1} in frame {frame + 1} of {n_frames}"
    if what == _AT_BODY:
        return f"the {_BODY_FIELDS[field]} {where}"
    if what == _AT_JOINT:
        return f"the {_JOINT_FIELDS[field]} of joint {joint + 1} {where}"
    return {
        _AT_FRAMES: f"the number of frames (1 to {MAX_FRAMES:,})",
        _AT_BODIES: f"the number of bodies in frame {frame + 1} of {n_frames}",
        _AT_JOINTS: f"the number of joints, {N_JOINTS}, {where}",
        _AT_TAIL: f"the end of the file after {n_frames} frames",
    }[what]


def _first_miscounted_line(data: bytes, last: int) -> tuple[int, str] | None:
    """First line before line ``last`` whose number of values is not what its place asks for.

    A value lost in the middle shows up only later when values are counted without regard to lines; in the usual
    layout of one record a line the true place can be told.
    """
    lines = data.split(b"\n")
    at = 1
    while at < len(lines):
        count = lines[at].strip()
        if not count.isdigit() or len(count) > 6:
            return None
        for _ in range(int(count)):
            shape = [len(_BODY_FIELDS), 1] + [len(_JOINT_FIELDS)] * N_JOINTS
            for number, values in enumerate(shape, start=at + 2):
                if number >= last or number > len(lines):
                    return None
                if len(lines[number - 1].split()) != values:
                    return number, f"expected {values} values on this line, found {len(lines[number - 1].split())}."
            at += len(shape)
        at += 1
    return None
