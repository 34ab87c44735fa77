"""Missing frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.compiled import kernel
from skeleton_aug.operators import Affine, FrameBlur, FrameFilter, Gather
from skeleton_aug.pipeline import Transform, check_range
from skeleton_aug.randomness import Draws
from skeleton_aug.samples import Samples


@dataclass(frozen=True, kw_only=True)
class TemporalMask(Transform):
    """Make random windows of frames missing, for all bodies and joints, as if the sensor had lost them.

    Each window has round(share * T) frames and a uniform place; windows may overlap. Should all frames in which anybody
    is present be hit, one of them, each as likely, is left. The length of the sequence stays.

    Parameters
    ----------
    n_windows : int
        Number of windows.
    ratio_range : (float, float)
        Uniform range of a window's share of the sequence, in [0, 1]; every window draws its own.

    Notes
    -----
    Which frames are present is known from the samples' tables. Behind transforms that can make joints missing, what
    stands before is carried out while the plan is drawn; so better put this transform before them.

    Examples
    --------
    >>> x = np.ones((1, 8, 25, 3))
    >>> TemporalMask(n_windows=2, ratio_range=(0.25, 0.25))(x, seed=1)[0, :, 0, 0]
    array([1., 1., 0., 0., 1., 0., 0., 1.])
    """

    n_windows: int = 1
    ratio_range: tuple[float, float] = (0.1, 0.3)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("TemporalMask", "ratio_range", self.ratio_range)
        if self.n_windows < 1 or self.ratio_range[0] < 0 or self.ratio_range[1] > 1:
            raise ValueError(
                "TemporalMask: n_windows must be at least 1 and ratios lie in [0, 1], "
                f"got n_windows={self.n_windows}, ratio_range={self.ratio_range}."
            )

    def sample(self, draws: Draws, batch: Batch) -> Gather:
        """Windows for each sample, and which frame is left should they hit all."""
        n_frames = batch.n_frames[:, None]
        size = np.rint(n_frames * draws.uniform(*self.ratio_range, size=self.n_windows)).astype(np.int64)
        start = (draws.uniform(size=self.n_windows) * (n_frames - size + 1)).astype(np.int64)
        present = present_frames(batch)
        frames = np.empty(present.shape, np.int32)
        _mask_windows(start, size, draws.uniform(), present, frames)
        return Gather.frames(frames, batch.n_frames)


def present_frames(batch: Batch) -> NDArray[np.bool_]:
    """Mark the frames (N, T) in which any joint of any body is present at this point of the pipeline."""
    operators = [operator for stage in batch.stages for operator in stage.operators.values()]
    if not all(isinstance(operator, Affine | FrameBlur | FrameFilter | Gather) for operator in operators):
        return _mark(batch.samples())
    present = _mark(batch.source)
    for gather in operators:
        if isinstance(gather, Gather):
            earlier, present = present, np.zeros(gather.before.shape, np.bool_)
            _mark_gathered(earlier, gather.before, gather.after_, gather.mix, gather.n_frames, present)
    return present[:, : int(batch.n_frames.max(initial=0))]


def _mark(samples: Samples) -> NDArray[np.bool_]:
    present = np.zeros((samples.n, int(samples.n_frames.max(initial=0))), np.bool_)
    rows = samples.rows.reshape(len(samples.rows), samples.n_joints * samples.n_channels)
    _mark_frames(rows, samples.row, samples.first, samples.length, samples.gapless, present)
    return present


@kernel()
def _mark_frames(rows, row, first, length, gapless, present):  # type: ignore[no-untyped-def]
    for n in range(row.shape[0]):
        for m in range(row.shape[1]):
            for t in range(length[n, m]):
                there = gapless[n, m]
                if not there:
                    line = rows[row[n, m] + t]
                    for i in range(line.size):
                        if line[i] != 0:
                            there = True
                            break
                present[n, first[n, m] + t] |= there


@kernel()
def _mark_gathered(earlier, before, after, mix, n_frames, present):  # type: ignore[no-untyped-def]
    n_earlier = earlier.shape[1]
    for n in range(present.shape[0]):
        for t in range(n_frames[n]):
            a, b = before[n, t], after[n, t]
            in_before = 0 <= a < n_earlier and earlier[n, a]
            present[n, t] = in_before or (mix[n, t] != 0 and 0 <= b < n_earlier and earlier[n, b])


@kernel()
def _mask_windows(start, size, unit, present, frames):  # type: ignore[no-untyped-def]
    for n in range(frames.shape[0]):
        for t in range(frames.shape[1]):
            frames[n, t] = t
        for k in range(start.shape[1]):
            frames[n, start[n, k] : start[n, k] + size[n, k]] = -1
        n_present, n_left = 0, 0
        for t in range(frames.shape[1]):
            n_present += present[n, t]
            n_left += present[n, t] and frames[n, t] >= 0
        if n_left == 0 and n_present > 0:
            spared = int(unit[n] * n_present)
            for t in range(frames.shape[1]):
                if present[n, t]:
                    if spared == 0:
                        frames[n, t] = t
                    spared -= 1
