"""Seven significant digits, as the printf family writes them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skeleton_data.synthetic.decimals import decimal_lines

floats = st.floats(-2000.0, 2000.0, width=32).map(lambda v: 0.0 if abs(v) < 1e-4 else v)


@given(st.lists(floats, min_size=1, max_size=60))
def test_numbers_read_as_percent_g_prints_them(values: list[float]) -> None:
    (line,) = decimal_lines(np.array([values], np.float64), np.zeros(len(values), bool))
    assert line.decode().split() == ["%.7g" % (value + 0.0) for value in values]


def test_tiny_numbers_are_written_out_and_vanish_below_ten_places() -> None:
    (line,) = decimal_lines(np.array([[5e-5, -1.25e-6, -1e-12, -0.0, 0.0]]), np.zeros(5, bool))
    assert line == b"0.00005 -0.00000125 0 0 0 "


def test_rows_and_lines_end_where_they_should() -> None:
    lines = decimal_lines(np.array([[1.5, 2.0], [-3.25, 1920.0]]), np.array([False, True]))
    assert lines == [b"1.5 2\n", b"-3.25 1920\n"]


def test_rounding_may_carry_into_a_new_digit() -> None:
    (line,) = decimal_lines(np.array([[9.99999999, 0.99999999, 99.9999999]]), np.zeros(3, bool))
    assert line == b"10 1 100 "


def test_huge_numbers_are_cut_rather_than_garbled() -> None:
    (line,) = decimal_lines(np.array([[1e9, -1e9]]), np.zeros(2, bool))
    assert line == b"99999 -99999 "
