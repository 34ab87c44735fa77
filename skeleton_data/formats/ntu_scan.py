"""The usual NTU RGB+D text, read 64 bytes at a time; whatever is unusual is left to :mod:`ntu_text`.

Two passes. The first classifies the bytes of a block into bits, checks with shifts and additions of those bits that
every token is a decimal number, and notes where tokens begin and end. The second walks through the tokens and reads
those that are kept: x, y, z, eight digits at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

N_JOINTS = 25
MAX_FRAMES = 100_000
_TOKENS_PER_BODY = 10 + 1 + N_JOINTS * 12
_BYTES_PER_BODY = 2 * _TOKENS_PER_BODY
_BLOCK = 64
# Longer numbers have more digits than a float64 holds exactly.
_LONGEST = 16
_NONE, _ONE, _EIGHT, _TEN, _ALL = (np.uint64(n) for n in (0, 1, 8, 10, 2**64 - 1))
_BYTE, _DIGIT, _MINUS, _PLUS, _POINT = (np.uint64(n) for n in (0xFF, 0x0F, ord("-"), ord("+"), ord(".")))


@dataclass(frozen=True)
class Scanned:
    """The numbers of one file; a row is one body in one frame.

    Attributes
    ----------
    n_frames : int
    body_ids : (n,) int64 array
    frames : (n,) int32 array
    positions : (n, 25, 3) float32 array, metres
    odd : (k, 3) int64 array
        Slot in the positions, begin and end of numbers that are still to be read.
    """

    n_frames: int
    body_ids: NDArray[np.int64]
    frames: NDArray[np.int32]
    positions: NDArray[np.float32]
    odd: NDArray[np.int64]


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(cache=True, nogil=True, error_model="numpy")(function)


def _inlined(function: Callable[..., Any]) -> Any:
    # Such functions take no arrays: the references to them would be counted at every call.
    return njit(nogil=True, error_model="numpy", forceinline=True)(function)


def _block_class(low: int, high: int) -> Any:
    """Make a function of an address: 64 bits that tell which of the 64 bytes there lie in low..high."""

    @intrinsic
    def members(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            vector = ir.VectorType(ir.IntType(8), _BLOCK)
            place = builder.inttoptr(arguments[0], vector.as_pointer())
            shifted = builder.sub(builder.load(place, align=1), vector([low] * _BLOCK))
            inside = builder.icmp_unsigned("<=", shifted, vector([high - low] * _BLOCK))
            return builder.bitcast(inside, ir.IntType(_BLOCK))

        return types.uint64(types.uintp), generate

    return members


_digits = _block_class(ord("0"), ord("9"))
_controls = _block_class(9, 13)
_spaces = _block_class(32, 32)
_points = _block_class(ord("."), ord("."))
_pluses = _block_class(ord("+"), ord("+"))
_minuses = _block_class(ord("-"), ord("-"))
_large_es = _block_class(ord("E"), ord("E"))
_small_es = _block_class(ord("e"), ord("e"))


def _make_word(typing_context: Any, address: Any) -> Any:
    """Eight bytes from an address on, the first the lowest."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.load(place, align=1)

    return types.uint64(types.uintp), generate


def _make_lowest(typing_context: Any, bits: Any) -> Any:
    """Number of the lowest bit that is set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return types.uint64(types.uint64), generate


_word: Any = intrinsic(_make_word)
_lowest: Any = intrinsic(_make_lowest)


@_inlined
def _run_ends(digits, begins, carried):  # type: ignore[no-untyped-def]  # pragma: no cover
    """First place without a digit from each of ``begins`` on, and whether a run goes on in the next block."""
    summed = digits + begins
    total = summed + carried
    carry = _ONE if summed < digits or total < summed else np.uint64(0)
    return total & ~digits, carry


@_compiled
def _find_tokens(address, n_bytes, tail, marks):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Note begin and end of every token; return their number, -1 where a token is no decimal number.

    ``tail`` holds what is left behind the last whole block, filled up with at least one blank.
    """
    none = np.uint64(0)
    n_marks, wrong, last_blank = 0, none, _ONE
    last_digits, last_point, last_sign, last_exponent, last_exponent_sign = none, none, none, none, none
    in_fraction, in_exponent = none, none
    n_blocks = n_bytes // _BLOCK
    for block in range(n_blocks + 1):
        if n_marks + _BLOCK > marks.size:
            return -1
        at = address + np.uint64(block * _BLOCK) if block < n_blocks else np.uint64(tail.ctypes.data)
        digits, points = _digits(at), _points(at)
        blanks, signs, exponents = (
            _controls(at) | _spaces(at),
            _pluses(at) | _minuses(at),
            _large_es(at) | _small_es(at),
        )
        wrong |= ~(digits | points | blanks | signs | exponents)
        after_blank, after_point = blanks << _ONE | last_blank, points << _ONE | last_point
        after_sign, after_exponent = signs << _ONE | last_sign, exponents << _ONE | last_exponent
        after_digit, two_after_digit = digits << _ONE | last_digits >> _ONE, digits << np.uint64(2) | last_digits
        wrong |= signs & ~(after_blank | after_exponent)
        wrong |= after_sign & ~(digits | points)
        wrong |= after_point & ~digits & ~two_after_digit
        wrong |= exponents & ~(after_digit | after_point)
        fraction_ends, in_fraction = _run_ends(digits, after_point, in_fraction)
        wrong |= fraction_ends & ~(blanks | exponents)
        signed_exponents = after_exponent & signs
        powers = (after_exponent & ~signs) | signed_exponents << _ONE | last_exponent_sign
        wrong |= powers & ~digits
        exponent_ends, in_exponent = _run_ends(digits, powers, in_exponent)
        wrong |= exponent_ends & ~blanks
        edges = blanks ^ after_blank
        while edges != none:
            marks[n_marks] = block * _BLOCK + np.int64(_lowest(edges))
            edges &= edges - _ONE
            n_marks += 1
        last_blank, last_point, last_sign = blanks >> np.uint64(63), points >> np.uint64(63), signs >> np.uint64(63)
        last_exponent, last_digits = exponents >> np.uint64(63), digits >> np.uint64(62)
        last_exponent_sign = signed_exponents >> np.uint64(63)
    return -1 if wrong != none else n_marks


@_compiled
def _whole(text, start, end):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Value of a token of at most 18 digits; -1 for any other token."""
    if end - start > 18:
        return np.int64(-1)
    value = np.int64(0)
    for at in range(start, end):
        digit = np.int64(text[at]) - 48
        if digit < 0 or digit > 9:
            return np.int64(-1)
        value = value * 10 + digit
    return value


@_inlined
def _eight_digits(word):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Value of eight characters; one that is no digit counts by its lower half."""
    halves = word & np.uint64(0x0F0F0F0F0F0F0F0F)
    pairs = (halves * np.uint64(2561)) >> np.uint64(8) & np.uint64(0x00FF00FF00FF00FF)
    fours = (pairs * np.uint64(6553601)) >> np.uint64(16) & np.uint64(0x0000FFFF0000FFFF)
    return (fours * np.uint64(42949672960001)) >> np.uint64(32)


@_inlined
def _decimal(start, end, powers):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Value of the token between two addresses if it has one or two digits before its point, and whether it has.

    The point counts as a digit 14 while the digits are read, and the whole part as ten times too much; both are then
    taken back. A mantissa below 2**53 over a power of ten up to 10**22 is rounded once, hence correctly.
    """
    head = _word(start)
    negative = (head & _BYTE) == _MINUS
    if negative or (head & _BYTE) == _PLUS:
        start += _ONE
        head >>= _EIGHT
    length = np.int64(end - start)
    if length < 3 or length > _LONGEST:
        return 0.0, False
    whole, places = head & _DIGIT, length - 2
    if (head >> _EIGHT & _BYTE) != _POINT:
        if (head >> np.uint64(16) & _BYTE) != _POINT:
            return 0.0, False
        whole = whole * _TEN + (head >> _EIGHT & _DIGIT)
        places -= 1
    high = _word(end - np.uint64(16)) & (_ALL << np.uint64(8 * (16 - length)) if length > 8 else _NONE)
    low = _word(end - _EIGHT) & (_ALL if length >= 8 else _ALL << np.uint64(8 * (8 - length)))
    # Of digits, points and exponents only the last have this bit.
    if (high | low) & np.uint64(0x4040404040404040):
        return 0.0, False
    power = _word(powers + np.uint64(8 * places))
    mantissa = _eight_digits(high) * np.uint64(100_000_000) + _eight_digits(low)
    mantissa -= (whole * np.uint64(9) + np.uint64(14)) * power
    value = np.float64(np.int64(mantissa)) / np.float64(np.int64(power))
    return -value if negative else value, True


@_compiled
def _place(text, address, marks, n_tokens, powers, body_ids, frames, positions, odd):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fill the arrays; return (frames, rows, odd tokens), -1 rows where the counts do not work out."""
    n_frames = _whole(text, marks[0], marks[1]) if n_tokens else np.int64(-1)
    if n_frames < 1 or n_frames > MAX_FRAMES:
        return n_frames, -1, 0
    token, row, n_odd = 1, 0, 0
    for frame in range(n_frames):
        if token >= n_tokens:
            return n_frames, -1, 0
        n_bodies = _whole(text, marks[2 * token], marks[2 * token + 1])
        token += 1
        if n_bodies < 0 or n_bodies > (n_tokens - token) // _TOKENS_PER_BODY:
            return n_frames, -1, 0
        for _ in range(n_bodies):
            body_ids[row] = _whole(text, marks[2 * token], marks[2 * token + 1])
            n_joints = _whole(text, marks[2 * token + 20], marks[2 * token + 21])
            if body_ids[row] < 0 or n_joints != N_JOINTS:
                return n_frames, -1, 0
            frames[row] = frame
            token += 11
            for joint in range(N_JOINTS):
                for axis in range(3):
                    mark = 2 * (token + axis)
                    value, valid = _decimal(
                        address + np.uint64(marks[mark]), address + np.uint64(marks[mark + 1]), powers
                    )
                    positions[row, joint, axis] = value
                    if not valid:
                        if n_odd == len(odd):
                            return n_frames, -1, 0
                        odd[n_odd, 0] = (row * N_JOINTS + joint) * 3 + axis
                        odd[n_odd, 1], odd[n_odd, 2] = marks[mark], marks[mark + 1]
                        n_odd += 1
                token += 12
            row += 1
    return n_frames, row if token == n_tokens else -1, n_odd


_POWERS = np.uint64(10) ** np.arange(_LONGEST, dtype=np.uint64)


def scan(data: bytes) -> Scanned | None:
    """Read a file of the usual form; None for a text that has anything unusual or wrong in it."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        return None
    text = np.frombuffer(data, np.uint8)
    n_bytes, capacity = len(data), len(data) // _BYTES_PER_BODY + 1
    tail = np.full(_BLOCK, 32, np.uint8)
    tail[: n_bytes % _BLOCK] = text[n_bytes - n_bytes % _BLOCK :]
    # Numba makes a float of the sum of a signed and an unsigned number.
    address = np.uint64(text.ctypes.data)
    # Two marks a token, which usually has nine characters and a blank; where there are more, another reader reads.
    marks = np.empty(n_bytes // 3 + 2 * _BLOCK, np.int32)
    n_marks = _find_tokens(address, n_bytes, tail, marks)
    if n_marks < 0:
        return None
    positions = np.empty((capacity, N_JOINTS, 3), np.float32)
    body_ids, frames = np.empty(capacity, np.int64), np.empty(capacity, np.int32)
    odd = np.empty((n_bytes // 64 + 16, 3), np.int64)
    n_frames, n_rows, n_odd = _place(
        text, address, marks, n_marks // 2, np.uint64(_POWERS.ctypes.data), body_ids, frames, positions, odd
    )
    if n_rows < 0:
        return None
    return Scanned(int(n_frames), body_ids[:n_rows], frames[:n_rows], positions[:n_rows], odd[:n_odd])
