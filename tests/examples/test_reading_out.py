"""k-NN and linear evaluation as commands."""

import json
from dataclasses import replace

import pytest
import torch

from examples import knn_eval, linear_eval
from examples.encoders import load_encoder
from examples.evaluation import LinearSettings, accuracy, extract_features, nearest_neighbours, standardize
from examples.views import make_pipelines

CPU = torch.device("cpu")


@pytest.fixture
def options(store_path, trained, tmp_path):
    return {
        "store": store_path, "checkpoint": trained / "encoder.pt", "out": tmp_path / "run", "split": "xview",
        "device": "cpu", "precision": "float32",
    }  # fmt: skip


def test_knn_eval(options, store, capsys):
    """Prints, saves and returns the accuracy of neighbours among standardised features of evaluation views."""
    top1 = knn_eval.knn_eval(knn_eval.KnnEvalConfig(**options, k=3))
    encoder, settings = load_encoder(options["checkpoint"])
    pipeline = make_pipelines(settings, store.skeleton).evaluation
    halves = store.split("xview")
    memory, tested = standardize(*(extract_features(encoder, store, half, pipeline, CPU) for half in halves))
    labels = torch.from_numpy(store.labels)
    expected = accuracy(nearest_neighbours(memory, labels[halves[0]], tested, 3), labels[halves[1]])
    result = json.loads((options["out"] / "result.json").read_text())
    assert top1 == expected == result["top1"] and result["n_test"] == 36 and 1 <= result["rank"] <= 16
    assert f"top-1 {top1:.1f} %" in capsys.readouterr().out


@pytest.mark.parametrize("draws", [0, 2])
def test_linear_eval(options, store, draws):
    """Learns the training half well beyond chance, tests on the other, and is the same each time."""
    config = replace(
        linear_eval.SMALL, **options, feature_draws=draws, linear=LinearSettings(epochs=40, lr=0.1, milestones=())
    )
    top1 = linear_eval.linear_eval(config)
    result = json.loads((options["out"] / "result.json").read_text())
    assert result == {"split": "xview", "top1": top1, "n_train": 72, "n_test": 36}
    assert top1 > 2 * 100 / 16 and linear_eval.linear_eval(replace(config, out=None)) == top1


def test_evaluation_leaves_no_trace(options, trained):
    """Without --out nothing is written, and the checkpoint stays as it is."""
    before = {path.name: path.read_bytes() for path in trained.iterdir()}
    knn_eval.knn_eval(knn_eval.KnnEvalConfig(**{**options, "out": None}))
    assert not options["out"].exists() and {path.name: path.read_bytes() for path in trained.iterdir()} == before
