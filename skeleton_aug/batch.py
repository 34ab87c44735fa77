"""A batch while its plan is being made."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.operators import Affine, Alone, BonesOf, Gather, Operator
from skeleton_aug.plan import Plan
from skeleton_aug.samples import Samples
from skeleton_aug.stage import Stage


@dataclass
class Batch:
    """The samples of a batch while their plan is being made: what a transform may look at when it draws.

    Attributes
    ----------
    source : Samples
        The samples that the pipeline was given.
    n, n_bodies, n_joints : int
        N, M and V.
    channels : str
        What a joint's numbers are, "xyz", "xy", "xyc" or "xyzc".
    n_frames : (N,) int64 array
        Length of each sample at this point of the pipeline.
    n_channels : int
        Channels at this point of the pipeline.
    has_positions : bool
        False once bones or motion have taken the joints' place.
    """

    source: Samples
    stages: list[Stage] = field(default_factory=lambda: [Stage()])
    n_frames: NDArray[np.int64] = field(init=False)
    n_channels: int = field(init=False)
    has_positions: bool = field(init=False, default=True)

    def __post_init__(self) -> None:
        source = self.source
        self.n_frames, self.n_channels, self.channels = source.n_frames, source.n_channels, source.channels
        self.n, self.n_bodies, self.n_joints = source.n, source.n_bodies, source.n_joints

    @property
    def dims(self) -> int:
        """Coordinates of a joint, 2 or 3."""
        return self.source.dims

    def samples(self) -> Samples:
        """Return the samples as they are at this point, for transforms whose parameters depend on the data.

        Free at the head of a pipeline; further on, what stands before is carried out here and again by the plan.
        """
        current = self.source
        for stage in self.stages:
            if stage.operators:
                current = stage.run(current)
        return current

    def add(self, operator: Operator) -> None:
        """Put an operator behind those drawn so far."""
        if not isinstance(operator, Operator):
            raise TypeError(f"Expected an operator, got {type(operator).__name__}.")
        operator.check(self)
        if isinstance(operator, Affine) and not self.has_positions:
            operator = Affine.linear(operator.matrix)
        if not self.stages[-1].absorb(operator):
            self.stages.append(Stage())
            self.stages[-1].absorb(operator)
        if isinstance(operator, Gather):
            self.n_frames = operator.n_frames
        elif isinstance(operator, BonesOf):
            self.n_channels = self.stages[-1].n_channels(self.source)
            self.has_positions = operator.channels != "bone"
        elif isinstance(operator, Alone):
            operator.describe(self)

    def plan(self) -> Plan:
        """Return the finished plan."""
        return Plan(self.stages, self.n_frames, self.n_channels, self.source.n_frames, self.n_joints, self.channels)
