"""Semi-supervised fine-tuning: a pre-trained encoder and a new linear head, on a few labels (paper, section 4.4).

python -m examples.finetune ntu60-xsub --checkpoint runs/ntu60-xsub/full/encoder.pt --fraction 0.01 --out runs/f1
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import tyro
from torch import Tensor

from examples.classifiers import (
    SavedClassifier,
    classifier_top1,
    compact_labels,
    finished_top1,
    save_classifier,
    write_origin,
    write_result,
)
from examples.configs.datasets import with_datasets
from examples.encoders import Encoder, EncoderSettings, load_encoder, save_encoder
from examples.run import InputError, autocast, open_store, pick_device, run_command
from examples.schedules import warmup_cosine
from examples.stgcn import Classifier
from examples.training import Training, TrainingConfig, begin_run, make_loader, train
from examples.views import make_pipelines
from skeleton_data import Store, ViewBatch, label_fraction


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig(TrainingConfig):
    """Settings; the defaults are the paper's.

    Parameters
    ----------
    checkpoint : Path
        encoder.pt of a pre-training run.
    fraction : float
        Share of the labels that is used, the same of every class: 0.01, 0.05 or 0.1 in the paper, 1 is all. Parts of
        one seed are nested.
    epochs : int, optional
        Passes over the labelled samples; 1 / fraction by default, which is the paper's 100, 20 and 10.
    batch_size : int
        Samples per step; all of them where there are fewer labels.
    lr : float
        Learning rate of the head at the first step; falls to 0 by a cosine.
    encoder_factor : float
        Learning rate of the encoder over that of the head, once it trains.
    frozen_share : float
        Share of the steps for which the encoder is frozen, its batch norm included.
    weight_decay : float
        On all parameters.
    """

    checkpoint: Path
    fraction: float = 0.01
    epochs: int | None = None
    batch_size: int = 8
    lr: float = 10.0
    encoder_factor: float = 1e-3
    frozen_share: float = 1 / 3
    weight_decay: float = 0.0


PAPER = FinetuneConfig(store=tyro.MISSING, checkpoint=tyro.MISSING, out=tyro.MISSING)
SMALL = FinetuneConfig(store=tyro.MISSING, checkpoint=tyro.MISSING, out=tyro.MISSING, lr=0.1, encoder_factor=0.1)
CONFIGS = {
    "paper": ("The paper's settings.", PAPER),
    "small": ("The paper's settings with a gentler head, for small networks and training sets.", SMALL),
    **with_datasets(PAPER, SMALL),
}


def finetune(config: FinetuneConfig) -> float:
    """Fine-tune on the labelled part, test the last epoch; return top-1 in percent."""
    if (done := finished_top1(config.out, config, config.resume)) is not None:
        return done
    store, pool, test = open_store(config.store, config.split)
    if not 0 < config.fraction <= 1:
        raise InputError(f"--fraction must lie above 0 and at most at 1, got {config.fraction}.")
    encoder, settings = load_encoder(config.checkpoint, store)
    labelled = label_fraction(store.labels, pool, config.fraction, config.seed)
    epochs = round(1 / config.fraction) if config.epochs is None else config.epochs
    return tune(config, store, encoder, settings, labelled, test, epochs)


def tune(
    config: FinetuneConfig,
    store: Store,
    encoder: Encoder,
    settings: EncoderSettings,
    labelled: np.ndarray,
    test: np.ndarray,
    epochs: int,
) -> float:
    """Train a new head on an encoder, first alone, then both; save, test, and return top-1 in percent."""
    device = pick_device(config.device)
    labels, names = compact_labels(store)
    pipelines = make_pipelines(settings, store.skeleton)
    batch_size = min(config.batch_size, len(labelled))
    loader = make_loader(store, labelled, pipelines.conservative, batch_size, config.seed)
    run, state = begin_run(config, store)
    origin = write_origin(run, config.checkpoint)

    torch.manual_seed(config.seed)
    model = Classifier(encoder, len(names)).to(device)
    torch.nn.init.zeros_(model.head.weight)
    torch.nn.init.zeros_(model.head.bias)
    groups = [{"params": list(model.head.parameters())}, {"params": list(encoder.parameters())}]
    optimizer = torch.optim.SGD(groups, config.lr, momentum=0.9, weight_decay=config.weight_decay)
    total = epochs * len(loader)

    def rates(step: int) -> tuple[float, float]:
        return head_and_encoder_rates(step, total, config)

    def loss(step: int, batch: ViewBatch) -> Tensor:
        thawed = step >= frozen_steps(total, config)
        # A frozen encoder normalises with the statistics of its pre-training, as in linear evaluation.
        encoder.train(thawed).requires_grad_(thawed)
        target = torch.from_numpy(labels[batch.samples[0]]).to(device)
        with autocast(device, config.precision):
            logits = model(torch.from_numpy(batch.views[0]).to(device))
        return F.cross_entropy(logits.float(), target)

    train(Training(model, optimizer, rates, loss, epochs), loader, run, config, state)
    save_encoder(run.path / "encoder.pt", encoder, settings, store.skeleton)
    save_classifier(run.path / "classifier.pt", SavedClassifier(model, settings, store.skeleton, names))
    top1 = classifier_top1(model, settings, store, test, device, config.precision)
    write_result(run, config, store, {"top1": top1, "n_train": len(labelled), "n_test": len(test)}, origin)
    print(f"Fine-tuned on {len(labelled)} labels, {config.split} ({len(test)} test samples): top-1 {top1:.1f} %")
    return top1


def frozen_steps(total: int, config: FinetuneConfig) -> int:
    """Steps, of ``total``, before the encoder begins to train."""
    return round(config.frozen_share * total)


def head_and_encoder_rates(step: int, total: int, config: FinetuneConfig) -> tuple[float, float]:
    """Learning rates of head and encoder: a cosine to 0, and the same times a factor once the encoder trains."""
    head = warmup_cosine(step, total, config.lr)
    return head, config.encoder_factor * head if step >= frozen_steps(total, config) else 0.0


if __name__ == "__main__":
    run_command(finetune, CONFIGS, __doc__)
