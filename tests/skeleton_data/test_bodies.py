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
