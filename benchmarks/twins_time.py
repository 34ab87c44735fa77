"""NumPy and SciPy forms of what acts on frames, and of the paper's two pipelines."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from scipy.signal import savgol_filter

from benchmarks.forms import (
    CHUNK,
    Floats,
    Frames,
    Generator,
    Parameters,
    Shape,
    below,
    between,
    blend_frames,
    buffer,
    lay_out,
    take_frames,
    units,
    weigh_in_place,
)
from benchmarks.twins import WITHOUT_SIDE, add_bones, canonical_frame, canonical_frame_one, draw_shear, turn, turn_one

BAND = 25
"""Frames that one product of a filter serves."""
SIDES = np.concatenate([WITHOUT_SIDE, np.ones((1, 25), np.float32)])
"""Weights without the left and the right side, and with both."""


@cache
def savgol_bands(t: int) -> tuple[tuple[slice, slice, Floats], ...]:
    """Output frames, input frames and weights between them, window 15 and order 2."""
    matrix = savgol_filter(np.eye(t), 15, 2, axis=0, mode="interp").astype(np.float32)
    bands = []
    for begin in range(0, t, BAND):
        end = min(begin + BAND, t)
        rows = slice(max(min(begin - 7, t - 15), 0), min(max(end + 7, 15), t))
        bands.append((slice(begin, end), rows, np.ascontiguousarray(matrix[begin:end, rows])))
    return tuple(bands)


def smooth_frames(x: Floats, y: Floats) -> None:
    """Filter (..., T, V, C) along T, band by band."""
    lines, result = x.reshape(*x.shape[:-2], -1), y.reshape(*y.shape[:-2], -1)
    for frames, rows, weights in savgol_bands(x.shape[-3]):
        np.matmul(weights, lines[..., rows, :], out=result[..., frames, :])


def smooth(x: Floats, out: Floats) -> None:
    smoothed = buffer("smoothed", *x.shape)
    smooth_frames(x, smoothed)
    lay_out(smoothed, out)


def smooth_one(x: Floats) -> Floats:
    y = np.empty_like(x)
    smooth_frames(x, y)
    return y


def draw_blur(rng: Generator, lead: Shape, t: int) -> Parameters:
    sigma = np.asarray(between(rng, 0.1, 2.0, lead))[..., None]
    return (np.exp(-0.5 * (np.arange(-7, 8) / sigma) ** 2).astype(np.float32),)


def blur_one(x: Floats, taps: Floats) -> Floats:
    """Zeros at both ends, and one product of a band matrix with overlapping windows of the frames."""
    m, t, v, _ = x.shape
    n_bands, width = -(-t // BAND), v * 3
    padded = np.zeros((m, n_bands * BAND + 14, width), np.float32)
    padded[:, 7 : 7 + t] = x.reshape(m, t, width)
    a, b, c = padded.strides
    windows = as_strided(padded, (m, n_bands, BAND + 14, width), (a, BAND * b, b, c))
    band = np.zeros((BAND, BAND + 15), np.float32)
    band[:, :15] = taps
    # Rows of one number more than they have, read as rows of what they have: each begins one place later.
    weights = np.ascontiguousarray(band.reshape(-1)[: BAND * (BAND + 14)].reshape(BAND, BAND + 14))
    y = (weights @ windows).reshape(m, n_bands * BAND, width)[:, :t]
    sums = np.convolve(np.ones(t, np.float32), taps)[7 : 7 + t]
    blurred: Floats = (y / sums[:, None]).reshape(x.shape)
    return blurred


@cache
def _band_places() -> Frames:
    """Which of 15 weights, or the zero behind them, stands where in the matrix of a band."""
    steps = np.arange(BAND + 14) - np.arange(BAND)[:, None]
    return np.where((steps >= 0) & (steps < 15), steps, 15)


def blur(x: Floats, out: Floats, taps: Floats) -> None:
    """A band matrix for each sample, and frames with zeros at both ends."""
    n, m, t, v, _ = x.shape
    weights = np.concatenate([taps, np.zeros((n, 1), np.float32)], axis=1)[:, None, _band_places()]
    padded, y = buffer("padded", n, m, t + 14, v * 3), buffer("blurred", n, m, t, v * 3)
    padded[:, :, 7:-7] = x.reshape(n, m, t, -1)
    for begin in range(0, t, BAND):
        rows = min(BAND, t - begin)
        lines = padded[:, :, begin : begin + rows + 14]
        np.matmul(weights[:, :, :rows, : rows + 14], lines, out=y[:, :, begin : begin + rows])
    sums = np.zeros((n, 16), np.float32)
    np.cumsum(taps, axis=1, out=sums[:, 1:])
    used = sums[:, np.minimum(7 + t - np.arange(t), 15)] - sums[:, np.maximum(7 - np.arange(t), 0)]
    y *= (1 / used)[:, None, :, None]
    lay_out(y.reshape(x.shape), out)


def pick(x: Floats, out: Floats, frames: Frames) -> None:
    """Whole frames."""
    lay_out(take_frames(x, frames), out)


def pick_one(x: Floats, frames: Frames) -> Floats:
    return x.take(frames, axis=1, mode="clip")


def reverse(x: Floats, out: Floats) -> None:
    lay_out(x[:, :, ::-1], out)


def reverse_one(x: Floats) -> Floats:
    return x.take(np.arange(x.shape[1] - 1, -1, -1), axis=1, mode="clip")


def draw_shift(rng: Generator, lead: Shape, t: int) -> Parameters:
    return (below(rng, lead, t + 1),)


def roll(x: Floats, out: Floats, start: Any) -> None:
    pick(x, out, _row(np.arange(x.shape[2]), start) % x.shape[2])


def roll_one(x: Floats, start: int) -> Floats:
    start %= x.shape[1]
    return np.concatenate((x[:, start:], x[:, :start]), axis=1)


def _row(steps: Frames, start: Any) -> Any:
    return steps + _column(start)


def draw_reflect(rng: Generator, lead: Shape, t: int) -> Parameters:
    padding = t // 6
    frames = _row(np.arange(t), below(rng, lead, 2 * padding + 1)) - padding
    frames = np.where(frames < 0, -1 - frames, frames)
    return (np.where(frames >= t, 2 * t - 1 - frames, frames),)


def draw_window(n_frames: int) -> Any:
    def draw(rng: Generator, lead: Shape, t: int) -> Parameters:
        return (below(rng, lead, t - n_frames + 1),)

    return draw


def window(x: Floats, out: Floats, start: Any) -> None:
    pick(x, out, _row(np.arange(out.shape[2]), start))


def window_one(n_frames: int) -> Any:
    return lambda x, start: x[:, start : start + n_frames].copy()


def draw_segments(n_frames: int) -> Any:
    def draw(rng: Generator, lead: Shape, t: int) -> Parameters:
        edges = np.arange(n_frames + 1) * t // n_frames
        return (edges[:-1] + (units(rng, lead, n_frames) * np.diff(edges)).astype(np.int64),)

    return draw


def draw_crop(rng: Generator, lead: Shape, t: int) -> Parameters:
    """A window, repeated to the length that there was."""
    length = rounded(t * between(rng, 0.5, 1.0, lead))
    start = below(rng, lead, t - length + 1)
    return (_row(np.arange(t) % _column(length), start),)


def _column(numbers: Any) -> Any:
    return numbers[:, None] if isinstance(numbers, np.ndarray) else numbers


def draw_temporal_mask(rng: Generator, lead: Shape, t: int) -> Parameters:
    size = rounded(t * between(rng, 0.1, 0.3, lead))
    start = below(rng, lead, t - size + 1)
    return start, start + size


def rounded(numbers: Any) -> Any:
    """Integers; plain numbers stay plain."""
    return np.rint(numbers).astype(np.int64) if isinstance(numbers, np.ndarray) else round(numbers)


def mask_frames(x: Floats, out: Floats, begin: Frames, end: Frames) -> None:
    lay_out(x, out)
    for i, (first, last) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        out[i, :, first:last] = 0


def mask_frames_one(x: Floats, begin: int, end: int) -> Floats:
    y = x.copy()
    y[:, begin:end] = 0
    return y


def mixed(positions: Any, t: int) -> Parameters:
    """Frames before positions between frames, which have a next one, and the share of that."""
    low = np.minimum(positions.astype(np.int64), t - 2)
    return low, (positions - low).astype(np.float32)


def draw_resample(rng: Generator, lead: Shape, t: int) -> Parameters:
    """Another speed, and a random window of what got longer; what got shorter is repeated."""
    frames, step = resampled(rng, lead, t)
    return mixed(frames * step, t)


def resampled(rng: Generator, lead: Shape, t: int) -> Any:
    """Frames of the sequence at another speed, and how far apart they are in that of t frames."""
    length = rounded(t / between(rng, 0.7, 1.3, lead))
    start = below(rng, lead, (np.maximum(length - t, 0) if lead else max(length - t, 0)) + 1)
    return _row(np.arange(t), start) % _column(length), _column((t - 1) / (length - 1))


def draw_crop_resize(n_frames: int) -> Any:
    def draw(rng: Generator, lead: Shape, t: int) -> Parameters:
        span = (t - 1) * between(rng, 0.5, 1.0, lead)
        start = (t - 1 - span) * units(rng, lead)
        return mixed(_row(np.arange(n_frames) * _column(span / (n_frames - 1)), start), t)

    return draw


def blend_one(x: Floats, low: Frames, share: Floats) -> Floats:
    m, t, v, c = x.shape
    lines = x.reshape(m, t, v * c)
    y, z = lines.take(low, axis=1, mode="clip"), lines.take(low + 1, axis=1, mode="clip")
    z -= y
    z *= share[:, None]
    y += z
    return y.reshape(m, -1, v, c)


def blend(x: Floats, out: Floats, low: Frames, share: Floats) -> None:
    lay_out(blend_frames(x, low, share), out)


def draw_view(rng: Generator, lead: Shape, t: int, *, aggressive: bool) -> dict[str, Any]:
    """Parameters of one of the paper's pipelines."""
    frames, step = resampled(rng, lead, t)
    drawn: dict[str, Any] = {}
    if aggressive:
        shift = below(rng, lead, t + 1)
        rolled = _row(np.arange(t), shift) % t
        frames = np.take_along_axis(frames, rolled, axis=-1) if lead else frames[rolled]
        (drawn["matrix"],) = draw_shear(rng, lead, t)
        # Of four numbers two keep all, one drops each side.
        drawn["weights"] = SIDES[np.minimum(below(rng, lead, 4), 2) if lead else min(below(rng, lead, 4), 2)]
        drawn["smooth"] = units(rng, lead) < 0.5
    drawn["frames"] = mixed(frames * step, t)
    return drawn


def view_matrices(first: Floats, drawn: dict[str, Any], *, normalize: bool) -> tuple[Floats | None, Floats | None]:
    """Matrices and offsets of a batch, from first frames (n, V, 3)."""
    shear = drawn.get("matrix")
    if not normalize:
        return shear, None
    matrix, offset = canonical_frame(first)
    return (matrix, offset) if shear is None else (shear @ matrix, (shear @ offset[:, :, None])[:, :, 0])


def view_one(x: Floats, drawn: dict[str, Any]) -> Floats:
    """One of the pipelines, normalised, for one sample."""
    turned, moved = canonical_frame_one(x[0, 0])
    if "matrix" in drawn:
        turned, moved = drawn["matrix"] @ turned, drawn["matrix"] @ moved
    if drawn.get("smooth"):
        smoothed = buffer("one smoothed", *x.shape)
        smooth_frames(x, smoothed)
        x = smoothed
    y = turn_one(blend_one(x, *drawn["frames"]), turned, moved)
    weights = drawn.get("weights")
    if weights is not None and not weights.all():
        lines = y.reshape(-1, x.shape[2] * 3)
        lines *= np.repeat(weights, 3)
    return y


def view(x: Floats, out: Floats, drawn: dict[str, Any], *, normalize: bool, bones: bool = False) -> None:
    """One of the pipelines for a batch, chunk by chunk."""
    matrices, offsets = view_matrices(x[:, 0, 0], drawn, normalize=normalize)
    for begin in range(0, len(x), CHUNK):
        at = slice(begin, begin + CHUNK)
        source = _smooth_some(x[at], drawn["smooth"][at]) if "smooth" in drawn else x[at]
        y, result = blend_frames(source, *(p[at] for p in drawn["frames"])), out[at]
        joints = buffer("joints", len(result), 3, *out.shape[2:]) if bones else result
        if matrices is not None:
            turn(y, joints, matrices[at], None if offsets is None else offsets[at])
        else:
            lay_out(y, joints)
        if bones:
            add_bones(joints, result)
        if "weights" in drawn:
            weigh_in_place(result, drawn["weights"][at])


def _smooth_some(x: Floats, chosen: Any) -> Floats:
    """A copy in which the chosen samples are filtered."""
    copy = buffer("some smoothed", *x.shape)
    for i, this in enumerate(chosen.tolist()):
        if this:
            smooth_frames(x[i], copy[i])
        else:
            copy[i] = x[i]
    return copy


def move(x: Floats, out: Floats) -> None:
    lay_out(x[:, :, 1:] - x[:, :, :-1], out[:, :, :-1])
    out[:, :, -1] = 0


def move_one(x: Floats) -> Floats:
    y = np.empty_like(x)
    np.subtract(x[:, 1:], x[:, :-1], out=y[:, :-1])
    y[:, -1] = 0
    return y
