"""The state of a BYOL pre-training, step by step, epoch by epoch, and on disk."""

from __future__ import annotations

import math
import sys
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from examples.byol import BYOL, covariance_penalty, variance_penalty
from examples.collapse import collapse_warning, effective_rank, mean_deviation
from examples.distributed import Ranks, average, check_shares, part_of, step_seed
from examples.encoders import make_encoder
from examples.long_tail import long_tail
from examples.monitor import NeighbourMonitor
from examples.run import (
    InputError,
    RunFolder,
    Stopped,
    StopRequest,
    autocast,
    load_checkpoint,
    open_board,
    open_store,
    plain,
    save_checkpoint,
)
from examples.schedules import target_momentum, warmup_cosine
from examples.sync_batchnorm import synchronize
from examples.views import make_pipelines
from skeleton_data import ViewBatch, ViewLoader

if TYPE_CHECKING:
    from pathlib import Path

    from examples.pretrain import PretrainConfig

KIND = "pretraining state"
FREE = (
    "store", "out", "lr", "device", "precision", "resume", "checkpoint_steps", "checkpoint_minutes", "log_steps",
    "tensorboard", "monitor_every", "monitor_k",
)  # fmt: skip
"""Settings that may change when a run goes on; the store's content may not."""
TERMS = ("regression loss", "covariance penalty", "variance penalty", "length of the gradient")


def make_optimizer(config: PretrainConfig, model: BYOL) -> torch.optim.Optimizer:
    """SGD or AdamW on everything that has gradients."""
    moving = [p for p in model.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [{"params": moving}]
    if config.decay == "weights":
        # Biases, and scales of batch norms, are those with one axis.
        groups = [
            {"params": [p for p in moving if p.ndim > 1]},
            {"params": [p for p in moving if p.ndim <= 1], "weight_decay": 0.0},
        ]
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, config.lr, weight_decay=config.weight_decay)
    return torch.optim.SGD(groups, config.lr, momentum=0.9, weight_decay=config.weight_decay)


class Pretraining:
    """One run: all that it needs, and where it is.

    Attributes
    ----------
    step : int
        Steps done; with the length of an epoch it says which batch is next.
    loss_sum : float
        Of the steps done in the epoch under way.
    """

    def __init__(self, config: PretrainConfig, ranks: Ranks, stop: StopRequest) -> None:
        check_shares(config.batch_size, ranks.size, config.accumulate)
        self.config, self.ranks, self.stop = config, ranks, stop
        self.store, train, _ = open_store(config.store, config.split)
        if (config.imbalance, config.keep) != (1, 1):
            train = long_tail(self.store, train, config.imbalance, config.keep, config.seed)
        pipelines = make_pipelines(config.encoder, self.store.skeleton, config.without)
        views = {
            "asymmetric": [pipelines.aggressive, pipelines.conservative],
            "aggressive": [pipelines.aggressive] * 2,
            "conservative": [pipelines.conservative] * 2,
        }[config.pairs]
        try:
            self.loader = ViewLoader(
                self.store, train, views, batch_size=config.batch_size // ranks.size, multi_view=config.multi_view,
                seed=config.seed, rank=ranks.rank, world_size=ranks.size,
            )  # fmt: skip
        except ValueError as error:
            raise InputError(str(error)) from None
        self.total = config.epochs * len(self.loader)
        self.monitor = None
        if config.monitor_every:
            self.monitor = NeighbourMonitor(
                self.store, train, pipelines.evaluation, ranks.device, config.precision, config.monitor_k
            )
        self.belongs_to = {**{k: v for k, v in plain(config).items() if k not in FREE}, "data": self.store.digest}
        self.checkpoint = config.out / "checkpoint.pt"
        # A run that torchrun starts again has the command line of the first start.
        resume = config.resume or ranks.restarts > 0
        state = ranks.on_first(
            lambda: read_state(self.checkpoint, self.belongs_to) if resume and self.checkpoint.exists() else None
        )
        self.folder = ranks.on_first(lambda: RunFolder(config.out, config, resume))

        torch.manual_seed(config.seed)
        encoder = make_encoder(config.encoder, self.store.skeleton)
        model = BYOL(encoder, config.hidden, config.projection, config.target_norm, config.projection_norm)
        self.model = model.to(ranks.device)
        if config.target_norm == "sync":
            synchronize(self.model, ranks.device)
        self.optimizer = make_optimizer(config, self.model)
        self.step, self.loss_sum, self.warned = 0, 0.0, False
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.loss_sum = state["step"], state["loss_sum"]
        if resume and ranks.first:
            self.folder.forget_after(self.step // len(self.loader))
            self.folder.forget_after(self.step, "step", "steps.jsonl")
        self.network = ranks.wrap(self.model)
        self.board = open_board(config.out, self.step, ranks.first) if config.tensorboard else None
        self.saved, self.saved_step, self.stopping = time.monotonic(), self.step if state else None, False

    def train(self) -> None:
        """Go through the epochs from wherever the run is."""
        silent = {} if self.ranks.first else {"disable": True}
        with tqdm(total=self.total, initial=self.step, desc="pretrain", unit="step", **silent) as bar:
            while self.step < self.total:
                epoch, done = divmod(self.step, len(self.loader))
                self.model.train()
                began, waited = time.monotonic(), self.loader.waited
                for batch in self.loader.epoch(epoch, done):
                    projections = self.one_step(batch, bar)
                pairs, seconds = (len(self.loader) - done) * self.config.batch_size, time.monotonic() - began
                speed = {"pairs_per_second": pairs / seconds, "waiting": (self.loader.waited - waited) / seconds}
                self.end_epoch(epoch + 1, projections, speed, bar)

    def one_step(self, batch: ViewBatch, bar: tqdm) -> Tensor:
        """One optimiser step; returns this rank's projections of its last part's first views."""
        config = self.config
        lr = warmup_cosine(self.step, self.total, config.lr, config.warmup_epochs * len(self.loader), start=1e-6)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.zero_grad(set_to_none=True)
        terms, projections = self.add_gradients(batch)
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        asks = terms.new_tensor([self.stop.asked, self.ranks.first and self.is_time_to_save()])
        *means, stop, due = average([*terms, torch.nn.utils.get_total_norm(gradients), *asks], self.ranks)
        if not all(map(math.isfinite, means)):
            raise InputError(self.diagnose(batch, means, lr))
        self.optimizer.step()
        self.model.update_target(target_momentum(self.step, self.total, config.momentum), config.norm_momentum)
        self.step += 1
        self.loss_sum += means[0]
        self.stopping = self.stopping or stop > 0
        if self.ranks.first:
            self.tell_step(means, lr, bar)
        # The end of an epoch saves in any case, after its line is in the log.
        if (self.stopping or due) and self.step % len(self.loader):
            self.save()
        return projections

    def add_gradients(self, batch: ViewBatch) -> tuple[Tensor, Tensor]:
        """Add up the gradients of this rank's batch, part by part; returns the mean of each term of the loss."""
        config, parts = self.config, self.config.accumulate
        sums = torch.zeros(3, device=self.ranks.device)
        for part in range(parts):
            torch.manual_seed(step_seed(config.seed, self.step, self.ranks.rank, part))
            views = [torch.from_numpy(part_of(view, part, parts)) for view in batch.views]
            one, other = (view.to(self.ranks.device, non_blocking=True) for view in views)
            # Ranks exchange gradients once, with the last part.
            waits = part < parts - 1 and self.network is not self.model
            with cast(Any, self.network).no_sync() if waits else nullcontext():
                with autocast(self.ranks.device, config.precision):
                    loss, projections = self.network(one, other)
                terms = [loss, *(loss.new_zeros(()) for _ in range(2))]
                if config.covariance:
                    terms[1] = sum(map(covariance_penalty, projections))
                if config.variance:
                    terms[2] = sum(map(variance_penalty, projections))
                ((loss + config.covariance * terms[1] + config.variance * terms[2]) / parts).backward()
            sums += torch.stack(terms).detach() / parts
        return sums, projections[0].detach()

    def is_time_to_save(self) -> bool:
        """Whether the step that is under way ends with a checkpoint."""
        every, minutes = self.config.checkpoint_steps, self.config.checkpoint_minutes
        by_clock = minutes > 0 and time.monotonic() - self.saved > 60 * minutes
        return by_clock or (every > 0 and (self.step + 1) % every == 0)

    def diagnose(self, batch: ViewBatch, means: list[float], lr: float) -> str:
        """Say what is no finite number any more, since when, and what to do."""
        term, value = next((t, v) for t, v in zip(TERMS, means, strict=True) if not math.isfinite(v))
        broken = [name for name, p in self.model.named_parameters() if not p.isfinite().all()]
        cause = "views and weights are finite, so it overflowed on the way"
        if not all(np.isfinite(view).all() for view in batch.views):
            cause = "the views hold numbers that are not finite"
        elif broken:
            cause = f"so are weights ({', '.join(broken[:3])}{', ...' if broken[3:] else ''})"
        last = "There is no checkpoint yet"
        if self.saved_step is not None:
            last = f"The last good checkpoint is {self.checkpoint}, after step {self.saved_step}"
        epoch = self.step // len(self.loader) + 1
        return (
            f"The {term} became {value} in step {self.step + 1} (epoch {epoch}, lr {lr:.3g}); {cause}. {last}. "
            "Lower --lr, then --resume."
        )

    def tell_step(self, means: list[float], lr: float, bar: tqdm) -> None:
        """Show a step on the bar and, if asked to, log it."""
        rate = bar.format_dict["rate"]
        speed = {"pairs/s": f"{rate * self.config.batch_size:.0f}"} if rate else {}
        epoch = (self.step - 1) // len(self.loader) + 1
        bar.set_postfix(epoch=epoch, loss=f"{means[0]:.3f}", **speed, refresh=False)
        bar.update()
        if self.config.log_steps and self.step % self.config.log_steps == 0:
            named = dict(zip((term.replace(" ", "_") for term in TERMS), means, strict=True))
            self.folder.append("steps.jsonl", {"step": self.step, **named, "lr": lr})

    def end_epoch(self, epoch: int, projections: Tensor, speed: dict[str, float], bar: tqdm) -> None:
        """Look for signs of collapse, log, save."""
        last, config = projections.float().cpu(), self.config
        seen: dict[str, Any] = {
            "loss": self.loss_sum / len(self.loader),
            "rank": effective_rank(last),
            "deviation": mean_deviation(last),
            "lr": self.optimizer.param_groups[0]["lr"],
        }
        self.ranks.average_buffers(self.model)
        if self.monitor and self.ranks.first and epoch % config.monitor_every == 0:
            seen["knn"] = self.monitor(self.model.encoder)
        if epoch > config.warmup_epochs and (warning := collapse_warning(seen["rank"], seen["deviation"], *last.shape)):
            seen["warning"] = warning
        if self.ranks.first:
            # Once for every collapse: the log has it for each epoch.
            if "warning" in seen and not self.warned:
                bar.write(f"warning: epoch {epoch}: {warning}", file=sys.stderr)
            self.folder.log(epoch=epoch, epochs=config.epochs, **seen, **{k: round(v, 4) for k, v in speed.items()})
        if self.board:
            for name in seen.keys() - {"warning"}:
                self.board.add_scalar(name, seen[name], self.step)
            self.board.flush()
        self.warned, self.loss_sum = "warning" in seen, 0.0
        self.save()

    def save(self) -> None:
        """Save all that a run needs to go on; then end it, if it was asked to stop."""
        self.ranks.average_buffers(self.model)
        if self.ranks.first:
            weights = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
            place = {"epoch": self.step // len(self.loader), "step": self.step, "loss_sum": self.loss_sum}
            save_checkpoint(self.checkpoint, KIND, {**place, "belongs_to": self.belongs_to, **weights})
        self.saved, self.saved_step = time.monotonic(), self.step
        if self.stopping and self.step < self.total:
            raise Stopped(f"step {self.step} of {self.total} is saved in {self.checkpoint}; go on with --resume.")


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
