"""The graph convolution of ST-GCN, and a form of it that keeps a processor's caches warm."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FRAMES_TIMES_CHANNELS, FEWEST_FRAMES = 4096, 32
"""Frames that go through both steps together: their sums over neighbours, about 1 MB, stay in the nearer caches."""


class GraphConvolution(nn.Module):
    """Sum over neighbours by group, then mix channels: ``y = sum_k W_k (x A_k) + b_k A_k``.

    The published code mixes first, to three times as many channels as come out, and sums then; parameters have its
    shapes, and the numbers are the same.
    """

    def __init__(self, c_in: int, c_out: int, n_groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out * n_groups, 1)
        self.n_groups = n_groups

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """x (N, C, T, V), graph (K, V, V) -> (N, C', T, V), both with channels last in memory."""
        n, c, t, v = x.shape
        k = self.n_groups
        # Channels last throughout: every step below is a matrix product on memory as it lies.
        joints = x.permute(0, 2, 3, 1).reshape(n * t, v, c)
        sums = graph.permute(2, 0, 1).reshape(v * k, v)
        weight = self.conv.weight.view(k, -1, c).permute(1, 0, 2).reshape(-1, k * c)
        bias = graph.sum(1).T @ self.conv.bias.view(k, -1)
        if x.device.type == "cpu" and not torch.compiler.is_compiling():
            if torch.is_autocast_enabled("cpu"):
                low = torch.get_autocast_dtype("cpu")
                joints, sums, weight, bias = (value.to(low) for value in (joints, sums, weight, bias))
            y = FrameByFrame.apply(joints, sums, weight, bias)
        else:
            y = F.linear((sums @ joints).view(n * t * v, k * c), weight).view(n * t, v, -1) + bias
        return y.view(n, t, v, -1).permute(0, 3, 1, 2)


class FrameByFrame(torch.autograd.Function):
    """Both steps on a few frames at a time, forward and backward.

    The sums over neighbours are three times as large as the input. Written out for a whole batch they cost more time
    to store and load than to compute; here they are used at once, and computed again on the way back. Channels are
    mixed by oneDNN's convolution, which is twice as fast as a matrix product of MKL on processors of other makers.
    """

    @staticmethod
    def forward(context: Any, x: Tensor, graph: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """x (B, V, C), graph (V K, V), weight (C', K C), bias (V, C') -> (B, V, C')."""
        context.save_for_backward(x, graph, weight)
        y = x.new_empty(*x.shape[:2], len(weight))
        summed, graphs = buffers(x, graph)
        for first in range(0, len(x), len(summed)):
            part = x[first : first + len(summed)]
            torch.bmm(graphs[: len(part)], part, out=summed[: len(part)])
            mixed = F.conv2d(as_image(summed[: len(part)], x.shape[1]), weight[..., None, None])
            torch.add(mixed.permute(0, 2, 3, 1).flatten(1, 2), bias, out=y[first : first + len(part)])
        return y

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x, graph, weight = context.saved_tensors
        gradient = gradient.contiguous()
        v, wide = x.shape[1], torch.promote_types(x.dtype, torch.float32)
        of_x = torch.empty_like(x)
        of_graph, of_weight = (torch.zeros_like(p, dtype=wide) for p in (graph, weight))
        of_bias = torch.zeros(v, len(weight), dtype=wide)
        summed, graphs = buffers(x, graph)
        back = graph.T.contiguous().expand(len(graphs), -1, -1).contiguous()
        for first in range(0, len(x), len(summed)):
            part, below = (tensor[first : first + len(summed)] for tensor in (x, gradient))
            n = len(part)
            torch.bmm(graphs[:n], part, out=summed[:n])
            of_summed, of_mix, _ = torch.ops.aten.convolution_backward(
                as_image(below, v), as_image(summed[:n], v), weight[..., None, None],
                None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [True, True, False],
            )  # fmt: skip
            of_summed = of_summed.permute(0, 2, 3, 1).reshape(summed[:n].shape)
            torch.bmm(back[:n], of_summed, out=of_x[first : first + n])
            of_graph += torch.bmm(of_summed, part.transpose(1, 2)).sum(0, dtype=wide)
            of_weight += of_mix[..., 0, 0]
            of_bias += below.sum(0, dtype=wide)
        return of_x, of_graph.to(graph.dtype), of_weight.to(weight.dtype), of_bias.to(x.dtype)


def buffers(x: Tensor, graph: Tensor) -> tuple[Tensor, Tensor]:
    """Room for the sums of some frames, (B, V K, C), and a copy of the graph for each of them."""
    n = min(max(FRAMES_TIMES_CHANNELS // x.shape[2], FEWEST_FRAMES), len(x))
    return x.new_empty(n, len(graph), x.shape[2]), graph.expand(n, -1, -1).contiguous()


def as_image(rows: Tensor, n_joints: int) -> Tensor:
    """Frames (B, V K, C) or (B, V, C) as images of one line with channels last, (B, K C, 1, V): the same memory."""
    return rows.view(len(rows), 1, n_joints, -1).permute(0, 3, 1, 2)
