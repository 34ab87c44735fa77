"""Bodies: constant bones, human joints, feet on the floor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeleton_aug.skeletons import KINECT_V2
from skeleton_data.synthetic import ACTIONS, Performance
from skeleton_data.synthetic.body import draw_proportions, joint_positions, rotation
from skeleton_data.synthetic.motion import Motion
from skeleton_data.synthetic.performances import TWO_PERSON
from skeleton_data.synthetic.stage import perform

CHILDREN, PARENTS = np.array(KINECT_V2.edges).T


def bone_lengths(joints: np.ndarray) -> np.ndarray:
    return np.linalg.norm(joints[..., CHILDREN, :] - joints[..., PARENTS, :], axis=-1)


def angles_of(limb: np.ndarray) -> np.ndarray:
    """Degrees between the two bones of (..., 3 joints, 3)."""
    first, second = limb[..., 1, :] - limb[..., 0, :], limb[..., 2, :] - limb[..., 1, :]
    cosine = (first * second).sum(-1) / np.linalg.norm(first, axis=-1) / np.linalg.norm(second, axis=-1)
    return np.rad2deg(np.arccos(np.clip(cosine, -1, 1)))


def random_motion(seed: int) -> Motion:
    rng, motion = np.random.default_rng(seed), Motion.still(12)
    motion.root[:] = rng.uniform(-0.3, 0.1, (12, 3))
    motion.heading[:], motion.yaw[:] = rng.uniform(-180, 180, (2, 12))
    motion.trunk[:], motion.head[:] = rng.uniform(-60, 80, (2, 12, 3))
    motion.arms[:] = rng.uniform(0, 1, (12, 2, 4)) * [170, 150, 145, 90]
    motion.feet[:] = rng.uniform(-0.3, 0.4, (12, 2, 3))
    return motion


@given(st.integers(0, 10**6))
def test_bones_keep_their_lengths_in_any_pose(seed: int) -> None:
    lengths = bone_lengths(joint_positions(draw_proportions(np.random.default_rng(seed)), random_motion(seed)))
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[0], lengths.shape), atol=1e-9)
    assert lengths.min() > 0.01


@given(st.integers(0, 10**6))
def test_both_halves_of_a_body_are_equally_long(seed: int) -> None:
    body = draw_proportions(np.random.default_rng(seed))
    lengths = dict(zip(CHILDREN, bone_lengths(joint_positions(body, Motion.still(1)))[0], strict=True))
    for left, right in [(5, 9), (6, 10), (7, 11), (13, 17), (14, 18), (15, 19)]:
        assert lengths[left] == pytest.approx(lengths[right])


@given(st.integers(0, 10**6))
def test_mirrored_motion_gives_the_mirrored_body(seed: int) -> None:
    body, motion = draw_proportions(np.random.default_rng(seed)), random_motion(seed)
    mirrored = joint_positions(body, motion)[:, KINECT_V2.mirror] * [-1, 1, 1]
    np.testing.assert_allclose(joint_positions(body, motion.mirrored()), mirrored, atol=1e-9)


@given(st.integers(0, 10**6))
def test_a_standing_body_has_human_proportions(seed: int) -> None:
    body = draw_proportions(np.random.default_rng(seed))
    joints = joint_positions(body, Motion.still(1))[0]
    assert 1.45 < body.stature < 2.0
    assert 0.92 * body.stature < joints[3, 1] < 0.95 * body.stature
    assert joints[[15, 19], 1].min() > 0
    assert 0.3 < joints[[7, 11], 1].min() / body.stature < 0.55


def test_convention_x_is_left_y_is_up_z_is_forward() -> None:
    joints = joint_positions(draw_proportions(np.random.default_rng(0)), Motion.still(1))[0]
    assert joints[4, 0] > 0 > joints[8, 0]
    assert joints[3, 1] > joints[0, 1] > joints[14, 1]
    assert joints[15, 2] > joints[14, 2]


def test_convention_rotation_is_right_handed() -> None:
    np.testing.assert_allclose(rotation(1, np.array(90.0)) @ [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(rotation(0, np.array(90.0)) @ [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(ACTIONS)), st.integers(1, 40), st.integers(0, 50))
def test_every_action_stays_human(label: int, subject: int, seed: int) -> None:
    world = perform(Performance(setup=5, subject=subject, replication=1, label=label), seed)
    people, frames = world.shape[:2]
    assert people == 1 + (label in TWO_PERSON)
    assert 26 <= frames <= 300
    assert np.isfinite(world).all()
    assert world[..., 1].min() > -0.02
    for limb in ([4, 5, 6], [8, 9, 10], [12, 13, 14], [16, 17, 18]):
        assert angles_of(world[:, :, limb]).max() < 160
    steps = np.linalg.norm(np.diff(world, axis=1), axis=-1) * 30
    assert steps.max() < 20
    lengths = bone_lengths(world)
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[:, :1], lengths.shape), atol=1e-9)


@pytest.mark.parametrize("label", [7, 9, 22, 58])
def test_feet_on_the_floor_do_not_slide(label: int) -> None:
    for subject in range(1, 9):
        ankles = perform(Performance(setup=5, subject=subject, replication=1, label=label), 3)[:, :, [14, 18]]
        down = ankles[..., 1] < ankles[..., 1].min(axis=1, keepdims=True) + 0.003
        moved = np.linalg.norm(np.diff(ankles[..., [0, 2]], axis=1), axis=-1)
        assert moved[down[:, 1:] & down[:, :-1]].mean() * 30 < 0.02


def test_a_subject_is_recognisable_by_the_bones_wherever_it_performs() -> None:
    clap, sit = (
        perform(Performance(setup=setup, subject=7, replication=replication, label=label), 0)
        for setup, replication, label in [(1, 1, 9), (4, 2, 7)]
    )
    np.testing.assert_allclose(bone_lengths(clap)[0, 0], bone_lengths(sit)[0, 0], atol=1e-9)
