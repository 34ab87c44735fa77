import pytest

from skeleton_data import SkeletonDataError, Store
from skeleton_data.viewing import choosing
from skeleton_data.viewing.choosing import choose


def names(store, choice):
    return store.samples["name"][list(choice.samples)].tolist()


def test_sample(seen):
    """A name gives that recording alone."""
    choice = choose(seen, sample="S001C002P017R002A052")
    assert names(seen, choice) == ["S001C002P017R002A052"] and choice.note == ""


@pytest.mark.parametrize("by", ["number", "name"])
def test_performance(seen, by):
    """A performance, by its name or its number, gives all its recordings, by camera."""
    number = seen.performance_names.index("S001P017R002A052")
    choice = choose(seen, performance=str(number) if by == "number" else "S001P017R002A052")
    assert choice.name == "S001P017R002A052" and choice.note == ""
    assert names(seen, choice) == [f"S001C00{camera}P017R002A052" for camera in (1, 2, 3)]


def test_copies_stand_once(varied_store):
    """Of identical recordings of a performance one is shown."""
    store = Store.open(varied_store)
    copies = [group for group in store.performances() if len(group) < 3]
    number = int(store.samples["performance"][copies[0][0]])
    assert choose(store, performance=str(number)).samples == tuple(copies[0])


def test_default(seen, varied_store):
    """Where nothing is named, the first performance with the most cameras is taken, and it says so and how."""
    choice = choose(seen)
    assert choice.name == seen.performance_names[0] and len(choice.samples) == 3
    assert f"shows {choice.name} (3 recordings, performance 0 of 0 to 12)" in choice.note
    assert "--performance NUMBER or NAME, or --sample NAME" in choice.note
    store = Store.open(varied_store)
    assert choose(store).samples == tuple(next(g for g in store.performances() if len(g) == 3))


def test_default_of_a_store_without_small_performances(seen, monkeypatch):
    """Where every performance has too many recordings to show, one recording is taken."""
    monkeypatch.setattr(choosing, "MOST_RECORDINGS", 2)
    choice = choose(seen)
    assert choice.samples == (0,) and choice.name == seen.samples["name"][0] and "1 recording," in choice.note
    with pytest.raises(SkeletonDataError, match=r"has 3 recordings, and 2 are shown .* such as --sample S0"):
        choose(seen, performance="0")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            {"sample": "S001C002P017R002A053"},
            "no sample 'S001C002P017R002A053' among its 39; one of them is 'S001C002P017R002A052'.",
        ),
        ({"sample": "zzz"}, "no sample 'zzz' among its 39; one of them is 'S"),
        (
            {"performance": "S001P017R002A05"},
            "no performance 'S001P017R002A05' among its 13; one of them is 'S001P017R002A052'.",
        ),
        ({"performance": "13"}, "no performance 13; it has numbers 0 to 12."),
        ({"performance": "-1"}, "no performance '-1' among its 13"),
    ],
)
def test_unknown_names(seen, asked, says):
    """What the store does not have is an error that names it, and something that it has."""
    with pytest.raises(SkeletonDataError) as caught:
        choose(seen, **asked)
    assert says in str(caught.value) and str(caught.value).startswith(str(seen.path))
