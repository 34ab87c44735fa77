"""BYOL for skeletons (paper, section 3.1).

An online network learns to predict what a slowly moving target network makes of another view of the same action.
"""

from __future__ import annotations

import copy
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from examples.momentum_batchnorm import StatisticsRecorder, update_statistics
from examples.stgcn import STGCN

TargetNorm = Literal["momentum", "sync", "batch"]


def mlp(c_in: int, hidden: int, c_out: int, output_norm: bool = False) -> nn.Sequential:
    """Projector and predictor: linear, batch norm, ReLU, linear; ``output_norm`` adds a batch norm without affine."""
    layers = [nn.Linear(c_in, hidden), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, c_out)]
    return nn.Sequential(*layers, *([nn.BatchNorm1d(c_out, affine=False)] if output_norm else []))


def regression_loss(prediction: Tensor, projection: Tensor) -> Tensor:
    """Squared distance of the normalised vectors, mean over the batch (Eq. 1); lies in [0, 4]."""
    return (2 - 2 * F.cosine_similarity(prediction.float(), projection.float(), dim=-1)).mean()


def covariance_penalty(projections: Tensor) -> Tensor:
    """Mean squared correlation between different dimensions of ``projections`` (N, D), times D.

    The off-diagonal term of Barlow Twins (Zbontar et al., 2021) and, on standardised inputs, of VICReg (Bardes et
    al., 2022). Not in the paper: at small scale it keeps the representation from collapsing to a few dimensions.
    """
    z = projections.float()
    z = (z - z.mean(0)) / (z.std(0, correction=0) + 1e-4)
    correlation = z.T @ z / len(z)
    return (correlation.square().sum() - correlation.diagonal().square().sum()) / z.shape[1]


def variance_penalty(projections: Tensor) -> Tensor:
    """Mean over dimensions of how far the standard deviation of ``projections`` (N, D) falls short of 1.

    The variance term of VICReg (Bardes et al., 2022, Eq. 1). Not in the paper. The regression loss does not see the
    length of a projection, so this only keeps dimensions from dying; without output norm it also sets the scale.
    """
    deviation = (projections.float().var(0) + 1e-4).sqrt()
    return torch.relu(1 - deviation).mean()


class BYOL(nn.Module):
    """Online and target network.

    Parameters
    ----------
    encoder : STGCN
        Or another module from ``(N, C, T, V, M)`` to ``(N, n_features)`` with an attribute ``n_features``.
    hidden, projection : int
        Sizes of the projector's and the predictor's layers (4096 and 256 at the paper's scale).
    target_norm : {"momentum", "sync", "batch"}
        Batch norm of the target: Eq. 4, or the statistics of its own batch, which "sync" takes over all ranks, for
        the online network too (see :func:`examples.sync_batchnorm.synchronize`, which does it).
    projection_norm : bool
        Batch norm (without affine) on the projector's output.
    """

    updates: Tensor

    def __init__(
        self,
        encoder: STGCN,
        hidden: int = 4096,
        projection: int = 256,
        target_norm: TargetNorm = "momentum",
        projection_norm: bool = False,
    ) -> None:
        super().__init__()
        self.online = nn.ModuleDict(
            {"encoder": encoder, "projector": mlp(encoder.n_features, hidden, projection, projection_norm)}
        )
        self.predictor = mlp(projection, hidden, projection)
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.target_norm = target_norm
        self.recorder = StatisticsRecorder(self.online) if target_norm == "momentum" else None
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    @property
    def encoder(self) -> STGCN:
        """The online encoder: what pre-training is for."""
        return cast(STGCN, self.online["encoder"])

    def train(self, mode: bool = True) -> BYOL:
        """The momentum target always normalises with its running statistics."""
        super().train(mode)
        if self.target_norm == "momentum":
            self.target.eval()
        return self

    @staticmethod
    def project(network: nn.ModuleDict, view: Tensor) -> Tensor:
        """Encoder, then projector: (N, C, T, V, M) -> (N, projection)."""
        return network["projector"](network["encoder"](view))

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Loss over both directions (Eq. 2), and the online projections of both views, shape (2, N, projection)."""
        online = [self.project(self.online, view) for view in (first, second)]
        with torch.no_grad():
            target = [self.project(self.target, view) for view in (first, second)]
        loss = regression_loss(self.predictor(online[0]), target[1]) + regression_loss(
            self.predictor(online[1]), target[0]
        )
        return loss, torch.stack(online)

    @torch.no_grad()
    def update_target(self, momentum: float, norm_momentum: float | None = None) -> None:
        """Move the target (Eq. 3) and its batch norm statistics (Eq. 4), after each optimiser step.

        Parameters
        ----------
        momentum : float
            Share of the old weights that stays.
        norm_momentum : float, optional
            The same for the statistics; tied to ``momentum`` by default (as in EMAN, Cai et al., 2021). The first
            update copies the online statistics, so that the initial 0 and 1 serve in the first step only.
        """
        for ours, theirs in zip(self.target.parameters(), self.online.parameters(), strict=True):
            ours.lerp_(theirs.detach(), 1 - momentum)
        if self.recorder is not None:
            alpha = momentum if norm_momentum is None else norm_momentum
            update_statistics(self.target, self.recorder.pooled(), alpha if self.updates > 0 else 0.0)
        self.updates += 1
