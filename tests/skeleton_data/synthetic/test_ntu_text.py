"""The text: line structure, tokens, and that it says what the sensor saw."""

import numpy as np
import pytest

from skeleton_data.synthetic import Performance, Recording, performance_list, simulate
from skeleton_data.synthetic.ntu_text import ntu_text

LEAVES = [3, 15, 19, 21, 22, 23, 24]


def parse(text: bytes) -> list[list[tuple[list[str], np.ndarray]]]:
    """Per frame, per body: the ten body tokens and the (25, 12) joint tokens."""
    lines = iter(text.decode("ascii").split("\n"))
    frames = []
    for _ in range(int(next(lines))):
        bodies = []
        for _ in range(int(next(lines))):
            head = next(lines).split(" ")
            joints = [next(lines).split(" ") for _ in range(int(next(lines)))]
            bodies.append((head, np.array(joints, float)))
        frames.append(bodies)
    assert list(lines) == [""]
    return frames


@pytest.fixture(scope="module", params=[9, 57])
def recording(request: pytest.FixtureRequest) -> Recording:
    return simulate(Performance(5, 12, 2, request.param), 1, 0)


def test_line_count_is_one_plus_one_per_frame_plus_27_per_body() -> None:
    for performance in performance_list(32):
        recording = simulate(performance, 2, 0)
        bodies = sum(len(body.frames) for body in recording.sensed.bodies)
        lines = ntu_text(recording, 0).count(b"\n")
        assert lines == 1 + recording.sensed.n_frames + 27 * bodies


def test_text_holds_every_body_at_its_frame_with_its_exact_id(recording: Recording) -> None:
    frames = parse(ntu_text(recording, 0))
    assert len(frames) == recording.sensed.n_frames
    found: dict[int, list[tuple[int, np.ndarray]]] = {}
    for index, bodies in enumerate(frames):
        for head, joints in bodies:
            found.setdefault(int(head[0]), []).append((index, joints))
    assert set(found) == {body.body_id for body in recording.sensed.bodies}
    for body, states in zip(recording.sensed.bodies, recording.states, strict=True):
        rows = found[body.body_id]
        assert [index for index, _ in rows] == body.frames.tolist()
        joints = np.stack([joints for _, joints in rows])
        np.testing.assert_allclose(joints[..., :3], body.positions, rtol=1e-6, atol=1e-9)
        np.testing.assert_array_equal(joints[..., 11], states)


def test_bodies_and_joints_have_ten_and_twelve_tokens(recording: Recording) -> None:
    for bodies in parse(ntu_text(recording, 0)):
        for head, joints in bodies:
            assert len(head) == 10
            assert joints.shape == (25, 12)
            assert [int(token) for token in head[1:7]]
            assert int(head[9]) == 2
            assert abs(float(head[7])) <= 1
            assert abs(float(head[8])) <= 1


def test_orientations_are_unit_quaternions_and_zero_at_the_ends_of_limbs(recording: Recording) -> None:
    joints = np.stack([joints for bodies in parse(ntu_text(recording, 0)) for _, joints in bodies])
    norms = np.linalg.norm(joints[..., 7:11], axis=-1)
    inner = np.setdiff1d(np.arange(25), LEAVES)
    np.testing.assert_allclose(norms[:, inner], 1.0, atol=1e-5)
    assert not norms[:, LEAVES].any()


def test_orientation_turns_the_y_axis_into_the_bone(recording: Recording) -> None:
    joints = parse(ntu_text(recording, 0))[-1][0][1]
    w, x, y, z = joints[5, 7:11]
    turned = np.array([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)])
    bone = joints[5, :3] - joints[4, :3]
    np.testing.assert_allclose(turned, bone / np.linalg.norm(bone), atol=1e-5)


def test_pixels_lie_in_the_picture_while_the_body_does(recording: Recording) -> None:
    joints = np.stack([joints for bodies in parse(ntu_text(recording, 0)) for _, joints in bodies])
    assert (np.abs(joints[:, 0, 3] - 256) < 200).all()
    assert (np.abs(joints[:, 0, 4] - 212) < 180).all()
    assert (np.abs(joints[:, 0, 5] - 960) < 800).all()
