import csv
import json

import matplotlib.image
import numpy as np
import pytest
import torch

from examples import predict as module
from examples.classifiers import SavedClassifier, load_classifier, save_classifier
from examples.encoders import EncoderSettings, make_encoder
from examples.predict import PredictConfig, predict, window_frames
from examples.prediction_pictures import over_frames, prediction_picture
from examples.recordings import Recording
from examples.stgcn import Classifier
from examples.views import make_pipelines
from skeleton_aug import get_skeleton

LAYOUT = get_skeleton("kinect_v2")
SETTINGS = EncoderSettings(width=1 / 16, depth="four", n_frames=8, views="short")
NAMES = ("drink", "eat, drink", "wave")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """An untrained classifier."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("trained") / "classifier.pt"
    model = Classifier(make_encoder(SETTINGS, LAYOUT), len(NAMES))
    save_classifier(path, SavedClassifier(model, SETTINGS, LAYOUT, NAMES))
    return path


def rows(folder):
    with (folder / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("n_frames", "window", "stride", "expected"),
    [
        (10, 4, 2, [[0, 4], [2, 6], [4, 8], [6, 10]]),
        (9, 4, 3, [[0, 4], [3, 7], [5, 9]]),
        (4, 4, 2, [[0, 4]]),
        (3, 64, 32, [[0, 3]]),
        (1, 1, 1, [[0, 1]]),
    ],
)
def test_windows(n_frames, window, stride, expected):
    """Windows begin every stride, hold their frames, and the last ends with the recording."""
    assert window_frames(n_frames, window, stride).tolist() == expected


def test_store_equals_hand(checkpoint, store_path, store, tmp_path):
    """Probabilities are those of the network on the evaluation view of each window, in the table and in the JSON."""
    config = PredictConfig(checkpoint, store_path, tmp_path, window=30, stride=20, split="xview", pictures=0)
    predict(config)
    read = json.loads((tmp_path / "predictions.json").read_text())
    _, test = store.split("xview")
    saved, table = load_classifier(checkpoint), iter(rows(tmp_path))
    pipeline = make_pipelines(SETTINGS, LAYOUT).evaluation
    assert len(read["recordings"]) == len(test) and read["class_names"] == list(NAMES)
    for index, found in zip(test[:6], read["recordings"], strict=False):
        sample = store[int(index)]
        assert (found["name"], found["n_frames"]) == (sample.name, sample.positions.shape[1])
        for window in found["windows"]:
            piece = sample.positions[:, window["first_frame"] : window["last_frame"] + 1]
            view = torch.from_numpy(np.asarray(pipeline([piece], layout="model")))
            with torch.no_grad():
                expected = saved.model.eval()(view).softmax(1)[0]
            row = next(table)
            assert window["probabilities"] == pytest.approx(expected.tolist(), abs=2e-6)
            assert [float(row[name]) for name in NAMES] == pytest.approx(expected.tolist(), abs=2e-6)
            assert row["prediction"] == NAMES[int(expected.argmax())] and row["recording"] == sample.name
        mean = np.mean([window["probabilities"] for window in found["windows"]], axis=0)
        assert found["probabilities"] == pytest.approx(mean.tolist(), abs=2e-6)
        assert found["prediction"] == NAMES[int(mean.argmax())]


def test_one_file(checkpoint, tmp_path, write_skeleton, standing, capsys):
    """A single file with any name gives windows, a picture, and a line; windows of nobody have no probabilities."""
    positions = np.concatenate([standing, np.zeros((1, 20, 25, 3))], axis=1)
    data = write_skeleton(tmp_path / "my kitchen.skeleton", positions)
    predict(PredictConfig(checkpoint, data, tmp_path / "out", window=8, stride=4))
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "my kitchen.png", "predictions.csv", "predictions.json",
    ]  # fmt: skip
    table = rows(tmp_path / "out")
    assert [(row["first_frame"], row["last_frame"]) for row in table] == [(str(i), str(i + 7)) for i in range(0, 25, 4)]
    assert [row["bodies"] for row in table] == ["1"] * 3 + ["0"] * 4 and table[3]["eat, drink"] == ""
    assert sum(float(table[0][name]) for name in NAMES) == pytest.approx(1, abs=3e-6)
    assert "my kitchen: " in capsys.readouterr().out
    windows = json.loads((tmp_path / "out" / "predictions.json").read_text())["recordings"][0]["windows"]
    assert [window["probabilities"] is None for window in windows] == [False] * 3 + [True] * 4


def test_nobody_at_all(checkpoint, tmp_path, capsys):
    """A recording of nobody is told as such, and drawn grey."""
    (tmp_path / "empty.skeleton").write_text("3\n0\n0\n0\n")
    predict(PredictConfig(checkpoint, tmp_path / "empty.skeleton", tmp_path / "out"))
    read = json.loads((tmp_path / "out" / "predictions.json").read_text())["recordings"][0]
    assert read["prediction"] is None and "nobody is in it" in capsys.readouterr().out
    assert matplotlib.image.imread(tmp_path / "out" / "empty.png").std() > 0.01


def test_folder_with_a_broken_file(checkpoint, tmp_path, write_skeleton, standing, capsys):
    """Good files are predicted, broken ones named on the screen and in the JSON, and the exit code is 3."""
    (tmp_path / "in" / "a").mkdir(parents=True)
    write_skeleton(tmp_path / "in" / "a" / "good.skeleton", standing)
    (tmp_path / "in" / "bad.skeleton").write_text("5\n1\n")
    with pytest.raises(SystemExit) as ended:
        predict(PredictConfig(checkpoint, tmp_path / "in", tmp_path / "out"))
    assert ended.value.code == 3 and "bad.skeleton, line 2" in capsys.readouterr().err
    read = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert [r["name"] for r in read["recordings"]] == ["a/good"] and "bad.skeleton" in read["rejected"][0]
    assert (tmp_path / "out" / "a_good.png").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "absent"], "absent: no such file or folder"),
        (["--window", "0"], "--window, --stride and --top must be at least 1"),
        (["--checkpoint", "absent.pt"], "absent.pt: no such checkpoint"),
        (["--split", "xset"], "no split 'xset'"),
    ],
)
def test_bad_options(refusal, checkpoint, store_path, tmp_path, options, message):
    """What cannot be used is refused in one line, and nothing is written."""
    arguments = ["--checkpoint", checkpoint, "--data", store_path, "--out", tmp_path / "out", *options]
    assert message in refusal(module, predict, arguments) and not (tmp_path / "out").exists()


def test_only_file_is_broken(refusal, checkpoint, tmp_path):
    """Where nothing can be read, the first error is the command's."""
    (tmp_path / "bad.skeleton").write_text("5\n1\n")
    arguments = ["--checkpoint", checkpoint, "--data", tmp_path / "bad.skeleton", "--out", tmp_path / "out"]
    assert "bad.skeleton, line 2" in refusal(module, predict, arguments) and not (tmp_path / "out").exists()


def test_over_frames():
    """A frame has the mean of the windows that hold it; those without anybody do not count."""
    windows = np.array([[0, 3], [2, 5], [4, 6]])
    found = over_frames(windows, np.array([[1.0, 0.0], [0.5, 0.5], [np.nan, np.nan]]), 7)
    np.testing.assert_allclose(found[:, 0], [1, 1, 0.75, 0.5, 0.5, np.nan, np.nan])
    np.testing.assert_allclose(found[:, 1], [0, 0, 0.25, 0.5, 0.5, np.nan, np.nan])


def test_picture_shows_the_classes(store, tmp_path):
    """Bodies above and a line for each class below; more classes, more colour."""
    recording, windows = Recording("one", store[0].positions), window_frames(store[0].positions.shape[1], 20, 10)
    coloured = []
    for top in (1, 3):
        probabilities = np.tile([0.6, 0.3, 0.1], (len(windows), 1))
        prediction_picture(tmp_path / "p.png", recording, LAYOUT, windows, probabilities, NAMES, top)
        image = matplotlib.image.imread(tmp_path / "p.png")[..., :3]
        lower = image[len(image) // 2 :]
        coloured.append((np.ptp(lower, axis=-1) > 0.2).mean())
        assert (np.ptp(image[: len(image) // 3], axis=-1) > 0.2).any()
    assert 0 < coloured[0] < coloured[1]
