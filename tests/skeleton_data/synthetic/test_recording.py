"""What the sensor makes of a performance, and that all its faults do occur."""

from collections.abc import Sequence

import numpy as np
import pytest

from skeleton_data.raw import SkeletonDataError
from skeleton_data.synthetic import Performance, Recording, performance_list, simulate
from skeleton_data.synthetic.performances import TWO_PERSON, stream
from skeleton_data.synthetic.sensor import hidden_joints, sense


@pytest.fixture(scope="module")
def recordings() -> Sequence[Sequence[Recording]]:
    """Three recordings each of 160 performances."""
    return [[simulate(performance, camera, 0) for camera in (1, 2, 3)] for performance in performance_list(160)]


def flat(recordings: Sequence[Sequence[Recording]]) -> list[Recording]:
    return [recording for three in recordings for recording in three]


def bodies_per_frame(recording: Recording) -> np.ndarray:
    count = np.zeros(recording.sensed.n_frames, int)
    for body in recording.sensed.bodies:
        count[body.frames] += 1
    return count


def test_a_recording_is_a_function_of_its_arguments() -> None:
    first, again, other = (simulate(Performance(2, 3, 1, 57), 1, seed).sensed for seed in (4, 4, 5))
    for a, b in zip(first.bodies, again.bodies, strict=True):
        assert a.body_id == b.body_id
        np.testing.assert_array_equal(a.positions, b.positions)
    assert not np.array_equal(first.bodies[0].positions[0], other.bodies[0].positions[0])


def test_sensed_arrays_have_the_shapes_that_raw_recordings_promise(recordings: Sequence[Sequence[Recording]]) -> None:
    for recording in flat(recordings):
        sensed = recording.sensed
        assert sensed.n_frames == len(recording.frames)
        assert (np.diff(recording.frames) > 0).all()
        for body, states in zip(sensed.bodies, recording.states, strict=True):
            assert body.positions.dtype == np.float32
            assert body.frames.dtype == np.int32
            assert body.positions.shape == (*states.shape, 3) == (len(body.frames), 25, 3)
            assert (np.diff(body.frames) > 0).all()
            assert 0 <= body.frames[0] <= body.frames[-1] < sensed.n_frames
            assert np.isfinite(body.positions).all()
            assert set(np.unique(states)) <= {1, 2}


def test_body_ids_are_near_two_to_the_56_and_unique_within_a_recording(
    recordings: Sequence[Sequence[Recording]],
) -> None:
    for recording in flat(recordings):
        ids = [body.body_id for body in recording.sensed.bodies]
        assert len(set(ids)) == len(ids)
        assert all(2**56 < body_id < 2**56 + 20000 for body_id in ids)


def test_some_ids_of_one_recording_are_equal_as_floats(recordings: Sequence[Sequence[Recording]]) -> None:
    ids = [[body.body_id for body in recording.sensed.bodies] for recording in flat(recordings)]
    assert any(len({float(body_id) for body_id in own}) < len(own) for own in ids)


def test_cameras_of_a_performance_differ_in_length_by_a_few_frames(recordings: Sequence[Sequence[Recording]]) -> None:
    lengths = np.array([[recording.sensed.n_frames for recording in three] for three in recordings])
    spread = np.ptp(lengths, axis=1)
    assert 0.3 < (spread > 0).mean() < 0.9
    assert spread.max() <= 18


def test_lengths_are_like_those_of_ntu(recordings: Sequence[Sequence[Recording]]) -> None:
    lengths = [recording.sensed.n_frames for recording in flat(recordings)]
    assert min(lengths) >= 20
    assert max(lengths) <= 300
    assert 65 < np.median(lengths) < 90


def test_some_recordings_begin_without_a_body(recordings: Sequence[Sequence[Recording]]) -> None:
    late = [bodies_per_frame(recording)[0] == 0 for recording in flat(recordings)]
    assert 0.02 < np.mean(late) < 0.2


def test_some_people_are_lost_and_found_under_another_id(recordings: Sequence[Sequence[Recording]]) -> None:
    solo = [r for r in flat(recordings) if len(r.world) == 1]
    split = [r for r in solo if len(r.sensed.bodies) > 1 and bodies_per_frame(r).max() == 1]
    assert 0.01 < len(split) / len(solo) < 0.2


def test_some_recordings_hold_a_short_lived_spurious_body(recordings: Sequence[Sequence[Recording]]) -> None:
    solo = [r for r in flat(recordings) if len(r.world) == 1]
    crowded = [r for r in solo if bodies_per_frame(r).max() > 1]
    assert 0.005 < len(crowded) / len(solo) < 0.15
    for recording in crowded:
        assert min(len(body.frames) for body in recording.sensed.bodies) < 28


def test_two_people_are_listed_in_either_order(recordings: Sequence[Sequence[Recording]]) -> None:
    leader_first = []
    for recording in flat(recordings):
        if recording.sensed.label in TWO_PERSON:
            body = recording.sensed.bodies[0]
            near = np.linalg.norm(recording.view[:, recording.frames[body.frames], 0] - body.positions[:, 0], axis=-1)
            leader_first.append(near[0].mean() < near[1].mean())
    assert 0.3 < np.mean(leader_first) < 0.7


def test_hidden_joints_are_inferred_and_worse_placed_than_seen_ones(recordings: Sequence[Sequence[Recording]]) -> None:
    off: dict[int, list[np.ndarray]] = {1: [], 2: []}
    for recording in flat(recordings):
        body, states = recording.sensed.bodies[0], recording.states[0]
        if len(recording.view) == 1 and len(recording.sensed.bodies) == 1:
            true = recording.view[0, recording.frames[body.frames]]
            for state, errors in off.items():
                errors.append(np.linalg.norm(body.positions - true, axis=-1)[states == state])
    seen, inferred = np.concatenate(off[2]), np.concatenate(off[1])
    assert np.median(seen) < 0.06
    assert np.median(inferred) > 1.5 * np.median(seen)
    assert 0.05 < len(inferred) / (len(seen) + len(inferred)) < 0.4


def test_side_views_hide_more_than_front_views(recordings: Sequence[Sequence[Recording]]) -> None:
    hidden: dict[bool, list[float]] = {True: [], False: []}
    for performance, three in zip(performance_list(160), recordings, strict=True):
        if performance.label in TWO_PERSON:
            continue
        front = 3 if performance.replication == 1 else 2
        for camera in (2, 3):
            hidden[camera == front].append(float((three[camera - 1].states[0] == 1).mean()))
    assert np.mean(hidden[False]) > 2 * np.mean(hidden[True])


def test_limbs_are_swapped_between_left_and_right_now_and_then(recordings: Sequence[Sequence[Recording]]) -> None:
    swapped = 0
    for recording in flat(recordings):
        body = recording.sensed.bodies[0]
        if len(recording.view) == 1 and len(recording.sensed.bodies) == 1:
            true = recording.view[0, recording.frames[body.frames]]
            error = np.linalg.norm(body.positions[:, [13, 17]] - true[:, [13, 17]], axis=-1).sum(1)
            crossed = np.linalg.norm(body.positions[:, [17, 13]] - true[:, [13, 17]], axis=-1).sum(1)
            swapped += (crossed < 0.5 * error).sum() >= 3
    assert swapped >= 3


def test_noise_grows_with_distance() -> None:
    body = simulate(Performance(1, 1, 1, 9), 3, 0).view[0]
    shakes = []
    for metres in (1.5, 4.0):
        moved = body - body[:, :1] + np.array([0.0, 0.0, metres])
        joints, _ = sense(moved, np.zeros(moved.shape[:2], bool), np.random.default_rng(0))
        shakes.append(np.diff(joints - moved, axis=0)[:, [0, 1, 20]].std())
    assert shakes[1] > 1.5 * shakes[0]


def test_a_person_behind_another_is_hidden() -> None:
    body = simulate(Performance(1, 1, 1, 9), 3, 0).view[0]
    behind = body * 1.5
    hidden = hidden_joints(np.stack([body, behind]))
    assert hidden[1][:, [0, 1, 20]].all()
    assert not hidden[0][:, [0, 1, 20]].any()


def test_a_hand_behind_the_back_is_hidden_and_one_in_front_is_not() -> None:
    body = np.tile([0.0, 1.0, 3.0], (2, 25, 1))
    body[:, [20, 2, 3, 4, 8], 1] += 0.5
    body[:, [1, 12, 16], 1] += 0.25
    body[:, [13, 17, 14, 18, 15, 19], 1] -= 0.6
    body[:, 11] = (0.0, 1.2, 3.3)
    body[:, 7] = (0.0, 1.2, 2.6)
    hidden = hidden_joints(body[None])[0]
    assert hidden[:, 11].all()
    assert not hidden[:, 7].any()


def test_habits_stay_with_a_subject_but_every_try_is_fresh() -> None:
    tries = [simulate(Performance(1, 5, replication, 22), 1, 0).world for replication in (1, 2)]
    assert tries[0].shape != tries[1].shape or not np.allclose(tries[0], tries[1])
    assert stream(0, 1, 5).integers(2**62) == stream(0, 1, 5).integers(2**62)


@pytest.mark.parametrize(("camera", "seed", "message"), [(4, 0, "cameras 1, 2 and 3"), (1, -1, "0 or more")])
def test_impossible_cameras_and_seeds_are_refused(camera: int, seed: int, message: str) -> None:
    with pytest.raises(SkeletonDataError, match=message):
        simulate(Performance(1, 1, 1, 9), camera, seed)
