"""The supervised baseline: encoder and linear head trained with labels (paper, section 4.2).

python -m examples.supervised paper --store ntu60.h5 --split xsub --out runs/ntu60-xsub-supervised
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
import tyro
from tqdm import tqdm

from examples.encoders import EncoderSettings, make_encoder, save_encoder
from examples.evaluation import accuracy, extract_features
from examples.run import InputError, Precision, RunFolder, autocast, open_store, pick_device, run_command
from examples.schedules import step_decay, warmup_cosine
from examples.stgcn import Classifier
from examples.views import make_pipelines
from skeleton_data import ViewLoader


@dataclass(frozen=True)
class SupervisedConfig:
    """Settings; the defaults are the paper's.

    Parameters
    ----------
    store : Path
        HDF5 file that `skeleton-data convert` wrote.
    out : Path
        Run folder: config, log, result.json, and encoder.pt.
    split : str
        Trains on its training half, tests on the other at the end.
    encoder : EncoderSettings
        Network and input.
    epochs : int
        Passes over the training samples.
    batch_size : int
        Samples per step.
    optimizer : str
        "sgd" with momentum 0.9 and a step schedule, or "adamw" with warm-up and a cosine.
    lr : float
        Peak learning rate.
    milestones : tuple of int
        Epochs at which the rate of "sgd" drops to a tenth.
    weight_decay : float
        On all parameters.
    seed : int
        Of weights, order and augmentation.
    device : str
        "auto", "cpu", "cuda", "cuda:1" ...
    precision : str
        "auto" is bfloat16 on a GPU and float32 on a CPU.
    """

    store: Path
    out: Path
    split: str = "xsub"
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    epochs: int = 80
    batch_size: int = 8
    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: float = 0.0125
    milestones: tuple[int, ...] = (56, 70)
    weight_decay: float = 3e-4
    seed: int = 0
    device: str = "auto"
    precision: Precision = "auto"


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
CONFIGS = {
    "paper": ("The paper's settings.", PAPER),
    "small": ("A network, views and a schedule for minutes on a laptop.", SMALL),
}


def supervised(config: SupervisedConfig) -> None:
    """Train on the conservative views, test on the evaluation views, save the encoder of the last epoch."""
    store, train, test = open_store(config.store, config.split)
    device = pick_device(config.device)
    pipelines = make_pipelines(config.encoder, store.skeleton)
    classes, labels = np.unique(store.labels, return_inverse=True)
    try:
        loader = ViewLoader(store, train, [pipelines.conservative], batch_size=config.batch_size, seed=config.seed)
    except ValueError as error:
        raise InputError(str(error)) from None
    run = RunFolder(config.out, config)

    torch.manual_seed(config.seed)
    model = Classifier(make_encoder(config.encoder, store.skeleton), len(classes)).to(device)
    if config.optimizer == "sgd":
        optimizer: torch.optim.Optimizer = torch.optim.SGD(
            model.parameters(), config.lr, momentum=0.9, weight_decay=config.weight_decay
        )
    else:
        optimizer = torch.optim.AdamW(model.parameters(), config.lr, weight_decay=config.weight_decay)
    total = config.epochs * len(loader)
    with tqdm(total=total, desc="supervised", unit="step") as bar:
        for epoch in range(config.epochs):
            model.train()
            loss_sum = 0.0
            for step, batch in enumerate(loader.epoch(epoch), epoch * len(loader)):
                if config.optimizer == "sgd":
                    lr = step_decay(epoch, config.lr, config.milestones)
                else:
                    lr = warmup_cosine(step, total, config.lr, total // 10)
                optimizer.param_groups[0]["lr"] = lr
                target = torch.from_numpy(labels[batch.samples[0]]).to(device)
                with autocast(device, config.precision):
                    logits = model(torch.from_numpy(batch.views[0]).to(device))
                loss = F.cross_entropy(logits.float(), target)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                loss_sum += loss.item()
                bar.update()
            bar.set_postfix(epoch=epoch + 1, loss=f"{loss_sum / len(loader):.3f}")
            run.log(epoch=epoch + 1, epochs=config.epochs, loss=loss_sum / len(loader))
    save_encoder(run.path / "encoder.pt", model.encoder, config.encoder, store.skeleton)

    features = extract_features(
        model.encoder, store, test, pipelines.evaluation, device, precision=config.precision, label="test"
    )
    with torch.no_grad():
        predicted = model.head(features.to(device)).argmax(1).cpu()
    top1 = accuracy(predicted, torch.from_numpy(labels[test]))
    run.write_json("result.json", {"split": config.split, "top1": top1, "n_test": len(test)})
    print(f"Top-1 on {config.split} ({len(test)} test samples): {top1:.1f} %")


if __name__ == "__main__":
    run_command(supervised, CONFIGS, __doc__)
