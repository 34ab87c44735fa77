"""BYOL pre-training without labels (paper, section 4.2).

python -m examples.pretrain small --store demo.h5 --split xview --out runs/small
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
import tyro
from tqdm import tqdm

from examples.byol import BYOL, TargetNorm, covariance_penalty
from examples.collapse import effective_rank, mean_deviation
from examples.configs.datasets import with_datasets
from examples.encoders import EncoderSettings, make_encoder, save_encoder
from examples.run import (
    InputError,
    Precision,
    RunFolder,
    autocast,
    load_checkpoint,
    open_store,
    pick_device,
    plain,
    run_command,
    save_checkpoint,
)
from examples.schedules import target_momentum, warmup_cosine
from examples.views import make_pipelines
from skeleton_data import ViewLoader

KIND = "pretraining state"
FREE = ("store", "out", "lr", "device", "precision", "resume")
"""Settings that may change when a run goes on; the store's content may not."""


@dataclass(frozen=True)
class PretrainConfig:
    """Settings; the defaults are the paper's.

    Parameters
    ----------
    store : Path
        HDF5 file that `skeleton-data convert` wrote.
    out : Path
        Run folder: config, log, checkpoint, and encoder.pt at the end.
    split : str
        Its training half is used, without labels.
    encoder : EncoderSettings
        Network and input.
    pairs : str
        "asymmetric" makes an aggressive and a conservative view; "aggressive" and "conservative" make two alike.
    without : tuple of str
        Transforms to leave out of the aggressive pipeline, such as Shear (the rows of the paper's Table 2).
    multi_view : bool
        Draw two cameras of each performance; otherwise both views come from one recording.
    epochs : int
        Passes over the performances (or recordings, without multi_view).
    batch_size : int
        Pairs per step.
    optimizer : str
        "sgd" with momentum 0.9, or "adamw".
    lr : float
        Peak learning rate, after the warm-up; falls to 0 by a cosine.
    warmup_epochs : int
        Epochs of linear warm-up from 1e-6.
    weight_decay : float
        On all parameters.
    momentum : float
        Of the target at the first step; rises to 1 by a cosine.
    target_norm : str
        Batch norm of the target: "momentum" (Eq. 4 of the paper) or "batch".
    hidden : int
        Hidden units of projector and predictor.
    projection : int
        Outputs of projector and predictor.
    projection_norm : bool
        Batch norm on the projector's output (not in the paper).
    covariance : float
        Weight of the covariance penalty on the projections (not in the paper; it prevents collapse at small scale).
    seed : int
        Of weights, order, cameras and augmentation.
    device : str
        "auto", "cpu", "cuda", "cuda:1" ...
    precision : str
        "auto" is bfloat16 on a GPU and float32 on a CPU.
    resume : bool
        Go on from the checkpoint in the run folder, if there is one; the other settings must be those of the run.
    """

    store: Path
    out: Path
    split: str = "xsub"
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    pairs: Literal["asymmetric", "aggressive", "conservative"] = "asymmetric"
    without: tuple[str, ...] = ()
    multi_view: bool = True
    epochs: int = 1600
    batch_size: int = 512
    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: float = 0.2
    warmup_epochs: int = 10
    weight_decay: float = 1e-4
    momentum: float = 0.99
    target_norm: TargetNorm = "momentum"
    hidden: int = 4096
    projection: int = 256
    projection_norm: bool = False
    covariance: float = 0.0
    seed: int = 0
    device: str = "auto"
    precision: Precision = "auto"
    resume: bool = False


# tyro asks for the values that are left MISSING.
PAPER = PretrainConfig(store=tyro.MISSING, out=tyro.MISSING)
PAPER_SMALL = replace(
    PAPER,
    encoder=EncoderSettings(width=0.25, depth="four", n_frames=16, views="short"),
    epochs=70,
    batch_size=32,
    warmup_epochs=1,
    hidden=256,
    projection=64,
)
SMALL = replace(PAPER_SMALL, without=("TemporalShift",), momentum=0.9, projection_norm=True, covariance=0.02)
# Data sets that need other lengths or batches; Northwestern-UCLA has too few performances for 512 pairs.
BY_DATASET = {
    "pku2-xsub": {"epochs": 4800},
    "nucla-xview": {"epochs": 4800, "batch_size": 128, "lr": 0.05},
    "nucla-xview-small": {"epochs": 57},
}
CONFIGS = {
    "paper": ("The paper's settings.", PAPER),
    "paper-small": ("The paper's method, with a network, views and a schedule for minutes on a laptop.", PAPER_SMALL),
    "small": (
        "As paper-small, with a faster target, batch norm and a covariance penalty on the projections against "
        "collapse, and no temporal shift.",
        SMALL,
    ),
    **with_datasets(PAPER, SMALL, BY_DATASET),
}


def make_optimizer(config: PretrainConfig, model: BYOL) -> torch.optim.Optimizer:
    """SGD or AdamW on everything that has gradients."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    if config.optimizer == "adamw":
        return torch.optim.AdamW(parameters, config.lr, weight_decay=config.weight_decay)
    return torch.optim.SGD(parameters, config.lr, momentum=0.9, weight_decay=config.weight_decay)


def pretrain(config: PretrainConfig) -> None:
    """Train, log every epoch, checkpoint every epoch, and save the online encoder of the last."""
    if config.batch_size < 2:
        raise InputError(f"--batch-size must be at least 2, which batch norm needs, got {config.batch_size}.")
    store, train, _ = open_store(config.store, config.split)
    device = pick_device(config.device)
    pipelines = make_pipelines(config.encoder, store.skeleton, config.without)
    views = {
        "asymmetric": [pipelines.aggressive, pipelines.conservative],
        "aggressive": [pipelines.aggressive] * 2,
        "conservative": [pipelines.conservative] * 2,
    }[config.pairs]
    try:
        loader = ViewLoader(
            store, train, views, batch_size=config.batch_size, multi_view=config.multi_view, seed=config.seed
        )
    except ValueError as error:
        raise InputError(str(error)) from None
    belongs_to = {**{k: v for k, v in plain(config).items() if k not in FREE}, "data": store.digest}
    checkpoint = config.out / "checkpoint.pt"
    state = read_state(checkpoint, belongs_to) if config.resume and checkpoint.exists() else None
    run = RunFolder(config.out, config, config.resume)

    torch.manual_seed(config.seed)
    encoder = make_encoder(config.encoder, store.skeleton)
    model = BYOL(encoder, config.hidden, config.projection, config.target_norm, config.projection_norm).to(device)
    optimizer = make_optimizer(config, model)
    first = 0
    if state is not None:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["torch_rng"])
        first = state["epoch"]
    if config.resume:
        run.forget_after(first)

    total, warmup = config.epochs * len(loader), config.warmup_epochs * len(loader)
    with tqdm(total=total, initial=first * len(loader), desc="pretrain", unit="step") as bar:
        for epoch in range(first, config.epochs):
            model.train()
            loss_sum, projections = 0.0, torch.empty(0)
            for step, batch in enumerate(loader.epoch(epoch), epoch * len(loader)):
                for group in optimizer.param_groups:
                    group["lr"] = warmup_cosine(step, total, config.lr, warmup, start=1e-6)
                one, other = (torch.from_numpy(view).to(device, non_blocking=True) for view in batch.views)
                with autocast(device, config.precision):
                    loss, projections = model(one, other)
                penalty = covariance_penalty(projections[0]) + covariance_penalty(projections[1])
                optimizer.zero_grad(set_to_none=True)
                (loss + config.covariance * penalty if config.covariance else loss).backward()
                optimizer.step()
                model.update_target(target_momentum(step, total, config.momentum))
                if not torch.isfinite(loss):
                    raise InputError(f"The loss became {loss.item()} at step {step}. Lower --lr, then --resume.")
                loss_sum += loss.item()
                bar.update()
            last = projections[0].detach().float().cpu()
            seen = {
                "loss": loss_sum / len(loader),
                "rank": effective_rank(last),
                "deviation": mean_deviation(last),
                "lr": optimizer.param_groups[0]["lr"],
            }
            bar.set_postfix(epoch=epoch + 1, loss=f"{seen['loss']:.3f}", rank=f"{seen['rank']:.1f}")
            run.log(epoch=epoch + 1, epochs=config.epochs, **seen)
            weights = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            progress = {"epoch": epoch + 1, "torch_rng": torch.get_rng_state(), "belongs_to": belongs_to}
            save_checkpoint(checkpoint, KIND, {**progress, **weights})
    save_encoder(run.path / "encoder.pt", model.online["encoder"], config.encoder, store.skeleton)
    print(f"Encoder: {run.path / 'encoder.pt'}")


def read_state(checkpoint: Path, belongs_to: dict[str, Any]) -> dict[str, Any]:
    """Load a training state, and make sure that it is one of the same settings and data."""
    state = load_checkpoint(checkpoint, KIND)
    theirs = state.get("belongs_to", {})
    differing = [key for key, value in belongs_to.items() if theirs.get(key) != value]
    if differing:
        raise InputError(
            f"{checkpoint}: belongs to a run with other settings ({', '.join(differing)}). "
            "Give those that config.json beside it names, or another --out."
        )
    return state


if __name__ == "__main__":
    run_command(pretrain, CONFIGS, __doc__)
