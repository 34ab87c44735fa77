"""Operators on joints and on bodies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skeleton_aug.operators.base import Mask, Operator

if TYPE_CHECKING:
    from skeleton_aug.batch import Batch

BoneChannels = Literal["bone", "joint+bone"]


@dataclass(frozen=True)
class JointWeights(Operator):
    """On V: the coordinates of each joint times its weight; a weight of 0 makes the joint missing.

    Attributes
    ----------
    weights : (N, V) float64 array
    """

    weights: NDArray[np.float64]

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"weights": np.float64}

    @property
    def drops_only(self) -> bool:
        """Whether joints are kept or dropped and none is scaled."""
        return bool(((self.weights == 0) | (self.weights == 1)).all())

    def where(self, mask: Mask, batch: Batch | None = None) -> JointWeights:
        """Identity where the mask is False."""
        return JointWeights(np.where(mask[:, None], self.weights, 1.0))

    def check(self, batch: Batch) -> None:
        """One weight a joint."""
        self.check_shape("weights", (batch.n, batch.n_joints))

    def after(self, earlier: JointWeights) -> JointWeights:
        """Return the operator that applies ``earlier`` and then this one."""
        return JointWeights(self.weights * earlier.weights)


@dataclass(frozen=True)
class JointOrder(Operator):
    """On V: joint v of the result is joint ``source[v]`` of the input, with all its channels.

    Attributes
    ----------
    source : (N, V) int64 array
        -1 makes the joint missing.
    """

    source: NDArray[np.int64]

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"source": np.int64}

    def where(self, mask: Mask, batch: Batch | None = None) -> JointOrder:
        """Identity where the mask is False."""
        return JointOrder(np.where(mask[:, None], self.source, np.arange(self.source.shape[1])))

    def check(self, batch: Batch) -> None:
        """One source a joint, among the joints."""
        self.check_shape("source", (batch.n, batch.n_joints))
        _check_sources("JointOrder", self.source, batch.n_joints, "joints")

    def after(self, earlier: JointOrder) -> JointOrder:
        """Return the operator that applies ``earlier`` and then this one."""
        return JointOrder(_look_up(earlier.source, self.source, -1))

    def reorder(self, weights: JointWeights) -> JointWeights:
        """Weights that act after this operator as ``weights`` did before it."""
        return JointWeights(_look_up(weights.weights, self.source, 1.0))

    def keeps_bones(self, parents: NDArray[np.int64]) -> bool:
        """Whether the bones of the reordered joints are the reordered bones."""
        if (self.source < 0).any():
            return False
        rooted = np.where(parents < 0, np.arange(len(parents)), parents)
        return bool((rooted[self.source] == self.source[:, rooted]).all())


@dataclass(frozen=True)
class BonesOf(Operator):
    """On V: joint minus parent, in place of the joints or behind them on C. Missing where either end is missing.

    Attributes
    ----------
    parents : (V,) int64 array
        -1 at the root, whose bone is zero.
    channels : {"bone", "joint+bone"}
    """

    parents: NDArray[np.int64]
    channels: BoneChannels

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"parents": np.int64}
    SHARED: ClassVar[tuple[str, ...]] = ("parents",)

    def where(self, mask: Mask, batch: Batch | None = None) -> BonesOf:
        """Refuse."""
        raise ValueError("Bones change the number of channels, so all samples of a batch must have them: p must be 1.")

    def check(self, batch: Batch) -> None:
        """Made from positions."""
        self.check_shape("parents", (batch.n_joints,))
        if batch.n_channels != len(batch.channels) or not batch.has_positions:
            raise ValueError(
                f"Bones are made from joint positions (C = {len(batch.channels)}), got C = {batch.n_channels}"
                + ("." if batch.has_positions else " of differences.")
            )


@dataclass(frozen=True)
class BodyOrder(Operator):
    """On M: body m of the result is body ``source[m]`` of the input.

    Attributes
    ----------
    source : (N, M) int64 array
        -1 makes the body missing.
    """

    source: NDArray[np.int64]

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"source": np.int64}

    def where(self, mask: Mask, batch: Batch | None = None) -> BodyOrder:
        """Identity where the mask is False."""
        return BodyOrder(np.where(mask[:, None], self.source, np.arange(self.source.shape[1])))

    def check(self, batch: Batch) -> None:
        """One source a body, among the bodies."""
        self.check_shape("source", (batch.n, batch.source.n_bodies))
        _check_sources("BodyOrder", self.source, batch.source.n_bodies, "bodies")

    def after(self, earlier: BodyOrder) -> BodyOrder:
        """Return the operator that applies ``earlier`` and then this one."""
        return BodyOrder(_look_up(earlier.source, self.source, -1))


def _check_sources(who: str, source: NDArray[np.int64], n: int, what: str) -> None:
    if source.size and not -1 <= source.min() <= source.max() < n:
        raise ValueError(f"{who}: source must lie in -1..{n - 1} for {n} {what}, got {source.min()}..{source.max()}.")


def _look_up(table: NDArray[Any], source: NDArray[np.int64], missing: float) -> NDArray[Any]:
    """``table[n, source[n, i]]``, or ``missing`` where the source is -1."""
    found = np.take_along_axis(table, np.maximum(source, 0), axis=1)
    return np.where(source < 0, np.array(missing, table.dtype), found)
