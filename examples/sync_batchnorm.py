"""Batch norm whose statistics are those of all ranks' batches together, on any device.

PyTorch's own, ``torch.nn.SyncBatchNorm``, needs a GPU; there it is used.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SumOverRanks(torch.autograd.Function):
    """Sum over the ranks, forward and backward."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        total = x.clone()
        if dist.is_initialized():
            dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        if dist.is_initialized():
            dist.all_reduce(total)
        return total


class SyncBatchNorm(_BatchNorm):
    """As ``nn.BatchNorm1d`` and ``2d``, with mean and variance over all ranks; channels on axis 1."""

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def _check_input_dim(self, x: Tensor) -> None:
        if x.ndim < 2:
            raise ValueError(f"SyncBatchNorm takes (N, C, ...), got {tuple(x.shape)}.")

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C, ...)."""
        self._check_input_dim(x)
        if not self.training:
            return super().forward(x)
        wide = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
        axes = [axis for axis in range(x.ndim) if axis != 1]
        shape = [1, -1, *[1] * (x.ndim - 2)]
        count = wide.new_tensor([x.numel() / x.shape[1]])
        # The mean first, then squares of what is left of it: sums of plain squares would lose digits.
        totals = SumOverRanks.apply(torch.cat([wide.sum(axes), count]))
        n = totals[-1].detach()
        mean = totals[:-1] / n
        centred = wide - mean.view(shape)
        var = SumOverRanks.apply(centred.square().sum(axes)) / n
        self._follow(mean.detach(), var.detach() * n / (n - 1))
        y = centred * torch.rsqrt(var + self.eps).view(shape)
        if self.affine:
            y = y * self.weight.view(shape) + self.bias.view(shape)
        return y.to(x.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, var: Tensor) -> None:
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(var, self.momentum)


def synchronize(module: nn.Module, device: torch.device) -> nn.Module:
    """Replace every batch norm inside ``module``; weights, statistics and their names stay."""
    if device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(module)
    for name, child in module.named_children():
        if isinstance(child, _BatchNorm):
            norm = SyncBatchNorm(child.num_features, child.eps, child.momentum, child.affine)
            # The same tensors, not copies: a target's need no gradients.
            norm._parameters, norm._buffers = child._parameters, child._buffers
            setattr(module, name, norm.train(child.training))
        else:
            synchronize(child, device)
    return module
