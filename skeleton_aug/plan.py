"""Plans: what will be done to each sample of a batch, as small arrays; drawing made them, applying is exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.kernels import apply_to_frames
from skeleton_aug.kernels_joints import apply_to_joints
from skeleton_aug.operators import Affine, BonesOf, Custom, FrameFilter, Gather, JointWeights, Operator
from skeleton_aug.samples import Samples

Arrays = NDArray[Any] | Sequence[NDArray[Any]]
Layout = Literal["sample", "model"]

# Operators that are absent, as the kernels take them: one row that serves every sample.
_INACTIVE = np.zeros(1, np.bool_)
_NO_BANK = np.zeros((2, 1, 1))
_NO_FRAMES = np.zeros((1, 0), np.int64)
_NO_NUMBERS = np.zeros((1, 0))
_IDENTITY = np.eye(3)[None]
_NO_OFFSET = np.zeros((1, 3))
_NO_PARENTS = np.zeros(0, np.int64)
# As those of skeletons: to the compiler, read-only arrays are another type.
_NO_PARENTS.flags.writeable = False


@dataclass
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
        return all(operator is None for operator in vars(self).values())

    def absorb(self, operator: Operator) -> bool:
        """Put ``operator`` behind the stage's; False, and nothing done, where one pass cannot do both.

        Operators on different axes commute. Bones do not commute with what acts on frames where joints are
        missing, so they close the stage for filters and gathers.
        """
        if self.custom is not None:
            return False
        if isinstance(operator, Affine):
            if self.weights is not None and operator.offset.any() and not self.weights.drops_only:
                return False
            self.affine = operator if self.affine is None else operator.after(self.affine)
        elif isinstance(operator, JointWeights):
            self.weights = operator if self.weights is None else operator.after(self.weights)
        elif isinstance(operator, Custom):
            if not self.empty:
                return False
            self.custom = operator
        elif self.bones is not None:
            return False
        elif isinstance(operator, BonesOf):
            if self.weights is not None:
                return False
            self.bones = operator
        elif isinstance(operator, FrameFilter):
            if self.frame_filter is not None or self.gather is not None:
                return False
            self.frame_filter = operator
        else:
            gather = operator if self.gather is None else operator.after(self.gather)
            if gather is None:
                return False
            self.gather = gather
        return True

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
    n_source : (N,) int64 array
        Length of each sample that the plan was drawn for.
    n_joints : int
        Their joints.
    """

    stages: list[Stage]
    n_frames: NDArray[np.int64]
    n_source: NDArray[np.int64]
    n_joints: int

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
        if current.n != len(self.n_source):
            raise ValueError(f"The plan was drawn for {len(self.n_source)} samples, got {current.n}.")
        if (current.n_frames != self.n_source).any() or current.n_joints != self.n_joints:
            i = int(np.argmax(current.n_frames != self.n_source))
            raise ValueError(
                f"The plan was drawn for other samples: sample {i} had {self.n_source[i]} frames and {self.n_joints} "
                f"joints, got {current.n_frames[i]} and {current.n_joints}."
            )
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
    elif np.may_share_memory(out, samples.rows):
        raise ValueError("out must not share memory with the samples, which are never modified.")
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
    n_channels = samples.n_channels
    frame_filter, gather, affine, bones, weights = (
        stage.frame_filter, stage.gather, stage.affine, stage.bones, stage.weights,
    )  # fmt: skip
    rows, n_joints = samples.rows.reshape(-1), samples.n_joints
    operators = (
        _INACTIVE if frame_filter is None else frame_filter.active,
        _NO_BANK.astype(rows.dtype) if frame_filter is None else frame_filter.bank.astype(rows.dtype),
        0 if frame_filter is None else frame_filter.shortest,
        _NO_FRAMES if gather is None else gather.before,
        _NO_FRAMES if gather is None else gather.after_,
        _NO_NUMBERS if gather is None else gather.mix,
        n_frames,
        _IDENTITY if affine is None else affine.matrix,
        _NO_OFFSET if affine is None else affine.offset,
        _NO_PARENTS if bones is None else bones.parents,
        0 if bones is None else {"bone": 1, "joint+bone": 2}[bones.channels],
        _NO_NUMBERS if weights is None else weights.weights,
        out,
        out_start,
        model_layout,
    )
    done = np.empty(samples.row.shape, np.bool_)
    apply_to_frames(
        done, rows, n_joints, n_channels, samples.row, samples.first, samples.length, samples.gapless, *operators
    )  # fmt: skip
    if not done.all():
        apply_to_joints(done, rows, n_joints, n_channels, samples.row, samples.first, samples.length, *operators)


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
    has_positions : bool
        False once bones have taken the joints' place.
    """

    source: Samples
    stages: list[Stage] = field(default_factory=lambda: [Stage()])
    n_frames: NDArray[np.int64] = field(init=False)
    n_channels: int = field(init=False)
    has_positions: bool = field(init=False, default=True)

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
        check_operator(operator, self)
        if isinstance(operator, Affine) and not self.has_positions:
            operator = Affine.linear(operator.matrix)
        if not self.stages[-1].absorb(operator):
            self.stages.append(Stage())
            self.stages[-1].absorb(operator)
        if isinstance(operator, Gather):
            self.n_frames = operator.n_frames
        if isinstance(operator, BonesOf):
            self.n_channels = self.stages[-1].n_channels(self.n_channels)
            self.has_positions = operator.channels != "bone"
        if isinstance(operator, Custom):
            done = self.samples()
            self.n_frames, self.n_channels = done.n_frames, done.n_channels

    def plan(self) -> Plan:
        """The finished plan."""
        return Plan(self.stages, self.n_frames, self.source.n_frames, self.n_joints)


def check_operator(operator: Operator, batch: Batch) -> None:
    """Raise unless the operator has a row for each sample of the batch and fits its joints and channels."""
    n, who, n_channels = batch.n, type(operator).__name__, batch.n_channels
    if isinstance(operator, Affine):
        _check_shape(who, "matrix", operator.matrix, (n, 3, 3))
        _check_shape(who, "offset", operator.offset, (n, 3))
        if n_channels % 3:
            raise ValueError(f"Geometry needs x, y, z channels (C = 3, or 6 with bones), got C = {n_channels}.")
    elif isinstance(operator, JointWeights):
        _check_shape(who, "weights", operator.weights, (n, batch.n_joints))
    elif isinstance(operator, FrameFilter):
        longest = operator.bank.shape[-1]
        _check_shape(who, "active", operator.active, (n,))
        _check_shape(who, "bank", operator.bank, (longest + 1, longest, longest))
    elif isinstance(operator, Gather):
        shape = (n, operator.n_frames.max() if operator.before.ndim != 2 else operator.before.shape[1])
        _check_shape(who, "n_frames", operator.n_frames, (n,))
        if operator.n_frames.max() > shape[1]:
            raise ValueError(
                f"{who}: before must have a column for each of {operator.n_frames.max()} frames, got {shape[1]}."
            )
        _check_shape(who, "before", operator.before, shape)
        _check_shape(who, "after_", operator.after_, shape)
        _check_shape(who, "mix", operator.mix, shape)
    elif isinstance(operator, BonesOf):
        _check_shape(who, "parents", operator.parents, (batch.n_joints,))
        if n_channels != 3:
            raise ValueError(f"Bones are made from joint positions (C = 3), got C = {n_channels}.")
    elif isinstance(operator, Custom):
        _check_shape(who, "active", operator.active, (n,))
    else:
        raise TypeError(f"Not an operator: {who}.")


def _check_shape(who: str, name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{who}: {name} must have shape {shape} for this batch, got {array.shape}.")
