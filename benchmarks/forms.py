"""What the twins are made of: how they draw, run in chunks, change the layout and take frames.

Each of these is the fastest of several ways that were tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Frames = NDArray[np.int64]
Generator = np.random.Generator
Shape = tuple[int, ...]
Parameters = tuple[Any, ...]

CHUNK = 16
"""Samples of a batch that go through together: 1.4 MB of 150 frames, which stay in the nearer caches."""


@dataclass(frozen=True)
class Twin:
    """A transform in NumPy.

    Attributes
    ----------
    draw : callable
        ``draw(rng, lead, t)`` gives parameters with leading axes ``lead``, ``(n,)`` or ``()`` for one sample.
    batch : callable
        ``batch(x, out, *parameters)`` for a chunk.
    one : callable
        ``one(x, *parameters)`` for one sample, sample layout.
    """

    draw: Callable[[Generator, Shape, int], Parameters]
    batch: Callable[..., None]
    one: Callable[..., Floats]
    chunk: int = CHUNK

    def run(self, x: Floats, out: Floats, parameters: Parameters) -> None:
        """Apply to a batch, chunk by chunk."""
        for at in range(0, len(x), self.chunk):
            these = slice(at, at + self.chunk)
            self.batch(x[these], out[these], *(p[these] for p in parameters))


def units(rng: Generator, lead: Shape, *more: int) -> Any:
    """Uniform numbers in [0, 1), a plain number for one sample."""
    return rng.random((*lead, *more) or None)


def between(rng: Generator, low: float, high: float, lead: Shape, *more: int) -> Any:
    return low + (high - low) * units(rng, lead, *more)


def lay_out(x: Floats, out: Floats) -> None:
    """Copy (n, M, T, V, C) into (n, C, T, V, M): body by body, which takes a quarter of the time of one copy."""
    for m in range(x.shape[1]):
        np.copyto(out[..., m], x[:, m].transpose(0, 3, 1, 2))


def below(rng: Generator, lead: Shape, bound: Any) -> Any:
    """Uniform integers in [0, bound)."""
    product = units(rng, lead) * bound
    return product.astype(np.int64) if lead else int(product)


@lru_cache(maxsize=256)
def buffer(name: str, *shape: int) -> Floats:
    """Array of this shape that is kept for the next call: fresh memory costs as much as filling it."""
    return np.zeros(shape, np.float32)


def laid_out(x: Floats) -> Floats:
    """The same in a buffer, (n, C, T, V, M)."""
    n, m, t, v, c = x.shape
    out = buffer("laid out", n, c, t, v, m)
    lay_out(x, out)
    return out


def weigh_in_place(out: Floats, weights: Floats) -> None:
    """Multiply the joints (n, V) of what is laid out."""
    n, _, _, v, m = out.shape
    lines = out.reshape(n, -1, v * m)
    np.multiply(lines, np.repeat(weights, m, axis=1)[:, None], out=lines)


def take_frames(x: Floats, frames: Frames, name: str = "frames") -> Floats:
    """Frames (n, T') of samples (n, M, T, V, C), into a buffer: frames are rows of joints, copied whole."""
    n, m, t, v, c = x.shape
    rows = (np.arange(n * m) * t).reshape(n, m, 1) + frames[:, None]
    taken = buffer(name, n, m, frames.shape[1], v * c)
    np.take(x.reshape(n * m * t, v * c), rows, axis=0, out=taken, mode="clip")
    return taken.reshape(n, m, -1, v, c)


def blend_frames(x: Floats, low: Frames, share: Floats) -> Floats:
    """Frames ``low`` (n, T'), and of the next ones a share, into a buffer."""
    y, z = take_frames(x, low), take_frames(x, low + 1, "next frames")
    z -= y
    z *= share[:, None, :, None, None]
    y += z
    return y
