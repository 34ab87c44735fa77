"""k-NN and linear evaluation as commands."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from examples import knn_eval, linear_eval
from examples.classifiers import compact_labels
from examples.encoders import load_encoder
from examples.evaluation import (
    LinearSettings,
    accuracy,
    extract_features,
    nearest_neighbours,
    standardize,
    train_linear,
)
from examples.run import InputError
from examples.views import make_pipelines

CPU = torch.device("cpu")


@pytest.fixture
def options(store_path, trained, tmp_path):
    return {
        "store": store_path, "checkpoint": trained / "encoder.pt", "out": tmp_path / "run", "split": "xview",
        "device": "cpu", "precision": "float32",
    }  # fmt: skip


def test_knn_eval(options, store, capsys):
    """Prints, saves and returns the accuracy of k neighbours among standardised features of evaluation views."""
    encoder, settings = load_encoder(options["checkpoint"])
    pipeline = make_pipelines(settings, store.skeleton).evaluation
    halves = store.split("xview")
    memory, tested = standardize(*(extract_features(encoder, store, half, pipeline, CPU) for half in halves))
    labels = torch.from_numpy(store.labels)
    found = []
    for k in (1, 3, 20):
        out = options["out"] / str(k)
        found.append(knn_eval.knn_eval(knn_eval.KnnEvalConfig(**{**options, "out": out}, k=k)))
        assert found[-1] == accuracy(nearest_neighbours(memory, labels[halves[0]], tested, k), labels[halves[1]])
        result = json.loads((out / "result.json").read_text())
        assert (result["top1"], result["n_test"]) == (found[-1], 36) and 1 <= result["rank"] <= 16
        assert f"top-1 {found[-1]:.1f} %" in capsys.readouterr().out
    assert len(set(found)) > 1


@pytest.mark.parametrize("draws", [0, 2])
def test_linear_eval(options, store, draws):
    """Learns the training half well beyond chance, tests on the other, and is the same each time."""
    gentle = LinearSettings(epochs=40, lr=0.1, milestones=(), batch_size=64)
    config = linear_eval.LinearEvalConfig(**options, feature_draws=draws, linear=gentle, standardized=True)
    top1 = linear_eval.linear_eval(config)
    result = json.loads((options["out"] / "result.json").read_text())
    assert {key: result[key] for key in ("data", "split", "top1", "n_train", "n_test")} == {
        "data": "store", "split": "xview", "top1": top1, "n_train": 72, "n_test": 36,
    }  # fmt: skip
    assert [step["task"] for step in result["origin"]] == ["PretrainConfig"]
    assert top1 > 2 * 100 / 16 and linear_eval.linear_eval(replace(config, out=None)) == top1


def test_linear_eval_learns_from_fresh_draws(options, store, monkeypatch):
    """The classifier gets the training half once for each draw, augmented anew, with its labels, settings and seed."""
    encoder, settings = load_encoder(options["checkpoint"])
    pipeline, train = make_pipelines(settings, store.skeleton).conservative, store.split("xview")[0]
    given = []

    def spy(*arguments):
        given.append(arguments)
        return train_linear(*arguments)

    monkeypatch.setattr(linear_eval, "train_linear", spy)
    quick = LinearSettings(epochs=1)
    linear_eval.linear_eval(linear_eval.LinearEvalConfig(**options, feature_draws=2, linear=quick, seed=4))
    ((draws, labels, linear, seed),) = given
    for draw, found in enumerate(draws):
        expected = extract_features(encoder, store, train, pipeline, CPU, epoch=draw, seed=4)
        torch.testing.assert_close(found, expected)
    assert len(draws) == 2 and not torch.equal(*draws) and (linear, seed) == (quick, 4)
    classes = sorted(set(store.labels.tolist()))
    assert [classes[label] for label in labels] == store.labels[train].tolist()


def test_one_process_only(options, monkeypatch):
    """Under torchrun both say that they take one device, before anything is written."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    for task, config in (
        (knn_eval.knn_eval, knn_eval.KnnEvalConfig),
        (linear_eval.linear_eval, linear_eval.LinearEvalConfig),
    ):
        with pytest.raises(InputError, match="plain python"):
            task(config(**options))
    assert not options["out"].exists()


@pytest.mark.parametrize(("module", "kind"), [(knn_eval, "KnnEvalConfig"), (linear_eval, "LinearEvalConfig")])
def test_finished_evaluations_stay(options, monkeypatch, module, kind):
    """Resuming a finished evaluation reads its number; an unfinished one begins anew."""
    task = getattr(module, module.__name__.rpartition(".")[2])
    quick = {"feature_draws": 0, "linear": LinearSettings(epochs=2)} if module is linear_eval else {}
    config = getattr(module, kind)(**options, **quick, resume=True)
    top1 = task(config)
    (config.out / "result.json").unlink()
    assert task(config) == top1
    monkeypatch.setattr(module, "extract_features", None)
    assert task(config) == top1


def test_evaluation_leaves_no_trace(options, trained):
    """Without --out nothing is written, and the checkpoint stays as it is."""
    before = {path.name: path.read_bytes() for path in trained.iterdir()}
    knn_eval.knn_eval(knn_eval.KnnEvalConfig(**{**options, "out": None}))
    assert not options["out"].exists() and {path.name: path.read_bytes() for path in trained.iterdir()} == before


def test_by_joint(options, store):
    """Both evaluations read joints side by side when asked to."""
    encoder, settings = load_encoder(options["checkpoint"])
    pipeline, (train, test) = make_pipelines(settings, store.skeleton).evaluation, store.split("xview")
    parts = (extract_features(encoder, store, half, pipeline, CPU, by_joint=True) for half in (train, test))
    memory, tested = standardize(*parts)
    assert memory.shape == (72, 16 * 25)
    labels = torch.from_numpy(store.labels)
    found = knn_eval.knn_eval(knn_eval.KnnEvalConfig(**{**options, "out": None}, by_joint=True))
    assert found == accuracy(nearest_neighbours(memory, labels[train], tested), labels[test])
    linear = LinearSettings(epochs=10, lr=0.1, milestones=())
    config = linear_eval.LinearEvalConfig(
        **options, linear=linear, feature_draws=0, standardized=True, by_joint=True, seed=2
    )
    head = train_linear([memory], labels[train], linear, 2)
    assert linear_eval.linear_eval(config) == accuracy(head(tested).argmax(1), labels[test])


def test_several_test_views(options, store):
    """Probabilities are the mean of those of the evaluation view and of so many conservative views, and are kept."""
    encoder, settings = load_encoder(options["checkpoint"])
    pipelines, (train, test) = make_pipelines(settings, store.skeleton), store.split("xview")
    linear = LinearSettings(epochs=5, lr=0.1, milestones=())
    config = linear_eval.LinearEvalConfig(**options, linear=linear, feature_draws=0, test_draws=2, seed=3)
    top1 = linear_eval.linear_eval(config)
    labels = torch.from_numpy(compact_labels(store)[0])
    memory = extract_features(encoder, store, train, pipelines.evaluation, CPU)
    tested = [extract_features(encoder, store, test, pipelines.evaluation, CPU)]
    tested += [extract_features(encoder, store, test, pipelines.conservative, CPU, epoch=e, seed=3) for e in (0, 1)]
    head = train_linear([memory], labels[train], linear, 3)
    with torch.no_grad():
        expected = torch.stack([head(view).softmax(1) for view in tested]).mean(0)
    with np.load(options["out"] / linear_eval.SCORES) as kept:
        np.testing.assert_allclose(kept["scores"], expected, atol=1e-6)
        assert (kept["samples"] == test).all() and (kept["labels"] == labels[test].numpy()).all()
    assert top1 == accuracy(expected.argmax(1), labels[test])
