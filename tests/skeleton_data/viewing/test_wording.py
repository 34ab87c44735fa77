import numpy as np
import pytest

from skeleton_aug import (
    AxisMask,
    BodyDrop,
    BodySwap,
    Bones,
    BoneScale,
    Compose,
    Crop,
    FitLength,
    GaussianBlur,
    JointMask,
    JointMixing,
    KinectNoise,
    Mirror,
    Motion,
    Noise,
    Normalize,
    OneOf,
    PartMask,
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
    Transform,
    Translate,
    UniformSample,
    get_skeleton,
)  # fmt: skip
from skeleton_aug.operators import Affine, Custom, Gather, JointOrder, JointWeights
from skeleton_data.viewing.draws import draw
from skeleton_data.viewing.wording import describe, source_frames

KINECT = get_skeleton("kinect_v2")


def sample(seed=0, n_bodies=2, n_frames=40):
    return np.random.default_rng(seed).normal(0, 1, (n_bodies, n_frames, 25, 3)).astype(np.float32)


def words(*transforms, seed=0, **kwargs):
    """All words of a pipeline for one draw."""
    made = draw(Compose(transforms), sample(**kwargs), KINECT, seed=seed, epoch=0, index=0)
    return [line for step in made.steps for line in step.words]


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (
            Rotate(x_range=(0.0, 0.0), y_range=(30.0, 30.0), z_range=(0.0, 0.0)),
            ["turned by 30.0° about (0.00, 1.00, 0.00)"],
        ),
        (Scale(factor_range=(1.5, 1.5)), ["size × 1.500"]),
        (Translate(x_range=(0.5, 0.5), y_range=(0.0, 0.0), z_range=(-1.0, -1.0)), ["moved by (0.50, 0.00, -1.00) m"]),
        (
            Shear(factor_range=(0.5, 0.5)),
            ["x' = x + 0.50 y + 0.50 z", "y' = 0.50 x + y + 0.50 z", "z' = 0.50 x + 0.50 y + z"],
        ),
        (
            Shear(factor_range=(-1.5, -1.5)),
            [
                "x' = x - 1.50 y - 1.50 z",
                "y' = - 1.50 x + y - 1.50 z",
                "z' = - 1.50 x - 1.50 y + z",
                "mirrors the body",
            ],
        ),
        (Mirror(), ["x turned round", "left and right exchanged"]),
        (SavitzkyGolay(window=7, order=2), ["smoothed over 7 frames"]),
        (GaussianBlur(sigma_range=(1.0, 1.0), window=15), ["blurred over time, standard deviation 1.00 frames"]),
        (Resample(rate_range=(2.0, 2.0)), ["40 frames become 20, from frame 0 to 39, speed × 2.05"]),
        (Reverse(), ["from frame 39 to 0, backwards"]),
        (FitLength(n_frames=100), ["40 frames become 100, from frame 0 to 19, begins again 2 times"]),
        (FitLength(n_frames=25), ["40 frames become 25, from frame 0 to 24"]),
        (Noise(std_range=(0.02, 0.02)), ["standard deviation 20.0 mm"]),
        (KinectNoise(), ["noise that grows with depth"]),
        (BoneScale(factor_range=(1.2, 1.2)), ["bones × 1.20"]),
        (BodySwap(), ["bodies in the order 2, 1"]),
        (Bones(channels="joint+bone"), ["bones as channels (joints are shown)"]),
        (Motion(channels="joint+motion"), ["motion as channels (joints are shown)"]),
        (Normalize(center="frame", rotation="none"), ["every frame is centred"]),
        (JointMixing(), []),
    ],
    ids=lambda value: value.name if isinstance(value, Transform) else "",
)
def test_words(transform, expected):
    """Every kind of operator is told with its numbers."""
    assert words(transform) == expected


def test_words_of_random_choices():
    """What depends on the draw names the joints, frames or bodies that were drawn."""
    (drop,) = {*words(SideDrop(skeleton=KINECT))}
    assert drop in ("without left arm, left leg", "without right arm, right leg")
    (part,) = words(PartMask(count_range=(1, 1)))
    assert part.removeprefix("without ").replace(" ", "_") in KINECT.parts
    (masked,) = words(JointMask(count_range=(2, 2)))
    assert masked.startswith("without ") and set(masked.removeprefix("without ").split(", ")) < set(KINECT.joints)
    assert words(BodyDrop(drop_p=1))[0] in ("without body 1", "without body 2")
    (lost,) = words(TemporalMask(ratio_range=(0.25, 0.25)))
    first, last = map(int, lost.removeprefix("frames ").removesuffix(" missing").split(" to "))
    assert last - first == 9
    (axis,) = words(AxisMask(axes="z"))
    assert axis == "z set to 0"


def test_windows_and_wraps():
    """A cyclic shift, a reflected crop and segments say how they run through the recording."""
    gather = Gather.cyclic(np.array([30]), np.array([40]), np.array([40]))
    assert describe(gather, KINECT, 40) == ["from frame 30 to 29, after the last frame comes the first"]
    gather = Gather.window(np.array([-3]), 40, np.array([40]), "reflect")
    assert describe(gather, KINECT, 40) == ["from frame 2 to 36, runs back for 2 frames"]
    assert words(UniformSample(n_frames=20))[0].startswith("40 frames become 20, from frame ")
    for transform in (Crop(), ReflectCrop(ratio=1 / 6), TemporalShift()):
        assert len(words(transform)) <= 1


@pytest.mark.parametrize(
    "transform",
    [
        Shear(p=0.0), SideDrop(p=0.0), Mirror(p=0.0), SavitzkyGolay(p=0.0), GaussianBlur(p=0.0), Resample(p=0.0),
        Noise(p=0.0), BoneScale(p=0.0), BodySwap(p=0.0), JointMask(p=0.0), Normalize(center="frame", p=0.0),
        FitLength(n_frames=40), OneOf([Shear(), Noise()], p=0.0), TemporalMask(p=0.0), JointMixing(p=0.0),
    ],
    ids=lambda transform: transform.name,
)  # fmt: skip
def test_nothing_done(transform):
    """What leaves a sample as it is has no words, but is listed."""
    made = draw(Compose([transform]), sample(), KINECT, seed=0, epoch=0, index=0)
    assert made.steps and all(step.words == () for step in made.steps)


def test_other_operators():
    """Joints in any order, weights, functions of one's own with their parameters, and operators unknown here."""
    order = np.arange(25)[None].copy()
    order[0, [3, 4]] = 4, -1
    assert describe(JointOrder(order), KINECT, 4) == ["without left_shoulder", "1 joints exchanged"]
    weights = np.ones((1, 25))
    weights[0, 3] = 0.5
    assert describe(JointWeights(weights), KINECT, 4) == ["head × 0.50"]
    mine = Custom(lambda x: x, np.array([True]), {"speed": np.array([0.25]), "path": np.array([[1, 2]])})
    assert describe(mine, KINECT, 4) == ["speed = 0.25", "path = [1, 2]"]
    assert describe(Custom(lambda x: x, np.array([True])), KINECT, 4) == ["applied"]

    class Later(Affine.__mro__[1]):
        """An operator that this version does not know."""

    assert describe(Later(), KINECT, 4) == ["applied (Later)"]


def test_source_frames():
    """Frames are followed through gathers, between two frames and through missing ones."""
    places = source_frames(np.array([0.0, 10.0, 20.0]), Gather.stretch(5, np.array([3])))
    np.testing.assert_allclose(places, [0, 5, 10, 15, 20])
    gather = Gather.frames(np.array([[2, -1, 0]]), np.array([3]))
    np.testing.assert_array_equal(source_frames(np.array([0.0, 10.0, 20.0]), gather), [20, np.nan, 0])
