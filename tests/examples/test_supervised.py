import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from examples import training
from examples.encoders import load_encoder
from examples.supervised import SupervisedConfig, supervised
from examples.views import make_pipelines
from skeleton_data import label_fraction


@pytest.fixture(scope="module")
def config(store_path, tiny):
    return SupervisedConfig(
        store=store_path, out=Path("unset"), split="xview", encoder=tiny, epochs=12, batch_size=12, optimizer="adamw",
        lr=1e-2, weight_decay=1e-2, device="cpu", precision="float32",
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(config, tmp_path_factory):
    out = tmp_path_factory.mktemp("supervised") / "run"
    supervised(replace(config, out=out))
    return out


def test_learns_its_labels(run, store):
    """The loss falls by a fifth or more, and the test half is classified thrice as well as by chance.

    Seen with four seeds: by two fifths, and 36 to 50 percent, where chance is 1 in 16.
    """
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, 13)) and lines[-1]["loss"] < 0.8 * lines[0]["loss"]
    result = json.loads((run / "result.json").read_text())
    assert (result["split"], result["n_test"]) == ("xview", 36) and 3 * 100 / 16 < result["top1"] <= 100
    load_encoder(run / "encoder.pt", store)


def test_same_seed_same_weights(run, config, tmp_path):
    """A second run gives the same encoder to the bit."""
    supervised(replace(config, out=tmp_path / "run"))
    one, other = (torch.load(folder / "encoder.pt", weights_only=True)["model"] for folder in (run, tmp_path / "run"))
    assert all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("kind", ["conservative", "aggressive"])
def test_every_epoch_is_drawn_anew(config, store, tmp_path, monkeypatch, kind):
    """Each epoch asks the loader for its own batches, views as asked of the training half in the run's seed."""
    asked = []

    class Spy(training.ViewLoader):
        def __init__(self, store, indices, views, *, seed, **options):
            super().__init__(store, indices, views, seed=seed, **options)
            self.given = seed, len(self), tuple(views)

        def epoch(self, epoch=0, first=0):
            asked.append((epoch, *self.given))
            return super().epoch(epoch, first)

    monkeypatch.setattr(training, "ViewLoader", Spy)
    supervised(replace(config, out=tmp_path / "run", epochs=3, seed=5, views=kind))
    views = (getattr(make_pipelines(config.encoder, store.skeleton), kind),)
    assert asked == [(epoch, 5, 72 // 12, views) for epoch in range(3)]


def test_steps_down_with_sgd(config, tmp_path):
    """The paper's optimiser and schedule train too."""
    supervised(replace(config, out=tmp_path / "run", optimizer="sgd", lr=0.05, milestones=(1,), epochs=2))
    assert json.loads((tmp_path / "run" / "result.json").read_text())["top1"] >= 0


def test_a_part_of_the_labels(config, store, tmp_path, monkeypatch):
    """A fraction trains on the class-balanced part of its seed alone; a batch larger than that shrinks to it."""
    asked = []

    class Spy(training.ViewLoader):
        def __init__(self, store, indices, *arguments, batch_size, **options):
            asked.append((indices.tolist(), batch_size))
            super().__init__(store, indices, *arguments, batch_size=batch_size, **options)

    monkeypatch.setattr(training, "ViewLoader", Spy)
    supervised(replace(config, out=tmp_path / "run", epochs=1, fraction=0.3, seed=3, batch_size=64))
    part = label_fraction(store.labels, store.split("xview")[0], 0.3, seed=3)
    assert asked == [(part.tolist(), len(part))] and len(part) < 64
    assert json.loads((tmp_path / "run" / "result.json").read_text())["n_train"] == len(part)
