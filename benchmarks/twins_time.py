"""NumPy and SciPy forms of what acts on frames, and of the paper's two pipelines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from benchmarks.twins import (
    BAND,
    WITHOUT_SIDE,
    Floats,
    Generator,
    Parameters,
    Shape,
    below,
    between,
    canonical_frame,
    canonical_frame_one,
    draw_shear,
    lay_out,
    smooth_one,
    turn,
    turn_one,
    units,
)

Frames = NDArray[np.int64]


def smooth(x: Floats, out: Floats) -> None:
    for i in range(len(x)):
        lay_out(smooth_one(x[i])[None], out[i : i + 1])


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


def blur(x: Floats, out: Floats, taps: Floats) -> None:
    for i in range(len(x)):
        lay_out(blur_one(x[i], taps[i])[None], out[i : i + 1])


def pick(x: Floats, out: Floats, frames: Frames) -> None:
    """Whole frames."""
    for i in range(len(x)):
        lay_out(x[i].take(frames[i], axis=1)[None], out[i : i + 1])


def pick_one(x: Floats, frames: Frames) -> Floats:
    return x.take(frames, axis=1)


def reverse(x: Floats, out: Floats) -> None:
    lay_out(x[:, :, ::-1], out)


def reverse_one(x: Floats) -> Floats:
    return x.take(np.arange(x.shape[1] - 1, -1, -1), axis=1)


def draw_shift(rng: Generator, lead: Shape, t: int) -> Parameters:
    return (_row(np.arange(t), below(rng, lead, t + 1)) % t,)


def _row(steps: Frames, start: Any) -> Any:
    return steps + np.asarray(start)[..., None]


def draw_reflect(rng: Generator, lead: Shape, t: int) -> Parameters:
    padding = t // 6
    frames = _row(np.arange(t), below(rng, lead, 2 * padding + 1)) - padding
    frames = np.where(frames < 0, -1 - frames, frames)
    return (np.where(frames >= t, 2 * t - 1 - frames, frames),)


def draw_window(n_frames: int) -> Any:
    def draw(rng: Generator, lead: Shape, t: int) -> Parameters:
        return (_row(np.arange(n_frames), below(rng, lead, max(t - n_frames, 0) + 1)) % t,)

    return draw


def draw_segments(n_frames: int) -> Any:
    def draw(rng: Generator, lead: Shape, t: int) -> Parameters:
        edges = np.arange(n_frames + 1) * t // n_frames
        return (edges[:-1] + (units(rng, lead, n_frames) * np.diff(edges)).astype(np.int64),)

    return draw


def draw_crop(rng: Generator, lead: Shape, t: int) -> Parameters:
    """A window, repeated to the length that there was."""
    length = np.rint(t * between(rng, 0.5, 1.0, lead)).astype(np.int64)
    start = below(rng, lead, t - length + 1)
    return (np.arange(t) % length[..., None] + np.asarray(start)[..., None],)


def draw_temporal_mask(rng: Generator, lead: Shape, t: int) -> Parameters:
    size = np.rint(t * between(rng, 0.1, 0.3, lead)).astype(np.int64)
    start = below(rng, lead, t - size + 1)
    return start, start + size


def mask_frames(x: Floats, out: Floats, begin: Frames, end: Frames) -> None:
    lay_out(x, out)
    for i in range(len(x)):
        out[i, :, begin[i] : end[i]] = 0


def mask_frames_one(x: Floats, begin: int, end: int) -> Floats:
    y = x.copy()
    y[:, begin:end] = 0
    return y


def mixed(positions: Any, t: int) -> Parameters:
    """Frames before and after positions between frames, and the share of the latter."""
    low = positions.astype(np.int64)
    return low, np.minimum(low + 1, t - 1), (positions - low).astype(np.float32)


def draw_resample(rng: Generator, lead: Shape, t: int) -> Parameters:
    """Another speed, and a random window of what got longer; what got shorter is repeated."""
    length = np.rint(t / between(rng, 0.7, 1.3, lead)).astype(np.int64)
    start = below(rng, lead, np.maximum(length - t, 0) + 1)
    frames = _row(np.arange(t), start) % length[..., None]
    return mixed(frames * ((t - 1) / np.maximum(length - 1, 1))[..., None], t)


def draw_crop_resize(n_frames: int) -> Any:
    def draw(rng: Generator, lead: Shape, t: int) -> Parameters:
        span = (t - 1) * between(rng, 0.5, 1.0, lead)
        start = (t - 1 - span) * units(rng, lead)
        return mixed(_row(np.linspace(0, 1, n_frames) * np.asarray(span)[..., None], start), t)

    return draw


def blend_one(x: Floats, low: Frames, high: Frames, share: Floats) -> Floats:
    m, t, v, c = x.shape
    lines = x.reshape(m, t, v * c)
    y, z = lines.take(low, axis=1), lines.take(high, axis=1)
    z -= y
    z *= share[:, None]
    y += z
    return y.reshape(m, -1, v, c)


def blend(x: Floats, out: Floats, low: Frames, high: Frames, share: Floats) -> None:
    for i in range(len(x)):
        lay_out(blend_one(x[i], low[i], high[i], share[i])[None], out[i : i + 1])


def draw_view(rng: Generator, lead: Shape, t: int, *, aggressive: bool) -> dict[str, Any]:
    """Parameters of one of the paper's pipelines."""
    length = np.rint(t / between(rng, 0.7, 1.3, lead)).astype(np.int64)
    frames = _row(np.arange(t), below(rng, lead, np.maximum(length - t, 0) + 1)) % length[..., None]
    drawn: dict[str, Any] = {}
    if aggressive:
        shift = _row(np.arange(t), below(rng, lead, t + 1)) % t
        frames = np.take_along_axis(frames, shift, axis=-1) if lead else frames[shift]
        (drawn["matrix"],) = draw_shear(rng, lead, t)
        side = np.minimum(below(rng, lead, 4), 2)
        # Of four numbers two keep all, one drops each side.
        drawn["weights"] = np.concatenate([WITHOUT_SIDE, np.ones((1, 25), np.float32)])[side]
        drawn["smooth"] = units(rng, lead) < 0.5
    drawn["frames"] = mixed(frames * ((t - 1) / np.maximum(length - 1, 1))[..., None], t)
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
    y = turn_one(blend_one(smooth_one(x) if drawn.get("smooth") else x, *drawn["frames"]), turned, moved)
    weights = drawn.get("weights")
    if weights is not None and not weights.all():
        y[:, :, weights == 0] = 0
    return y


def view(x: Floats, out: Floats, drawn: dict[str, Any], *, normalize: bool, parents: Any = None) -> None:
    """One of the pipelines for a batch: sample by sample, as each then stays in the nearer caches."""
    matrices, offsets = view_matrices(x[:, 0, 0], drawn, normalize=normalize)
    smoothed, weights = drawn.get("smooth"), drawn.get("weights")
    for i in range(len(x)):
        source = x[i] if smoothed is None or not smoothed[i] else smooth_one(x[i])
        y, these = blend_one(source, *(p[i] for p in drawn["frames"])), slice(i, i + 1)
        if matrices is not None:
            turn(y[None], out[these, :3], matrices[these], None if offsets is None else offsets[these])
        else:
            lay_out(y[None], out[these, :3])
        if parents is not None:
            np.subtract(out[i, :3], out[i, :3].take(parents, axis=2), out=out[i, 3:])
        if weights is not None and not weights[i].all():
            out[i, :, :, weights[i] == 0] = 0


def move(x: Floats, out: Floats) -> None:
    lay_out(x[:, :, 1:] - x[:, :, :-1], out[:, :, :-1])
    out[:, :, -1] = 0


def move_one(x: Floats) -> Floats:
    y = np.empty_like(x)
    np.subtract(x[:, 1:], x[:, :-1], out=y[:, :-1])
    y[:, -1] = 0
    return y
