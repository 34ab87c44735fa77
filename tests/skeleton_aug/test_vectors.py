"""Vector instructions do what their plain text does."""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import vectors
from skeleton_aug.compiled import _waiting

SIZE = 2000
DTYPES = st.sampled_from(["float32", "float64"])
SEEDS = st.integers(0, 2**32 - 1)


def compiled(intrinsic):
    """A function that Numba compiles to the instructions alone."""
    instructions = intrinsic.dispatcher

    @numba.njit
    def call(*arguments):
        return instructions(*arguments)

    return call


# What is compiled takes the place of its text in the module.
FORMS = {made.__name__: (made.function, compiled(made)) for made in _waiting[vectors.__name__]}


def numbers(rng, dtype):
    """Some of them zero, and some joints all zeros."""
    x = np.rint(rng.normal(size=SIZE)) * rng.normal(size=SIZE)
    return np.where(np.repeat(rng.random(SIZE // 5) < 0.3, 5), 0, x).astype(dtype)


def both(name, *arguments):
    """Results and arrays after a call of either form."""
    found = []
    for form in FORMS[name]:
        own = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        found.append((form(*own), own))
    return found


def check(name, *arguments):
    """Same result, same arrays to rounding."""
    (result, plain), (other, fast) = both(name, *arguments)
    assert result == other
    for a, b in zip(plain, fast, strict=True):
        if isinstance(a, np.ndarray):
            tolerance = 1e-5 if a.dtype == np.float32 else 1e-12
            np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance)


@given(SEEDS, DTYPES, st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_joints_and_frames(seed, dtype, a, b, to):
    """Blends, moved joints, differences of joints, counts."""
    rng = np.random.default_rng(seed)
    x, number, target = numbers(rng, dtype), np.dtype(dtype).type, np.zeros(SIZE, dtype)
    part = number(rng.random())
    for name in ("blend", "blend_4"):
        check(name, x, a, b, number(1) - part, part, target, to)
    check("move", x, a, target, to)
    check("step", x, a, b, target, to)
    check("present", x, a)
    check("lacking", x, a)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_lacking_counts_what_is_not_finite(bad, dtype):
    """256 for each, and zeros beside it."""
    x = np.arange(32).astype(dtype)
    x[[3, 17]] = bad
    assert [result for result, _ in both("lacking", x, 0)] == [257, 257]
    assert [result for result, _ in both("lacking", x, 2)] == [512, 512]


@given(SEEDS, DTYPES, st.integers(0, 60), st.integers(16, 40))
def test_filters(seed, dtype, at, width):
    """The window of 15, and any sum of frames, fewer than four at a time too."""
    rng = np.random.default_rng(seed)
    x, target = numbers(rng, dtype), np.zeros(SIZE, dtype)
    check("filter_15", x, at, width, tuple(rng.random(8).astype(dtype)), target, 7)
    weights = rng.random(99).astype(dtype)
    for shift, row_width, n_frames in ((width, 0, 1), (width, 0, 3), (0, 9, 4), (0, 9, 2), (width, 0, 40)):
        check("weigh_frames", x, at, width, shift, weights, 5, row_width, 9, n_frames, target, 3)


@given(SEEDS, DTYPES, st.booleans(), st.integers(0, 300), st.integers(300, 600))
def test_turns(seed, dtype, weighted, p, q):
    """Affine maps into each layout; joints that come to lie at the origin stay present, unless they weigh nothing."""
    rng = np.random.default_rng(seed)
    x, number = numbers(rng, dtype), np.dtype(dtype).type
    affine, out = rng.normal(size=30).astype(dtype), np.full(SIZE, 7, dtype)
    # Zeros meet an offset of zero.
    affine[9 + 5 : 12 + 5] *= rng.random() < 0.5
    weights = np.rint(rng.random(100)).astype(dtype)
    settings = affine, 5, number(1e-12), weighted, weights, 11
    check("turn_pairs", x, p, q, *settings, out, 1, 400)
    check("turn_apart", x, p, *settings, out, 1, 400)
    check("turn_rows", x, p, *settings, out, 1)


def test_asking_ahead_changes_nothing():
    """Wherever it points, outside of the array too."""
    x = np.arange(10.0)
    for at in (0, 5, 10**9):
        assert all(result is None for result, _ in both("prefetch", x, at))
