"""Every transform and pipeline once more, plain and slow: float64, one sample, one transform after another.

Each reference re-draws its parameters from the same stream of random numbers and applies them with textbook NumPy and
SciPy.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from skeleton_aug import Compose, OneOf, Transform
from skeleton_aug.randomness import Draws, Key, stream_key
from tests.skeleton_aug.reference import joints, mixing, motion, noise, space, time
from tests.skeleton_aug.reference.sample import Reference

FAMILIES = [space, time, joints, noise, motion, mixing]
CASES = [case for family in FAMILIES for case in family.CASES]
REFERENCES = {kind: function for family in FAMILIES for kind, function in family.REFERENCES.items()}


def tree(pipeline):
    """(part, its stream of random numbers) of all that draw, each before those inside; equal names are numbered."""
    parts = []

    def visit(item):
        if not isinstance(item, Compose):
            parts.append(item)
        for inner in getattr(item, "transforms", ()):
            visit(inner)

    visit(pipeline)
    seen = Counter()
    for part in parts:
        yield part, stream_key(f"{part.name}#{seen[part.name]}")
        seen[part.name] += 1


def steps(pipeline):
    """(transform, stream of random numbers) in order, without the choices between them."""
    return [(part, stream) for part, stream in tree(pipeline) if isinstance(part, Transform)]


def apply_one(transform, sample, draws, i, batch):
    """Transform sample i of the batch that ``draws`` serves."""
    if not draws.uniform()[i] < transform.p:
        return sample
    return REFERENCES[type(transform)](sample, transform, draws, i, batch)


def branches_of(choice, draws, i):
    """Numbers of the branches that sample i takes."""
    if not draws.uniform()[i] < choice.p:
        return []
    n = len(choice.transforms)
    if isinstance(choice, OneOf):
        edges = np.cumsum(np.ones(n) if choice.weights is None else choice.weights)
        return [int((draws.uniform()[i] * edges[-1] >= edges).sum())]
    low, high = choice.count_range
    count = low + int(draws.uniform()[i] * (high - low + 1))
    return sorted(np.argsort(draws.uniform(size=n)[i])[:count].tolist())


def apply_part(part, done, acts, streams, key):
    """Every sample of a batch after one part of a pipeline, which acts on those that ``acts`` says."""
    if isinstance(part, Compose):
        for inner in part.transforms:
            done = apply_part(inner, done, acts, streams, key)
        return done
    stream = next(streams)
    if isinstance(part, Transform):
        return [apply_one(part, x, Draws(key, stream), i, done) if acts[i] else x for i, x in enumerate(done)]
    taken = [branches_of(part, Draws(key, stream), i) if acts[i] else [] for i in range(len(done))]
    for number, inner in enumerate(part.transforms):
        done = apply_part(inner, done, [number in branches for branches in taken], streams, key)
    return done


def trace(pipeline, arrays, *, seed, epoch=0, indices=None, view=0, channels="xyz"):
    """List of References, one per sample."""
    key = Key.of(seed, np.arange(len(arrays)) if indices is None else indices, epoch, view)
    streams = iter([stream for _, stream in tree(pipeline)])
    return apply_part(pipeline, [Reference.of(x, channels) for x in arrays], [True] * len(arrays), streams, key)


def run(pipeline, arrays, **settings):
    """List of (M, T, V, C) float64 results, zeros where something is missing."""
    return [x.dense() for x in trace(pipeline, arrays, **settings)]


def model_layout(x):
    """(N, M, T, V, C) -> (N, C, T, V, M)."""
    return np.ascontiguousarray(x.transpose(0, 4, 2, 3, 1))
