"""The list of performances: names, balance, splits, and independence of its length."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_data.raw import SkeletonDataError
from skeleton_data.synthetic import ACTIONS, Performance, performance_list
from skeleton_data.synthetic.performances import MAX_PERFORMANCES, SETUPS, TWO_PERSON, stream

XSUB_TRAIN = {1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38}


@given(st.integers(1, 400), st.integers(1, 400))
def test_a_shorter_list_is_the_start_of_a_longer_one(a: int, b: int) -> None:
    short, long = sorted((a, b))
    assert performance_list(long)[:short] == performance_list(short)


def test_no_performance_occurs_twice_in_the_longest_list() -> None:
    names = [performance.name for performance in performance_list(MAX_PERFORMANCES)]
    assert len(set(names)) == len(names) == 21760


@given(st.integers(1, 1000))
def test_classes_differ_by_one_at_most_at_every_length(count: int) -> None:
    counts = Counter(performance.label for performance in performance_list(count))
    found = [counts[label] for label in ACTIONS]
    assert max(found) - min(found) <= 1


@given(st.integers(100, 1000))
def test_both_sides_of_the_cross_subject_split_hold_every_class(count: int) -> None:
    performances = performance_list(count)
    for label in ACTIONS:
        train = sum(p.subject in XSUB_TRAIN for p in performances if p.label == label)
        test = sum(p.subject not in XSUB_TRAIN for p in performances if p.label == label)
        assert train >= 2
        assert test >= 2


def test_a_subject_has_one_or_two_setups_and_both_replications() -> None:
    performances = performance_list(1280)
    for subject in range(1, 41):
        own = [p for p in performances if p.subject == subject]
        assert len({p.setup for p in own}) in (1, 2)
        assert {p.replication for p in own} == {1, 2}
    assert {p.setup for p in performances} == set(SETUPS)


def test_sample_names_are_those_of_ntu() -> None:
    performance = Performance(setup=17, subject=40, replication=2, label=5)
    assert performance.sample(3) == "S017C003P040R002A006"
    assert performance.name == "S017P040R002A006"


def test_at_least_three_of_the_classes_need_two_people() -> None:
    assert len(ACTIONS) == 16
    assert len(TWO_PERSON & set(ACTIONS)) >= 3


@pytest.mark.parametrize("count", [0, -1, MAX_PERFORMANCES + 1])
def test_a_list_of_impossible_length_is_refused(count: int) -> None:
    with pytest.raises(SkeletonDataError, match="1 to 21760 performances"):
        performance_list(count)


@pytest.mark.parametrize("wrong", [{"label": 0}, {"setup": 18}, {"subject": 41}, {"replication": 3}])
def test_a_performance_outside_the_data_set_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SkeletonDataError, match="Performance"):
        Performance(**{"setup": 1, "subject": 1, "replication": 1, "label": 5, **wrong})


def test_streams_depend_on_the_seed_and_every_part_of_the_key() -> None:
    drawn = [stream(*key).integers(2**62) for key in [(0, 1, 2), (1, 1, 2), (0, 2, 2), (0, 1, 3), (0, 1)]]
    assert len(set(drawn)) == 5
    assert stream(0, 1, 2).integers(2**62) == drawn[0]
