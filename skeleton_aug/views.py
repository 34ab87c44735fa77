"""Several views of a sample, or of samples that several cameras took of one performance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import ArrayLike

from skeleton_aug.compose import check_pipeline
from skeleton_aug.pipeline import Pipeline, Result
from skeleton_aug.plan import Arrays, Layout, Plan
from skeleton_aug.randomness import fresh_seed
from skeleton_aug.samples import Samples
from skeleton_aug.settings import Settings


@dataclass(frozen=True)
class Views(Settings):
    """Several pipelines, one for each view.

    Parameters
    ----------
    pipelines : sequence of Pipeline
        The first draws as view 0, the next as view 1, and so on: they differ even where they are the same pipeline.

    Examples
    --------
    >>> x = np.ones((1, 4, 25, 3), np.float32)
    >>> [view.shape for view in Views([Shear(), Shear(), TemporalShift()])(x, seed=0)]
    [(1, 4, 25, 3), (1, 4, 25, 3), (1, 4, 25, 3)]
    """

    pipelines: Sequence[Pipeline]

    def __post_init__(self) -> None:
        who = type(self).__name__
        if not isinstance(self.pipelines, list | tuple) or not self.pipelines:
            raise TypeError(f"{who}: expected a list of pipelines, one a view, got {self.pipelines!r}.")
        for pipeline in self.pipelines:
            check_pipeline(who, pipeline)
        super().__post_init__()

    def plan(
        self,
        *samples: Samples | Arrays,
        seed: int | None = None,
        epoch: int = 0,
        indices: ArrayLike | None = None,
        channels: str | None = None,
    ) -> tuple[Plan, ...]:
        """Draw the plans of all views: ``plans[k].apply(samples)`` is view k.

        Parameters
        ----------
        *samples : Samples, (N, M, T, V, C) array, or sequence of (M, T, V, C) arrays
            Those of all views, or one for each view (another camera's samples of the same performances).
        seed, epoch, indices, channels
            As for :meth:`Pipeline.plan`.
        """
        seed = fresh_seed() if seed is None else seed
        return tuple(
            pipeline.plan(x, seed=seed, epoch=epoch, indices=indices, view=k, channels=channels)
            for k, (pipeline, x) in enumerate(zip(self.pipelines, self._for_each(samples), strict=True))
        )

    def __call__(
        self,
        *samples: Samples | Arrays,
        seed: int | None = None,
        epoch: int = 0,
        index: ArrayLike | None = None,
        out: Sequence[Any] | None = None,
        layout: Layout = "sample",
        channels: str | None = None,
        threads: int = 1,
    ) -> tuple[Result, ...]:
        """Return all views of one sample or batch, or view k of the k-th (another camera's of the same performance).

        Settings are those of :meth:`Pipeline.__call__`; ``out`` has an array for each view. Without a seed, all views
        share a fresh one.
        """
        seed = fresh_seed() if seed is None else seed
        if out is not None and len(out) != len(self.pipelines):
            raise ValueError(f"{type(self).__name__}: expected {len(self.pipelines)} arrays as out, got {len(out)}.")
        return tuple(
            pipeline(
                x, seed=seed, epoch=epoch, index=index, view=k, out=None if out is None else out[k], layout=layout,
                channels=channels, threads=threads,
            )
            for k, (pipeline, x) in enumerate(zip(self.pipelines, self._for_each(samples), strict=True))
        )  # fmt: skip

    def _for_each(self, samples: tuple[Samples | Arrays, ...]) -> tuple[Samples | Arrays, ...]:
        n = len(self.pipelines)
        if len(samples) not in (1, n):
            raise ValueError(
                f"{type(self).__name__}: expected samples for all {n} views, or {n} times samples, one a view, "
                f"got {len(samples)}."
            )
        return samples * n if len(samples) == 1 else samples


@dataclass(frozen=True)
class TwoViews(Views):
    """Two pipelines, one for each view of a pair (the paper's T1 and T2).

    Parameters
    ----------
    first, second : Pipeline
        They draw as view 0 and view 1, so they differ even where they are the same pipeline.

    Examples
    --------
    >>> one, other = np.ones((2, 1, 4, 25, 3), np.float32)
    >>> first, second = TwoViews(Shear(), TemporalShift())(one, other, seed=0)
    """

    pipelines: Sequence[Pipeline] = field(init=False, repr=False, compare=False)
    first: Pipeline
    second: Pipeline

    def __post_init__(self) -> None:
        object.__setattr__(self, "pipelines", (self.first, self.second))
        super().__post_init__()
