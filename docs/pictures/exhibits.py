"""What the gallery shows of each transform: on which recording, with which settings, in which way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from docs.pictures.bodies import (
    CANONICAL_UPRIGHT,
    KICKING,
    SHAKING_HANDS,
    SITTING,
    WAVING,
    Sample,
    centred,
    recording,
)
from skeleton_aug import (
    AxisMask,
    BodyDrop,
    BodySwap,
    Bones,
    BoneScale,
    Crop,
    CropResize,
    FitLength,
    GaussianBlur,
    JointMask,
    JointMixing,
    KinectNoise,
    Mirror,
    Motion,
    Noise,
    Normalize,
    PartMask,
    PartMixing,
    Pipeline,
    ReflectCrop,
    Resample,
    Reverse,
    Rotate,
    SavitzkyGolay,
    Scale,
    Shear,
    SideDrop,
    TemporalMask,
    TemporalShift,
    Translate,
    UniformSample,
)

DRAWS = 4
MOMENTS = (0.25, 0.4, 0.5, 0.7)
LEGACY_UPRIGHT = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
SPACE, TIME, JOINTS, BODIES, BATCH = (
    "Space", "Time", "Joints and what is made of them", "Bodies", "Samples of a batch"
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One picture.

    Attributes
    ----------
    shown : Pipeline, or mapping of caption to Pipeline
        Four draws of the first; or each of the second once, where nothing is random.
    original : (M, T, V, 3) array
    family, caption : str
        Heading, and what the page says of the settings.
    moment : float
        Which frame is drawn, as a share of the length.
    moments : tuple of float
        The same for each result, where nothing else tells them apart.
    in_time : bool
        Whether frames stand side by side.
    curve : bool
        Whether the right hand's path is drawn.
    curve_axis : int
        0 to 2: x, y, z.
    by_body : bool
        Colour by body slot, not by side.
    origin : bool
        Whether to mark the origin.
    upright : sequence of (3, 3) arrays or None
        Turns each result to the sensor's axes before it is drawn.
    seed : int
        Of the draws.
    partner : (M, T, V, 3) array, optional
        Second sample of the batch.
    arrows : {"", "origin", "joints"}
        Whether the results are differences, drawn as arrows, and where these begin.
    enlarged : float
        Length of the arrows.
    """

    shown: Pipeline | Mapping[str, Pipeline]
    original: Sample
    family: str
    caption: str
    moment: float = 0.75
    moments: Sequence[float] = ()
    in_time: bool = False
    curve: bool = False
    curve_axis: int = 1
    by_body: bool = False
    origin: bool = False
    upright: Sequence[NDArray[Any] | None] = ()
    seed: int = 0
    partner: Sample | None = None
    arrows: str = ""
    enlarged: float = 1.0

    @property
    def curve_label(self) -> str:
        """Caption of the third row."""
        return f"right hand: {'xyz'[self.curve_axis]} in m"

    @property
    def titles(self) -> list[str]:
        """Captions of the results."""
        if isinstance(self.shown, Mapping):
            return list(self.shown)
        if self.moments:
            return [f"{moment:.0%} of the time" for moment in self.moments]
        same = [
            result.shape == self.original.shape and bool((result == self.original).all()) for result in self.results()
        ]
        return [f"draw {k + 1}" + (": left as it is" if unchanged else "") for k, unchanged in enumerate(same)]

    def results(self) -> list[Sample]:
        """What comes out, in the order of the titles."""
        if isinstance(self.shown, Mapping):
            return [np.asarray(pipeline(self.original, seed=self.seed)) for pipeline in self.shown.values()]
        if self.moments:
            return [np.asarray(self.shown(self.original, seed=self.seed))] * len(self.moments)
        given = self.original if self.partner is None else [self.original, self.partner]
        draws = [self.shown(given, seed=self.seed + draw) for draw in range(DRAWS)]
        return [np.asarray(draw if self.partner is None else draw[0]) for draw in draws]


WAVE, KICK, SIT = centred(WAVING, 29), centred(KICKING), centred(SITTING, 1)
ASIDE = (centred(WAVING, 29, camera=1) + np.array([-0.8, 0.2, -0.5])).astype(np.float32)
TREMBLING = (WAVE + np.random.default_rng(0).normal(0, 0.05, WAVE.shape)).astype(np.float32)

EXHIBITS: Mapping[str, Exhibit] = {
    "Shear": Exhibit(
        shown=Shear(), original=WAVE, family=SPACE, caption="Here as in the paper, factors from -1 to 1.",
    ),
    "Rotate": Exhibit(
        seed=36, shown=Rotate(y_range=(-60, 60)), original=WAVE, family=SPACE,
        caption="Here by up to 60 degrees about the vertical.",
    ),
    "Scale": Exhibit(
        shown=Scale(factor_range=(0.6, 1.4), per_axis=True), original=WAVE, family=SPACE,
        caption="Here each axis by a factor from 0.6 to 1.4.",
    ),
    "Translate": Exhibit(
        shown=Translate(x_range=(-0.5, 0.5), y_range=(-0.2, 0.2), z_range=(-0.5, 0.5)), original=WAVE, family=SPACE,
        caption="Here by up to half a metre sideways and in depth.",
    ),
    "Mirror": Exhibit(
        seed=2, shown=Mirror(p=0.5), original=WAVE, family=SPACE,
        caption="Here with p = 0.5: who waves with the right hand then waves with the left.",
    ),
    "AxisMask": Exhibit(
        shown=AxisMask(), original=WAVE, family=SPACE, caption="Where x is lost the front view is a line, where z is "
        "lost the side view.",
    ),
    "Normalize": Exhibit(
        shown={
            "as in training": Normalize(),
            'rotation="legacy"': Normalize(rotation="legacy"),
            'rotation="none"': Normalize(rotation="none"),
            "and scale=0.8 (torso)": Normalize(rotation="none", scale=0.8, measure="torso"),
        },
        upright=(CANONICAL_UPRIGHT, LEGACY_UPRIGHT, None, None), origin=True,
        original=ASIDE, family=SPACE,
        caption="Nothing is random here. The cross is the origin. Turned bodies have z upwards; they are drawn as if "
        "the sensor stood in front of them.",
    ),
    "Noise": Exhibit(
        seed=1, shown=Noise(std_range=(0.0, 0.04)), original=WAVE, family=SPACE, curve=True,
        caption="Here with a standard deviation of up to 4 cm.",
    ),
    "KinectNoise": Exhibit(
        shown=KinectNoise(scale_range=(1.0, 2.0)), original=recording(WAVING, 29), family=SPACE, curve=True,
        curve_axis=2, caption="It grows with the distance from the sensor, and most of it is in depth, z.",
    ),
    "SavitzkyGolay": Exhibit(
        shown={
            "window=7": SavitzkyGolay(window=7), "window=15 (paper)": SavitzkyGolay(),
            "window=31": SavitzkyGolay(window=31), "window=15, order=1": SavitzkyGolay(order=1),
        },
        original=TREMBLING, family=TIME, curve=True,
        caption="Nothing is random here but whether it acts; the recording was given noise of 5 cm.",
    ),
    "GaussianBlur": Exhibit(
        shown=GaussianBlur(sigma_range=(0.1, 4.0)), original=TREMBLING, family=TIME, curve=True,
        caption="Here with sigmas of up to 4 frames; the recording was given noise of 5 cm.",
    ),
    "Resample": Exhibit(
        shown=Resample(rate_range=(0.5, 2.0)), original=WAVE, family=TIME, in_time=True, curve=True,
        caption="Here from half the speed to twice the speed.",
    ),
    "FitLength": Exhibit(
        shown={
            'short="repeat"': FitLength(n_frames=WAVE.shape[1] + 40),
            'short="zeros"': FitLength(n_frames=WAVE.shape[1] + 40, short="zeros"),
            'short="resize"': FitLength(n_frames=WAVE.shape[1] + 40, short="resize"),
            'crop="center"': FitLength(n_frames=40, crop="center"),
        },
        original=WAVE, family=TIME, in_time=True, curve=True,
        caption="Nothing is random here; three ways to more frames, and one to fewer.",
    ),
    "Crop": Exhibit(
        shown=Crop(ratio_range=(0.3, 0.7)), original=SIT, family=TIME, in_time=True, curve=True,
        caption="Here 30 to 70 % of the frames are kept.",
    ),
    "CropResize": Exhibit(
        shown=CropResize(n_frames=60, ratio_range=(0.3, 0.7)), original=SIT, family=TIME, in_time=True, curve=True,
        caption="Here 30 to 70 % of the frames, brought to 60 frames.",
    ),
    "ReflectCrop": Exhibit(
        shown=ReflectCrop(ratio=0.5), original=SIT, family=TIME, in_time=True, curve=True,
        caption="Here with half of the length added on each side.",
    ),
    "UniformSample": Exhibit(
        shown=UniformSample(n_frames=12), original=WAVE, family=TIME, in_time=True, curve=True,
        caption="Here to 12 frames.",
    ),
    "TemporalShift": Exhibit(
        shown=TemporalShift(), original=SIT, family=TIME, in_time=True, curve=True,
        caption="Here by any number of frames.",
    ),
    "TemporalMask": Exhibit(
        shown=TemporalMask(n_windows=2), original=WAVE, family=TIME, in_time=True, curve=True,
        caption="Here two windows of 10 to 30 % of the frames.",
    ),
    "Reverse": Exhibit(
        shown=Reverse(p=0.5), original=SIT, family=TIME, in_time=True, curve=True,
        caption="Here with p = 0.5: who sits down then stands up.",
    ),
    "SideDrop": Exhibit(
        shown=SideDrop(p=0.7), original=WAVE, family=JOINTS, caption="Here with p = 0.7.",
    ),
    "JointMask": Exhibit(
        shown=JointMask(count_range=(3, 8)), original=WAVE, family=JOINTS, caption="Here 3 to 8 joints.",
    ),
    "PartMask": Exhibit(
        shown=PartMask(count_range=(1, 2)), original=WAVE, family=JOINTS, caption="Here one or two parts.",
    ),
    "BoneScale": Exhibit(
        shown=BoneScale(factor_range=(0.6, 1.4)), original=WAVE, family=JOINTS,
        caption="Here each bone by a factor from 0.6 to 1.4, left and right alike.",
    ),
    "Bones": Exhibit(
        shown=Bones(channels="bone"), original=KICK, family=JOINTS, moments=MOMENTS, arrows="origin",
        enlarged=2.5, caption="Nothing is random here: four moments of a kick, all bones as arrows from the origin, "
        "2.5 times as long as they are.",
    ),
    "Motion": Exhibit(
        shown=Motion(channels="joint+motion"), original=KICK, family=JOINTS, moments=MOMENTS, arrows="joints",
        enlarged=5.0,
        caption="Nothing is random here: four moments of a kick, the way to the next frame as arrows, five times as "
        "long as it is.",
    ),
    "BodyDrop": Exhibit(
        shown=BodyDrop(), original=centred(SHAKING_HANDS), family=BODIES, by_body=True,
        caption="The first body slot is green, the second orange.",
    ),
    "BodySwap": Exhibit(
        shown=BodySwap(p=0.5), original=centred(SHAKING_HANDS), family=BODIES, by_body=True,
        caption="Here with p = 0.5. The first body slot is green, the second orange.",
    ),
    "JointMixing": Exhibit(
        shown=JointMixing(count_range=(4, 10)), original=WAVE, partner=KICK, family=BATCH,
        caption="Here with 4 to 10 joints of somebody who kicks.",
    ),
    "PartMixing": Exhibit(
        shown=PartMixing(), original=WAVE, partner=KICK, family=BATCH, caption="Here with parts of somebody who kicks.",
    ),
}  # fmt: skip
"""One for each transform, in the order of the page."""
