"""What one pass over the data can do, and doing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.kernels import apply_to_frames
from skeleton_aug.kernels_joints import apply_to_joints
from skeleton_aug.kernels_layout import lay_out
from skeleton_aug.operators import (
    Affine,
    Alone,
    BodyOrder,
    BonesOf,
    FrameBlur,
    FrameFilter,
    Gather,
    JointOrder,
    JointWeights,
    Operator,
)
from skeleton_aug.samples import Samples

# Operators that are absent, as the kernels take them: one row that serves every sample.
_INACTIVE = np.zeros(1, np.bool_)
_NO_BANK = {np.dtype(dtype): np.zeros((2, 1, 1), dtype) for dtype in (np.float32, np.float64)}
_NO_FRAMES = np.zeros((1, 0), np.int32)
_NO_JOINTS = np.zeros((1, 0), np.int64)
_NO_NUMBERS = np.zeros((1, 0))
_IDENTITY = np.eye(3)[None]
_NO_OFFSET = np.zeros((1, 3))
_NO_PARENTS = np.zeros(0, np.int64)
# As those of skeletons: to the compiler, read-only arrays are another type.
_NO_PARENTS.flags.writeable = False


_banks: dict[tuple[int, np.dtype[Any]], tuple[NDArray[np.float64], NDArray[Any]]] = {}


def _bank_of(bank: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The bank in the precision of the samples; the last few are kept, since filters share theirs."""
    if bank.dtype == dtype:
        return bank
    known = _banks.get((id(bank), dtype))
    # The kept original makes sure that no other array has its id.
    if known is None or bank.flags.writeable:
        if len(_banks) > 16:
            _banks.clear()
        known = _banks[id(bank), dtype] = bank, bank.astype(dtype)
    return known[1]


@dataclass
class Stage:
    """Operators of one pass, in order: bodies, filter, gather, affine, bones, joint order, weights; or one alone."""

    bodies: BodyOrder | None = None
    frame_filter: FrameFilter | FrameBlur | None = None
    gather: Gather | None = None
    affine: Affine | None = None
    bones: BonesOf | None = None
    order: JointOrder | None = None
    weights: JointWeights | None = None
    alone: Alone | None = None

    @property
    def operators(self) -> dict[str, Operator]:
        """Those that are there, in order."""
        return {name: operator for name, operator in vars(self).items() if operator is not None}

    def part(self, samples: slice) -> Stage:
        """Return the stage for some of the samples."""
        return Stage(**{name: operator.part(samples) for name, operator in self.operators.items()})  # type: ignore[arg-type]

    def absorb(self, operator: Operator) -> bool:
        """Put ``operator`` behind the stage's; False, and nothing done, where one pass cannot do both.

        Operators on different axes commute. Bones do not commute with what acts on frames where joints are missing,
        so they close the stage for filters and gathers.
        """
        if self.alone is not None:
            return False
        match operator:
            case Alone():
                if self.operators:
                    return False
                self.alone = operator
            case BodyOrder():
                self.bodies = operator if self.bodies is None else operator.after(self.bodies)
            case Affine():
                if self.weights is not None and operator.offset.any() and not self.weights.drops_only:
                    return False
                self.affine = operator if self.affine is None else operator.after(self.affine)
            case JointWeights():
                self.weights = operator if self.weights is None else operator.after(self.weights)
            case JointOrder():
                self.order = operator if self.order is None else operator.after(self.order)
                self.weights = None if self.weights is None else operator.reorder(self.weights)
            case BonesOf():
                reordered = self.order is not None and not self.order.keeps_bones(operator.parents)
                if self.bones is not None or self.weights is not None or reordered:
                    return False
                self.bones = operator
            case FrameFilter() | FrameBlur():
                if self.bones is not None or self.frame_filter is not None or self.gather is not None:
                    return False
                self.frame_filter = operator
            case Gather():
                gather = operator if self.gather is None else operator.after(self.gather)
                if self.bones is not None or gather is None:
                    return False
                self.gather = gather
            case _:
                raise TypeError(f"Not an operator: {type(operator).__name__}.")
        return True

    def n_channels(self, samples: Samples) -> int:
        """Channels of the output, for stages that are not alone."""
        if self.bones is None:
            return samples.n_channels
        return len(samples.channels) * (2 if self.bones.channels == "joint+bone" else 1)

    def run(self, samples: Samples) -> Samples:
        """Apply the stage, keeping the result in memory as samples."""
        if self.alone is not None:
            return self.alone.run(samples)
        n_frames = samples.n_frames if self.gather is None else self.gather.n_frames
        width = self.n_channels(samples)
        sizes = n_frames * samples.n_bodies * samples.n_joints * width
        flat = np.empty(int(sizes.sum()), samples.rows.dtype)
        self.write(samples, flat, np.cumsum(sizes) - sizes, model_layout=False)
        rows = flat.reshape(-1, samples.n_joints, width)
        return Samples.from_rows(rows, n_frames, samples.n_bodies, channels=samples.channels, check=False)

    def write(self, samples: Samples, out: NDArray[Any], start: NDArray[np.int64], *, model_layout: bool) -> None:
        """Apply the stage, writing sample n to flat ``out`` from ``start[n]`` on. Not for operators that are alone."""
        if self.bodies is not None:
            samples = samples.reorder_bodies(self.bodies.source)
        usual = samples.channels == "xyz" and samples.n_channels == 3
        if not usual and not self.operators.keys() - {"bodies"}:
            shape, tables = (samples.n_joints, samples.n_channels), (samples.row, samples.first, samples.length)
            lay_out(samples.rows.reshape(-1), *shape, *tables, samples.n_frames, out, start, model_layout)
            return
        frame_filter, gather, affine, weights = self.frame_filter, self.gather, self.affine, self.weights
        rows, dtype = samples.rows.reshape(-1), samples.rows.dtype
        bank, active, shortest, taps = _NO_BANK[dtype], _INACTIVE, 0, _NO_NUMBERS
        if isinstance(frame_filter, FrameFilter):
            bank, active = _bank_of(frame_filter.bank, dtype), frame_filter.active
            shortest = frame_filter.shortest
        elif frame_filter is not None:
            taps = frame_filter.taps
        operators = (
            active,
            bank,
            shortest,
            taps,
            _NO_FRAMES if gather is None else gather.before,
            _NO_FRAMES if gather is None else gather.after_,
            _NO_NUMBERS if gather is None else gather.mix,
            samples.n_frames if gather is None else gather.n_frames,
            _IDENTITY if affine is None else affine.matrix,
            _NO_OFFSET if affine is None else affine.offset,
            _NO_PARENTS if self.bones is None else self.bones.parents,
            0 if self.bones is None else {"bone": 1, "joint+bone": 2}[self.bones.channels],
            _NO_JOINTS if self.order is None else self.order.source,
            _NO_NUMBERS if weights is None else weights.weights,
            out,
            start,
            model_layout,
        )
        shape = samples.n_joints, samples.n_channels
        done = np.zeros(samples.row.shape, np.bool_)
        tables = samples.row, samples.first, samples.length
        if samples.channels != "xyz" or not apply_to_frames(done, rows, *shape, *tables, samples.gapless, *operators):
            vector = len(samples.channels), len(samples.channels.rstrip("c"))
            apply_to_joints(done, rows, *shape, *vector, *tables, *operators)
