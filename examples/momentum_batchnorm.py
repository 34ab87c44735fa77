"""Momentum batch norm (paper, Eq. 4): the target normalises with a moving average of the online network's statistics.

No target statistics come from the target's own batch, so nothing leaks between the samples of a batch and no
synchronisation between machines is needed.
"""

from __future__ import annotations

import torch
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
        self.passes: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in self.names.values()}
        self._before: dict[nn.Module, tuple[Tensor, Tensor]] = {}
        for module in self.names:
            module.register_forward_pre_hook(self._remember)
            module.register_forward_hook(self._record)

    def _remember(self, module: nn.Module, inputs: tuple[Tensor]) -> None:
        if module.training:
            self._before[module] = module.running_mean.clone(), module.running_var.clone()

    def _record(self, module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        """Solve ``running = (1 - m) * before + m * batch`` for the batch; another pass over the data costs far more."""
        if module.training:
            kept, share = 1 - module.momentum, module.momentum
            mean, var = (
                (running - kept * before) / share
                for running, before in zip(
                    (module.running_mean, module.running_var), self._before.pop(module), strict=True
                )
            )
            n = inputs[0].numel() // inputs[0].shape[1]
            self.passes[self.names[module]].append((mean, var * ((n - 1) / n)))

    def pooled(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and (biased) variance over all passes since the last call, as if they had been one batch."""
        result = {}
        for name, seen in self.passes.items():
            if seen:
                means, variances = (torch.stack(values) for values in zip(*seen, strict=True))
                result[name] = (means.mean(0), variances.mean(0) + means.var(0, correction=0))
                seen.clear()
        return result


@torch.no_grad()
def update_statistics(target: nn.Module, statistics: dict[str, tuple[Tensor, Tensor]], momentum: float) -> None:
    """``mean <- momentum * mean + (1 - momentum) * batch mean``, and the same for the variance, in every batch norm."""
    for name, (mean, var) in statistics.items():
        layer = target.get_submodule(name)
        layer.running_mean.lerp_(mean, 1 - momentum)
        layer.running_var.lerp_(var, 1 - momentum)
