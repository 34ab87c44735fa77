import json
from dataclasses import replace
from math import cos, pi
from pathlib import Path

import numpy as np
import pytest
import torch

from examples import finetune as module
from examples.classifiers import load_classifier
from examples.encoders import load_encoder
from examples.finetune import CONFIGS, FinetuneConfig, finetune, head_and_encoder_rates
from examples.run import InputError
from skeleton_data import label_fraction


@pytest.fixture(scope="module")
def config(store_path, trained):
    return FinetuneConfig(
        store=store_path, checkpoint=trained / "encoder.pt", out=Path("unset"), fraction=0.5, epochs=3, lr=0.1,
        encoder_factor=0.1, device="cpu", precision="float32",
    )  # fmt: skip


def test_the_papers_settings():
    """Head at 10, encoder at a thousandth after the first third, batches of 8, no decay; 100, 20 and 10 epochs."""
    paper = CONFIGS["paper"][1]
    assert (paper.lr, paper.encoder_factor, paper.frozen_share) == (10.0, 1e-3, 1 / 3)
    assert (paper.batch_size, paper.weight_decay, paper.epochs) == (8, 0.0, None)


@pytest.mark.parametrize(("fraction", "epochs"), [(0.01, 100), (0.05, 20), (0.1, 10), (1.0, 1)])
def test_epochs_follow_from_the_fraction(config, monkeypatch, fraction, epochs):
    """As many steps whatever the share of labels, which are the paper's numbers."""
    given = []
    monkeypatch.setattr(module, "tune", lambda *arguments: given.append(arguments[-1]))
    finetune(replace(config, fraction=fraction, epochs=None))
    assert given == [epochs]


def test_rates_step_by_step():
    """The head follows a cosine from 10 to 0; the encoder stands still for a third, then has a thousandth of it."""
    paper, total = CONFIGS["paper"][1], 90
    for step in range(total):
        expected = 10 * (1 + cos(pi * step / total)) / 2
        head, encoder = head_and_encoder_rates(step, total, paper)
        assert head == pytest.approx(expected) and encoder == pytest.approx(0 if step < 30 else expected / 1000)
    assert head < 0.01


@pytest.mark.parametrize(("share", "same"), [(1.0, True), (0.0, False)])
def test_frozen_means_frozen(config, trained, tmp_path, share, same):
    """While frozen, no weight and no statistic of the encoder moves; thawed, both do, and the head always learns."""
    finetune(replace(config, out=tmp_path / "run", frozen_share=share))
    before, after = (load_encoder(f / "encoder.pt")[0].state_dict() for f in (trained, tmp_path / "run"))
    kept = {name: torch.equal(value, after[name]) for name, value in before.items() if name != "A"}
    assert all(kept.values()) if same else not (kept["data_bn.running_mean"] or kept["edge_importance.0"])
    assert load_classifier(tmp_path / "run" / "classifier.pt").model.head.weight.abs().sum() > 0


def test_first_step_of_the_head(config, store, tmp_path):
    """One step from zero moves the head along the mean of (one-hot - 1/classes) x features, worked out by hand."""
    seen = []
    plain = module.make_loader

    def spy(*arguments):
        loader = plain(*arguments)
        seen.append(next(iter(loader.epoch(0))))
        return loader

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "make_loader", spy)
        out = tmp_path / "run"
        finetune(replace(config, out=out, epochs=1, frozen_share=1.0, batch_size=54))
    (batch,) = seen
    saved = load_classifier(out / "classifier.pt")
    encoder = load_encoder(config.checkpoint)[0].eval()
    with torch.no_grad():
        features = encoder(torch.from_numpy(batch.views[0])).double().numpy()
    names = np.array([store.class_names[label] for label in batch.labels])
    wanted = (names[:, None] == np.array(saved.class_names)).astype(float)
    slope = (wanted - 1 / len(saved.class_names)).T @ features / len(features)
    n_steps = len(label_fraction(store.labels, store.split("xsub")[0], 0.5, 0)) // len(features)
    assert n_steps == 1
    np.testing.assert_allclose(saved.model.head.weight.detach().numpy(), 0.1 * slope, rtol=1e-3, atol=1e-6)


def test_labels_are_nested_by_seed(config, store, tmp_path, monkeypatch):
    """It learns from the labelled part alone, and that of a smaller share lies in that of a larger one."""
    used = []
    monkeypatch.setattr(module, "tune", lambda *arguments: used.append(arguments[4].tolist()))
    train = store.split("xsub")[0]
    for fraction in (0.1, 0.5, 1.0):
        finetune(replace(config, fraction=fraction, seed=4))
        assert used[-1] == label_fraction(store.labels, train, fraction, 4).tolist()
    assert set(used[0]) < set(used[1]) < set(used[2]) == set(train.tolist())


def test_learns_its_labels_by_heart(config, store, tmp_path):
    """Tuned for long on one sample of each class, the loss falls below a quarter of its first value.

    Seen with four seeds: 3 to 7 percent of it.
    """
    finetune(replace(config, out=tmp_path / "run", fraction=0.01, epochs=150, lr=0.3))
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert len(lines) == 150 and lines[-1]["loss"] < lines[0]["loss"] / 4


@pytest.mark.parametrize("fraction", [0.0, -1.0, 1.5])
def test_fraction_out_of_range(config, tmp_path, fraction):
    """A share that is none is refused before anything is written."""
    with pytest.raises(InputError, match="--fraction must lie above 0"):
        finetune(replace(config, out=tmp_path / "run", fraction=fraction))
    assert not (tmp_path / "run").exists()
