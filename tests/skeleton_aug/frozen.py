"""Pipelines as an earlier version of the package saved them, with a few numbers of what they gave then.

``python -m tests.skeleton_aug.frozen NAME`` adds an entry for each case of that name that is not yet there. Entries
are never written anew: a pipeline that was saved must go on giving what it gave.
"""

from __future__ import annotations

import json
import sys
from inspect import signature
from pathlib import Path

import numpy as np

from skeleton_aug import (
    Compose,
    OneOf,
    Shear,
    SideDrop,
    Skeleton,
    SomeOf,
    TemporalShift,
    TwoViews,
    Views,
    presets,
)
from tests.skeleton_aug.reference import pipeline as reference

FOLDER = Path(__file__).parent / "fixtures"
SEED, EPOCH, INDICES = 7, 2, [11, 4]
OWN = Skeleton("own", [f"joint_{i}" for i in range(25)], [-1, *range(24)], [(3, 4), (7, 9)], {"base": 0})


def samples():
    """Two samples that are the same on every machine, of 8 and 12 frames, with a gap and an absent body."""
    arrays = [np.sin(0.37 * np.arange(2 * t * 25 * 3) ** 1.1).reshape(2, t, 25, 3) for t in (8, 12)]
    for x in arrays:
        x[..., 2] += 3
    arrays[0][1, 3:5] = 0
    arrays[1][1] = 0
    return arrays


def excerpt(array):
    """Shape, and a dozen numbers from all over the array."""
    flat = np.asarray(array).reshape(-1)
    return {"shape": list(np.shape(array)), "values": [float(v) for v in flat[:: flat.size // 12 + 1].round(9)]}


def results(pipeline):
    """Excerpts of each result, of each view."""
    given = samples()
    if isinstance(pipeline, Views):
        return [[excerpt(x) for x in view] for view in pipeline(given, seed=SEED, epoch=EPOCH, index=INDICES)]
    return [excerpt(x) for x in pipeline(given, seed=SEED, epoch=EPOCH, index=INDICES)]


def preset_cases():
    made = [getattr(presets, name) for name in dir(presets) if not name.startswith("_")]
    for preset in made:
        if getattr(preset, "__module__", "") == presets.__name__ and "n_frames" in signature(preset).parameters:
            yield preset(n_frames=10)
            yield preset(n_frames=10, channels="joint+bone")


CASES = {
    "presets": list(preset_cases()),
    "transforms": reference.CASES,
    "compositions": [
        Compose([OneOf([Shear(), SomeOf([TemporalShift(), SideDrop()], count_range=(1, 2))], weights=[1, 3]), Shear()]),
        Compose([SideDrop(skeleton=OWN, p=0.5)]),
        TwoViews(presets.aggressive(n_frames=10), presets.conservative(n_frames=10)),
        Views([Shear(), Shear(p=0.5), Compose([])]),
    ],
}


def read(name):
    """Entries of a file: what ``to_dict`` gave, and results."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def _add(name):
    path = FOLDER / f"{name}.json"
    if name == "plan":
        if not path.exists():
            plan = presets.aggressive(n_frames=10).plan(samples(), seed=SEED, epoch=EPOCH, indices=INDICES)
            entry = {"saved": plan.to_dict(), "results": [excerpt(x) for x in plan.apply(samples())]}
            path.write_text(json.dumps(entry) + "\n", "utf-8")
        return
    entries = read(name) if path.exists() else []
    known = [entry["saved"] for entry in entries]
    fresh = [case for case in CASES[name] if case.to_dict() not in known]
    entries += [{"saved": case.to_dict(), "results": results(case)} for case in fresh]
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    path.write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    _add(sys.argv[1])
