import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_data.viewpoints import draw_distinct, draw_pairs, group_performances


@st.composite
def tables(draw):
    """Performance numbers, and for some samples an earlier sample of which they are copies."""
    n = draw(st.integers(1, 30))
    performance = np.array(draw(st.lists(st.integers(0, 6), min_size=n, max_size=n)))
    duplicate_of = np.full(n, -1)
    for at in range(1, n):
        first = draw(st.integers(-3, at - 1))
        if first >= 0 and duplicate_of[first] < 0:
            duplicate_of[at] = first
    return performance, duplicate_of


@given(tables(), st.data())
def test_groups_hold_each_recording_once(made, data):
    """Groups share a performance, hold no two copies of one recording, and lose no recording."""
    performance, duplicate_of = made
    indices = data.draw(st.lists(st.integers(0, len(performance) - 1)))
    groups = group_performances(performance, duplicate_of, indices)
    true = np.where(duplicate_of >= 0, duplicate_of, np.arange(len(performance)))
    for group in groups:
        assert len(set(performance[group])) == 1 and len(set(true[group])) == len(group)
        assert (np.diff(group) > 0).all() and np.isin(group, indices).all()
    kept = {(performance[i], true[i]) for group in groups for i in group}
    assert kept == {(performance[i], true[i]) for i in indices}
    assert [performance[g[0]] for g in groups] == sorted(set(performance[indices]) if indices else [])


def test_of_copies_the_first_stays():
    """The copy goes, wherever it stands; outside the wanted indices an original does not push its copy out."""
    performance, duplicate_of = np.array([0, 0, 0, 1]), np.array([-1, -1, 1, -1])
    assert [g.tolist() for g in group_performances(performance, duplicate_of)] == [[0, 1], [3]]
    assert [g.tolist() for g in group_performances(performance, duplicate_of, [2, 0])] == [[0, 2]]


GROUPS = [np.array([4, 7, 9]), np.array([1]), np.array([2, 3])]


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=6, max_size=6))
def test_pairs_come_from_their_performance(numbers):
    """Both views belong to the performance, and the same numbers give the same pairs."""
    uniforms = np.array(numbers).reshape(3, 2)
    pairs = draw_pairs(GROUPS, uniforms)
    assert all(np.isin(pair, group).all() for pair, group in zip(pairs, GROUPS, strict=True))
    np.testing.assert_array_equal(pairs, draw_pairs(GROUPS, uniforms))


def test_pairs_are_drawn_with_replacement_and_evenly():
    """Each of the nine ordered pairs of three views comes up a ninth of the time, a view with itself too."""
    pairs = draw_pairs([GROUPS[0]] * 9000, np.random.default_rng(0))
    _, counts = np.unique(pairs, axis=0, return_counts=True)
    assert len(counts) == 9 and abs(counts - 1000).max() < 150


def test_number_just_below_one():
    """The largest number below 1 takes the last view."""
    assert draw_pairs([np.arange(3)], np.full((1, 2), np.nextafter(1, 0))).tolist() == [[2, 2]]


def test_refusals():
    """Empty performances, other shapes and numbers outside [0, 1) are refused; no performances give no pairs."""
    with pytest.raises(ValueError, match="performance 1 has no samples"):
        draw_pairs([np.arange(2), np.arange(0)], np.zeros((2, 2)))
    for uniforms in (np.zeros((2, 2)), np.ones((3, 2)), np.full((3, 2), -0.1)):
        with pytest.raises(ValueError, match=r"expected \(3, 2\) numbers"):
            draw_pairs(GROUPS, uniforms)
    assert draw_pairs([], np.empty((0, 2))).shape == (0, 2)
    assert group_performances(np.array([0]), np.array([-1]), []) == []


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=9, max_size=9), st.integers(1, 5))
def test_distinct_views_use_up_a_performance_before_they_repeat(numbers, n_views):
    """Views of a performance differ as long as it has others, and come again in the same order after that."""
    drawn = draw_distinct(GROUPS, n_views, np.array(numbers).reshape(3, 3))
    assert drawn.shape == (3, n_views)
    for views, group in zip(drawn, GROUPS, strict=True):
        assert np.isin(views, group).all() and len(set(views.tolist())) == min(n_views, len(group))
        assert all(views[i] == views[i - len(group)] for i in range(len(group), n_views))


def test_distinct_views_are_drawn_evenly():
    """Each ordered pair of two of three views comes up a sixth of the time."""
    pairs = draw_distinct([GROUPS[0]] * 6000, 2, np.random.default_rng(0).random((6000, 3)))
    _, counts = np.unique(pairs, axis=0, return_counts=True)
    assert len(counts) == 6 and abs(counts - 1000).max() < 150


def test_distinct_refusals():
    """Empty performances and too few numbers are refused; no performances give none."""
    with pytest.raises(ValueError, match="performance 1 has no samples"):
        draw_distinct([np.arange(2), np.arange(0)], 2, np.zeros((2, 2)))
    for uniforms in (np.zeros((3, 2)), np.zeros((2, 3)), np.zeros(3)):
        with pytest.raises(ValueError, match=r"expected \(3, 3 or more\) numbers"):
            draw_distinct(GROUPS, 2, uniforms)
    assert draw_distinct([], 2, np.empty((0, 0))).shape == (0, 2)
