"""The loop of tasks with labels or a teacher: rates by step, a checkpoint each epoch, exact resumption.

Pre-training has its own, as its model has a target to move.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from examples.classifiers import PLACES
from examples.distributed import step_seed
from examples.run import InputError, Precision, RunFolder, Stopped, StopRequest, load_checkpoint, plain, save_checkpoint
from skeleton_data import Store, ViewBatch, ViewLoader

KIND = "training state"


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Settings that all tasks of this loop share.

    Parameters
    ----------
    store : Path
        HDF5 file that `skeleton-data convert` wrote.
    out : Path
        Run folder: config, log, checkpoint, result.json, encoder.pt and classifier.pt.
    split : str
        Trains on its training half, tests on the other half at the end. With _validation behind its name, as in
        xsub_validation, every fifth subject of the training half is tested instead: to choose settings by.
    seed : int
        Of weights, order, augmentation, and the choice of labelled samples.
    device : str
        "auto", "cpu", "cuda", "cuda:1" ...
    precision : str
        "auto" is bfloat16 on a GPU and float32 on a CPU.
    resume : bool
        Go on from the checkpoint in the run folder, if there is one; a finished run stays as it is.
    """

    store: Path
    out: Path
    split: str = "xsub"
    seed: int = 0
    device: str = "auto"
    precision: Precision = "auto"
    resume: bool = False


@dataclass(frozen=True)
class Training:
    """What is trained, and how.

    Parameters
    ----------
    model : Module
        Its whole state is checkpointed.
    optimizer : Optimizer
    rates : callable
        Step -> learning rate of each parameter group.
    loss : callable
        (step, batch) -> loss to minimise; it also puts the model into the right mode.
    epochs : int
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    rates: Callable[[int], Sequence[float]]
    loss: Callable[[int, ViewBatch], Tensor]
    epochs: int


def begin_run(config: TrainingConfig, store: Store) -> tuple[RunFolder, dict[str, Any] | None]:
    """Open the run's folder, and read the state to go on from where there is one.

    Raises
    ------
    InputError
        When the folder holds a run and ``config.resume`` is not set, or one with other settings or data; or when
        several processes were launched.
    """
    check_single_process()
    checkpoint = config.out / "checkpoint.pt"
    state = load_checkpoint(checkpoint, KIND) if config.resume and checkpoint.exists() else None
    ours = what_matters(config, store)
    if state is not None and state["belongs_to"] != ours:
        differing = [key for key, value in ours.items() if state["belongs_to"].get(key) != value]
        raise InputError(
            f"{checkpoint}: belongs to a run with other settings ({', '.join(differing)}). "
            "Give those that config.json beside it names, or another --out."
        )
    run = RunFolder(config.out, config, config.resume)
    if config.resume:
        run.forget_after(state["epoch"] if state else 0)
    return run, state


def check_single_process() -> None:
    """Refuse to run as one of several processes, which would all do the same and write to one folder."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InputError(
            "This task runs on one device. Start it with plain python, once for each seed or split; "
            "only examples.pretrain runs under torchrun."
        )


def what_matters(config: TrainingConfig, store: Store) -> dict[str, Any]:
    """Settings that two runs must share for one to go on with the other's checkpoint."""
    return {**{k: v for k, v in plain(config).items() if k not in PLACES}, "data": store.digest}


def train(
    training: Training, loader: ViewLoader, run: RunFolder, config: TrainingConfig, state: dict[str, Any] | None
) -> None:
    """Train to the last epoch from ``state``, or from the beginning; log and checkpoint each epoch.

    SIGTERM saves a checkpoint after the step that is under way.

    Raises
    ------
    InputError
        When the loss is no number any more.
    Stopped
        When SIGTERM asked for it.
    """
    step, loss_sum, total = 0, 0.0, training.epochs * len(loader)
    if state is not None:
        training.model.load_state_dict(state["model"])
        training.optimizer.load_state_dict(state["optimizer"])
        step, loss_sum = state["step"], state["loss_sum"]
    with StopRequest() as stop, tqdm(total=total, initial=step, desc=run.path.name, unit="step") as bar:
        while step < total:
            epoch, done = divmod(step, len(loader))
            for batch in loader.epoch(epoch, done):
                loss_sum += one_step(training, step, batch, run, config.seed)
                step += 1
                bar.update()
                if stop.asked and step < total and step % len(loader):
                    save_state(run.path / "checkpoint.pt", training, step, loss_sum, loader, config)
                    raise stopped(run, step, total)
            mean, loss_sum = loss_sum / len(loader), 0.0
            bar.set_postfix(epoch=epoch + 1, loss=f"{mean:.3f}")
            run.log(epoch=epoch + 1, epochs=training.epochs, loss=mean)
            save_state(run.path / "checkpoint.pt", training, step, loss_sum, loader, config)
            if stop.asked and step < total:
                raise stopped(run, step, total)


def one_step(training: Training, step: int, batch: ViewBatch, run: RunFolder, seed: int) -> float:
    """One optimiser step; returns its loss."""
    # Dropout draws from a generator that depends on the step alone, so that any step can be gone on from.
    torch.manual_seed(step_seed(seed, step, 0, 0))
    rates = training.rates(step)
    for group, rate in zip(training.optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    loss = training.loss(step, batch)
    if not torch.isfinite(loss):
        raise InputError(
            f"{run.path}: the loss became {loss.item()} at step {step} (learning rates "
            f"{', '.join(f'{rate:.3g}' for rate in rates)}). Lower the learning rate."
        )
    training.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    training.optimizer.step()
    return loss.item()


def save_state(
    path: Path, training: Training, step: int, loss_sum: float, loader: ViewLoader, config: TrainingConfig
) -> None:
    """Save all that the next step depends on."""
    weights = {"model": training.model.state_dict(), "optimizer": training.optimizer.state_dict()}
    place = {"epoch": step // len(loader), "step": step, "loss_sum": loss_sum}
    save_checkpoint(path, KIND, {**place, "belongs_to": what_matters(config, loader.store), **weights})


def stopped(run: RunFolder, step: int, total: int) -> Stopped:
    """Tell where a run that was asked to stop is."""
    return Stopped(f"step {step} of {total} is saved in {run.path / 'checkpoint.pt'}; go on with --resume.")


def make_loader(store: Store, indices: Any, pipeline: Any, batch_size: int, seed: int) -> ViewLoader:
    """Batches of one view of each sample; what cannot fill a batch is the user's to mend."""
    try:
        return ViewLoader(store, indices, [pipeline], batch_size=batch_size, seed=seed)
    except ValueError as error:
        raise InputError(str(error)) from None
