"""A recording over time: its bodies, and what a classifier sees in them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from examples.pictures import draw_strip
from examples.recordings import Recording
from skeleton_aug import Skeleton


def over_frames(windows: NDArray[np.int64], probabilities: NDArray[np.float64], n_frames: int) -> NDArray[np.float64]:
    """Mean over the windows that hold a frame, (frames, classes); NaN where none with somebody does."""
    held = np.full((len(windows), n_frames, 1), np.nan)
    for number, (first, end) in enumerate(windows):
        held[number, first:end] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.stack([np.nanmean(held[..., 0] * column[:, None], axis=0) for column in probabilities.T], axis=1)


def prediction_picture(
    path: Path,
    recording: Recording,
    skeleton: Skeleton,
    windows: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    names: Sequence[str],
    top: int,
) -> None:
    """Draw some frames of the bodies, and below them the most probable classes over time.

    A dot stands at the middle of each window, a line is the mean over the windows that hold a frame, and frames with
    nobody in any window are grey.

    Parameters
    ----------
    path : Path
        PNG file to write.
    recording : Recording
    skeleton : Skeleton
    windows : (W, 2) int array
        First frame, and the frame after the last.
    probabilities : (W, classes) float array
        NaN for windows without anybody.
    names : sequence of str
    top : int
        Classes to draw: those with the highest peak in any window.
    """
    n_frames = recording.positions.shape[1]
    curves = over_frames(windows, probabilities, n_frames)
    empty = np.isnan(curves[:, 0])
    figure, (above, below) = plt.subplots(2, 1, figsize=(10, 5.2), layout="constrained", height_ratios=(1, 1.6))
    # x grows to the sensor's left: negated, the picture is what the camera sees.
    draw_strip(above, recording.positions * np.array([-1, 1, 1], np.float32), skeleton, 0, 1)
    above.set_title(f"{recording.name}: {n_frames} frames, seven of them at even distances", fontsize=9, loc="left")
    if not empty.all():
        peaks = np.nanmax(probabilities, axis=0)
        for c in np.argsort(-peaks, kind="stable")[:top]:
            (line,) = below.plot(np.arange(n_frames), curves[:, c], label=names[c])
            below.plot((windows.sum(1) - 1) / 2, probabilities[:, c], "o", color=line.get_color(), ms=4)
        below.legend(fontsize=8)
    below.fill_between(np.arange(n_frames), 0, 1, where=empty, color="0.85", lw=0)
    below.set(xlim=(0, max(n_frames - 1, 1)), ylim=(0, 1.02), xlabel="frame", ylabel="probability")
    below.grid(alpha=0.3)
    figure.savefig(path, dpi=110, format="png")
    plt.close(figure)
