"""Noise of a depth sensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skeleton_aug.batch import Batch
from skeleton_aug.operators.noise import JointNoise
from skeleton_aug.pipeline import Transform
from skeleton_aug.randomness import Draws
from skeleton_aug.transforms.noise import check_not_negative

LATERAL = (0.0, 0.8 / 585)
"""Metres at depth 0, and metres a metre of depth: 0.8 pixels of a depth camera with a focal length of 585 pixels."""
AXIAL = (0.0012, 0.0019)
"""Metres at depth 0.4, and metres a square metre beyond."""


@dataclass(frozen=True, kw_only=True)
class KinectNoise(Transform):
    """Add Gaussian noise that grows with a joint's distance from the sensor, as that of a Kinect does.

    The standard deviations are those of a depth pixel on a surface that faces the sensor (Nguyen, Izadi, Lovell,
    "Modeling Kinect Sensor Noise for Improved 3D Reconstruction and Tracking", 2012), times a factor that is drawn
    once a sample: ``0.0012 + 0.0019 (z - 0.4)^2`` metres along z, and ``0.8 z / 585`` metres (0.8 pixels) along x and
    y, where z is the joint's depth in metres, at least 0.4. At 3 metres these are 14 and 4 millimetres.

    That a joint has the noise of a pixel is our approximation: body tracking averages over many pixels, smooths in time
    and makes errors of its own, so the noise of recorded joints is neither white nor zero where this is. Put the
    transform before :class:`Normalize` and whatever else moves the joints, while z still is the distance from the
    sensor; two-dimensional data, bones and motion are refused.

    Parameters
    ----------
    scale_range : (float, float)
        Uniform range of the factor, not negative; 1 is the published model.

    Examples
    --------
    >>> x = np.full((1, 400, 25, 3), 3, np.float32)
    >>> y = KinectNoise(scale_range=(1, 1))(x, seed=0)
    >>> [round(float(std), 3) for std in (y - x).std(axis=(0, 1, 2))]
    [0.004, 0.004, 0.014]
    """

    scale_range: tuple[float, float] = (0.5, 1.5)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_not_negative("KinectNoise", "scale_range", self.scale_range)

    def sample(self, draws: Draws, batch: Batch) -> JointNoise:
        """One factor and one key a sample."""
        scale = draws.uniform(*self.scale_range)[:, None]
        return JointNoise(draws.words(1)[:, 0], scale * np.array(LATERAL), scale * np.array(AXIAL))
