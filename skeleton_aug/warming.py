"""Compilation ahead of time."""

from __future__ import annotations

import numpy as np

from skeleton_aug import presets
from skeleton_aug.pipeline import Pipeline
from skeleton_aug.skeletons import get_skeleton

_SAMPLES = 64
"""Enough that a transform with p = 0.1 acts on one of them, all but surely."""
_FRAMES = 16


def warm_up(pipeline: Pipeline | None = None, dtype: str = "float32") -> None:
    """Compile what a pipeline needs, by running it on a few made-up samples.

    Kernels are compiled at their first call, which takes 10 to 20 seconds, and kept on disk. Before worker processes
    are forked or many of them started, a call of this spares each of them the wait.

    Parameters
    ----------
    pipeline : Pipeline, optional
        None takes :func:`skeleton_aug.presets.aggressive`, which uses the same kernels as the other presets after the
        paper.
    dtype : {"float32", "float64"}
        Of the samples to come.

    Examples
    --------
    >>> warm_up(Compose([Shear(), FitLength(n_frames=50)]))
    """
    if pipeline is None:
        pipeline = presets.aggressive()
    if not isinstance(pipeline, Pipeline):
        raise TypeError(f"warm_up: expected a pipeline such as Compose([...]) or a preset, got {pipeline!r}.")
    if dtype not in ("float32", "float64"):
        raise ValueError(f"warm_up: dtype must be 'float32' or 'float64', got {dtype!r}.")
    skeletons = [part.skeleton for part in pipeline.parts() if hasattr(part, "skeleton")]
    n_joints = get_skeleton(skeletons[0] if skeletons else "kinect_v2").n_joints
    x = np.random.Generator(np.random.PCG64(0)).normal(size=(_SAMPLES, 2, _FRAMES, n_joints, 3)).astype(dtype)
    # Single joints that are missing are another kernel's; so are, with it, other channels than x, y, z.
    x[::2, :, ::3, 0] = 0
    plan = pipeline.plan(x, seed=0)
    for layout in ("sample", "model") if (plan.n_frames == plan.n_frames[0]).all() else ("sample",):
        plan.apply(x, layout=layout)
