"""References and cases of the transforms that add random numbers."""

import numpy as np

from skeleton_aug import KinectNoise, Noise

CASES = [
    Noise(),
    Noise(std_range=(0.05, 0.2), p=0.5),
    KinectNoise(),
    KinectNoise(scale_range=(0.0, 30.0), p=0.5),
]

MASK = 0xFFFFFFFF


def philox(counter, key, rounds=7):
    """Two 32-bit words for each counter (left, right), of Philox2x32."""
    left, right = (np.asarray(word, np.uint64) & np.uint64(MASK) for word in counter)
    key = int(key)
    for _ in range(rounds):
        product = left * np.uint64(0xD256D193)
        left, right = (product >> np.uint64(32)) ^ np.uint64(key) ^ right, product & np.uint64(MASK)
        key = (key + 0x9E3779B9) & MASK
    return left, right


def normals(key, body, n_frames, n_columns):
    """Normal numbers (T, columns) of one body: frames f and f + 8 of 16 are a pair."""
    low, high = int(key) & MASK, ((int(key) >> 32) + body) & MASK
    frames = np.arange(n_frames)[:, None]
    pair = frames // 16 * 8 + frames % 8
    left, right = philox((pair * n_columns + np.arange(n_columns), high), low)
    radius = np.sqrt(-2 * np.log((left + 0.5) / 2**32))
    angle = 2 * np.pi * right / 2**32
    return radius * np.where(frames % 16 < 8, np.cos(angle), np.sin(angle))


def with_noise(sample, key, deviations):
    """Noise of the given standard deviations (M, T, V, K, width) on the coordinates."""
    n_bodies, n_frames, n_joints, n_channels = sample.values.shape
    drawn = [normals(key, m, n_frames, n_joints * n_channels).reshape(sample.values.shape[1:]) for m in range(n_bodies)]
    drawn = np.array(drawn).reshape(sample.vectors.shape)
    return sample.with_vectors(sample.vectors + deviations * drawn)


def noise(sample, transform, draws, i, batch):
    std = draws.uniform(*transform.std_range)[i]
    deviations = np.where(np.arange(sample.width) < sample.dims, std, 0.0)
    return with_noise(sample, draws.words(1)[i, 0], deviations)


def kinect_noise(sample, transform, draws, i, batch):
    scale = draws.uniform(*transform.scale_range)[i]
    depth = np.maximum(sample.vectors[..., 2], 0.4)
    deviations = np.zeros(sample.vectors.shape)
    deviations[..., :2] = (scale * 0.8 / 585 * depth)[..., None]
    deviations[..., 2] = scale * (0.0012 + 0.0019 * (depth - 0.4) ** 2)
    return with_noise(sample, draws.words(1)[i, 0], deviations)


REFERENCES = {Noise: noise, KinectNoise: kinect_noise}
