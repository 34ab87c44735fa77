"""References and cases of the transforms that act on frames."""

import numpy as np
from scipy.signal import savgol_filter

from skeleton_aug import CropResize, FitLength, Resample, SavitzkyGolay, TemporalShift
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
    TemporalShift(),
    TemporalShift(max_offset=50, p=0.5),
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
    return interpolate(sample, np.clip(start + span * np.linspace(0, 1, transform.n_frames), 0, last))


def fit_length(sample, transform, draws, i, batch):
    n = sample.n_frames
    spare = max(n - transform.n_frames, 0)
    start = {"start": 0, "center": spare // 2, "random": int(draws.uniform()[i] * (spare + 1))}[transform.crop]
    frames = list(range(n))[start : start + transform.n_frames]
    lack = transform.n_frames - len(frames)
    more = {"repeat": (frames * (lack // n + 1))[:lack], "zeros": [-1] * lack, "last": [n - 1] * lack}
    return pick(sample, frames + more[transform.short])


def temporal_shift(sample, transform, draws, i, batch):
    longest = sample.n_frames if transform.max_offset is None else transform.max_offset
    offset = int(draws.uniform()[i] * (longest + 1))
    return pick(sample, np.roll(np.arange(sample.n_frames), -offset))


REFERENCES = {
    SavitzkyGolay: savitzky_golay,
    Resample: resample,
    CropResize: crop_resize,
    FitLength: fit_length,
    TemporalShift: temporal_shift,
}
