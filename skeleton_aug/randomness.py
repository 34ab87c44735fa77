"""Random numbers as a pure function of (seed, stream, epoch, sample index, view).

Philox4x64-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011), bit for bit the
generator behind :class:`numpy.random.Philox`, written so that one call serves a whole batch. The key is
(seed, stream), the counter (block, view, epoch, index): no state, hence nothing that batch size, order, threads,
workers or ranks could change.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_aug.kernels_draw import fill_streams, fill_words

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_READY_BLOCKS = 3
"""Blocks of four numbers that are made for all transforms at once: a chance, and six numbers more."""


def stream_key(name: str) -> int:
    """Stable 64-bit key of a named stream of draws."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def fresh_seed() -> int:
    """Return a seed from the operating system, for calls that give none."""
    return secrets.randbits(63)


@dataclass(frozen=True)
class Key:
    """Whom a set of draws belongs to: N samples of one view of one epoch.

    Parameters
    ----------
    seed : int
        Taken modulo 2**64.
    indices : (N,) int array
        Index of each sample in its data set.
    epoch, view : int
        Non-negative.
    """

    seed: int
    indices: IntArray
    epoch: int = 0
    view: int = 0

    def __post_init__(self) -> None:
        if self.epoch < 0 or self.view < 0:
            raise ValueError(f"epoch and view must not be negative, got epoch={self.epoch}, view={self.view}.")

    @property
    def seed_word(self) -> np.uint64:
        """The seed as the generator takes it."""
        return np.uint64(self.seed & 0xFFFFFFFFFFFFFFFF)

    @property
    def index_words(self) -> NDArray[np.uint64]:
        """The indices as the generator takes them."""
        return self.indices.view(np.uint64)

    @classmethod
    def of(cls, seed: int | None, indices: ArrayLike, epoch: int = 0, view: int = 0) -> Key:
        """Make a key, with a fresh seed where ``seed`` is None."""
        whose = np.asarray(indices, np.int64)
        return cls(fresh_seed() if seed is None else int(seed), whose if whose.ndim else whose[None], epoch, view)


@dataclass(slots=True)
class Draws:
    """The random numbers of one transform for one batch; each call takes the next ones.

    Parameters
    ----------
    key : Key
        Whose draws these are.
    stream : int
        The transform's own stream, from :func:`stream_key`.
    """

    key: Key
    stream: int
    _block: int = field(default=0, repr=False)
    _ready: FloatArray | None = field(default=None, repr=False)

    @classmethod
    def of_streams(cls, key: Key, streams: NDArray[np.uint64]) -> list[Draws]:
        """Draws of several streams, their first numbers made in one call."""
        units = np.empty((len(streams), len(key.indices), 4 * _READY_BLOCKS))
        fill_streams(units, key.seed_word, streams, np.uint64(key.view), np.uint64(key.epoch), key.index_words)
        return [cls(key, stream, 0, units[s]) for s, stream in enumerate(streams.tolist())]

    @property
    def n(self) -> int:
        """Number of samples, N."""
        return len(self.key.indices)

    def words(self, width: int) -> NDArray[np.uint64]:
        """Raw 64-bit words, shape (N, width)."""
        out, key = np.empty((self.n, width), np.uint64), self.key
        stream, block = np.uint64(self.stream), np.uint64(self._block)
        fill_words(out, key.seed_word, stream, block, np.uint64(key.view), np.uint64(key.epoch), key.index_words)
        self.skip(width)
        return out

    def skip(self, width: int = 1) -> None:
        """Pass over the numbers that a call of this width takes."""
        self._block += -(-width // 4)

    def uniform(self, low: float = 0.0, high: float = 1.0, size: int | None = None) -> FloatArray:
        """Uniform on [low, high): shape (N,), or (N, size)."""
        unit = self._units(size)
        return unit.copy() if low == 0 and high == 1 else low + (high - low) * unit

    def integers(self, low: ArrayLike, high: ArrayLike) -> IntArray:
        """Integers of [low, high), shape (N,); the bounds may differ from sample to sample.

        An empty range gives its lower bound.
        """
        from_zero = isinstance(low, int) and low == 0
        # A unit is below one by 2**-53 at least, so that the product, although it is rounded, stays below the count.
        count = high if from_zero else np.subtract(high, low)
        steps: IntArray = np.multiply(self._units(None), count).astype(np.int64)
        np.maximum(steps, 0, out=steps)
        return steps if from_zero else np.add(low, steps)

    def _units(self, size: int | None) -> FloatArray:
        """Uniform numbers on [0, 1), which the caller must not change."""
        width, at = size or 1, 4 * self._block
        if self._ready is None or at + width > self._ready.shape[1]:
            units = (self.words(width) >> np.uint64(11)).astype(np.float64) * 2.0**-53
            return units[:, 0] if size is None else units
        self.skip(width)
        return self._ready[:, at] if size is None else self._ready[:, at : at + width]

    def chance(self, p: float) -> NDArray[np.bool_]:
        """Return True with probability p, shape (N,); always takes a draw, so later draws do not move with p."""
        return self._units(None) < p

    def choice(self, weights: Sequence[float]) -> IntArray:
        """Category numbers drawn with the given weights, shape (N,)."""
        edges = np.cumsum(np.asarray(weights, np.float64))
        picked = np.searchsorted(edges / edges[-1], self._units(None), side="right")
        return np.minimum(picked, len(edges) - 1).astype(np.int64)
