"""What all pipelines make of a few samples, for runs with and without compilation to be compared.

As a program it writes them to a file, if one is named; with ``NUMBA_DISABLE_JIT=1`` a coverage tool sees what of the
kernels is used.
"""

import sys

import numpy as np

from skeleton_aug import Compose, FitLength, KinectNoise, Mirror, Motion, Resample, SideDrop, TemporalMask, presets
from skeleton_aug.operators import Gather
from skeleton_aug.randomness import Draws, Key
from skeleton_aug.testing import random_sample
from tests.skeleton_aug.reference import pipeline as reference
from tests.skeleton_aug.test_channels import KINDS, WITH_BONES, made_for, recordings
from tests.skeleton_aug.test_plan import given_operator
from tests.skeleton_aug.transforms.test_every_transform import COMPOSED, SINGLE, name

TO_LENGTH = FitLength(n_frames=6)
LAID_OUT = [
    presets.aggressive(n_frames=20, channels="joint+bone"),
    presets.aggressive(n_frames=20, channels="bone"),
    Compose([TO_LENGTH, Mirror()]),
    Compose([TO_LENGTH, SideDrop()]),
    Compose([TO_LENGTH, Motion(channels="joint+motion")]),
    Compose([Resample(), TemporalMask(), FitLength(n_frames=20)]),
]
"""Pipelines of which the last pass writes the networks' layout."""
FRAMES = np.array([[2, 5, 4, -1, 30], [0, 1, 2, 3, 4]])
WRITTEN_OUT = [
    Gather.at(FRAMES + 0.25, np.array([5, 4]), np.array([21, 21])),
    Gather.frames(FRAMES, np.array([4, 5])),
]
"""Gathers given as frames, not as windows."""


def some(n_bodies=2, dtype="float32"):
    """Short samples of several lengths: whole, without some frames, without some joints, and at the origin."""
    kinds = [("none", 21), ("frames", 24), ("joints", 7), ("all", 18)]
    return [
        random_sample(np.random.default_rng(i), n_bodies, n_frames, gaps=gaps, dtype=dtype, on_grid=i == 3)
        for i, (gaps, n_frames) in enumerate(kinds)
    ]


def results():
    """(what it is, numbers) one after the other."""
    key = Key.of(2**64 - 1, [0, 1, -1], epoch=3, view=2)
    yield "words", np.ascontiguousarray(Draws(key, 2**63 + 5).words(6)).view(np.uint8)
    for i, pipeline in enumerate(SINGLE + COMPOSED):
        yield f"xyz {name(pipeline)}", flat(pipeline(some(), seed=1))
        arrays = some(n_bodies=1 + i % 3, dtype="float64" if i % 2 else "float32")
        yield f"model {name(pipeline)}", Compose([pipeline, TO_LENGTH])(arrays, seed=2, layout="model")
    for n_bodies in (1, 2, 3):
        whole = np.stack([random_sample(np.random.default_rng(i), n_bodies, 21) for i in range(2)])
        for pipeline in LAID_OUT:
            yield f"{n_bodies} bodies {name(pipeline)}", pipeline(whole, seed=4, layout="model")
    for gather in WRITTEN_OUT:
        pipeline = Compose([given_operator(gather), Resample()])
        yield f"gather {gather.before.tolist()}", flat(pipeline(whole, seed=5))
    for i, pipeline in enumerate(reference.CASES + WITH_BONES):
        channels = list(KINDS)[i % len(KINDS)]
        if channels != "xyzc" and isinstance(pipeline, KinectNoise):
            channels = "xyzc"
        pipeline = made_for(pipeline, channels)
        yield f"{channels} {name(pipeline)}", flat(pipeline(recordings(channels), seed=3, channels=channels))


def flat(arrays):
    """All numbers of a list of arrays."""
    return np.concatenate([x.reshape(-1) for x in arrays])


if __name__ == "__main__":
    # Names may repeat, and are too long for files in an archive.
    made = {str(i): numbers for i, (_, numbers) in enumerate(results())}
    if len(sys.argv) > 1:
        np.savez(sys.argv[1], **made)
