"""Plans: what will be done to each sample of a batch, as small arrays; drawing made them, applying is exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.kernels import apply_stage
from skeleton_aug.operators import Affine, BonesOf, Custom, FrameFilter, Gather, JointWeights, Operator
from skeleton_aug.samples import Samples

Arrays = NDArray[Any] | Sequence[NDArray[Any]]
Layout = Literal["sample", "model"]

_NO_FRAMES = np.zeros((0, 0), np.int64)
_NO_MIX = np.zeros((0, 0))


@dataclass(frozen=True)
class Stage:
    """Operators that one pass of the kernel applies, in this order: filter, gather, affine, bones, weights."""

    frame_filter: FrameFilter | None = None
    gather: Gather | None = None
    affine: Affine | None = None
    bones: BonesOf | None = None
    weights: JointWeights | None = None
    custom: Custom | None = None

    @property
    def empty(self) -> bool:
        """Whether the stage changes nothing."""
        return self == Stage()

    def absorb(self, operator: Operator) -> Stage | None:
        """The stage followed by ``operator``, or None where one pass cannot do both.

        Operators on different axes commute. Bones do not commute with what acts on frames where joints are
        missing, so they close the stage for filters and gathers.
        """
        if self.custom is not None:
            return None
        if isinstance(operator, Affine):
            if self.bones is not None and self.bones.channels == "bone" and operator.offset.any():
                return None
            return replace(self, affine=operator if self.affine is None else operator.after(self.affine))
        if isinstance(operator, JointWeights):
            return replace(self, weights=operator if self.weights is None else operator.after(self.weights))
        if isinstance(operator, Custom):
            return replace(self, custom=operator) if self.empty else None
        if self.bones is not None:
            return None
        if isinstance(operator, BonesOf):
            return replace(self, bones=operator) if self.weights is None else None
        if isinstance(operator, FrameFilter):
            free = self.frame_filter is None and self.gather is None
            return replace(self, frame_filter=operator) if free else None
        gather = operator if self.gather is None else operator.after(self.gather)
        return None if gather is None else replace(self, gather=gather)

    def n_channels(self, n_channels: int) -> int:
        """Channels of the output for an input of ``n_channels``."""
        if self.bones is None:
            return n_channels
        return 6 if self.bones.channels == "joint+bone" else 3


@dataclass
class Plan:
    """Everything that will be done to N samples; plain data, drawn already.

    Attributes
    ----------
    stages : list of Stage
        Applied one after the other, one pass over the data each.
    n_frames : (N,) int64 array
        Length of each result.
    """

    stages: list[Stage]
    n_frames: NDArray[np.int64]

    def apply(
        self, samples: Samples | Arrays, *, out: NDArray[Any] | None = None, layout: Layout = "sample"
    ) -> NDArray[Any] | list[NDArray[Any]]:
        """Carry the plan out: no randomness, so the same samples give the same bits every time.

        Parameters
        ----------
        samples : Samples, (N, M, T, V, C) array, or sequence of (M, T, V, C) arrays
            The samples that the plan was drawn for. They are not modified.
        out : array, optional
            Where to write, C-contiguous, of the result's shape and dtype.
        layout : {"sample", "model"}
            ``(N, M, T, V, C)``, or the networks' ``(N, C, T, V, M)``.

        Returns
        -------
        array, or list of (M, T, V, C) arrays where the results differ in length

        Raises
        ------
        ValueError
            When the samples are not those of the plan, or ``out`` does not fit.
        """
        current = samples if isinstance(samples, Samples) else Samples.from_arrays(samples)
        if current.n != len(self.n_frames):
            raise ValueError(f"The plan was drawn for {len(self.n_frames)} samples, got {current.n}.")
        for stage in self.stages[:-1]:
            current = run_stage(stage, current)
        last = self.stages[-1] if self.stages else Stage()
        if last.custom is not None:
            current, last = run_stage(last, current), Stage()
        return _finish(last, current, out, layout)


def run_stage(stage: Stage, samples: Samples) -> Samples:
    """Apply one stage, keeping the result in memory as samples."""
    if stage.custom is not None:
        return _run_custom(stage.custom, samples)
    n_frames = samples.n_frames if stage.gather is None else stage.gather.n_frames
    width = stage.n_channels(samples.n_channels)
    sizes = n_frames * samples.n_bodies * samples.n_joints * width
    flat = np.empty(int(sizes.sum()), samples.rows.dtype)
    _run(stage, samples, n_frames, flat, np.cumsum(sizes) - sizes, False)
    return Samples.from_rows(flat.reshape(-1, samples.n_joints, width), n_frames, samples.n_bodies, check=False)


def _run_custom(custom: Custom, samples: Samples) -> Samples:
    parts = _split(_finish(Stage(), samples, None, "sample"))
    return Samples.from_arrays([custom.function(x, i) if custom.active[i] else x for i, x in enumerate(parts)])


def _split(result: NDArray[Any] | list[NDArray[Any]]) -> list[NDArray[Any]]:
    return result if isinstance(result, list) else list(result)


def _finish(
    stage: Stage, samples: Samples, out: NDArray[Any] | None, layout: Layout
) -> NDArray[Any] | list[NDArray[Any]]:
    if layout not in ("sample", "model"):
        raise ValueError(f"layout must be 'sample' or 'model', got {layout!r}.")
    n_frames = samples.n_frames if stage.gather is None else stage.gather.n_frames
    n, m, v, c = samples.n, samples.n_bodies, samples.n_joints, stage.n_channels(samples.n_channels)
    if (n_frames != n_frames[0]).any():
        if layout == "model" or out is not None:
            raise ValueError(
                f"Results of {n_frames.min()} to {n_frames.max()} frames do not fit one array; "
                "end the pipeline with FitLength(n_frames=...)."
            )
        done = run_stage(stage, samples)
        ends = np.cumsum(n_frames * m)
        return [
            done.rows[end - t * m : end].reshape(m, t, v, c) for end, t in zip(ends, n_frames.tolist(), strict=True)
        ]
    t = int(n_frames[0])
    shape = (n, m, t, v, c) if layout == "sample" else (n, c, t, v, m)
    if out is None:
        out = np.empty(shape, samples.rows.dtype)
    elif out.shape != shape or out.dtype != samples.rows.dtype or not out.flags.c_contiguous:
        raise ValueError(
            f"out must be C-contiguous, {samples.rows.dtype}, of shape {shape}; got {out.dtype}, {out.shape}."
        )
    _run(stage, samples, n_frames, out.reshape(-1), np.arange(n) * (m * t * v * c), layout == "model")
    return out


def _run(
    stage: Stage,
    samples: Samples,
    n_frames: NDArray[np.int64],
    out: NDArray[Any],
    out_start: NDArray[np.int64],
    model_layout: bool,
) -> None:
    dtype, n_channels = samples.rows.dtype, samples.n_channels
    frame_filter, gather, affine, bones, weights = (
        stage.frame_filter, stage.gather, stage.affine, stage.bones, stage.weights,
    )  # fmt: skip
    if (affine is not None or bones is not None) and n_channels % 3:
        raise ValueError(f"Geometry needs x, y, z channels (C = 3, or 6 with bones), got C = {n_channels}.")
    if bones is not None and n_channels != 3:
        raise ValueError(f"Bones are made from joint positions (C = 3), got C = {n_channels}.")
    apply_stage(
        samples.rows.reshape(-1, samples.n_joints * n_channels),
        n_channels,
        samples.row,
        samples.first,
        samples.length,
        samples.gapless,
        np.zeros(0, np.bool_) if frame_filter is None else frame_filter.active,
        np.zeros((1, 1, 1), dtype) if frame_filter is None else frame_filter.bank.astype(dtype),
        0 if frame_filter is None else frame_filter.shortest,
        _NO_FRAMES if gather is None else gather.before,
        _NO_FRAMES if gather is None else gather.after_,
        _NO_MIX if gather is None else gather.mix,
        n_frames,
        np.zeros((0, 3, 3)) if affine is None else affine.matrix,
        np.zeros((0, 3)) if affine is None else affine.offset,
        affine is not None,
        np.zeros(0, np.int64) if bones is None else bones.parents,
        0 if bones is None else {"bone": 1, "joint+bone": 2}[bones.channels],
        np.zeros((0, 0)) if weights is None else weights.weights,
        out,
        out_start,
        model_layout,
    )


@dataclass
class Batch:
    """The samples of a batch while their plan is being made: what a transform may look at when it draws.

    Attributes
    ----------
    source : Samples
        The samples that the pipeline was given.
    n_frames : (N,) int64 array
        Length of each sample at this point of the pipeline.
    n_channels : int
        Channels at this point of the pipeline.
    """

    source: Samples
    stages: list[Stage] = field(default_factory=lambda: [Stage()])
    n_frames: NDArray[np.int64] = field(init=False)
    n_channels: int = field(init=False)

    def __post_init__(self) -> None:
        self.n_frames, self.n_channels = self.source.n_frames, self.source.n_channels

    @property
    def n(self) -> int:
        """Number of samples, N."""
        return self.source.n

    @property
    def n_joints(self) -> int:
        """Joints, V."""
        return self.source.n_joints

    def samples(self) -> Samples:
        """The samples as they are at this point, for transforms whose parameters depend on the data.

        Free at the head of a pipeline; further on, what stands before is carried out here and again by the plan.
        """
        current = self.source
        for stage in self.stages:
            if not stage.empty:
                current = run_stage(stage, current)
        return current

    def add(self, operator: Operator) -> None:
        """Put an operator behind those drawn so far."""
        merged = self.stages[-1].absorb(operator)
        if merged is None:
            merged = Stage().absorb(operator)
            if merged is None:
                raise TypeError(f"Not an operator: {type(operator).__name__}.")
            self.stages.append(merged)
        else:
            self.stages[-1] = merged
        if isinstance(operator, Gather):
            self.n_frames = operator.n_frames
        self.n_channels = (
            self.stages[-1].n_channels(self.n_channels) if isinstance(operator, BonesOf) else self.n_channels
        )
        if isinstance(operator, Custom):
            done = self.samples()
            self.n_frames, self.n_channels = done.n_frames, done.n_channels

    def plan(self) -> Plan:
        """The finished plan."""
        return Plan(self.stages, self.n_frames)
