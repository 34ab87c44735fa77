import inspect
import json

import pytest

from skeleton_aug import Compose, Shear, SideDrop, Skeleton, TwoViews, get_skeleton, presets
from skeleton_data import SkeletonDataError
from skeleton_data.viewing.pipelines import PRESETS, named_pipeline


def test_every_preset_is_offered():
    """All functions that make a pipeline of a joint layout are offered, and nothing else."""
    made = [
        name
        for name, function in vars(presets).items()
        if inspect.isfunction(function) and name[0] != "_" and "n_frames" in inspect.signature(function).parameters
    ]
    assert sorted(PRESETS) == sorted(set(made) - {"two_views"})


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name):
    """A preset is made for the joint layout of the data."""
    assert named_pipeline(name, get_skeleton("kinect_v1")) == getattr(presets, name)("kinect_v1")


def test_file(tmp_path):
    """A JSON file of to_dict() gives that pipeline."""
    pipeline = Compose([Shear(factor_range=(-0.2, 0.2)), SideDrop(p=0.5)])
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(pipeline.to_dict()))
    assert named_pipeline(str(path), get_skeleton("kinect_v2")) == pipeline


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("{\n  bad", "mine.json, line 2: is no JSON"),
        ("[]", "holds no pipeline as to_dict() gives it"),
        (json.dumps({"version": 1, "pipeline": {"class": "Shaer"}}), "did you mean 'Shear'?"),
        (json.dumps({"version": 99, "pipeline": {"class": "Shear"}}), "a newer package wrote them"),
        (json.dumps(TwoViews(Shear(), Shear()).to_dict()), "TwoViews, which is not a Pipeline"),
        (json.dumps({"version": 1, "pipeline": {"class": "Shear", "p": 2}}), "p must lie in [0, 1]"),
    ],
)
def test_files_without_a_pipeline(tmp_path, content, says):
    """A file that is not what it should be is named, with what is wrong."""
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SkeletonDataError) as caught:
        named_pipeline(str(path), get_skeleton("kinect_v2"))
    assert says in str(caught.value) and str(path) in str(caught.value)


def test_binary_file(tmp_path):
    """Nor is a file that holds no text."""
    (tmp_path / "mine.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SkeletonDataError, match="is no JSON file"):
        named_pipeline(str(tmp_path / "mine.json"), get_skeleton("kinect_v2"))


def test_unknown_preset():
    """An unknown name lists the presets, and the one that was meant."""
    with pytest.raises(SkeletonDataError) as caught:
        named_pipeline("agressive", get_skeleton("kinect_v2"))
    assert "Did you mean 'aggressive'?" in str(caught.value)
    assert all(name in str(caught.value) for name in (*PRESETS, "pipeline.to_dict()"))


def test_layout_that_does_not_do():
    """A layout that does not say where the shoulders are is named with what it lacks."""
    stick = Skeleton("stick", ("hips", "head"), (-1, 0))
    with pytest.raises(SkeletonDataError, match=r"--augment aggressive: Skeleton 'stick' does not say .*'base'"):
        named_pipeline("aggressive", stick)
