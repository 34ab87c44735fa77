import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, rel_entr, softmax

from examples.classifiers import load_classifier
from examples.distill import CONFIGS, DistillConfig, distill, distillation_loss
from examples.evaluation import extract_features
from examples.run import InputError
from examples.supervised import SupervisedConfig, supervised
from examples.views import make_pipelines


def outputs(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(5, 7)), rng.normal(size=(5, 7))


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_loss_is_divergence_plus_entropy(temperature):
    """H(p, q) = KL(p || q) + H(p) for softened outputs, with SciPy's functions; not less than H(p)."""
    student, teacher = outputs()
    p, q = softmax(teacher / temperature, 1), softmax(student / temperature, 1)
    entropy = -(p * np.log(p)).sum(1)
    expected = (rel_entr(p, q).sum(1) + entropy).mean()
    found = distillation_loss(torch.from_numpy(student), torch.from_numpy(teacher), temperature).item()
    assert found == pytest.approx(expected, rel=1e-5) and found > entropy.mean()


def test_slope():
    """The gradient is (softmax(s / tau) - softmax(t / tau)) / (tau N): none where the student agrees."""
    student, teacher = outputs(1)
    s = torch.from_numpy(student).requires_grad_()
    distillation_loss(s, torch.from_numpy(teacher), 2.0).backward()
    expected = (softmax(student / 2, 1) - softmax(teacher / 2, 1)) / (2 * len(student))
    np.testing.assert_allclose(s.grad, expected, atol=1e-7)
    shifted = torch.from_numpy(teacher + 4.0).requires_grad_()
    distillation_loss(shifted, torch.from_numpy(teacher)).backward()
    assert shifted.grad.abs().max() < 1e-7


def test_hard_teacher_is_cross_entropy():
    """A teacher that is sure gives the loss of its labels."""
    student, teacher = outputs(2)
    found = distillation_loss(torch.from_numpy(student), torch.from_numpy(1e4 * teacher)).item()
    assert found == pytest.approx(-log_softmax(student, 1)[np.arange(5), teacher.argmax(1)].mean(), rel=1e-5)


def test_the_papers_settings():
    """100 epochs of batches of 256 at 0.2, decay 1e-4, temperature 1."""
    paper = CONFIGS["paper"][1]
    assert (paper.epochs, paper.batch_size, paper.lr) == (100, 256, 0.2)
    assert (paper.weight_decay, paper.temperature) == (1e-4, 1.0)


@pytest.fixture(scope="module")
def config(store_path, tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("distill")
    supervised(
        SupervisedConfig(
            store=store_path, out=folder / "teacher", split="xview", encoder=tiny, epochs=12, batch_size=12,
            optimizer="adamw", lr=1e-2, device="cpu", precision="float32",
        )
    )  # fmt: skip
    return DistillConfig(
        store=store_path, teacher=folder / "teacher" / "classifier.pt", out=Path("unset"), split="xview",
        width=1 / 16, epochs=30, batch_size=12, lr=0.1, device="cpu", precision="float32",
    )  # fmt: skip


def agreement(teacher, student, store):
    """Share of training samples that both answer alike."""
    answers = []
    for saved in (load_classifier(path, store) for path in (teacher, student)):
        pipeline = make_pipelines(saved.settings, store.skeleton).evaluation
        features = extract_features(saved.model.encoder, store, store.split("xview")[0], pipeline, torch.device("cpu"))
        answers.append(saved.model.head(features).argmax(1))
    return (answers[0] == answers[1]).double().mean().item()


def test_student_comes_to_agree(config, store, tmp_path):
    """A student from random weights agrees with its teacher on most training samples, and the teacher stays as it is.

    Seen with four seeds: 68 to 81 percent; asked for is half.
    """
    before = config.teacher.read_bytes()
    top1 = distill(replace(config, out=tmp_path / "run"))
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert config.teacher.read_bytes() == before and result["top1"] == top1
    taught = json.loads((config.teacher.parent / "result.json").read_text())["top1"]
    assert result["teacher_top1"] == taught
    assert agreement(config.teacher, tmp_path / "run" / "classifier.pt", store) > 0.5


def test_labels_are_never_read(config, tmp_path, monkeypatch):
    """Training batches whose labels are wrong give the same student."""
    distill(replace(config, out=tmp_path / "one", epochs=1))
    from examples import training

    class Mislabelled(training.ViewLoader):
        def epoch(self, epoch=0, first=0):
            return (replace(batch, labels=np.full(len(batch.labels), -1)) for batch in super().epoch(epoch, first))

    monkeypatch.setattr(training, "ViewLoader", Mislabelled)
    distill(replace(config, out=tmp_path / "other", epochs=1))
    one, other = ((tmp_path / f / "classifier.pt") for f in ("one", "other"))
    states = [torch.load(path, weights_only=True)["model"] for path in (one, other)]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_bad_temperature_and_teacher(config, tmp_path):
    """A temperature of nothing and a checkpoint that is no classifier are refused before anything is written."""
    with pytest.raises(InputError, match="--temperature must be above 0"):
        distill(replace(config, out=tmp_path / "run", temperature=0.0))
    with pytest.raises(InputError, match="expected a checkpoint of kind 'skeleton classifier'"):
        distill(replace(config, out=tmp_path / "run", teacher=config.teacher.with_name("encoder.pt")))
    assert not (tmp_path / "run").exists()
