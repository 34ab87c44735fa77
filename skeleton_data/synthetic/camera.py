"""Three fixed cameras per setup, and the pinhole projections of a Kinect v2.

World space: metres, y up, the floor at y = 0, the stage around the origin, z from the stage towards camera 1.
Camera space: metres, x to the sensor's left, y up (tilted with the sensor), z out of the sensor. Both right-handed.
Pixels are those of the sensor's mirrored pictures: they grow to the sensor's left and downwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_data.synthetic.performances import setup_geometry, stream

Array = NDArray[np.float64]

AZIMUTHS = {1: 0.0, 2: -45.0, 3: 45.0}
"""Degrees from camera 1, positive towards world +x, seen from the stage."""

_SETUP_STREAM = 2
_DEPTH = (365.5, 260.5, 206.5)
_COLOR = (1062.0, 967.0, 537.0)
_COLOR_OFFSET = 0.052
DEPTH_PIXELS = (512.0, 424.0)


@dataclass(frozen=True)
class Camera:
    """A sensor at a place; ``axes`` (3, 3) holds its x, y and z axes as rows, in world space."""

    position: Array
    axes: Array

    def view(self, world: Array) -> Array:
        """World to camera space, (..., 3)."""
        return np.asarray((world - self.position) @ self.axes.T)

    def world(self, view: Array) -> Array:
        """Camera to world space, (..., 3); the inverse of :meth:`view`."""
        return np.asarray(view @ self.axes + self.position)


def look_at(position: Array, target: Array) -> Camera:
    """Camera at ``position`` whose z axis points at ``target``, held level."""
    ahead = (target - position) / np.linalg.norm(target - position)
    left = np.cross([0.0, 1.0, 0.0], ahead)
    left /= np.linalg.norm(left)
    return Camera(position, np.stack([left, np.cross(ahead, left), ahead]))


def setup_camera(seed: int, setup: int, camera: int) -> Camera:
    """Camera 1, 2 or 3 of a setup: its place and direction never change within the setup."""
    rng = stream(seed, _SETUP_STREAM, setup, camera)
    height, distance = setup_geometry(setup)
    azimuth = np.deg2rad(AZIMUTHS[camera] + rng.normal(0.0, 2.5))
    distance *= 1.0 + rng.normal(0.0, 0.02)
    place = np.array([distance * np.sin(azimuth), height + rng.normal(0.0, 0.02), distance * np.cos(azimuth)])
    return look_at(place, np.array([rng.normal(0.0, 0.06), 0.95 + rng.normal(0.0, 0.05), rng.normal(0.0, 0.06)]))


def depth_pixels(view: Array) -> Array:
    """Camera space (..., 3) to pixels (..., 2) of the 512 x 424 depth picture."""
    return _project(view, *_DEPTH, 0.0)


def color_pixels(view: Array) -> Array:
    """Camera space (..., 3) to pixels (..., 2) of the 1920 x 1080 colour picture."""
    return _project(view, *_COLOR, _COLOR_OFFSET)


def _project(view: Array, focal: float, middle_x: float, middle_y: float, offset: float) -> Array:
    depth = np.maximum(view[..., 2], 0.3)
    return np.stack(
        [middle_x + focal * (view[..., 0] + offset) / depth, middle_y - focal * view[..., 1] / depth], axis=-1
    )
