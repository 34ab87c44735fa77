"""Frozen features, and the two ways to read them out: nearest neighbours and a linear classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from examples.encoders import Encoder
from examples.run import Precision, autocast
from examples.schedules import step_decay
from skeleton_aug import Pipeline
from skeleton_data import Store, ViewLoader


@torch.no_grad()
def extract_features(
    encoder: Encoder,
    store: Store,
    indices: np.ndarray,
    pipeline: Pipeline,
    device: torch.device,
    *,
    epoch: int = 0,
    seed: int = 0,
    batch_size: int = 256,
    precision: Precision = "auto",
    label: str = "features",
    by_joint: bool = False,
) -> Tensor:
    """Features of one view of each sample, (n, D) float32 on the CPU, in the order of ``indices``.

    ``by_joint`` keeps the encoder's last map apart by joint, where the paper's features are its mean over joints too.
    """
    loader = ViewLoader(store, indices, [pipeline], batch_size=batch_size, seed=seed, shuffle=False, drop_last=False)
    encoder.to(device).eval()
    parts = []
    # disable=None: bars that vanish when done would only litter a file.
    for batch in tqdm(loader.epoch(epoch), total=len(loader), desc=label, unit="batch", leave=False, disable=None):
        with autocast(device, precision):
            parts.append(encoder(torch.from_numpy(batch.views[0]).to(device), by_joint).float().cpu())
    return torch.cat(parts)


def standardize(train: Tensor, *others: Tensor) -> list[Tensor]:
    """Subtract the training features' mean and divide by their standard deviation, for each dimension."""
    mean, scale = train.mean(0), train.std(0) + 1e-6
    return [(features - mean) / scale for features in (train, *others)]


def nearest_neighbours(train: Tensor, labels: Tensor, test: Tensor, k: int = 1) -> Tensor:
    """Predicted labels (n,): majority of the k training features with the highest cosine similarity.

    Ties go to the class with the larger sum of similarities.
    """
    train, test = F.normalize(train, dim=1), F.normalize(test, dim=1)
    # A piece at a time: all similarities of NTU RGB+D 120 would take 13 GB.
    found = [(piece @ train.T).topk(min(k, len(train)), dim=1) for piece in test.split(1024)]
    similarity, nearest = (torch.cat(parts) for parts in zip(*found, strict=True))
    votes = torch.zeros(len(test), int(labels.max()) + 1, dtype=torch.float64)
    # One vote each; similarities only break ties.
    votes.scatter_add_(1, labels[nearest], 1.0 + 1e-4 * similarity.double())
    return votes.argmax(1)


@dataclass(frozen=True)
class LinearSettings:
    """How the linear classifier is trained: SGD with momentum 0.9.

    Parameters
    ----------
    epochs : int
        Passes over the training features.
    lr : float
        Learning rate, times 0.1 at each milestone.
    milestones : tuple of int
        Epochs at which the rate drops.
    batch_size : int
        Samples per step.
    weight_decay : float
        On weights and bias.
    """

    epochs: int = 100
    lr: float = 30.0
    milestones: tuple[int, ...] = (60, 80)
    batch_size: int = 256
    weight_decay: float = 0.0


class FeatureDraws(Sequence[Tensor]):
    """Features under different augmentations, extracted when they are asked for.

    Parameters
    ----------
    extract : callable
        Number of the draw -> (n, D) features.
    n_draws : int
        How many there are.
    keep : bool
        Hold all of them for use again; otherwise only the last one (a hundred draws of NTU-60 take 4 GB).
    """

    def __init__(self, extract: Callable[[int], Tensor], n_draws: int, keep: bool) -> None:
        self.extract, self.n_draws, self.keep = extract, n_draws, keep
        self.held: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return self.n_draws

    def __getitem__(self, draw: int) -> Tensor:  # type: ignore[override]  # no slices
        if not 0 <= draw < self.n_draws:
            raise IndexError(f"There are {self.n_draws} draws, numbered from 0; got {draw}.")
        if draw not in self.held:
            features = self.extract(draw)
            if not self.keep:
                self.held.clear()
            self.held[draw] = features
        return self.held[draw]


def train_linear(draws: Sequence[Tensor], labels: Tensor, settings: LinearSettings, seed: int = 0) -> torch.nn.Linear:
    """Train a linear classifier on frozen features.

    Parameters
    ----------
    draws : sequence of (n, D) tensors
        Features of the training samples under different augmentations; epoch e uses number e mod len(draws).
    labels : (n,) int64 tensor
    settings : LinearSettings
    seed : int
        Of the order of the samples; the classifier starts at zero.
    """
    head = torch.nn.Linear(draws[0].shape[1], int(labels.max()) + 1)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    optimizer = torch.optim.SGD(head.parameters(), settings.lr, momentum=0.9, weight_decay=settings.weight_decay)
    order = torch.Generator().manual_seed(seed)
    for epoch in range(settings.epochs):
        optimizer.param_groups[0]["lr"] = step_decay(epoch, settings.lr, settings.milestones)
        features = draws[epoch % len(draws)]
        for chosen in torch.randperm(len(labels), generator=order).split(settings.batch_size):
            loss = F.cross_entropy(head(features[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return head


def accuracy(predicted: Tensor, labels: Tensor) -> float:
    """Share of correct predictions, in percent."""
    return 100.0 * (predicted == labels).double().mean().item()
