"""Pipelines made of pipelines: one after the other, one of several, some of several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.operators import Mask
from skeleton_aug.pipeline import Pipeline, Transform, check_probability
from skeleton_aug.randomness import Draws


@dataclass(frozen=True)
class _Several(Pipeline):
    """What holds for everything that is made of several pipelines."""

    transforms: Sequence[Pipeline]

    def __post_init__(self) -> None:
        _check_parts(type(self).__name__, self.transforms)
        super().__post_init__()

    def inner_parts(self) -> Iterator[Pipeline]:
        """All that draw inside."""
        for transform in self.transforms:
            yield from transform.parts()


@dataclass(frozen=True)
class Compose(_Several):
    """Transforms in order, drawn together and applied in as few passes over the data as they allow (mostly one).

    A transform draws from a stream of its own, named after it and counted where a name stands more than once: its
    parameters stay the same when another transform is switched off, removed or moved.

    Parameters
    ----------
    transforms : sequence of Pipeline
        Transforms, choices between them, or further compositions.

    Examples
    --------
    >>> pipeline = Compose([Shear(factor_range=(-0.5, 0.5)), TemporalShift(p=0.5)])
    >>> pipeline(np.ones((1, 4, 25, 3), np.float32), seed=0).shape
    (1, 4, 25, 3)
    """

    _keys: NDArray[np.uint64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "_keys", super().stream_keys())

    def parts(self) -> Iterator[Pipeline]:
        """Those inside; a composition itself draws nothing."""
        return self.inner_parts()

    def stream_keys(self) -> NDArray[np.uint64]:
        """Return the keys of the streams, (S,)."""
        return self._keys

    def plain_parts(self) -> list[Transform] | None:
        """Those inside, in order."""
        parts = [transform.plain_parts() for transform in self.transforms]
        if type(self).draw is not Compose.draw or None in parts:
            return None
        return [part for inner in parts for part in inner or ()]

    def draw(self, batch: Batch, streams: Iterator[Draws], mask: Mask | None = None) -> None:
        """Draw one after the other."""
        for transform in self.transforms:
            transform.draw(batch, streams, mask)


@dataclass(frozen=True)
class _Choice(_Several):
    """Branches, each acting on the samples that chose it."""

    p: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.transforms:
            raise ValueError(f"{self.name}: expected at least one transform to choose from, got none.")
        check_probability(self.name, self.p)
        for part in self.inner_parts():
            if isinstance(part, Transform) and part.CHANGES_CHANNELS:
                raise ValueError(
                    f"{self.name}: {part.name} changes the number of channels, so all samples of a batch must have "
                    f"it; put it before or behind the {self.name}."
                )

    def choose(self, draws: Draws) -> NDArray[np.bool_]:
        """Draw which branches act on which samples, (N, B)."""
        raise NotImplementedError

    def parts(self) -> Iterator[Pipeline]:
        """The choice, and those inside."""
        yield self
        yield from self.inner_parts()

    def draw(self, batch: Batch, streams: Iterator[Draws], mask: Mask | None = None) -> None:
        """Draw the choice, and then every branch for the samples that chose it."""
        draws = next(streams)
        acts = draws.chance(self.p)
        chosen = self.choose(draws) & (acts if mask is None else acts & mask)[:, None]
        # All branches are drawn, even those that nobody chose: the passes must not depend on the rest of the batch.
        for transform, these in zip(self.transforms, chosen.T, strict=True):
            transform.draw(batch, streams, these)


@dataclass(frozen=True)
class OneOf(_Choice):
    """Exactly one of several transforms, drawn for every sample.

    Parameters
    ----------
    transforms : sequence of Pipeline
        The branches. They must not change the number of channels.
    weights : sequence of float, optional
        How likely each branch is, in proportion; all alike by default.
    p : float
        Probability of taking a branch at all.

    Examples
    --------
    >>> x = np.ones((1, 4, 25, 3), np.float32)
    >>> OneOf([Shear(), Compose([TemporalShift(), SideDrop()])], weights=[3, 1])(x, seed=0).shape
    (1, 4, 25, 3)
    """

    weights: Sequence[float] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        weights = self._weights
        if (
            not isinstance(weights, tuple)
            or len(weights) != len(self.transforms)
            or not all(isinstance(w, int | float) and 0 <= w < np.inf for w in weights)
            or sum(weights) == 0
        ):
            raise ValueError(
                f"OneOf: weights must be {len(self.transforms)} numbers, one a transform, none negative and not all "
                f"zero, got {self.weights!r}."
            )

    @property
    def _weights(self) -> Sequence[float]:
        return (1,) * len(self.transforms) if self.weights is None else self.weights

    def choose(self, draws: Draws) -> NDArray[np.bool_]:
        """One branch a sample."""
        return np.equal(draws.choice(self._weights)[:, None], np.arange(len(self.transforms)))


@dataclass(frozen=True)
class SomeOf(_Choice):
    """Some of several transforms, drawn for every sample and applied in the order in which they are listed.

    Parameters
    ----------
    transforms : sequence of Pipeline
        The branches. They must not change the number of channels.
    count_range : (int, int)
        Fewest and most branches that a sample takes, both included. Each number between is equally likely, and so is
        each subset of that size.
    p : float
        Probability of taking branches at all.

    Examples
    --------
    >>> x = np.ones((1, 4, 25, 3), np.float32)
    >>> SomeOf([Shear(), TemporalShift(), SideDrop()], count_range=(1, 2))(x, seed=0).shape
    (1, 4, 25, 3)
    """

    count_range: tuple[int, int] = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        counts, n = self.count_range, len(self.transforms)
        whole = isinstance(counts, tuple) and len(counts) == 2 and all(isinstance(c, int) for c in counts)
        if not whole or not 0 <= counts[0] <= counts[1] <= n:
            raise ValueError(
                f"SomeOf: count_range must be (low, high), whole numbers with 0 <= low <= high <= {n}, the number of "
                f"transforms, got {counts!r}."
            )

    def choose(self, draws: Draws) -> NDArray[np.bool_]:
        """A subset of the branches for each sample."""
        low, high = self.count_range
        count = draws.integers(low, high + 1)
        # The branches with the smallest of B random numbers are a random subset.
        rank = np.argsort(np.argsort(draws.uniform(size=len(self.transforms)), axis=1), axis=1)
        return np.less(rank, count[:, None])


def _check_parts(who: str, parts: Any) -> None:
    """Raise TypeError unless this is a sequence of pipelines."""
    if not isinstance(parts, list | tuple):
        raise TypeError(f"{who}: expected a list of transforms, got {_name(parts)}; write {who}([...]).")
    for part in parts:
        check_pipeline(who, part)


def check_pipeline(who: str, part: Any) -> None:
    """Raise TypeError unless this is a transform or a composition of some."""
    if isinstance(part, type) and issubclass(part, Pipeline):
        raise TypeError(f"{who}: expected transforms, got the class {part.__name__}; write {part.__name__}(...).")
    if isinstance(part, list | tuple):
        raise TypeError(f"{who}: expected transforms, got a {_name(part)} of them; write Compose([...]) around it.")
    if not isinstance(part, Pipeline):
        raise TypeError(f"{who}: expected transforms, got {part!r} of type {_name(part)}.")


def _name(value: Any) -> str:
    return type(value).__name__
