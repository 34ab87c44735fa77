"""The graph convolution of ST-GCN, and a form of it that keeps a processor's caches warm."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from examples.neighbours import Links, add_back, add_neighbours, find_links

FRAMES_TIMES_CHANNELS, FEWEST_FRAMES = 4096, 32
"""Frames that go through both steps together: their sums over neighbours, about 1 MB, stay in the nearer caches."""
MOST_THREADS = 8
"""Sums along links run in one thread; with more than so many, matrix products in all of them are faster."""


class GraphConvolution(nn.Module):
    """Sum over neighbours by group, then mix channels: ``y = sum_k W_k (x A_k) + b_k A_k``.

    The published code mixes first, to three times as many channels as come out, and sums then; parameters have its
    shapes, and the numbers are the same.
    """

    def __init__(self, c_in: int, c_out: int, n_groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out * n_groups, 1)
        self.n_groups = n_groups

    def forward(self, x: Tensor, graph: Tensor, importance: Tensor) -> Tensor:
        """Images of joints to images of joints, see :class:`examples.stgcn.STGCN`.

        Parameters
        ----------
        x : (V N, C, 1, T) Tensor
            Channels last in memory.
        graph : (K, V, V) Tensor
            Neighbour groups; joints without a link here never see each other.
        importance : (K, V, V) Tensor
            Multiplies ``graph``.

        Returns
        -------
        (V N, C', 1, T) Tensor
            Channels last in memory.
        """
        rows, c, _, t = x.shape
        k, v, _ = graph.shape
        # Every joint's frames in one line: each step below is a product on memory as it lies.
        joints = x.permute(0, 2, 3, 1).reshape(v, -1, c)
        weighted = graph * importance
        weight = self.conv.weight.view(k, -1, c)
        bias = torch.einsum("kvw,kc->wc", weighted, cast(Tensor, self.conv.bias).view(k, -1))
        if along_links(x):
            if torch.is_autocast_enabled("cpu"):
                low = torch.get_autocast_dtype("cpu")
                joints, weight, bias = (value.to(low) for value in (joints, weight, bias))
            y = FrameByFrame.apply(joints, weighted, weight, bias, find_links(graph))
        else:
            y = bias[:, None]
            for group, mix in zip(weighted, weight, strict=True):
                y = y + F.linear((group.T @ joints.flatten(1)).view(joints.shape), mix)
        return y.view(rows, 1, t, -1).permute(0, 3, 1, 2)


def along_links(x: Tensor) -> bool:
    """Whether :class:`FrameByFrame` serves better than matrix products."""
    return x.device.type == "cpu" and not torch.compiler.is_compiling() and torch.get_num_threads() <= MOST_THREADS


class FrameByFrame(torch.autograd.Function):
    """Both steps on a few frames at a time, forward and backward.

    The sums over neighbours are three times as large as the input. Written out for a whole batch they cost more time
    to store and load than to compute; here they are used at once, and computed again on the way back.
    """

    @staticmethod
    def forward(context: Any, x: Tensor, graph: Tensor, weight: Tensor, bias: Tensor, links: Links) -> Tensor:
        """x (V, F, C), graph (K, V, V), weight (K, C', C), bias (V, C') -> (V, F, C').

        The first, third and fourth of one type; the graph, and the sums over it, of full precision.
        """
        context.save_for_backward(x, graph, weight)
        context.links = links
        mix, weights = weight.permute(0, 2, 1).flatten(0, 1), links.weights(graph)
        y = x.new_empty(*x.shape[:2], weight.shape[1])
        for first, end in pieces(x):
            summed = sum_piece(x, first, end, links, weights, len(graph))
            torch.add((summed.flatten(2) @ mix), bias[:, None], out=y[:, first:end])
        return y

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, graph, weight = context.saved_tensors
        links: Links = context.links
        mix, weights = weight.transpose(1, 2).flatten(0, 1), links.weights(graph)
        of_x, of_mix = torch.empty_like(x), torch.zeros_like(mix, dtype=graph.dtype)
        of_bias = torch.zeros(len(x), gradient.shape[2], dtype=graph.dtype)
        of_links = np.zeros(len(weights))
        for first, end in pieces(x):
            below = gradient[:, first:end].contiguous()
            summed = sum_piece(x, first, end, links, weights, len(graph))
            of_mix += summed.flatten(0, 1).flatten(1).T @ below.flatten(0, 1)
            of_bias += below.sum(1, dtype=graph.dtype)
            of_summed = (below @ mix.T).view(summed.shape).to(graph.dtype)
            if x.dtype == graph.dtype:
                of_links += add_back(x, first, links, weights, of_summed, of_x)
            else:
                part = x[:, first:end].to(graph.dtype)
                of_part = torch.empty_like(part)
                of_links += add_back(part, 0, links, weights, of_summed, of_part)
                of_x[:, first:end] = of_part
        of_graph = torch.zeros_like(graph)
        k = len(graph)
        of_graph[links.rows % k, links.joints, links.rows // k] = torch.as_tensor(of_links, dtype=graph.dtype)
        of_weight = of_mix.view(k, -1, mix.shape[1]).transpose(1, 2).to(weight.dtype)
        return of_x, of_graph, of_weight, of_bias.to(x.dtype), None


def pieces(x: Tensor) -> list[tuple[int, int]]:
    """First frame and end of each piece of x (V, F, C)."""
    n = max(FRAMES_TIMES_CHANNELS // x.shape[2], FEWEST_FRAMES)
    return [(first, min(first + n, x.shape[1])) for first in range(0, x.shape[1], n)]


def sum_piece(x: Tensor, first: int, end: int, links: Links, weights: NDArray[Any], groups: int) -> Tensor:
    """Sums over neighbours for some frames of x (V, F, C), (V, frames, K, C), of its type."""
    summed = torch.empty(len(x), end - first, groups, x.shape[2], dtype=torch.from_numpy(weights).dtype)
    if x.dtype == summed.dtype:
        add_neighbours(x, first, links, weights, summed)
        return summed
    add_neighbours(x[:, first:end].to(summed.dtype), 0, links, weights, summed)
    return summed.to(x.dtype)
