"""What the functions share: an operator with given parameters, carried out like any pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.operators import Mask, Operator
from skeleton_aug.pipeline import Pipeline
from skeleton_aug.randomness import Draws

Data = Any
"""One sample (M, T, V, C), a batch (N, M, T, V, C) or a list of samples; arrays or tensors."""


@dataclass(frozen=True)
class _Given(Pipeline):
    """An operator that is made when the batch is known."""

    make: Callable[[Batch], Operator]

    def parts(self) -> Iterator[Pipeline]:
        """None of them draws."""
        return iter(())

    def draw(self, batch: Batch, streams: Iterator[Draws], mask: Mask | None = None) -> None:
        """Put the operator behind those that are already there."""
        batch.add(self.make(batch))


def apply(x: Data, what: Pipeline | Callable[[Batch], Operator], channels: str | None) -> Data:
    """Carry out a transform without randomness, or an operator, on whatever the data is."""
    pipeline = what if isinstance(what, Pipeline) else _Given(what)
    return pipeline(x, seed=0, channels=channels)


def expect(who: str, right: Any, expected: str, got: Any) -> None:
    """Raise ValueError unless all is right."""
    if not right:
        raise ValueError(f"{who}: expected {expected}, got {got!r}.")


def rows_of(
    who: str, name: str, values: ArrayLike, n: int, width: int | None = None, *, spread: bool = False
) -> NDArray[np.float64]:
    """Numbers for each of N samples, (N,) or (N, width), of those or of one row; ``spread`` takes one number too."""
    given = np.asarray(values, np.float64)
    one: tuple[int, ...] = () if width is None else (width,)
    shapes = [one, (n, *one)] + ([()] if spread else [])
    wanted = " or ".join("one number" if shape == () else f"shape {shape}" for shape in shapes)
    expect(who, given.shape in shapes and np.isfinite(given).all(), f"{name} finite, as {wanted}", values)
    return np.array(np.broadcast_to(given, (n, *one)))


def whole_rows(who: str, name: str, values: ArrayLike, n: int) -> NDArray[np.int64]:
    """Whole numbers for each of N samples, (N,)."""
    rows = rows_of(who, name, values, n)
    expect(who, (rows == np.rint(rows)).all(), f"{name} in whole frames", values)
    return rows.astype(np.int64)


def mark(who: str, name: str, members: Sequence[int], n: int) -> NDArray[np.bool_]:
    """Mark some of n things."""
    listed = not isinstance(members, str) and np.ndim(members) == 1
    numbers = np.asarray(members).tolist() if listed else []
    right = listed and all(isinstance(i, int) and not isinstance(i, bool) and 0 <= i < n for i in numbers)
    expect(who, right, f"{name} as a list of whole numbers in 0..{n - 1}", members)
    marked = np.zeros(n, np.bool_)
    marked[np.array(numbers, np.int64)] = True
    return marked
