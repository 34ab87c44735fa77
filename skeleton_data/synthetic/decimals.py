"""Writes many floats as decimal text with seven significant digits, a whole array at a time."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_SIGNIFICANT = 7
_PLACES = 10
_WHOLE = 5
_HALF = 10**5
_LIMIT = float(10**_WHOLE) - 1.0
# Columns of one number: sign, whole digits, point, decimal places, separator.
_WIDTH = 1 + _WHOLE + 1 + _PLACES + 1
_POINT = 1 + _WHOLE


def decimal_lines(values: NDArray[np.float64], row_ends: NDArray[np.bool_]) -> list[bytes]:
    """Text of each row of ``values``, the numbers as ``%.7g`` prints them.

    Numbers below 1e-4 are written out (0.00005, not 5e-05), to ten decimal places.

    Parameters
    ----------
    values : (R, K) float64 array
        Finite; magnitudes of 99,999 and more are cut to that.
    row_ends : (K,) bool array
        Columns that are followed by a line break; the others are followed by a blank.

    Returns
    -------
    list of R bytes
    """
    rows, columns = values.shape
    characters, shown = _characters(values.ravel())
    characters.reshape(rows, columns, _WIDTH)[:, :, -1] = np.where(row_ends, ord("\n"), ord(" "))
    text = characters[shown].tobytes()
    ends = np.cumsum(np.count_nonzero(shown.reshape(rows, -1), axis=1)).tolist()
    return [text[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


def _characters(values: NDArray[np.float64]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Every number in fixed columns, and which of the columns are to be printed."""
    digits, leading, trailing = _tables()
    whole, high, low = _split(values)
    out = np.empty((len(values), _WIDTH), np.uint8)
    out[:, 0] = ord("-")
    out[:, 1:_POINT] = digits[whole]
    out[:, _POINT] = ord(".")
    out[:, _POINT + 1 : _POINT + 6] = digits[high]
    out[:, _POINT + 6 : -1] = digits[low]
    places = np.where(low > 0, 5 + trailing[low], trailing[high])
    first, last = 1 + leading[whole], np.where(places > 0, _POINT + places, _POINT - 1)
    column = np.arange(_WIDTH, dtype=np.int8)
    shown = (column >= first[:, None]) & (column <= last[:, None])
    shown[:, 0] = (values < 0) & ((whole > 0) | (places > 0))
    shown[:, -1] = True
    return out, shown


def _split(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Whole part, decimal places 1 to 5 and 6 to 10 of the rounded magnitudes."""
    size = np.minimum(np.abs(values), _LIMIT)
    exponent = np.floor(np.log10(np.maximum(size, 1e-9))).astype(np.int64)
    places = np.minimum(_SIGNIFICANT - 1 - exponent, _PLACES)
    powers = 10.0 ** np.arange(_PLACES + 1)
    scaled = np.rint(size * powers[places]).astype(np.int64) * (10 ** np.arange(_PLACES + 1))[_PLACES - places]
    whole, rest = np.divmod(scaled, 10**_PLACES)
    high, low = np.divmod(rest, _HALF)
    return whole, high, low


@cache
def _tables() -> tuple[NDArray[np.uint8], NDArray[np.int8], NDArray[np.int8]]:
    """For 0..99999: its five digits, how many leading zeros to hide, and the digits left without trailing zeros."""
    numbers = np.arange(_HALF)
    digits = (numbers[:, None] // 10 ** np.arange(4, -1, -1) % 10).astype(np.uint8)
    leading = np.minimum(np.argmax(digits > 0, axis=1), 4)
    leading[0] = 4
    trailing = 5 - np.argmax(digits[:, ::-1] > 0, axis=1)
    trailing[0] = 0
    return digits + np.uint8(ord("0")), leading.astype(np.int8), trailing.astype(np.int8)
