"""References and cases of the transforms that act on frames."""

import numpy as np
from scipy.signal import savgol_filter

from skeleton_aug import (
    Crop,
    CropResize,
    FitLength,
    GaussianBlur,
    ReflectCrop,
    Resample,
    Reverse,
    SavitzkyGolay,
    TemporalMask,
    TemporalShift,
    UniformSample,
)
from tests.skeleton_aug.reference.sample import along_runs, interpolate, pick

CASES = [
    SavitzkyGolay(),
    SavitzkyGolay(window=5, order=3, p=0.5),
    SavitzkyGolay(window=7, order=0),
    Resample(),
    Resample(rate_range=(0.3, 4.0), p=0.5),
    CropResize(n_frames=20),
    CropResize(n_frames=1, ratio_range=(1.0, 1.0)),
    FitLength(n_frames=20),
    FitLength(n_frames=20, crop="center", short="zeros"),
    FitLength(n_frames=20, crop="random", short="last", p=0.5),
    FitLength(n_frames=20, crop="random", short="resize", p=0.5),
    FitLength(n_frames=20, short="zeros", long="resize", p=0.5),
    FitLength(n_frames=20, short="repeat", long="resize"),
    FitLength(n_frames=20, short="resize", long="resize", p=0.5),
    TemporalShift(),
    TemporalShift(max_offset=50, p=0.5),
    Crop(),
    Crop(ratio_range=(0.01, 0.4), p=0.5),
    ReflectCrop(),
    ReflectCrop(ratio=1.0, p=0.5),
    Reverse(),
    Reverse(p=0.5),
    UniformSample(n_frames=12),
    UniformSample(n_frames=12, random=False, p=0.5),
    UniformSample(n_frames=20, short="hold", p=0.5),
    TemporalMask(),
    TemporalMask(n_windows=4, ratio_range=(0.2, 1.0), p=0.5),
    GaussianBlur(),
    GaussianBlur(sigma_range=(1.0, 8.0), window=5, p=0.5),
]


def savitzky_golay(sample, transform, draws, i, batch):
    """SciPy's filter, with a window that fits the run."""

    def smooth(path):
        width = min(transform.window, len(path))
        width -= width % 2 == 0
        return savgol_filter(path, width, transform.order, axis=0, mode="interp") if width > transform.order else path

    return along_runs(sample, smooth)


def resample(sample, transform, draws, i, batch):
    n_new = max(round(sample.n_frames / draws.uniform(*transform.rate_range)[i]), 1)
    return interpolate(sample, np.arange(n_new) * (sample.n_frames - 1) / max(n_new - 1, 1))


def crop_resize(sample, transform, draws, i, batch):
    last = sample.n_frames - 1
    span = last * draws.uniform(*transform.ratio_range)[i]
    start = (last - span) * draws.uniform()[i]
    places = start + np.arange(transform.n_frames) * span / max(transform.n_frames - 1, 1)
    return interpolate(sample, np.clip(places, 0, last))


def fit_length(sample, transform, draws, i, batch):
    if sample.n_frames > transform.n_frames and transform.long == "resize":
        return resize(sample, transform.n_frames)
    if sample.n_frames < transform.n_frames and transform.short == "resize":
        return resize(sample, transform.n_frames)
    n = sample.n_frames
    spare = max(n - transform.n_frames, 0)
    start = {"start": 0, "center": spare // 2, "random": int(draws.uniform()[i] * (spare + 1))}[transform.crop]
    frames = list(range(n))[start : start + transform.n_frames]
    lack = transform.n_frames - len(frames)
    more = {"repeat": (frames * (lack // n + 1))[:lack], "zeros": [-1] * lack, "last": [n - 1] * lack, "resize": []}
    return pick(sample, frames + more[transform.short])


def resize(sample, n_frames):
    return interpolate(sample, np.arange(n_frames) * (sample.n_frames - 1) / max(n_frames - 1, 1))


def temporal_shift(sample, transform, draws, i, batch):
    longest = sample.n_frames if transform.max_offset is None else transform.max_offset
    offset = int(draws.uniform()[i] * (longest + 1))
    return pick(sample, np.roll(np.arange(sample.n_frames), -offset))


def crop(sample, transform, draws, i, batch):
    n = sample.n_frames
    n_kept = max(round(n * draws.uniform(*transform.ratio_range)[i]), 1)
    start = int(draws.uniform()[i] * (n - n_kept + 1))
    return pick(sample, range(start, start + n_kept))


def reflect_crop(sample, transform, draws, i, batch):
    """The published code, with its padding of T // 6 for a ratio of 1/6."""
    n = sample.n_frames
    padding = n // 6 if transform.ratio == 1 / 6 else int(transform.ratio * n)
    padded = np.pad(np.arange(n), padding, mode="symmetric")
    start = int(draws.uniform()[i] * (2 * padding + 1))
    return pick(sample, padded[start : start + n])


def reverse(sample, transform, draws, i, batch):
    return pick(sample, np.arange(sample.n_frames)[::-1])


def uniform_sample(sample, transform, draws, i, batch):
    n, n_new = sample.n_frames, transform.n_frames
    units = draws.uniform(size=n_new)[i] if transform.random else np.full(n_new, 0.5)
    if n < n_new and transform.short == "repeat":
        start = int(draws.uniform()[i] * n) if transform.random else 0
        return pick(sample, [(start + k) % n for k in range(n_new)])
    segments = [range(k * n // n_new, max((k + 1) * n // n_new, k * n // n_new + 1)) for k in range(n_new)]
    return pick(sample, [segment[int(u * len(segment))] for segment, u in zip(segments, units, strict=True)])


def temporal_mask(sample, transform, draws, i, batch):
    n, k = sample.n_frames, transform.n_windows
    sizes = np.round(n * draws.uniform(*transform.ratio_range, size=k)[i]).astype(int)
    frames = np.arange(n)
    for size, unit in zip(sizes, draws.uniform(size=k)[i], strict=True):
        start = int(unit * (n - size + 1))
        frames[start : start + size] = -1
    there = np.flatnonzero(sample.present.any((0, 2, 3)))
    if len(there) and (frames[there] < 0).all():
        spared = there[int(draws.uniform()[i] * len(there))]
        frames[spared] = spared
    return pick(sample, frames)


def gaussian_blur(sample, transform, draws, i, batch):
    sigma, half = draws.uniform(*transform.sigma_range)[i], transform.window // 2

    def blur(path):
        done = np.empty_like(path)
        for t in range(len(path)):
            near = range(max(t - half, 0), min(t + half + 1, len(path)))
            weights = [np.exp(-((s - t) ** 2) / (2 * sigma**2)) for s in near]
            done[t] = sum(w * path[s] for w, s in zip(weights, near, strict=True)) / sum(weights)
        return done

    return along_runs(sample, blur)


REFERENCES = {
    Crop: crop,
    CropResize: crop_resize,
    FitLength: fit_length,
    GaussianBlur: gaussian_blur,
    ReflectCrop: reflect_crop,
    Resample: resample,
    Reverse: reverse,
    SavitzkyGolay: savitzky_golay,
    TemporalMask: temporal_mask,
    TemporalShift: temporal_shift,
    UniformSample: uniform_sample,
}
