"""Hypothesis strategies for samples and batches, to test transforms and models with (needs ``hypothesis``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from skeleton_aug.skeletons import SKELETONS, Skeleton, get_skeleton

LENGTHS = (1, 2, 14, 15, 16, 40)
"""Frames around the window of the usual filter (15), and the shortest there are."""
LONGEST = 300
"""Frames of the longest samples of the usual data sets; drawn rarely, since they take their time."""
GAPS = ("none", "frames", "joints", "track", "all")
DTYPES = ("float32", "float64")


def random_sample(
    rng: np.random.Generator,
    n_bodies: int = 2,
    n_frames: int = 40,
    n_joints: int = 25,
    *,
    gaps: str = "none",
    absent: Sequence[int] = (),
    dtype: str = "float32",
    on_grid: bool = False,
    channels: str = "xyz",
) -> NDArray[Any]:
    """Make a sample of smooth paths, some metres before a sensor where there is a depth.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of all randomness.
    n_bodies, n_frames, n_joints : int
        Its axes.
    gaps : {"none", "frames", "joints", "track", "all"}
        What is missing: nothing, whole frames, a few joints now and then, the beginning and the end of each body, or
        all of these.
    absent : sequence of int
        Bodies that are missing throughout.
    dtype : str
        "float32" or "float64".
    on_grid : bool
        Round to half metres about the origin, so that coordinates are often zero, equal or opposite.
    channels : {"xyz", "xy", "xyc", "xyzc"}
        What C holds; a confidence lies in (0, 1].

    Returns
    -------
    (M, T, V, C) array, metres
    """
    dims = len(channels.rstrip("c"))
    shape = (n_bodies, n_frames, n_joints, dims)
    x = rng.normal(0, 0.3, (n_bodies, 1, n_joints, dims)) + np.cumsum(rng.normal(0, 0.05, shape), axis=1)
    if on_grid:
        x = np.rint(2 * x) / 2
    elif dims == 3:
        x[..., 2] += 3
    x[(x == 0).all(-1)] = 0.5
    if channels.endswith("c"):
        x = np.concatenate([x, 1 - rng.random((*shape[:3], 1))], axis=-1)
    if gaps in ("frames", "all"):
        x[rng.random(shape[:2]) < 0.2] = 0
    if gaps in ("joints", "all"):
        flaky = rng.permutation(n_joints)[:6]
        x[:, :, flaky] *= rng.random((n_bodies, n_frames, len(flaky), 1)) < 0.7
    if gaps in ("track", "all"):
        for body in x:
            begin, end = np.sort(rng.integers(0, n_frames + 1, 2))
            body[:begin] = body[end:] = 0
    x[list(absent)] = 0
    return x.astype(dtype)


def skeletons() -> st.SearchStrategy[Skeleton]:
    """Built-in joint layouts."""
    return st.sampled_from(list(SKELETONS.values()))


@st.composite
def batches(
    draw: st.DrawFn,
    *,
    skeleton: str | Skeleton | None = None,
    n_samples: tuple[int, int] = (1, 4),
    n_bodies: tuple[int, int] = (0, 3),
    lengths: Sequence[int] | None = None,
    ragged: bool = True,
    gaps: Sequence[str] = GAPS,
    dtypes: Sequence[str] = DTYPES,
    channels: str = "xyz",
) -> list[NDArray[Any]]:
    """Lists of samples (M, T, V, C) that share M, V and dtype, with gaps and absent bodies.

    Parameters
    ----------
    skeleton : str or Skeleton, optional
        Joint layout; None draws one.
    n_samples, n_bodies : (int, int)
        Inclusive ranges; samples without any body slot are rare.
    lengths : sequence of int, optional
        Frames to choose from; with ``ragged`` each sample chooses. None takes :data:`LENGTHS`, and rarely
        :data:`LONGEST`.
    gaps, dtypes : sequence of str
        To choose from, as :func:`random_sample` takes them.
    channels : {"xyz", "xy", "xyc", "xyzc"}
        What C holds.
    """
    layout = draw(skeletons()) if skeleton is None else get_skeleton(skeleton)
    rng = np.random.Generator(np.random.PCG64(draw(st.integers(0, 2**32 - 1))))
    n, m = draw(st.integers(*n_samples)), draw(_body_counts(*n_bodies))
    dtype, on_grid = draw(st.sampled_from(list(dtypes))), draw(st.booleans())
    sizes = st.sampled_from(LENGTHS * 4 + (LONGEST,) if lengths is None else list(lengths))
    length = draw(sizes)
    return [
        random_sample(
            rng,
            m,
            draw(sizes) if ragged else length,
            layout.n_joints,
            gaps=draw(st.sampled_from(list(gaps))),
            absent=[body for body in range(m) if draw(st.integers(0, 4)) == 0],
            dtype=dtype,
            on_grid=on_grid,
            channels=channels,
        )
        for _ in range(n)
    ]


def _body_counts(low: int, high: int) -> st.SearchStrategy[int]:
    some = list(range(max(low, 1), high + 1))
    return st.sampled_from(some * 3 + [0] if low == 0 else some)


@st.composite
def samples(draw: st.DrawFn, /, **settings: Any) -> NDArray[Any]:
    """One sample (M, T, V, C); settings as for :func:`batches`."""
    return draw(batches(**{**settings, "n_samples": (1, 1)}))[0]
