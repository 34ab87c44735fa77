"""The supervised baseline: encoder and linear head trained with labels (paper, section 4.2).

python -m examples.supervised ntu60-xsub --out runs/ntu60-xsub/supervised
python -m examples.supervised ntu60-xsub --fraction 0.01 --out runs/ntu60-xsub/supervised-1   (row 1 of Table 3)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor

from examples import pretrain
from examples.classifiers import (
    SavedClassifier,
    classifier_top1,
    compact_labels,
    finished_top1,
    save_classifier,
    write_result,
)
from examples.configs.datasets import with_datasets
from examples.encoders import EncoderSettings, make_encoder, save_encoder
from examples.run import InputError, autocast, open_store, pick_device, run_command
from examples.schedules import step_decay, warmup_cosine
from examples.stgcn import Classifier
from examples.training import Training, TrainingConfig, begin_run, make_loader, train
from examples.views import make_pipelines
from skeleton_data import ViewBatch, label_fraction


@dataclass(frozen=True, kw_only=True)
class SupervisedConfig(TrainingConfig):
    """Settings; the defaults are the paper's.

    Parameters
    ----------
    encoder : EncoderSettings
        Network and input.
    fraction : float
        Share of the labels that is used, the same of every class; 1 is all.
    epochs : int
        Passes over the training samples that have labels.
    batch_size : int
        Samples per step; all of them where a fraction holds fewer.
    optimizer : str
        "sgd" with momentum 0.9 and a step schedule, or "adamw" with warm-up and a cosine.
    lr : float
        Peak learning rate.
    views : str
        "conservative" as in the paper, or "aggressive" as for one half of pre-training's pairs.
    milestones : tuple of int
        Epochs at which the rate of "sgd" drops to a tenth.
    weight_decay : float
        On all parameters.
    """

    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    fraction: float = 1.0
    epochs: int = 80
    batch_size: int = 8
    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: float = 0.0125
    milestones: tuple[int, ...] = (56, 70)
    views: Literal["conservative", "aggressive"] = "conservative"
    weight_decay: float = 3e-4


PAPER = SupervisedConfig(store=tyro.MISSING, out=tyro.MISSING)
SMALL = SupervisedConfig(
    store=tyro.MISSING,
    out=tyro.MISSING,
    encoder=EncoderSettings(width=0.25, depth="four", n_frames=16, views="short"),
    epochs=30,
    batch_size=32,
    optimizer="adamw",
    lr=5e-3,
    weight_decay=1e-2,
)
OURS = replace(SMALL, encoder=pretrain.OURS.encoder, epochs=60, batch_size=64, views="aggressive")
CONFIGS = {
    "paper": ("The paper's settings.", PAPER),
    "small": ("A network, views and a schedule for minutes on a laptop.", SMALL),
    "ours": ("The encoder of 'pretrain ours', on its aggressive views.", OURS),
    **with_datasets(PAPER, SMALL, ours=OURS),
}


def supervised(config: SupervisedConfig) -> float:
    """Train on augmented views, test on evaluation views; return top-1 of the last epoch in percent."""
    if (done := finished_top1(config.out, config, config.resume)) is not None:
        return done
    store, labelled, test = open_store(config.store, config.split)
    device = pick_device(config.device)
    pipelines = make_pipelines(config.encoder, store.skeleton)
    labels, names = compact_labels(store)
    if not 0 < config.fraction <= 1:
        raise InputError(f"--fraction must lie above 0 and at most at 1, got {config.fraction}.")
    batch_size = config.batch_size
    if config.fraction < 1:
        labelled = label_fraction(store.labels, labelled, config.fraction, config.seed)
        batch_size = min(batch_size, len(labelled))
    views = {"conservative": pipelines.conservative, "aggressive": pipelines.aggressive}[config.views]
    loader = make_loader(store, labelled, views, batch_size, config.seed)
    run, state = begin_run(config, store)

    torch.manual_seed(config.seed)
    model = Classifier(make_encoder(config.encoder, store.skeleton), len(names)).to(device)
    total = config.epochs * len(loader)

    def rates(step: int) -> list[float]:
        if config.optimizer == "sgd":
            return [step_decay(step // len(loader), config.lr, config.milestones)]
        return [warmup_cosine(step, total, config.lr, total // 10)]

    def loss(step: int, batch: ViewBatch) -> Tensor:
        model.train()
        target = torch.from_numpy(labels[batch.samples[0]]).to(device)
        with autocast(device, config.precision):
            logits = model(torch.from_numpy(batch.views[0]).to(device))
        return F.cross_entropy(logits.float(), target)

    optimizer = make_optimizer(config, model)
    train(Training(model, optimizer, rates, loss, config.epochs), loader, run, config, state)
    save_encoder(run.path / "encoder.pt", model.encoder, config.encoder, store.skeleton)
    save_classifier(run.path / "classifier.pt", SavedClassifier(model, config.encoder, store.skeleton, names))
    top1 = classifier_top1(model, config.encoder, store, test, device, config.precision)
    write_result(run, config, store, {"top1": top1, "n_train": len(labelled), "n_test": len(test)})
    print(f"Top-1 on {config.split} ({len(labelled)} labels, {len(test)} test samples): {top1:.1f} %")
    return top1


def make_optimizer(config: SupervisedConfig, model: Classifier) -> torch.optim.Optimizer:
    """SGD with momentum 0.9, or AdamW."""
    if config.optimizer == "adamw":
        return torch.optim.AdamW(model.parameters(), config.lr, weight_decay=config.weight_decay)
    return torch.optim.SGD(model.parameters(), config.lr, momentum=0.9, weight_decay=config.weight_decay)


if __name__ == "__main__":
    run_command(supervised, CONFIGS, __doc__)
