"""Every transform and pipeline once more, plain and slow: float64, one sample, one transform after another.

Each reference re-draws its parameters from the same stream of random numbers and applies them with textbook NumPy and
SciPy.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from skeleton_aug import Compose
from skeleton_aug.randomness import Draws, Key, stream_key
from tests.skeleton_aug.reference import joints, space, time
from tests.skeleton_aug.reference.sample import Reference

FAMILIES = [space, time, joints]
CASES = [case for family in FAMILIES for case in family.CASES]
REFERENCES = {kind: function for family in FAMILIES for kind, function in family.REFERENCES.items()}


def steps(pipeline):
    """(transform, stream of random numbers) in order; equal names are numbered."""
    transforms = []

    def flatten(item):
        if isinstance(item, Compose):
            for inner in item.transforms:
                flatten(inner)
        else:
            transforms.append(item)

    flatten(pipeline)
    seen = Counter()
    for transform in transforms:
        yield transform, stream_key(f"{transform.name}#{seen[transform.name]}")
        seen[transform.name] += 1


def apply_one(transform, sample, draws, i, batch):
    """Transform sample i of the batch that ``draws`` serves."""
    if not draws.uniform()[i] < transform.p:
        return sample
    return REFERENCES[type(transform)](sample, transform, draws, i, batch)


def trace(pipeline, arrays, *, seed, epoch=0, indices=None, view=0, channels="xyz"):
    """List of References, one per sample."""
    key = Key.of(seed, np.arange(len(arrays)) if indices is None else indices, epoch, view)
    done = [Reference.of(x, channels) for x in arrays]
    for transform, stream in steps(pipeline):
        done = [apply_one(transform, x, Draws(key, stream), i, done) for i, x in enumerate(done)]
    return done


def run(pipeline, arrays, **settings):
    """List of (M, T, V, C) float64 results, zeros where something is missing."""
    return [x.dense() for x in trace(pipeline, arrays, **settings)]


def model_layout(x):
    """(N, M, T, V, C) -> (N, C, T, V, M)."""
    return np.ascontiguousarray(x.transpose(0, 4, 2, 3, 1))
