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
from examples.run import InputError, RunFolder, load_checkpoint, plain, save_checkpoint
from skeleton_data import Store, ViewBatch, ViewLoader

KIND = "training state"


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


def begin_run(config: Any, store: Store) -> tuple[RunFolder, dict[str, Any] | None]:
    """Open the run's folder, and read the state to go on from where there is one.

    Raises
    ------
    InputError
        When the folder holds a run and ``config.resume`` is not set, or one with other settings or data; or when
        several processes were launched.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InputError(
            "This task trains on one device. Start it with plain python, once for each seed or split; "
            "only examples.pretrain runs under torchrun."
        )
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


def what_matters(config: Any, store: Store) -> dict[str, Any]:
    """Settings that two runs must share for one to go on with the other's checkpoint."""
    return {**{k: v for k, v in plain(config).items() if k not in PLACES}, "data": store.digest}


def train(training: Training, loader: ViewLoader, run: RunFolder, config: Any, state: dict[str, Any] | None) -> None:
    """Train to the last epoch from ``state``, or from the beginning; log and checkpoint each epoch."""
    model, optimizer, first = training.model, training.optimizer, 0
    if state is not None:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        restore_generators(state["generators"])
        first = state["epoch"]
    label, total = run.path.name, training.epochs * len(loader)
    with tqdm(total=total, initial=first * len(loader), desc=label, unit="step") as bar:
        for epoch in range(first, training.epochs):
            loss_sum = 0.0
            for step, batch in enumerate(loader.epoch(epoch), epoch * len(loader)):
                for group, rate in zip(optimizer.param_groups, training.rates(step), strict=True):
                    group["lr"] = rate
                loss = training.loss(step, batch)
                if not torch.isfinite(loss):
                    raise InputError(
                        f"{run.path}: the loss became {loss.item()} at step {step} (learning rates "
                        f"{', '.join(f'{rate:.3g}' for rate in training.rates(step))}). Lower the learning rate."
                    )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                loss_sum += loss.item()
                bar.update()
            bar.set_postfix(epoch=epoch + 1, loss=f"{loss_sum / len(loader):.3f}")
            run.log(epoch=epoch + 1, epochs=training.epochs, loss=loss_sum / len(loader))
            save_state(run.path / "checkpoint.pt", training, epoch + 1, what_matters(config, loader.store))


def save_state(path: Path, training: Training, epoch: int, belongs_to: dict[str, Any]) -> None:
    """Save all that the next epoch depends on."""
    weights = {"model": training.model.state_dict(), "optimizer": training.optimizer.state_dict()}
    save_checkpoint(path, KIND, {"epoch": epoch, "belongs_to": belongs_to, "generators": generators(), **weights})


def generators() -> dict[str, Any]:
    """States of torch's generators, which dropout draws from."""
    return {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []}


def restore_generators(states: dict[str, Any]) -> None:
    """Put torch's generators where they were; those of GPUs only where there are as many."""
    torch.set_rng_state(states["cpu"])
    if torch.cuda.is_available() and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])


def make_loader(store: Store, indices: Any, pipeline: Any, batch_size: int, seed: int) -> ViewLoader:
    """Batches of one view of each sample; what cannot fill a batch is the user's to mend."""
    try:
        return ViewLoader(store, indices, [pipeline], batch_size=batch_size, seed=seed)
    except ValueError as error:
        raise InputError(str(error)) from None
