"""Cameras: where they stand, what their axes mean, and that three of them see one body."""

import numpy as np
import pytest

from skeleton_aug.skeletons import KINECT_V2
from skeleton_data.synthetic import Performance, performance_list, simulate
from skeleton_data.synthetic.camera import color_pixels, depth_pixels, look_at, setup_camera
from skeleton_data.synthetic.performances import SETUPS

FRONT = look_at(np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 0.0]))


def test_convention_x_is_the_sensors_left_y_up_z_outward() -> None:
    # The sensor looks along world -z, so its left is world -x.
    np.testing.assert_allclose(FRONT.view(np.array([-0.5, 1.5, 0.0])), [0.5, 0.5, 3.0], atol=1e-12)


@pytest.mark.parametrize("camera", [1, 2, 3])
def test_axes_are_right_handed_and_the_sensor_is_level(camera: int) -> None:
    axes = setup_camera(0, 16, camera).axes
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert axes[0, 1] == pytest.approx(0.0)


@pytest.mark.parametrize("setup", list(SETUPS))
def test_cameras_stand_at_the_setups_height_and_distance_45_degrees_apart(setup: int) -> None:
    height, distance = SETUPS[setup]
    azimuths = []
    for camera in (2, 1, 3):
        place = setup_camera(0, setup, camera).position
        assert place[1] == pytest.approx(height, abs=0.1)
        assert np.hypot(place[0], place[2]) == pytest.approx(distance, rel=0.1)
        azimuths.append(np.rad2deg(np.arctan2(place[0], place[2])))
    np.testing.assert_allclose(azimuths, [-45, 0, 45], atol=10)


def test_high_cameras_tilt_down_so_that_the_performer_is_in_the_picture() -> None:
    for performance in performance_list(48):
        for camera in (1, 2, 3):
            base = simulate(performance, camera, 0).view[0, :, 0]
            assert np.abs(base[:, 1] / base[:, 2]).max() < 0.5
            assert base[:, 2].min() > 0.8


def test_three_cameras_see_the_same_body() -> None:
    for performance in performance_list(32):
        recordings = [simulate(performance, camera, 0) for camera in (1, 2, 3)]
        for recording in recordings:
            np.testing.assert_array_equal(recording.world, recordings[0].world)
            np.testing.assert_allclose(recording.camera.world(recording.view), recording.world, atol=1e-9)


def test_bones_are_equally_long_for_every_camera() -> None:
    child, parent = np.array(KINECT_V2.edges).T
    views = [simulate(Performance(3, 8, 1, 22), camera, 0).view for camera in (1, 2, 3)]
    lengths = [np.linalg.norm(view[:, :, child] - view[:, :, parent], axis=-1) for view in views]
    np.testing.assert_allclose(lengths[1], lengths[0], atol=1e-9)
    np.testing.assert_allclose(lengths[2], lengths[0], atol=1e-9)


@pytest.mark.parametrize(("replication", "faced"), [(1, 3), (2, 2)])
def test_replications_face_camera_3_and_camera_2(replication: int, faced: int) -> None:
    turned = {camera: [] for camera in (1, 2, 3)}
    for subject in range(1, 21):
        for camera in turned:
            across = simulate(Performance(5, subject, replication, 9), camera, 0).view[0, 0, [4, 8]]
            # Facing the sensor, the performer's left shoulder is on the sensor's right.
            turned[camera].append((across[1, 0] - across[0, 0]) / np.linalg.norm(across[1] - across[0]))
    means = {camera: np.mean(values) for camera, values in turned.items()}
    assert max(means, key=lambda camera: means[camera]) == faced
    assert means[faced] > 0.85
    assert 0.4 < means[1] < 0.9
    assert abs(means[5 - faced]) < 0.3


def test_setups_keep_their_cameras_and_differ_from_each_other() -> None:
    places = {setup: simulate(Performance(setup, 1, 1, 9), 2, 0).camera.position for setup in (1, 8)}
    np.testing.assert_array_equal(places[1], simulate(Performance(1, 9, 2, 58), 2, 0).camera.position)
    assert np.abs(places[1] - places[8]).max() > 0.05


def test_pixels_grow_to_the_sensors_left_and_downwards() -> None:
    middle, left, up = np.array([[0.0, 0.0, 2.0], [0.5, 0.0, 2.0], [0.0, 0.5, 2.0]])
    for pixels, width, height in [(depth_pixels, 512, 424), (color_pixels, 1920, 1080)]:
        assert pixels(left)[0] > pixels(middle)[0]
        assert pixels(up)[1] < pixels(middle)[1]
        assert abs(pixels(middle)[0] - width / 2) < 0.05 * width
        assert abs(pixels(middle)[1] - height / 2) < 0.05 * height


def test_pixels_agree_with_a_published_sample() -> None:
    # A joint of the real data set, whose sensor has its own calibration.
    joint = np.array([0.2410551, -0.171228, 4.294691])
    np.testing.assert_allclose(depth_pixels(joint), [283.0309, 224.2974], atol=5)
    np.testing.assert_allclose(color_pixels(joint), [1027.245, 581.2726], atol=25)
