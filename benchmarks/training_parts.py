"""The two parts of ST-GCN that our form does otherwise, each alone: ``python -m benchmarks.training_parts [--quick]``.

Sums over neighbours by matrix products and along links, forward and on the way back, on as many frames as go through a
graph convolution together; temporal convolutions with their gradients, with frames along the outer and the inner axis
of an image. One thread, float32, the thread's own time; contestants take their turn in every round.
"""

from __future__ import annotations

import argparse

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.measure import CPU, Call, Contestant, Timings, describe_machine, measure, timings_table
from examples.graph_convolution import FEWEST_FRAMES, FRAMES_TIMES_CHANNELS
from examples.neighbours import add_back, add_neighbours, find_links
from examples.stgcn import adjacency
from skeleton_aug import get_skeleton

SIZES = ((16, 150), (64, 150), (256, 38))
"""Channels, and frames of a body in the layers that have them."""
BODIES = 8


def sums(channels: int, rounds: int) -> Timings:
    """Microseconds for the frames of one piece."""
    graph = adjacency(get_skeleton("kinect_v2"))
    k, v, _ = graph.shape
    n = max(FRAMES_TIMES_CHANNELS // channels, FEWEST_FRAMES)
    links = find_links(graph)
    weights = links.weights(graph)
    x, summed = torch.randn(v, n, channels), torch.empty(v, n, k, channels)
    of_sums, of_x = torch.randn(v, n, k, channels), torch.empty(v, n, channels)
    # The products have frames first, which suits them.
    frames, of_frames = x.transpose(0, 1).contiguous(), torch.randn(n, v * k, channels)
    rows = graph.permute(2, 0, 1).reshape(v * k, v)
    there, back = (matrix.expand(n, -1, -1).contiguous() for matrix in (rows, rows.T))

    def product_back() -> None:
        torch.bmm(back, of_frames)
        torch.bmm(of_frames, frames.transpose(1, 2)).sum(0)

    contestants = {
        "sums by matrix products": Contestant(lambda: torch.bmm(there, frames)),
        "sums along links": Contestant(lambda: add_neighbours(x, 0, links, weights, summed), "sums by matrix products"),
        "back by matrix products": Contestant(product_back),
        "back along links": Contestant(
            lambda: add_back(x, 0, links, weights, of_sums, of_x), "back by matrix products"
        ),
    }  # fmt: skip
    return measure(contestants, rounds=rounds, samples=1, clock=CPU)


def convolutions(channels: int, frames: int, rounds: int) -> Timings:
    """Microseconds for a batch of bodies: output, gradient of the input, gradient of the weights."""
    joints = 25
    contestants: dict[str, Contestant] = {}
    masks: dict[str, list[bool] | None] = {
        "output": None,
        "gradient of input": [True, False, False],
        "gradient of weights": [False, True, False],
    }
    for what, mask in masks.items():
        for axis in ("outer", "inner"):
            size = (BODIES, channels, frames, joints) if axis == "outer" else (BODIES * joints, channels, 1, frames)
            x, below = (torch.randn(size).to(memory_format=torch.channels_last) for _ in range(2))
            weight = torch.randn(channels, channels, *((9, 1) if axis == "outer" else (1, 9)))
            padding = [4, 0] if axis == "outer" else [0, 4]
            floor = None if axis == "outer" else f"{what}, frames along the outer axis"
            contestants[f"{what}, frames along the {axis} axis"] = Contestant(
                convolution(x, weight, below, padding, mask), floor
            )
    return measure(contestants, rounds=rounds, samples=1, clock=CPU)


def convolution(x: Tensor, weight: Tensor, below: Tensor, padding: list[int], mask: list[bool] | None) -> Call:
    """One pass of a temporal convolution: its output without a mask, else the gradients that the mask asks for."""
    if mask is None:
        return lambda: F.conv2d(x, weight, None, 1, padding)
    return lambda: torch.ops.aten.convolution_backward(
        below, x, weight, None, [1, 1], padding, [1, 1], False, [0, 0], 1, mask
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the fewest channels and one round, to see that it runs")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    machine = {"PyTorch": torch.__version__, **describe_machine()}
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    for channels, frames in SIZES[:1] if options.quick else SIZES:
        rounds = 1 if options.quick else 9
        for timings in (sums(channels, rounds), convolutions(channels, frames, rounds)):
            print()
            print(timings_table(f"{channels} channels", timings, "x the other form"), flush=True)


if __name__ == "__main__":
    main()
