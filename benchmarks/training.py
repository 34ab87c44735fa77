"""Speed of training ST-GCN on a processor, beside the straightforward form of the same network.

``python -m benchmarks.training [--quick] [--threads N]``

The straightforward form mixes channels first, sums over neighbours with einsum, keeps channels before frames and frames
before joints in memory as they come, and makes every sum and ReLU anew. Both have the same weights and see the same
bodies, all present; one call is a forward and a backward pass in training mode. All contestants take their turn in
every round.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

from benchmarks.measure import CPU, WALL, Contestant, Timings, describe_machine, markdown, measure, number
from examples.stgcn import STGCN, AlongFrames, Block

SIZES = ((0.25, 16), (0.5, 16), (1.0, 8))
"""Width of the network, and bodies in a batch."""
N_FRAMES, IN_CHANNELS = 150, 6


class PlainGraphConvolution(nn.Module):
    """The published order of work, on the parameters of ours."""

    def __init__(self, conv: nn.Conv2d, n_groups: int) -> None:
        super().__init__()
        self.conv, self.n_groups = conv, n_groups

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        n, _, t, v = x.shape
        mixed = self.conv(x).view(n, self.n_groups, -1, t, v)
        return torch.einsum("nkctv,kvw->nctw", mixed, graph).contiguous()


class PlainBlock(nn.Module):
    def __init__(self, block: Block) -> None:
        super().__init__()
        self.gcn = PlainGraphConvolution(block.gcn.conv, block.gcn.n_groups)
        self.tcn = with_plain_convolutions(block.tcn)
        self.residual = block.residual
        if isinstance(block.residual, nn.Sequential):
            self.residual = with_plain_convolutions(block.residual)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        y = self.tcn(self.gcn(x, graph))
        return torch.relu(y if self.residual is None else y + self.residual(x))


def with_plain_convolutions(layers: nn.Sequential) -> nn.Sequential:
    """Make the layers with convolutions over images (N, C, T, V), on the same parameters."""
    made: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, AlongFrames):
            (width, _), (stride, _) = layer.kernel_size, layer.stride
            plain = nn.Conv2d(layer.in_channels, layer.out_channels, (width, 1), (stride, 1), (width // 2, 0))
            plain.weight, plain.bias = layer.weight, layer.bias
            made.append(plain)
        else:
            made.append(layer)
    return nn.Sequential(*made)


class PlainSTGCN(STGCN):
    """The network in its straightforward form; its parameters have the names of ours."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.st_gcn_networks = nn.ModuleList(PlainBlock(cast(Block, block)) for block in self.st_gcn_networks)

    def encode_bodies(self, bodies: Tensor, by_joint: bool = False) -> Tensor:
        n, c, t, v = bodies.shape
        flat = bodies.permute(0, 3, 1, 2).reshape(n, v * c, t)
        h = self.data_bn(flat).view(n, v, c, t).permute(0, 2, 3, 1).contiguous()
        for block, importance in zip(self.st_gcn_networks, self.edge_importance, strict=True):
            h = block(h, self.A * importance)
        return h.mean(2).flatten(1) if by_joint else h.mean((2, 3))


def training_step(network: nn.Module, bodies: Tensor, low: bool = False) -> Callable[[], Tensor]:
    """One forward and backward pass, in bfloat16 where ``low``; gives the features."""

    def step() -> Tensor:
        network.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            features = network(bodies)
        features.float().square().mean().backward()
        return features.detach()

    return step


def pair(width: float) -> tuple[PlainSTGCN, STGCN]:
    """The straightforward form and ours, with the same weights, in training mode."""
    torch.manual_seed(0)
    ours = STGCN(in_channels=IN_CHANNELS, width=width)
    plain = PlainSTGCN(in_channels=IN_CHANNELS, width=width)
    plain.load_state_dict(ours.state_dict())
    return plain.train(), ours.train()


def measure_width(width: float, n: int, rounds: int, threads: int) -> tuple[Timings, dict[str, float]]:
    """Microseconds per body, and the largest difference of features from the straightforward form's."""
    plain, ours = pair(width)
    bodies = torch.randn(n, IN_CHANNELS, N_FRAMES, ours.n_joints, 1, generator=torch.Generator().manual_seed(0))
    steps = {
        "straightforward": training_step(plain, bodies),
        "ours": training_step(ours, bodies),
        "straightforward, bfloat16": training_step(plain, bodies, low=True),
        "ours, bfloat16": training_step(ours, bodies, low=True),
    }
    expected = steps["straightforward"]()
    differences = {name: float((step() - expected).abs().max() / expected.abs().max()) for name, step in steps.items()}
    floor = "straightforward"
    contestants = {name: Contestant(step, None if name == floor else floor) for name, step in steps.items()}
    # One thread's own time leaves out what other programs on the machine take.
    clock = CPU if threads == 1 else WALL
    return measure(contestants, rounds=rounds, samples=n, clock=clock), differences


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one width and one round, to see that it runs")
    parser.add_argument(
        "--threads", type=int, default=1, help="threads of PyTorch (1); more are timed by the wall clock"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    machine = {"PyTorch": torch.__version__, **describe_machine(), "threads of PyTorch": str(options.threads)}
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    for width, n in ((0.25, 2),) if options.quick else SIZES:
        timings, differences = measure_width(width, n, 1 if options.quick else 7, options.threads)
        rows = []
        for name, timing in timings.items():
            speed = "" if timing.ratio is None else number(1 / timing.ratio, 2)
            milliseconds = [number(value / 1e3) for value in (timing.median_us, timing.iqr_us)]
            rows.append([name, *milliseconds, speed, f"{differences[name]:.0e}"])
        print()
        head = [f"width {width:g}x, {n} bodies: a step, per body", "median ms", "IQR ms", "times as fast", "difference"]
        print(markdown(head, rows), flush=True)


if __name__ == "__main__":
    main()
