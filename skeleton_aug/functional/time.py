"""On T: what acts on frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from skeleton_aug.batch import Batch
from skeleton_aug.functional.given import Data, apply, expect, mark, rows_of, whole_rows
from skeleton_aug.operators import FrameBlur, Gather, Operator
from skeleton_aug.operators.motion import MotionChannels
from skeleton_aug.transforms.fit_length import FitLength
from skeleton_aug.transforms.gaussian_blur import gaussian_taps
from skeleton_aug.transforms.motion import Motion
from skeleton_aug.transforms.resample import played_at
from skeleton_aug.transforms.reverse import Reverse
from skeleton_aug.transforms.savitzky_golay import SavitzkyGolay
from skeleton_aug.transforms.uniform_sample import UniformSample


def savitzky_golay(x: Data, window: int = 15, order: int = 2, *, channels: str | None = None) -> Data:
    """Smooth every joint's path by least-squares polynomials; settings of :class:`skeleton_aug.SavitzkyGolay`.

    Parameters
    ----------
    window : int
        Frames, odd.
    order : int
        Degree of the polynomials, below the window.

    Examples
    --------
    >>> x = np.ones((1, 3, 25, 3)) * np.array([1, 4, 1])[:, None, None]
    >>> savitzky_golay(x, 3, 1)[0, :, 0, 0].round(6)
    array([2., 2., 2.])
    """
    return apply(x, SavitzkyGolay(window=window, order=order), channels)


def gaussian_blur(x: Data, sigma: ArrayLike, *, window: int = 15, channels: str | None = None) -> Data:
    """Replace every frame by a weighted mean of those around it, as :class:`skeleton_aug.GaussianBlur` says.

    Parameters
    ----------
    sigma : float or (N,) floats
        Standard deviation of the weights in frames, above 0.
    window : int
        Frames that have a share, odd.

    Examples
    --------
    >>> x = np.ones((1, 3, 25, 3)) * np.array([1, 2, 1])[:, None, None]
    >>> gaussian_blur(x, 1.0)[0, :, 0, 0].round(2)
    array([1.35, 1.45, 1.35])
    """
    expect("gaussian_blur", window >= 1 and window % 2 == 1, "an odd window of at least 1", window)

    def operator(batch: Batch) -> Operator:
        rows = rows_of("gaussian_blur", "sigma", sigma, batch.n)
        expect("gaussian_blur", (rows > 0).all(), "sigma above 0", sigma)
        return FrameBlur(gaussian_taps(rows, window))

    return apply(x, operator, channels)


def resample(x: Data, rate: ArrayLike, *, channels: str | None = None) -> Data:
    """Play the sequence ``rate`` times as fast: T frames become round(T / rate), by linear interpolation.

    Parameters
    ----------
    rate : float or (N,) floats
        Above 0; more than 1 is faster.

    Examples
    --------
    >>> resample(np.ones((1, 100, 25, 3)), 2).shape
    (1, 50, 25, 3)
    """

    def operator(batch: Batch) -> Operator:
        rows = rows_of("resample", "rate", rate, batch.n)
        expect("resample", (rows > 0).all(), "a rate above 0", rate)
        return played_at(rows, batch.n_frames)

    return apply(x, operator, channels)


def fit_length(
    x: Data,
    n_frames: int,
    *,
    crop: Literal["start", "center"] = "start",
    short: Literal["repeat", "zeros", "last", "resize"] = "repeat",
    long: Literal["crop", "resize"] = "crop",
    channels: str | None = None,
) -> Data:
    """Bring sequences to ``n_frames``; settings of :class:`skeleton_aug.FitLength`, without the random crop.

    Examples
    --------
    >>> x = np.ones((1, 3, 25, 3)) * np.array([1, 2, 3])[:, None, None]
    >>> fit_length(x, 5)[0, :, 0, 0]
    array([1., 2., 3., 1., 2.])
    """
    expect("fit_length", crop in ("start", "center"), "crop 'start' or 'center' (crop() takes any window)", crop)
    return apply(x, FitLength(n_frames=n_frames, crop=crop, short=short, long=long), channels)


def crop(x: Data, start: ArrayLike, n_frames: int, *, channels: str | None = None) -> Data:
    """Keep ``n_frames`` frames from ``start`` on.

    Parameters
    ----------
    start : int or (N,) ints
        First frame, counted from 0.
    n_frames : int
        Frames of the result, at most T - start.

    Examples
    --------
    >>> x = np.ones((1, 5, 25, 3)) * np.arange(1, 6)[:, None, None]
    >>> crop(x, 1, 3)[0, :, 0, 0]
    array([2., 3., 4.])
    """

    def operator(batch: Batch) -> Operator:
        rows = whole_rows("crop", "start", start, batch.n)
        inside = n_frames >= 1 and (rows >= 0).all() and (rows + n_frames <= batch.n_frames).all()
        shortest = batch.n_frames.min()
        expect("crop", inside, f"n_frames >= 1, start >= 0, start + n_frames <= T = {shortest}", (start, n_frames))
        return Gather.window(rows, n_frames, batch.n_frames)

    return apply(x, operator, channels)


def crop_resize(x: Data, start: ArrayLike, stop: ArrayLike, n_frames: int, *, channels: str | None = None) -> Data:
    """Interpolate linearly at ``n_frames`` even places from frame ``start`` to frame ``stop``, both included.

    Parameters
    ----------
    start, stop : float or (N,) floats
        Places of the first and the last frame of the result, 0 to T - 1; they may lie between frames.
    n_frames : int
        Frames of the result.

    Examples
    --------
    >>> x = np.ones((1, 5, 25, 3)) * np.arange(1, 6)[:, None, None]
    >>> crop_resize(x, 1, 2.5, 4)[0, :, 0, 0]
    array([2. , 2.5, 3. , 3.5])
    """

    def operator(batch: Batch) -> Operator:
        first, last = (rows_of("crop_resize", "start and stop", at, batch.n) for at in (start, stop))
        inside = n_frames >= 1 and ((first >= 0) & (first <= last) & (last <= batch.n_frames - 1)).all()
        limit = f"n_frames >= 1 and 0 <= start <= stop <= T - 1 = {batch.n_frames.min() - 1}"
        expect("crop_resize", inside, limit, (start, stop, n_frames))
        return Gather.stretch(n_frames, batch.n_frames, first, last - first)

    return apply(x, operator, channels)


def reflect_crop(x: Data, offset: ArrayLike, *, channels: str | None = None) -> Data:
    """Move the sequence in time, ``y[t] = x[t + offset]``; beyond an end it is played backwards, the end frame twice.

    Parameters
    ----------
    offset : int or (N,) ints
        Frames, negative or positive.

    Examples
    --------
    >>> x = np.ones((1, 4, 25, 3)) * np.arange(1, 5)[:, None, None]
    >>> reflect_crop(x, 2)[0, :, 0, 0]
    array([3., 4., 4., 3.])
    """

    def operator(batch: Batch) -> Operator:
        rows = whole_rows("reflect_crop", "offset", offset, batch.n)
        return Gather.window(rows, batch.n_frames, batch.n_frames, beyond="reflect")

    return apply(x, operator, channels)


def temporal_shift(x: Data, offset: ArrayLike, *, channels: str | None = None) -> Data:
    """Begin the sequence at another frame and go on cyclically: ``y[t] = x[(t + offset) mod T]``.

    Parameters
    ----------
    offset : int or (N,) ints
        Frames, negative or positive.

    Examples
    --------
    >>> x = np.ones((1, 4, 25, 3)) * np.arange(1, 5)[:, None, None]
    >>> temporal_shift(x, 1)[0, :, 0, 0]
    array([2., 3., 4., 1.])
    """

    def operator(batch: Batch) -> Operator:
        rows = whole_rows("temporal_shift", "offset", offset, batch.n)
        return Gather.cyclic(rows, batch.n_frames, batch.n_frames)

    return apply(x, operator, channels)


def temporal_mask(x: Data, frames: Sequence[int], *, channels: str | None = None) -> Data:
    """Make frames missing for all bodies and joints; the sequence keeps its length.

    Parameters
    ----------
    frames : sequence of int
        Numbers of frames, 0 to T - 1.

    Examples
    --------
    >>> temporal_mask(np.ones((1, 4, 25, 3)), range(1, 3))[0, :, 0, 0]
    array([1., 0., 0., 1.])
    """

    def operator(batch: Batch) -> Operator:
        mark("temporal_mask", "frames", frames, int(batch.n_frames.min()))
        gone = mark("temporal_mask", "frames", frames, int(batch.n_frames.max()))
        return Gather.frames(np.where(gone, -1, np.arange(gone.size))[None].repeat(batch.n, 0), batch.n_frames)

    return apply(x, operator, channels)


def reverse(x: Data, *, channels: str | None = None) -> Data:
    """Play the sequence backwards.

    Examples
    --------
    >>> x = np.ones((1, 4, 25, 3)) * np.arange(1, 5)[:, None, None]
    >>> reverse(x)[0, :, 0, 0]
    array([4., 3., 2., 1.])
    """
    return apply(x, Reverse(), channels)


def uniform_sample(
    x: Data, n_frames: int, *, short: Literal["repeat", "hold"] = "repeat", channels: str | None = None
) -> Data:
    """Keep the middle frame of each of ``n_frames`` equal segments; settings of :class:`skeleton_aug.UniformSample`.

    Examples
    --------
    >>> x = np.ones((1, 9, 25, 3)) * np.arange(1, 10)[:, None, None]
    >>> uniform_sample(x, 3)[0, :, 0, 0]
    array([2., 5., 8.])
    """
    return apply(x, UniformSample(n_frames=n_frames, random=False, short=short), channels)


def motion(x: Data, *, result: MotionChannels = "motion", channels: str | None = None) -> Data:
    """Differences to the next frame, in place of the channels or behind them, as :class:`skeleton_aug.Motion` says.

    Examples
    --------
    >>> motion(np.ones((1, 3, 25, 3)) * np.array([1, 2, 4])[:, None, None])[0, :, 0, 0]
    array([1., 2., 0.])
    """
    return apply(x, Motion(channels=result), channels)
