import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug import Samples
from skeleton_aug.batch import Batch
from skeleton_aug.operators import Gather, Operator

BEYOND = {"repeat": "wrap", "reflect": "symmetric", "last": "edge", "zeros": "constant"}
SIZES = st.integers(1, 25)


def expand(gather, x):
    """What a gather makes of a row of numbers for each sample; NaN is missing, as in the input."""
    rows = []
    for n, row in enumerate(x):
        row = np.append(row, np.nan)
        before, after, mix = (values[n, : gather.n_frames[n]] for values in (gather.before, gather.after_, gather.mix))
        rows.append(np.where(mix == 0, row[before], (1 - mix) * row[before] + mix * row[after]))
    return rows


@st.composite
def gathers(draw, n_source, interpolates=True):
    """A gather of one of its kinds, for sequences of these lengths."""
    n = len(n_source)
    n_frames = np.array([draw(SIZES) for _ in range(n)])
    start = np.array([draw(st.integers(-30, 50)) for _ in range(n)])
    kind = draw(st.sampled_from([*BEYOND, "table"] + ["stretch", "at"] * interpolates))
    if kind == "table":
        frames = np.array([[draw(st.integers(-1, length - 1)) for _ in range(25)] for length in n_source])
        return Gather.frames(frames, n_frames)
    if kind == "stretch":
        return Gather.stretch(n_frames, n_source)
    if kind == "at":
        shares = np.array([[draw(st.floats(-0.1, 1.1)) for _ in range(25)] for _ in range(n)])
        return Gather.at(shares * (n_source - 1)[:, None], n_frames, n_source)
    return Gather.window(start, n_frames, n_source, beyond=kind)


def batch_of(lengths):
    return Batch(Samples.from_arrays([np.ones((1, t, 2, 3)) for t in lengths]))


def rows_of(lengths):
    return [np.random.default_rng(t).normal(size=t) for t in lengths]


@pytest.mark.parametrize(("beyond", "mode"), BEYOND.items())
@given(length=SIZES, n_frames=st.integers(1, 90), start=st.integers(-60, 60))
def test_convention_windows_go_on_as_numpy_pads(beyond, mode, length, n_frames, start):
    """The frames from ``start`` on, of a sequence that is continued at both ends by numpy.pad."""
    gather = Gather.window(np.array([start]), np.array([n_frames]), np.array([length]), beyond)
    settings = {"constant_values": -1} if mode == "constant" else {}
    expected = np.pad(np.arange(length), 200, mode=mode, **settings)[200 + start :][:n_frames]
    np.testing.assert_array_equal(gather.before[0], expected)
    assert gather.whole
    assert gather.after_ is gather.before
    assert not gather.mix.any()


@given(length=SIZES, n_frames=SIZES)
def test_a_stretch_is_interpolation_at_even_places(length, n_frames):
    """First frame to first and last to last; one frame alone is the first."""
    gather = Gather.stretch(np.array([n_frames]), np.array([length]))
    places = np.linspace(0, length - 1, n_frames)
    x = rows_of([length])
    np.testing.assert_allclose(expand(gather, x)[0], np.interp(places, np.arange(length), x[0]), atol=1e-12)


@given(data=st.data(), lengths=st.lists(SIZES, min_size=1, max_size=3))
def test_chains_are_application_in_turn(data, lengths):
    """Of any kinds of gathers, of which at most one interpolates; two that do are refused."""
    whole_before = data.draw(st.booleans())
    x, current, chain = rows_of(lengths), np.array(lengths), None
    for k in range(data.draw(st.integers(1, 4))):
        interpolates = k == (1 if whole_before else 0)
        gather = data.draw(gathers(current, interpolates))
        x = expand(gather, x)
        chain = gather if chain is None else gather.after(chain)
        current = gather.n_frames
    for got, expected in zip(expand(chain, rows_of(lengths)), x, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-9)
    assert chain.whole or Gather.stretch(current, current).after(chain) is None


@given(data=st.data(), lengths=st.lists(SIZES, min_size=2, max_size=4))
def test_where_spares_samples(data, lengths):
    """The others keep their frames and their length; so do those of a chain."""
    gather = data.draw(gathers(np.array(lengths)))
    if data.draw(st.booleans()):
        gather = data.draw(gathers(gather.n_frames, interpolates=False)).after(gather)
    mask = np.array([data.draw(st.booleans()) for _ in lengths])
    x = rows_of(lengths)
    some, every = expand(gather.where(mask, batch_of(lengths)), x), expand(gather, x)
    for got, chosen, acted, kept in zip(some, mask, every, x, strict=True):
        np.testing.assert_allclose(got, acted if chosen else kept, atol=1e-12)


@given(data=st.data(), lengths=st.lists(SIZES, min_size=2, max_size=4))
def test_parts_and_copies_are_the_same_gather(data, lengths):
    """Part of the samples, from JSON, from pickle: the same arrays, worked out before or after."""
    gather = data.draw(gathers(np.array(lengths)))
    if data.draw(st.booleans()):
        gather = data.draw(gathers(gather.n_frames, interpolates=False)).after(gather)
    x = rows_of(lengths)
    part, expected = gather.part(slice(1, None)), expand(gather, x)
    copies = [pickle.loads(pickle.dumps(gather)), Gather.from_dict(json.loads(json.dumps(gather.to_dict())))]
    for copy in copies:
        copy.check(batch_of(lengths))
        assert copy.whole == gather.whole
        for a, b in zip(expand(copy, x), expected, strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(expand(part, x[1:]), expected[1:], strict=True):
        np.testing.assert_array_equal(a, b)
    assert isinstance(gather, Operator)


def test_frames_that_an_earlier_gather_does_not_have_are_missing():
    """A window that takes its input to be longer than it is reads nothing beyond."""
    short = Gather.window(np.array([2]), np.array([3]), np.array([9]))
    long = Gather.window(np.array([0]), np.array([6]), np.array([6]))
    assert long.after(short).before.tolist() == [[2, 3, 4, -1, -1, -1]]
    table = Gather.frames(np.array([[4, 5, 6]]), np.array([2]))
    assert long.after(table).before.tolist() == [[4, 5, -1, -1, -1, -1]]


def test_shares_of_the_wrong_shape_are_refused():
    """Compiled code would read beyond them."""
    gather = Gather(np.zeros((2, 5), int), np.zeros((2, 5), int), np.zeros((2, 4)), np.array([5, 5]))
    with pytest.raises(ValueError, match=r"Gather: mix must have shape \(2, 5\) for this batch, got \(2, 4\)"):
        gather.check(batch_of([5, 6]))
    with pytest.raises(ValueError, match=r"Gather: n_frames must have shape \(3,\) for this batch, got \(2,\)"):
        gather.check(batch_of([5, 6, 7]))
