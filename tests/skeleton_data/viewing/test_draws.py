import numpy as np
import pytest

from skeleton_aug import (
    Bones,
    Compose,
    Crop,
    FitLength,
    Motion,
    Normalize,
    OneOf,
    Resample,
    Rotate,
    Shear,
    SideDrop,
    TemporalShift,
)  # fmt: skip
from skeleton_aug.operators import Custom
from skeleton_aug.pipeline import Transform
from skeleton_data import SkeletonDataError, ViewLoader
from skeleton_data.viewing.draws import draw
from skeleton_data.viewing.pipelines import PRESETS, named_pipeline


@pytest.mark.parametrize("name", PRESETS)
def test_draws_reproduce_the_pipeline(seen, pushing, name):
    """Every draw is, bit for bit, what the pipeline gives for that seed, epoch and index."""
    pipeline = named_pipeline(name, seen.skeleton)
    for epoch in range(3):
        for index in pushing:
            x = seen[index].positions
            made = draw(pipeline, x, seen.skeleton, seed=7, epoch=epoch, index=index)
            expected = pipeline(x, seed=7, epoch=epoch, index=index)
            assert made.positions.tobytes() == expected.tobytes() and made.epoch == epoch


def test_draws_are_those_of_training(seen, pushing):
    """Draw k of a recording is what a loader with the same seed gives in epoch k."""
    pipeline = named_pipeline("aggressive", seen.skeleton)
    loader = ViewLoader(seen, pushing, [pipeline], batch_size=3, seed=5, shuffle=False)
    for epoch in range(2):
        (batch,) = loader.epoch(epoch)
        for index, view in zip(pushing, batch.views[0], strict=True):
            made = draw(pipeline, seen[index].positions, seen.skeleton, seed=5, epoch=epoch, index=index)
            np.testing.assert_array_equal(made.positions, view.transpose(3, 1, 2, 0))


def test_steps_and_sources(seen, pushing):
    """Transforms are listed in order, and a shift and a stretch tell which moment each frame shows."""
    x = seen[pushing[0]].positions
    pipeline = Compose([Resample(rate_range=(2.0, 2.0)), TemporalShift(), Shear(p=0.0)])
    made = draw(pipeline, x, seen.skeleton, seed=0, epoch=0, index=0)
    assert [step.transform for step in made.steps] == ["Resample", "TemporalShift", "Shear"]
    assert [bool(step.words) for step in made.steps] == [True, True, False]
    assert made.source is not None and made.source.shape == (made.positions.shape[1],)
    # A frame that lies on a frame of the recording shows exactly that frame.
    whole = [t for t, place in enumerate(made.source) if float(place).is_integer()]
    assert whole
    for t in whole:
        np.testing.assert_array_equal(made.positions[:, t], x[:, int(made.source[t])])


def test_branches_are_told(seen, pushing):
    """Of a choice the branch that was drawn has words, and the other none."""
    cut = Compose([Crop(ratio_range=(0.5, 0.5)), FitLength(n_frames=10)])
    pipeline = OneOf([cut, SideDrop(skeleton=seen.skeleton)])
    x = seen[pushing[0]].positions
    told = set()
    for epoch in range(8):
        steps = draw(pipeline, x, seen.skeleton, seed=0, epoch=epoch, index=0).steps
        told.add(tuple(step.transform for step in steps if step.words))
    assert told == {("Crop", "FitLength"), ("SideDrop",)}


@pytest.mark.parametrize(
    ("pipeline", "axes"),
    [
        (Shear(), "sensor"),
        (Normalize(), "canonical"),
        (Normalize(rotation="legacy"), "legacy"),
        (Normalize(rotation="none", scale=0.5), "sensor"),
        (Normalize(p=0.0), "sensor"),
        (Normalize(center="frame"), "canonical"),
        (Compose([Rotate(), Normalize(), Shear()]), "canonical"),
    ],
)
def test_axes(seen, pushing, pipeline, axes):
    """Views say how their axes lie: the sensor's, until a body was turned."""
    x = seen[pushing[0]].positions
    assert draw(pipeline, x, seen.skeleton, seed=0, epoch=0, index=0).axes == axes


@pytest.mark.parametrize("pipeline", [Bones(channels="bone"), Motion(channels="motion")])
def test_no_places(seen, pushing, pipeline):
    """Bones and motion alone cannot be shown, and it says what to do."""
    with pytest.raises(SkeletonDataError, match=r"no place in space. Leave Bones or Motion out"):
        draw(pipeline, seen[pushing[0]].positions, seen.skeleton, seed=0, epoch=0, index=0)


def test_joints_beside_bones(seen, pushing):
    """Of joints and bones the joints are shown."""
    x = seen[pushing[0]].positions
    made = draw(Bones(channels="joint+bone"), x, seen.skeleton, seed=0, epoch=0, index=0)
    np.testing.assert_array_equal(made.positions, x)


def test_pipelines_of_another_skeleton(seen, pushing):
    """A pipeline for another layout is refused in its own words."""
    with pytest.raises(SkeletonDataError, match=r"does not fit this recording: SideDrop: expected .* V=20"):
        draw(SideDrop(skeleton="kinect_v1"), seen[pushing[0]].positions, seen.skeleton, seed=0, epoch=0, index=0)


class EveryOther(Transform):
    """A transform of one's own that changes the length."""

    def sample(self, draws, batch):
        return Custom(self.take, np.ones(batch.n, bool), {"speed": draws.uniform(1, 2)})

    def take(self, x, speed):
        return np.ascontiguousarray(x[:, ::2])


def test_functions_of_ones_own(seen, pushing):
    """A function of one's own is listed with what it drew; where its frames come from is not known."""
    x = seen[pushing[0]].positions
    made = draw(EveryOther(), x, seen.skeleton, seed=0, epoch=0, index=0)
    np.testing.assert_array_equal(made.positions, x[:, ::2])
    (step,) = made.steps
    assert step.transform == "EveryOther" and step.words[0].startswith("speed = 1.") and made.source is None
