"""Views of a recording with what was drawn for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skeleton_aug import Normalize, Pipeline, Samples, Skeleton, Transform
from skeleton_aug.batch import Batch
from skeleton_aug.operators import Affine, Gather, Operator
from skeleton_aug.randomness import Draws, Key
from skeleton_data.raw import SkeletonDataError
from skeleton_data.viewing.wording import describe, source_frames

Axes = Literal["sensor", "canonical", "legacy"]
"""Where x, y and z point: left, up and away, of the sensor; or as :class:`skeleton_aug.Normalize` names rotations."""


@dataclass(frozen=True)
class Step:
    """What one transform of a pipeline does to a view.

    Attributes
    ----------
    transform : str
        Name of its class.
    words : tuple of str
        What it does; empty where it leaves the view as it is.
    """

    transform: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Draw:
    """A view.

    Attributes
    ----------
    epoch : int
        The view is ``pipeline(x, seed=seed, epoch=epoch, index=index)``.
    positions : (M, T, V, 3) float32 array
    axes : {"sensor", "canonical", "legacy"}
    steps : tuple of Step
        In the order of the pipeline.
    source : (T,) float64 array, or None
        Frame of the recording that each frame is made of, NaN where it is missing; None where that is not known.
    """

    epoch: int
    positions: NDArray[np.float32]
    axes: Axes
    steps: tuple[Step, ...]
    source: NDArray[np.float64] | None


def draw(pipeline: Pipeline, x: NDArray[np.float32], skeleton: Skeleton, *, seed: int, epoch: int, index: int) -> Draw:
    """Make a view, and write down what was drawn for it.

    Parameters
    ----------
    pipeline : Pipeline
    x : (M, T, V, 3) float32 array
    skeleton : Skeleton
        Joint layout of ``x``.
    seed, epoch, index
        As for calling the pipeline, which gives the same view.

    Raises
    ------
    SkeletonDataError
        When the pipeline does not fit the data, or its results hold no joints.
    """
    batch = _ToldBatch(Samples.from_arrays(x[None]))
    parts = list(pipeline.parts())
    try:
        streams = Draws.of_streams(Key.of(seed, [index], epoch), pipeline.stream_keys())
        pipeline.draw(batch, batch.taking_turns(streams))
        made = pipeline(x, seed=seed, epoch=epoch, index=index)
    except (ValueError, TypeError) as error:
        raise SkeletonDataError(f"The pipeline does not fit this recording: {error}") from error
    if not batch.has_positions:
        raise SkeletonDataError(
            "The pipeline ends in bones or motion alone, which have no place in space. Leave Bones or Motion out, or "
            "keep the joints with channels='joint+bone'."
        )
    told = [[entry for entry in batch.told if entry.turn == turn] for turn in range(len(parts))]
    steps = tuple(
        Step(
            part.name, tuple(words for entry in entries for words in describe(entry.operator, skeleton, entry.n_frames))
        )
        for part, entries in zip(parts, told, strict=True)
        if isinstance(part, Transform)
    )
    positions = np.asarray(made)[..., :3]
    return Draw(epoch, positions, _axes(parts, told), steps, _source(batch, x.shape[1], positions.shape[1]))


@dataclass(frozen=True)
class _Told:
    """An operator, whose turn it was, and how long the sample was then."""

    turn: int
    operator: Operator
    n_frames: int


@dataclass
class _ToldBatch(Batch):
    """A batch that writes down which part of the pipeline adds which operator."""

    told: list[_Told] = field(default_factory=list)
    turn: int = -1

    def taking_turns(self, streams: list[Draws]) -> Iterator[Draws]:
        """Give the streams; a part takes its own just before it adds operators, which tells whose they are."""
        for self.turn, stream in enumerate(streams):
            yield stream

    def add(self, operator: Operator) -> None:
        """Write down and add."""
        self.told.append(_Told(self.turn, operator, int(self.n_frames[0])))
        super().add(operator)


def _axes(parts: list[Pipeline], told: list[list[_Told]]) -> Axes:
    axes: Axes = "sensor"
    for part, entries in zip(parts, told, strict=True):
        matrices = [entry.operator.matrix[0] for entry in entries if isinstance(entry.operator, Affine)]
        turned = any(not np.array_equal(matrix, np.diag(np.diag(matrix))) for matrix in matrices)
        if isinstance(part, Normalize) and part.rotation != "none" and turned:
            axes = "legacy" if part.rotation == "legacy" else "canonical"
    return axes


def _source(batch: _ToldBatch, n_frames: int, n_made: int) -> NDArray[np.float64] | None:
    places = np.arange(n_frames, dtype=np.float64)
    for entry in batch.told:
        if entry.n_frames != len(places):
            return None
        if isinstance(entry.operator, Gather):
            places = source_frames(places, entry.operator)
    return places if len(places) == n_made else None
