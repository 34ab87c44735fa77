"""Momentum batch norm (paper, Eq. 4): the target normalises with a moving average of the online network's statistics.

No target statistics come from the target's own batch, so nothing leaks between the samples of a batch, and no layer
has to wait for other machines: with several ranks the online network normalises each share of the batch by itself, and
the statistics of all shares are pooled in one small message at the end of the step, which keeps the targets alike.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class StatisticsRecorder:
    """Collects the batch statistics that an online network's batch norms use, over the passes of one step.

    Parameters
    ----------
    online : Module
        Its batch norms are watched whenever it runs in training mode.
    """

    def __init__(self, online: nn.Module) -> None:
        self.names = {m: name for name, m in online.named_modules() if isinstance(m, _BatchNorm)}
        self.passes: dict[str, list[tuple[int, Tensor, Tensor]]] = {name: [] for name in self.names.values()}
        self._before: dict[_BatchNorm, tuple[Tensor, Tensor, float]] = {}
        for module in self.names:
            module.register_forward_pre_hook(self._remember)
            module.register_forward_hook(self._record)

    def _remember(self, module: _BatchNorm, inputs: tuple[Tensor]) -> None:
        """Lend the layer fresh running statistics with momentum 1: they become the batch's own, at no extra pass.

        Solving ``running = (1 - m) * before + m * batch`` for the batch would do without, but loses digits: where the
        batch's variance is far below the running one, the solution may even be negative. And the layer's own buffers
        must not change in place after a pass, since its backward pass looks at them.
        """
        if module.training:
            mean, var = running_statistics(module)
            self._before[module] = mean, var, module.momentum or 0.0
            module.running_mean, module.running_var = torch.zeros_like(mean), torch.zeros_like(var)
            module.momentum = 1.0

    def _record(self, module: _BatchNorm, inputs: tuple[Tensor], output: Tensor) -> None:
        if module.training:
            mean, var = running_statistics(module)
            own_mean, own_var, momentum = self._before.pop(module)
            module.running_mean, module.running_var, module.momentum = own_mean, own_var, momentum
            own_mean.lerp_(mean, momentum)
            own_var.lerp_(var, momentum)
            n = inputs[0].numel() // inputs[0].shape[1]
            self.passes[self.names[module]].append((n, mean, var * ((n - 1) / n)))

    def pooled(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and (biased) variance over all passes of all ranks since the last call, as if they were one batch.

        Passes count by the values that they saw, which differ where one view shows more bodies than the other.
        """
        result: dict[str, tuple[Tensor, Tensor]] = {}
        counts = {}
        for name, seen in self.passes.items():
            if seen:
                total = sum(n for n, _, _ in seen)
                mean = torch.stack([mean * (n / total) for n, mean, _ in seen]).sum(0)
                parts = [(var + (own - mean).square()) * (n / total) for n, own, var in seen]
                result[name] = mean, torch.stack(parts).sum(0)
                counts[name] = total
                seen.clear()
        several = dist.is_initialized() and dist.get_world_size() > 1
        return pool_over_ranks(result, counts) if several and result else result


def pool_over_ranks(
    statistics: dict[str, tuple[Tensor, Tensor]], counts: dict[str, int]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and variance of what all ranks saw together, in one message; double precision bears the plain squares."""
    pieces = []
    for name, (mean, var) in statistics.items():
        weight = mean.new_full((1,), counts[name], dtype=torch.float64)
        pieces.append(torch.stack([mean.double(), var.double() + mean.double().square()]).flatten() * weight)
        pieces.append(weight)
    flat = torch.cat(pieces)
    dist.all_reduce(flat)
    sums = iter(flat.split([len(piece) for piece in pieces]))
    result = {}
    for name, (mean, _) in statistics.items():
        total_mean, total_square = (next(sums) / next(sums)).view(2, -1)
        result[name] = total_mean.to(mean.dtype), (total_square - total_mean.square()).to(mean.dtype)
    return result


@torch.no_grad()
def update_statistics(target: nn.Module, statistics: dict[str, tuple[Tensor, Tensor]], momentum: float) -> None:
    """``mean <- momentum * mean + (1 - momentum) * batch mean``, and the same for the variance, in every batch norm."""
    for name, (mean, var) in statistics.items():
        running_mean, running_var = running_statistics(target.get_submodule(name))
        running_mean.lerp_(mean, 1 - momentum)
        running_var.lerp_(var, 1 - momentum)


def running_statistics(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Mean and variance that a batch norm keeps."""
    mean, var = layer.running_mean, layer.running_var
    if not isinstance(mean, Tensor) or not isinstance(var, Tensor):
        raise ValueError(f"Momentum batch norm needs layers that keep running statistics, got {layer}.")
    return mean, var
