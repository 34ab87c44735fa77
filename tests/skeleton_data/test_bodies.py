import numpy as np
import pytest

from skeleton_data.bodies import MAX_BAD_FRAMES, STRATEGIES, energy, first, get_strategy, motion
from skeleton_data.raw import RawBody, RawSequence, SkeletonDataError


def body(body_id, start, n_frames, *, amount=0.1, width=0.4, wide_frames=0):
    """A body ``width`` metres wide and 1.6 m high that sways by ``amount``; its first frames may be 3 m wide."""
    frames = np.arange(start, start + n_frames, dtype=np.int32)
    shape = np.linspace([-width / 2, -0.8, 3.0], [width / 2, 0.8, 3.0], 25)
    sway = amount * np.sin(np.arange(n_frames))[:, None, None] * np.array([0.0, 0.0, 1.0])
    positions = (shape + sway).astype(np.float32)
    positions[:wide_frames, :, 0] *= np.float32(3 / width)
    return RawBody(body_id, frames, positions)


def recording(*bodies):
    return RawSequence("r", 200, list(bodies), label=0, performance="p")


def ids(bodies):
    return [b.body_id for b in bodies]


@pytest.mark.parametrize("name", STRATEGIES)
def test_one_body_stays_as_it_is(name):
    """A single body is kept unchanged by every strategy, however short or wide."""
    only = body(2**56 + 1, 3, 5, width=4)
    (kept,) = get_strategy(name)(recording(only), 2)
    assert kept.body_id == 2**56 + 1
    np.testing.assert_array_equal(kept.frames, only.frames)
    np.testing.assert_array_equal(kept.positions, only.positions)


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_bodies(name):
    """A recording without bodies gives none."""
    assert get_strategy(name)(recording(), 2) == []


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("most", [1, 2, 3])
def test_at_most_as_many_as_asked(name, most):
    """Four bodies seen all the time come down to the number asked for."""
    assert len(get_strategy(name)(recording(*(body(i, 0, 50) for i in range(4))), most)) == most


def test_first_keeps_order_of_appearance():
    """``first`` goes by appearance alone."""
    assert ids(first(recording(body(5, 0, 20), body(4, 0, 20, amount=2), body(3, 9, 20)), 2)) == [5, 4]


def test_energy_goes_by_spread_of_the_first_four():
    """``energy`` ranks by std(x) + std(y) + std(z) and never looks past the fourth body."""
    bodies = [body(i, 0, 20, amount=a) for i, a in enumerate([0.1, 0.5, 0.2, 0.9, 5.0])]
    assert ids(energy(recording(*bodies), 2)) == [3, 1]


def test_energy_of_absent_frames_does_not_count():
    """Rows that sum to zero do not raise a body's energy."""
    still = body(1, 0, 20, amount=0.0)
    still.positions[::2] = 0
    assert ids(energy(recording(still, body(2, 0, 20, amount=0.5)), 1)) == [2]


def test_motion_drops_short_bodies():
    """A body of 11 frames goes, one of 12 stays."""
    assert ids(motion(recording(body(1, 0, 50), body(2, 0, 11, amount=3)), 2)) == [1]
    assert ids(motion(recording(body(1, 0, 50), body(2, 0, 12, amount=3)), 2)) == [2, 1]


def test_motion_keeps_bodies_when_all_are_short():
    """A recording of short bodies only is not emptied."""
    assert ids(motion(recording(body(1, 0, 5), body(2, 0, 8, amount=1)), 2)) == [2, 1]


def test_motion_drops_furniture_but_never_the_last_body():
    """Bodies wider than high go, until one is left."""
    assert ids(motion(recording(body(1, 0, 50, width=3, amount=2), body(2, 0, 50)), 2)) == [2]
    assert ids(motion(recording(body(1, 0, 50, width=3), body(2, 0, 50, width=3)), 2)) == [2]


def test_motion_share_of_wide_frames():
    """The border lies at 69.754 % of wide frames."""
    below, above = int(100 * MAX_BAD_FRAMES), int(100 * MAX_BAD_FRAMES) + 1
    for wide, kept in ((below, [1, 2]), (above, [1])):
        assert sorted(ids(motion(recording(body(1, 0, 100), body(2, 0, 100, wide_frames=wide)), 2))) == kept


def test_motion_of_wide_frames_does_not_rank_a_body_first():
    """The variance that wide frames add does not count."""
    assert ids(motion(recording(body(1, 0, 100, wide_frames=30), body(2, 0, 100, amount=0.5)), 2)) == [2, 1]


def test_motion_joins_pieces_of_a_person():
    """A person lost and found under a new id is one track, with the gap left open and the livelier piece's id."""
    parts = body(1, 0, 40, amount=0.2), body(2, 60, 40, amount=0.3), body(3, 0, 100, amount=0.1)
    one, other = motion(recording(*parts), 2)
    assert (one.body_id, other.body_id) == (2, 3)
    assert one.frames.tolist() == [*range(40), *range(60, 100)]
    np.testing.assert_array_equal(one.positions, np.concatenate([parts[0].positions, parts[1].positions]))


def test_motion_one_shared_frame_is_no_overlap():
    """Pieces may share one frame, which the livelier piece keeps; sharing two makes two persons."""
    lively, calm = body(1, 0, 21, amount=0.5), body(2, 20, 30, amount=0.1)
    (joined,) = motion(recording(lively, calm), 2)
    assert joined.frames.tolist() == list(range(50))
    np.testing.assert_array_equal(joined.positions[20], lively.positions[20])
    assert ids(motion(recording(lively, body(2, 19, 30, amount=0.1)), 2)) == [1, 2]


def test_input_is_not_changed():
    """No strategy writes into the recording."""
    given = recording(*(body(i, 0, 30, amount=i) for i in range(3)))
    before = [b.positions.copy() for b in given.bodies]
    for strategy in STRATEGIES.values():
        strategy(given, 2)
    for b, positions in zip(given.bodies, before, strict=True):
        np.testing.assert_array_equal(b.positions, positions)


def test_unknown_strategy():
    """A wrong name lists the right ones."""
    with pytest.raises(SkeletonDataError, match="motion, energy, first"):
        get_strategy("best")


def frame_list(*frames):
    """A recording from lists of (body id, height) per frame, in the order of the file."""
    rows = [(t, slot, *entry) for t, entries in enumerate(frames) for slot, entry in enumerate(entries)]
    bodies = []
    for body_id in dict.fromkeys(row[2] for row in rows):
        mine = [row for row in rows if row[2] == body_id]
        positions = np.zeros((len(mine), 25, 3), np.float32)
        positions[:, :, 1] = np.linspace(0, 1, 25) * np.array([row[3] for row in mine])[:, None]
        times, slots = (np.array([row[i] for row in mine], np.int32) for i in (0, 1))
        bodies.append(RawBody(body_id, times, positions, slots))
    return RawSequence("r", len(frames), bodies, label=0, performance="p")


def heights(body):
    return {int(t): float(h) for t, h in zip(body.frames, body.positions[:, -1, 1], strict=True)}


def test_first_goes_by_place_in_the_frame():
    """st-gcn takes the m-th body of each frame: a person listed behind a newcomer moves to the second track."""
    recording_ = frame_list([(7, 1.0)], [(9, 2.0), (7, 1.0)], [], [(9, 2.0), (7, 1.0), (5, 3.0)])
    one, two = first(recording_, 2)
    assert heights(one) == {0: 1, 1: 2, 3: 2} and heights(two) == {1: 1, 3: 1}
    assert (one.body_id, two.body_id) == (7, 7)


def test_energy_goes_by_place_in_the_frame():
    """2s-AGCN ranks places, out of the first four: exchanged persons add to a place's energy, a fifth is not seen."""
    still = [(i, 1.0) for i in (1, 2, 3)]
    sways = [[*still, (4, 1.0 + t % 2), (5, 9.0 * (1 + t % 2))] for t in range(6)]
    assert [heights(b)[1] for b in energy(frame_list(*sways), 2)] == [2.0, 1.0]
    swapped = [[(1, 1.0), (2, 3.0)], [(2, 3.0), (1, 1.0)], [(1, 1.0), (2, 3.0)]]
    assert heights(energy(frame_list(*swapped), 1)[0]) == {0: 3, 1: 1, 2: 3}


def test_energy_of_equals_takes_the_last_place():
    """Of places with equal energy the peers' reversed sort takes the later one first."""
    assert [b.body_id for b in energy(frame_list(*[[(1, 1.0), (2, 1.0)]] * 3), 2)] == [2, 1]


def sgn_assignment(bodies):
    """Which actor each body goes to by the published rule, body intervals [start, end] in order of motion."""
    (start1, end1), rest = bodies[0], bodies[1:]
    start2 = end2 = 0
    actors = [1]
    for start, end in rest:
        if min(end1, end) - max(start1, start) <= 0:
            start1, end1 = min(start, start1), max(end, end1)
            actors.append(1)
        elif min(end2, end) - max(start2, start) <= 0:
            start2, end2 = min(start, start2), max(end, end2)
            actors.append(2)
        else:
            actors.append(0)
    return actors


@pytest.mark.parametrize("seed", range(40))
def test_motion_assigns_pieces_as_published(seed):
    """Pieces go to the actors that SGN gives them; only those before the second actor begins are kept, not dropped."""
    rng = np.random.default_rng(seed)
    spans = []
    for _ in range(int(rng.integers(2, 6))):
        start = int(rng.integers(0, 80))
        spans.append((start, start + int(rng.integers(12, 60))))
    # More sway for earlier ones: the order of motion is the order of the list.
    bodies = [body(i, s, e - s + 1, amount=2.0 - 0.3 * i) for i, (s, e) in enumerate(spans)]
    kept = motion(recording(*bodies), 2)
    expected = sgn_assignment(spans)
    found = [next((k + 1 for k, track in enumerate(kept) if _holds(track, piece)), 0) for piece in bodies]
    second = [spans[i] for i, actor in enumerate(expected) if actor == 2]
    for i, (got, published) in enumerate(zip(found, expected, strict=True)):
        before_second = second and spans[i][1] <= second[0][0] and published == 0
        assert got == published or (before_second and got == 2)


def _holds(track, piece):
    at = np.isin(track.frames, piece.frames[2:-2])
    return at.sum() == len(piece.frames) - 4 and np.array_equal(track.positions[at], piece.positions[2:-2])
