"""ST-GCN, the graph network of Yan, Xiong and Lin (2018).

"Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action Recognition", AAAI 2018.

The published network: spatial partition, learned edge importance, ten blocks of graph convolution and temporal
convolution (kernel 9), batch norm on the data. Parameters have the published names and shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from examples.graph_convolution import GraphConvolution
from skeleton_aug import Skeleton, get_skeleton

Partition = Literal["spatial", "published"]
Pooling = Literal["present", "all"]

# Output channels (at width 1) and temporal stride of the ten blocks.
BLOCKS = ((64, 1), (64, 1), (64, 1), (64, 1), (128, 2), (128, 1), (128, 1), (256, 2), (256, 1), (256, 1))


def adjacency(skeleton: Skeleton, partition: Partition = "spatial") -> Tensor:
    """Normalised adjacency of the three neighbour groups, shape (3, V, V), float32.

    ``A[k, v, w]`` weighs joint v in the sum for joint w; columns of the sum over k add up to 1. "spatial" is what the
    paper describes: the joint itself, the neighbour closer to the centre, those further. The published code measures
    distances to the centre up to one hop only, so most neighbours fall into one group: "published", needed for its
    checkpoints, has the joint itself, neighbours as far or further, those closer.
    """
    n, centre = skeleton.n_joints, skeleton.center
    linked = np.eye(n, dtype=bool)
    for joint, parent in skeleton.edges:
        linked[joint, parent] = linked[parent, joint] = True
    weights = linked / linked.sum(0)
    hops = np.full(n, n)
    hops[centre], reached = 0, np.eye(n, dtype=bool)[centre]
    for hop in range(1, n if partition == "spatial" else 2):
        reached = linked[reached].any(0)
        hops[reached & (hops == n)] = hop
    of_v, of_w = hops[:, None], hops[None, :]
    itself = np.eye(n, dtype=bool)
    second = of_v < of_w if partition == "spatial" else ~itself & (of_v >= of_w)
    groups = itself, second, ~itself & ~second
    return torch.from_numpy(np.stack([weights * group for group in groups]).astype(np.float32))


class AlongFrames(nn.Conv2d):
    """Convolution over frames of images of joints, (V N, C, 1, T); parameters have the published shapes.

    Frames lie along the second axis of an image: oneDNN computes the gradients of such kernels a third faster.
    """

    def __init__(self, c_in: int, c_out: int, width: int, stride: int) -> None:
        super().__init__(c_in, c_out, (width, 1), (stride, 1), (width // 2, 0))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight.transpose(2, 3), self.bias, self.stride[::-1], self.padding[::-1])


class Block(nn.Module):
    """Graph convolution, then temporal convolution, around a residual connection."""

    def __init__(self, c_in: int, c_out: int, stride: int, n_groups: int, dropout: float, residual: bool) -> None:
        super().__init__()
        self.gcn = GraphConvolution(c_in, c_out, n_groups)
        self.tcn = nn.Sequential(
            nn.BatchNorm2d(c_out),
            nn.ReLU(inplace=True),
            AlongFrames(c_out, c_out, 9, stride),
            nn.BatchNorm2d(c_out),
            nn.Dropout(dropout, inplace=True),
        )
        self.residual: nn.Module | None = None
        if residual and c_in == c_out and stride == 1:
            self.residual = nn.Identity()
        elif residual:
            self.residual = nn.Sequential(AlongFrames(c_in, c_out, 1, stride), nn.BatchNorm2d(c_out))

    def forward(self, x: Tensor, graph: Tensor, importance: Tensor) -> Tensor:
        """(V N, C, 1, T) -> (V N, C', 1, T')."""
        y = self.tcn(self.gcn(x, graph, importance))
        # In place: fresh memory for every sum and ReLU would cost more than they do.
        return (y if self.residual is None else y.add_(self.residual(x))).relu_()


class STGCN(nn.Module):
    """The encoder: ``(N, C, T, V, M)`` views to ``(N, features)``.

    Bodies are encoded one by one and averaged. By default over those present: an absent body (all zeros) costs nothing
    and counts nowhere, batch norm included.

    Parameters
    ----------
    skeleton : str or Skeleton
        Joint layout of the input.
    in_channels : int
        3 for joints or bones, 6 for both.
    width : float
        Multiplies the channels of every layer; 1 is the published network.
    dropout : float
        Probability inside each block.
    partition : {"spatial", "published"}
        See :func:`adjacency`.
    pooling : {"present", "all"}
        Bodies that features are the mean of; "all", as in the published code, takes absent ones for bodies of zeros.
    blocks : sequence of (int, int)
        Channels at width 1 and temporal stride of each block.
    """

    def __init__(
        self,
        skeleton: str | Skeleton = "kinect_v2",
        in_channels: int = 6,
        width: float = 1.0,
        dropout: float = 0.0,
        partition: Partition = "spatial",
        pooling: Pooling = "present",
        blocks: Sequence[tuple[int, int]] = BLOCKS,
    ) -> None:
        super().__init__()
        skeleton = get_skeleton(skeleton)
        graph = adjacency(skeleton, partition)
        self.register_buffer("A", graph)
        self.data_bn = nn.BatchNorm1d(in_channels * skeleton.n_joints)
        layers, c_in = [], in_channels
        for i, (channels, stride) in enumerate(blocks):
            c_out = round(channels * width)
            layers.append(Block(c_in, c_out, stride, len(graph), dropout if i else 0.0, residual=i > 0))
            c_in = c_out
        self.st_gcn_networks = nn.ModuleList(layers)
        self.edge_importance = nn.ParameterList([nn.Parameter(torch.ones_like(graph)) for _ in layers])
        self.in_channels, self.n_joints, self.n_features = in_channels, skeleton.n_joints, c_in
        self.pooling = pooling

    def forward(self, x: Tensor, by_joint: bool = False) -> Tensor:
        """(N, C, T, V, M) -> (N, features); ``by_joint`` keeps joints apart: (N, features * V)."""
        if x.ndim != 5 or (x.shape[1], x.shape[3]) != (self.in_channels, self.n_joints):
            raise ValueError(
                f"This encoder takes (N, C, T, V, M) with C={self.in_channels} and V={self.n_joints}, "
                f"got {tuple(x.shape)}."
            )
        n, c, t, v, m = x.shape
        bodies = x.permute(0, 4, 1, 2, 3).reshape(n * m, c, t, v)
        if self.pooling == "all":
            return self.encode_bodies(bodies, by_joint).view(n, m, -1).mean(1)
        present = bodies.flatten(1).any(1)
        # A sample without anybody keeps its first (empty) body, so that it has features at all.
        present.view(n, m)[:, 0] |= ~present.view(n, m).any(1)
        kept = present.nonzero()[:, 0]
        pooled = self.encode_bodies(bodies[kept], by_joint)
        sums = pooled.new_zeros(n, pooled.shape[1]).index_add(0, kept // m, pooled)
        return sums / present.view(n, m).sum(1, keepdim=True)

    def encode_bodies(self, bodies: Tensor, by_joint: bool = False) -> Tensor:
        """Single bodies, (B, C, T, V) -> (B, features), the mean over frames and, if not ``by_joint``, over joints."""
        n, c, t, v = bodies.shape
        flat = bodies.permute(0, 3, 1, 2).reshape(n, v * c, t)
        # Joints first, channels last: (V, N, T, C) in memory, as images of one line for every joint of every body.
        h = self.data_bn(flat).view(n, v, c, t).permute(1, 0, 3, 2).reshape(v * n, 1, t, c).permute(0, 3, 1, 2)
        for block, importance in zip(self.st_gcn_networks, self.edge_importance, strict=True):
            h = block(h, self.A, importance)
        h = h.unflatten(0, (v, n))
        return h.mean((3, 4)).permute(1, 2, 0).flatten(1) if by_joint else h.mean((0, 3, 4))


class Classifier(nn.Module):
    """An encoder and a linear head; the published network when trained as a whole."""

    def __init__(self, encoder: STGCN, n_classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.n_features, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, V, M) -> (N, classes)."""
        return self.head(self.encoder(x))
