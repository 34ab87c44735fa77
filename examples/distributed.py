"""Several processes at one training run, started by torchrun; or this process alone.

    torchrun --standalone --nproc-per-node 4 -m examples.pretrain paper --store ntu60.h5 --out runs/ntu60

Every rank makes its own share of each global batch and works on it. The order of an epoch, and every view in it, is the
same for any number of ranks. Only the first rank writes.
"""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from examples.run import InputError, RankLost, pick_device
from skeleton_data import SkeletonDataError

T = TypeVar("T")
PATIENCE = timedelta(minutes=30)
"""How long a rank waits for the others; the first may be busy with the k-NN monitor."""


@dataclass(frozen=True)
class Ranks:
    """The place of this process among those of the run.

    Attributes
    ----------
    rank, size : int
        Number of this process, of so many.
    restarts : int
        How often torchrun has started the run again after a rank died.
    device : torch.device
        Where this process computes.
    """

    rank: int = 0
    size: int = 1
    restarts: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def first(self) -> bool:
        """Whether this process writes files and draws the progress bar."""
        return self.rank == 0

    def total(self, values: Tensor) -> Tensor:
        """Sum of ``values`` over the ranks, on every rank."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def on_first(self, action: Callable[[], T]) -> T:
        """Let the first rank act, and give its result, or the error of its bad input, to all."""
        outcome: list[object] = [None, None]
        if self.first:
            try:
                outcome[0] = action()
            except (InputError, SkeletonDataError) as error:
                outcome[1] = str(error)
        if self.size > 1:
            dist.broadcast_object_list(outcome)
        if outcome[1] is not None:
            raise InputError(str(outcome[1])) from None
        return outcome[0]  # type: ignore[return-value]

    def wrap(self, model: nn.Module) -> nn.Module:
        """Let gradients be averaged over the ranks, and begin with the first rank's weights.

        Buffers are left alone: batch norm statistics are either the rank's own, or pooled on purpose.
        """
        if self.size == 1:
            return model
        # Kernels of one point have no memory order of their own, which costs nothing worth a warning.
        warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
        wrapper: Any = nn.parallel.DistributedDataParallel
        newer = "forward_sync_buffers" in inspect.signature(wrapper).parameters
        silent = {"forward_sync_buffers" if newer else "broadcast_buffers": False}
        return wrapper(model, device_ids=[self.device.index] if self.device.type == "cuda" else None, **silent)

    @torch.no_grad()
    def average_buffers(self, model: nn.Module) -> None:
        """Give all ranks the mean of their running statistics; what it does commutes with further updates."""
        if self.size > 1:
            buffers = [buffer for buffer in model.buffers() if buffer.is_floating_point()]
            flat = self.total(torch.cat([buffer.flatten().double() for buffer in buffers])) / self.size
            for buffer, mean in zip(buffers, flat.split([b.numel() for b in buffers]), strict=True):
                buffer.copy_(mean.view_as(buffer))


@contextmanager
def join_ranks(device: str) -> Iterator[Ranks]:
    """Join the other processes that torchrun started, if any; leave them at the end.

    Raises
    ------
    RankLost
        When another process is gone.
    """
    size, rank, local = (int(os.environ.get(k, d)) for k, d in (("WORLD_SIZE", 1), ("RANK", 0), ("LOCAL_RANK", 0)))
    if size == 1:
        yield Ranks(device=pick_device(device))
        return
    chosen = pick_device(f"cuda:{local}" if device in ("auto", "cuda") and torch.cuda.is_available() else device)
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    restarts = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))
    # torchrun may hand on the store of the start before, with addresses where nobody answers any more.
    # PyTorch names both in its documentation, if not in its list of what it exports.
    first_store, *_ = next(dist.rendezvous("env://", rank, size, timeout=PATIENCE))  # type: ignore[attr-defined]
    store = dist.PrefixStore(f"start {restarts}", first_store)  # type: ignore[attr-defined]
    backend = "nccl" if chosen.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    try:
        yield Ranks(rank, size, restarts, chosen)
    except RuntimeError as error:
        if not is_loss_of_a_rank(error):
            raise
        raise RankLost(
            f"rank {rank} of {size}: another process of this run is gone ({str(error).splitlines()[0]}). The last "
            "checkpoint is whole: run again with --resume, or let torchrun do so with --max-restarts."
        ) from None
    finally:
        dist.destroy_process_group()


def is_loss_of_a_rank(error: RuntimeError) -> bool:
    """Whether an error comes from talking to other ranks; Gloo raises a bare RuntimeError."""
    words = ("gloo", "nccl", "peer", "connection", "timed out")
    return isinstance(error, dist.DistError) or any(word in str(error).lower() for word in words)


def check_shares(batch_size: int, ranks: int, accumulate: int) -> None:
    """Refuse a batch that cannot be cut into equal pieces of at least two, which batch norm needs."""
    pieces = ranks * accumulate
    if accumulate < 1 or batch_size % pieces or batch_size // pieces < 2:
        raise InputError(
            f"--batch-size {batch_size} cannot be shared by {ranks} rank(s) in --accumulate {accumulate} part(s): it "
            "must be a multiple of their product, with at least 2 pairs for each part, which batch norm needs."
        )


def part_of(batch: np.ndarray, part: int, parts: int) -> np.ndarray:
    """Rows of one of ``parts`` equal parts of a rank's batch: two parts on one rank are the batches of two ranks."""
    n = len(batch) // parts
    return batch[part * n : (part + 1) * n]


def step_seed(seed: int, step: int, rank: int, part: int) -> int:
    """Seed of what a network draws (dropout) in one pass: a function of its place, so that a resumed run repeats it."""
    return int(np.random.SeedSequence([seed, step, rank, part]).generate_state(1, np.uint64)[0])


def average(values: Sequence[Tensor], ranks: Ranks) -> list[float]:
    """Mean of each value over the ranks, as Python floats, with one message and one wait for the device."""
    return (ranks.total(torch.stack([value.detach().double() for value in values])) / ranks.size).tolist()
