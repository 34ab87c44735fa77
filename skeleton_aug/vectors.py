"""Sixteen numbers at a time: what kernels are made of where the compiler does not find the fast form by itself.

Each of these is one run of vector instructions without branches, for whatever vectors the processor has. In plain
Python, as the text below reads, they do the same with slices of arrays. Places in arrays are counted in numbers; a
joint is three numbers x, y, z, and a body's joints follow one another.
"""

from __future__ import annotations

from typing import Any

from skeleton_aug.compiled import intrinsic
from skeleton_aug.emitting import (
    emit_blend,
    emit_blend_4,
    emit_filter_15,
    emit_lacking,
    emit_move,
    emit_prefetch,
    emit_present,
    emit_step,
    emit_turn_apart,
    emit_turn_pairs,
    emit_turn_rows,
    emit_weigh_frames,
)

LANES = 16


@intrinsic(emit_blend, "array index index number number array index")
def blend(source, a, b, rest, part, target, to):  # type: ignore[no-untyped-def]
    """``target = rest * source[a:] + part * source[b:]``."""
    target[to : to + LANES] = rest * source[a : a + LANES] + part * source[b : b + LANES]


@intrinsic(emit_blend_4, "array index index number number array index")
def blend_4(source, a, b, rest, part, target, to):  # type: ignore[no-untyped-def]
    """The same four times in a row."""
    target[to : to + 4 * LANES] = rest * source[a : a + 4 * LANES] + part * source[b : b + 4 * LANES]


@intrinsic(emit_move, "array index array index")
def move(source, a, target, to):  # type: ignore[no-untyped-def]
    """Copy a joint, and a number behind it that the next joint overwrites."""
    target[to : to + 4] = source[a : a + 4]


@intrinsic(emit_step, "array index index array index")
def step(source, a, b, target, to):  # type: ignore[no-untyped-def]
    """Difference of two joints, and of the numbers behind them."""
    target[to : to + 4] = source[a : a + 4] - source[b : b + 4]


@intrinsic(emit_lacking, "array index", returns="i8")
def lacking(source, at):  # type: ignore[no-untyped-def]
    """Zeros among the numbers, and 256 for each that is not finite."""
    numbers = source[at : at + LANES]
    return (numbers == 0).sum() + 256 * (numbers - numbers != 0).sum()


@intrinsic(emit_present, "array index", returns="i8")
def present(source, at):  # type: ignore[no-untyped-def]
    """Joints, of sixteen, that are not all zeros."""
    return (source[at : at + 3 * LANES].reshape(LANES, 3) != 0).any(axis=1).sum()


@intrinsic(emit_filter_15, "array index index tuple array index")
def filter_15(source, at, step, half, target, to):  # type: ignore[no-untyped-def]
    """Eight frames of a symmetric window of 15, a step apart; ``half`` has its weights as far as the middle."""
    for r in range(8):
        total = half[7] * source[at + (r + 7) * step : at + (r + 7) * step + LANES]
        for k in range(7):
            a, b = at + (r + k) * step, at + (r + 14 - k) * step
            total = total + half[k] * (source[a : a + LANES] + source[b : b + LANES])
        target[to + r * step : to + r * step + LANES] = total


@intrinsic(emit_weigh_frames, "array index index index array index index index index array index")
def weigh_frames(source, at, step, shift, weights, row, width, n_taps, n_frames, target, to):  # type: ignore[no-untyped-def]
    """Four frames, or ``n_frames`` if there are fewer, each the weighted sum of ``n_taps`` frames of the source.

    Weights of frame r begin at ``row + r * width``, and its source frames at ``at + r * shift``.
    """
    for r in range(min(4, n_frames)):
        total = 0
        for k in range(n_taps):
            a = at + r * shift + k * step
            total = total + weights[row + r * width + k] * source[a : a + LANES]
        target[to + r * step : to + r * step + LANES] = total


def _turned(block: Any, p: int, affine: Any, k: int, tiny: float) -> Any:
    x, y, z = block[p : p + 3 * LANES].reshape(LANES, 3).T
    a = affine[k : k + 12]
    turned = [a[3 * c] * x + (a[3 * c + 1] * y + (a[3 * c + 2] * z + a[9 + c])) for c in range(3)]
    turned[0][(turned[0] == 0) & (turned[1] == 0) & (turned[2] == 0)] = tiny
    return turned


@intrinsic(emit_turn_pairs, "array index index array index number flag array index array index index")
def turn_pairs(block, p, q, affine, k, tiny, weighted, weights, w, out, to, far):  # type: ignore[no-untyped-def]
    """Joints of two bodies, at p and q, to three planes that are ``far`` apart, where the bodies are neighbours.

    ``affine`` has, from k on, the matrix and the offset. A joint that comes to lie at the origin gets ``tiny`` for x,
    and with ``weighted`` everything its weight.
    """
    pairs = zip(_turned(block, p, affine, k, tiny), _turned(block, q, affine, k, tiny), strict=True)
    for c, (first, second) in enumerate(pairs):
        plane = out[to + c * far : to + c * far + 2 * LANES]
        plane[::2], plane[1::2] = first, second
        if weighted:
            plane[:] = plane * weights[w : w + 2 * LANES] + 0


@intrinsic(emit_turn_apart, "array index array index number flag array index array index index")
def turn_apart(block, p, affine, k, tiny, weighted, weights, w, out, to, far):  # type: ignore[no-untyped-def]
    """The same for one body."""
    for c, numbers in enumerate(_turned(block, p, affine, k, tiny)):
        out[to + c * far : to + c * far + LANES] = numbers * weights[w : w + LANES] + 0 if weighted else numbers


@intrinsic(emit_turn_rows, "array index array index number flag array index array index")
def turn_rows(block, p, affine, k, tiny, weighted, weights, w, out, to):  # type: ignore[no-untyped-def]
    """The same to joints that follow one another."""
    for c, numbers in enumerate(_turned(block, p, affine, k, tiny)):
        line = out[to + c : to + c + 3 * LANES : 3]
        line[:] = numbers * weights[w : w + LANES] + 0 if weighted else numbers


@intrinsic(emit_prefetch, "array index")
def prefetch(source, at):  # type: ignore[no-untyped-def]
    """Ask the processor for the frame at ``at``, which may lie outside: it does not know which sample comes next."""
