"""Pipelines whose parameters are drawn in one compiled call.

A transform may say in instructions what its ``sample`` draws. A pipeline of such transforms, if one pass over the data
can carry it out, becomes a :class:`Program`: its plan has the same numbers, to the bit, in a fraction of the time that
a single sample takes. Everything else is drawn by ``sample``, one transform after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.kernels_draw import CROP_STRETCH, FILTER, MATRICES, PLAY_AT, REORDER, REVERSE, STRETCH, run_program
from skeleton_aug.operators import Affine, BonesOf, FrameFilter, Gather, JointOrder, JointWeights
from skeleton_aug.operators.frame_steps import Beyond, Chain, code_of
from skeleton_aug.plan import Plan
from skeleton_aug.stage import Stage

if TYPE_CHECKING:
    from skeleton_aug.randomness import Key
    from skeleton_aug.samples import Samples

_NEVER_AFTER = {
    "filter": {"filter", "window", "stretch", "bones"},
    "window": {"bones"},
    "stretch": {"stretch", "bones"},
    "bones": {"bones", "weights"},
    "order": {"order", "weights"},
}
"""What one pass cannot do in this order, as ``Stage.absorb`` has it, or only in a way that a program does not know."""


@dataclass(frozen=True)
class Instruction:
    """What to draw for a sample, and what to make of it.

    Attributes
    ----------
    code : int
        One of those in ``kernels_draw``, whose functions say which numbers it takes.
    numbers : sequence of float
    n_blocks : int
        Blocks of four uniform numbers that it needs, behind the one with the chance that it acts.
    beyond : str
        Of windows, as for ``Gather.window``.
    bank, shortest
        Of filters, as in ``FrameFilter``.
    """

    code: int
    numbers: Sequence[float] = ()
    n_blocks: int = 0
    beyond: Beyond = "repeat"
    bank: NDArray[np.float64] | None = None
    shortest: int = 0

    @property
    def kind(self) -> str:
        """What it adds to a stage."""
        if self.code <= REVERSE:
            return "stretch" if self.code in (PLAY_AT, STRETCH, CROP_STRETCH) else "window"
        if self.code <= MATRICES:
            return "affine"
        return {FILTER: "filter", REORDER: "order"}.get(self.code, "weights")


Look = Callable[["Samples"], Affine]
"""What is read off the samples as they are given, at the head of a pipeline."""
Instructions = tuple[Instruction | BonesOf | Look, ...]


@dataclass(frozen=True)
class Program:
    """Instructions that one stage can carry out, as arrays; see :func:`skeleton_aug.kernels_draw.run_program`."""

    table: NDArray[np.int64]
    streams: NDArray[np.uint64]
    numbers: NDArray[np.float64]
    look: Look | None
    steps: NDArray[np.int64]
    frame_filter: Instruction | None
    bones: BonesOf | None
    kinds: frozenset[str]

    @classmethod
    def of(cls, parts: Iterable[tuple[float, int, Instructions]]) -> Program | None:
        """Put together the instructions of transforms, with the probability and the stream of each.

        None where they need more than one stage, or their order matters in a way that a program does not know.
        """
        rows: list[tuple[int, int, int, int]] = []
        streams: list[int] = []
        numbers: list[float] = []
        steps: list[int] = []
        look, frame_filter, order, bones = None, None, None, None
        kinds: set[str] = set()
        for p, stream, instructions in parts:
            for one in instructions:
                if isinstance(one, BonesOf):
                    kind, bones = "bones", one
                    if p < 1 or not (order is None or order.keeps_bones(one.parents)):
                        return None
                elif isinstance(one, Instruction):
                    kind = one.kind
                    # Bones alone are no positions, which offsets would move.
                    if kind == "affine" and bones is not None and bones.channels == "bone":
                        return None
                    rows.append((one.code, one.n_blocks, len(numbers), len(steps)))
                    streams.append(stream)
                    numbers += [p, *one.numbers]
                    if kind in ("window", "stretch"):
                        steps.append(code_of("stretch" if kind == "stretch" else one.beyond))
                    elif kind == "filter":
                        frame_filter = one
                    elif kind == "order":
                        order = JointOrder(np.array([one.numbers], np.int64))
                else:
                    kind, look = "affine", one
                    if p < 1 or kinds:
                        return None
                if kinds & _NEVER_AFTER.get(kind, set()):
                    return None
                kinds.add(kind)
        arrays = np.array(rows, np.int64).reshape(-1, 4), np.array(streams, np.uint64), np.array(numbers, np.float64)
        return cls(*arrays, look, np.array(steps, np.int64), frame_filter, bones, frozenset(kinds)) if kinds else None

    def draw(self, key: Key, samples: Samples) -> Plan:
        """Draw the plan of some samples."""
        n, v, n_steps = samples.n, samples.n_joints, len(self.steps)
        frames, places = np.empty((n_steps, 3, n), np.int64), np.empty((n_steps, 2, n))
        active = np.empty(n if self.frame_filter is not None else 0, np.bool_)
        affine, gather, frame_filter, order, weights = None, None, None, None, None
        if self.look is not None:
            affine = self.look(samples)
        elif "affine" in self.kinds:
            affine = Affine(np.empty((n, 3, 3)), np.empty((n, 3)))
        if "order" in self.kinds:
            order = JointOrder(np.empty((n, v), np.int64))
        if "weights" in self.kinds:
            weights = JointWeights(np.empty((n, v)))
        if len(self.table):
            run_program(
                self.table, self.streams, self.numbers,
                key.seed_word, np.uint64(key.view), np.uint64(key.epoch), key.index_words, samples.n_frames, v,
                frames, places, active,
                _NONE_3 if affine is None else affine.matrix, _NONE_2 if affine is None else affine.offset,
                self.look is not None, _NONE_OF_ORDER if order is None else order.source,
                _NONE_2 if weights is None else weights.weights,
            )  # fmt: skip
        if n_steps:
            gather = Gather.of_steps(Chain(self.steps, frames, places, "stretch" not in self.kinds))
        if self.frame_filter is not None and self.frame_filter.bank is not None:
            frame_filter = FrameFilter(self.frame_filter.bank, self.frame_filter.shortest, active)
        stage = Stage(None, frame_filter, gather, affine, self.bones, order, weights)
        n_frames = samples.n_frames if gather is None else gather.n_frames
        return Plan([stage], n_frames, stage.n_channels(samples), samples.n_frames, v, samples.channels)


_NONE_3, _NONE_2, _NONE_OF_ORDER = np.empty((0, 3, 3)), np.empty((0, 3)), np.empty((0, 0), np.int64)
