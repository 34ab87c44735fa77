import json

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest

from examples.encoders import EncoderSettings
from examples.pictures import bone_colours, draw_strip, embedding_picture, performance_picture, training_picture
from examples.tsne import TsneConfig, tsne
from examples.views import make_pipelines
from skeleton_aug import get_skeleton


def pixels(path):
    """The picture, which must hold something."""
    image = matplotlib.image.imread(path)
    assert image.std() > 0.01 and image.shape[0] > 100 and image.shape[1] > 100
    return image


def coloured(image):
    """Share of pixels that are neither grey nor white."""
    return float((np.ptp(image[..., :3], axis=-1) > 0.2).mean())


def test_bones_have_the_colour_of_their_side():
    """Left bones are blue, right ones red, the middle grey; every bone has one."""
    skeleton = get_skeleton("kinect_v2")
    colours = dict(zip(skeleton.edges, bone_colours(skeleton), strict=True))
    assert (colours[5, 4], colours[9, 8], colours[1, 20]) == ("tab:blue", "tab:red", "0.25")


def test_performance_picture(store, tmp_path):
    """Draws recordings and views of two persons in colour; the seed decides the augmentation."""
    pipelines = make_pipelines(EncoderSettings(channels="joint", n_frames=16, views="short"), store.skeleton)
    group = next(g for g in store.performances() if store.samples["n_bodies"][g[0]] == 2 and len(g) == 3)
    views = {"one": (pipelines.aggressive, int(group[0])), "other": (pipelines.conservative, int(group[1]))}
    performance_picture(tmp_path / "a.png", store, group.tolist(), views)
    performance_picture(tmp_path / "again.png", store, group.tolist(), views)
    performance_picture(tmp_path / "b.png", store, group.tolist(), views, seed=1)
    one, again, other = (pixels(tmp_path / f"{name}.png") for name in ("a", "again", "b"))
    assert np.array_equal(one, again) and not np.array_equal(one, other) and coloured(one) > 1e-3


def test_strip_without_anybody():
    """A sample in which nobody was found leaves its strip empty."""
    figure, axes = plt.subplots()
    draw_strip(axes, np.zeros((1, 9, 25, 3), np.float32), get_skeleton("kinect_v2"), 0, 1)
    assert not axes.lines
    plt.close(figure)


def test_training_picture(tmp_path, trained):
    """Draws runs with and without a rank, and one that was killed before its first epoch."""
    for name, lines in (("plain", [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}]), ("young", [])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    runs = {"a": trained, "b": tmp_path / "plain", "c": tmp_path / "young"}
    training_picture(tmp_path / "training.png", runs)
    assert coloured(pixels(tmp_path / "training.png")) > 1e-3


def test_embedding_picture(tmp_path):
    """One panel for each embedding: a second one makes the picture wider."""
    points, labels = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 3
    for name, captions in (("one", ["a"]), ("two", ["a", "b"])):
        embedding_picture(tmp_path / f"{name}.png", dict.fromkeys(captions, points), labels, ["x", "y", "z"])
    one, two = (pixels(tmp_path / f"{name}.png") for name in ("one", "two"))
    assert two.shape[1] > one.shape[1] and two.shape[0] == one.shape[0] and coloured(one) > 1e-3


@pytest.mark.parametrize("n_classes", [3, 100])
def test_tsne(store_path, trained, tmp_path, n_classes):
    """Embeds the test half of some classes, or of all where there are fewer, in a folder that it makes."""
    out = tmp_path / "new" / "tsne.png"
    tsne(TsneConfig(store_path, (trained / "encoder.pt",), out, n_classes=n_classes, device="cpu"))
    assert coloured(pixels(out)) > 1e-3
