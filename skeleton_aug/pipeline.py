"""Transforms, and pipelines of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.operators import Operator
from skeleton_aug.plan import Arrays, Layout, Plan
from skeleton_aug.randomness import Draws, Key, fresh_seed, stream_key
from skeleton_aug.samples import Samples
from skeleton_aug.skeletons import Skeleton

Views = NDArray[Any] | list[NDArray[Any]]


class Pipeline:
    """What single transforms and compositions of them share: planning, and being called on data."""

    def draw_into(self, batch: Batch, key: Key) -> None:
        """Draw this transform's parameters for a batch and put its operators behind those already there."""
        raise NotImplementedError

    def plan(
        self,
        samples: Samples | Arrays,
        *,
        seed: int | None = None,
        epoch: int = 0,
        indices: ArrayLike | None = None,
        view: int = 0,
    ) -> Plan:
        """Draw all parameters for a batch of samples; nothing is applied.

        Parameters
        ----------
        samples : Samples, (N, M, T, V, C) array, or sequence of (M, T, V, C) arrays
        seed : int, optional
            None takes a fresh one from the operating system.
        epoch, view : int
            With the seed and a sample's index they decide its parameters, and nothing else does.
        indices : (N,) ints, optional
            Index of each sample in its data set; 0..N-1 by default.
        """
        described = samples if isinstance(samples, Samples) else Samples.from_arrays(samples)
        numbers = np.arange(described.n) if indices is None else indices
        key = Key.of(seed, numbers, epoch, view)
        if len(key.indices) != described.n:
            raise ValueError(f"Got {described.n} samples but {len(key.indices)} indices.")
        batch = Batch(described)
        self.draw_into(batch, key)
        return batch.plan()

    def __call__(
        self,
        x: Samples | Arrays,
        *,
        seed: int | None = None,
        epoch: int = 0,
        index: ArrayLike | None = None,
        view: int = 0,
        out: NDArray[Any] | None = None,
        layout: Layout = "sample",
    ) -> Views:
        """Augment one sample ``(M, T, V, C)``, a batch ``(N, M, T, V, C)``, a list of samples, or Samples.

        The same seed, epoch, index and view give the same result, alone or in any batch. Input is never modified.
        """
        one = isinstance(x, np.ndarray) and x.ndim == 4
        samples = x if isinstance(x, Samples) else Samples.from_arrays(x[None] if one else x)  # type: ignore[call-overload]
        plan = self.plan(samples, seed=seed, epoch=epoch, indices=index, view=view)
        views = plan.apply(samples, out=out[None] if one and out is not None else out, layout=layout)
        return views[0] if one else views


@dataclass(frozen=True, kw_only=True)
class Transform(Pipeline):
    """Settings of one augmentation; subclasses are frozen, keyword-only dataclasses with a :meth:`sample` method.

    Parameters
    ----------
    p : float
        Probability of applying the transform to a sample.
    """

    p: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(f"{self.name}: p must lie in [0, 1], got {self.p}.")

    @property
    def name(self) -> str:
        """Name used in errors and as the transform's stream of random numbers."""
        return type(self).__name__

    def sample(self, draws: Draws, batch: Batch) -> Operator | tuple[Operator, ...]:
        """Draw the parameters for N samples and return the operator, or several in order.

        All randomness comes from ``draws``.
        """
        raise NotImplementedError(f"{self.name} must define sample(draws, batch) -> Operator.")

    def draw_into(self, batch: Batch, key: Key) -> None:
        """Draw from the stream that carries the transform's name."""
        self.draw_stream(batch, Draws(key, stream_key(f"{self.name}#0")))

    def draw_stream(self, batch: Batch, draws: Draws) -> None:
        """Draw from a given stream."""
        chosen = draws.chance(self.p) if self.p < 1 else None
        if chosen is None:
            draws.skip()
        drawn = self.sample(draws, batch)
        for operator in drawn if isinstance(drawn, tuple) else (drawn,):
            batch.add(operator if chosen is None else operator.where(chosen, batch))


def check_joints(who: str, batch: Batch, skeleton: Skeleton) -> None:
    """Raise ValueError unless the batch has the skeleton's joints."""
    if batch.n_joints != skeleton.n_joints:
        raise ValueError(
            f"{who}: expected (M, T, V, C) with V={skeleton.n_joints} for skeleton {skeleton.name!r}, "
            f"got V={batch.n_joints}. Pass the skeleton that the data has."
        )


def check_range(who: str, name: str, bounds: tuple[float, float], *, above: float = -np.inf) -> None:
    """Raise ValueError unless ``bounds`` is (low, high) with above < low <= high."""
    if not isinstance(bounds, tuple | list) or len(bounds) != 2 or not above < bounds[0] <= bounds[1] < np.inf:
        limit = "" if above == -np.inf else f" and {above} < low"
        raise ValueError(f"{who}: {name} must be (low, high) with low <= high{limit}, got {bounds!r}.")


@dataclass(frozen=True)
class Compose(Pipeline):
    """Transforms in order, drawn together and applied in as few passes over the data as they allow (mostly one).

    A transform draws from a stream of its own, named after it and counted where a name stands more than once: its
    parameters stay the same when another transform is switched off, removed or moved.

    Parameters
    ----------
    transforms : sequence of Transform or Compose
    """

    transforms: Sequence[Transform | Compose]
    _steps: tuple[tuple[Transform, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        flat: list[Transform] = []
        for item in self.transforms:
            if isinstance(item, Compose):
                flat.extend(step for step, _ in item._steps)
            elif isinstance(item, Transform):
                flat.append(item)
            else:
                raise TypeError(f"Compose: expected transforms, got {type(item).__name__}.")
        object.__setattr__(self, "transforms", tuple(self.transforms))
        seen: Counter[str] = Counter()
        steps = []
        for transform in flat:
            steps.append((transform, stream_key(f"{transform.name}#{seen[transform.name]}")))
            seen[transform.name] += 1
        object.__setattr__(self, "_steps", tuple(steps))

    def draw_into(self, batch: Batch, key: Key) -> None:
        """Draw each transform from its own stream."""
        if not self._steps:
            return
        streams = np.array([stream for _, stream in self._steps], np.uint64)
        for (transform, _), draws in zip(self._steps, Draws.of_streams(key, streams), strict=True):
            transform.draw_stream(batch, draws)


@dataclass(frozen=True)
class TwoViews:
    """Two pipelines, one for each view of a pair (the paper's T1 and T2).

    Parameters
    ----------
    first, second : Pipeline
        They draw as view 0 and view 1, so they differ even where they are the same pipeline.
    """

    first: Pipeline
    second: Pipeline

    def __call__(
        self,
        x: Samples | Arrays,
        other: Samples | Arrays | None = None,
        *,
        seed: int | None = None,
        epoch: int = 0,
        index: ArrayLike | None = None,
        layout: Layout = "sample",
    ) -> tuple[Views, Views]:
        """Return both views of ``x``, or the first of ``x`` and the second of ``other`` (another camera's sample)."""
        seed = fresh_seed() if seed is None else seed
        return (
            self.first(x, seed=seed, epoch=epoch, index=index, view=0, layout=layout),
            self.second(x if other is None else other, seed=seed, epoch=epoch, index=index, view=1, layout=layout),
        )
