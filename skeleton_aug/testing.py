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
) -> NDArray[Any]:
    """Make a sample of smooth paths some metres before a sensor.

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

    Returns
    -------
    (M, T, V, 3) array, metres
    """
    shape = (n_bodies, n_frames, n_joints, 3)
    x = rng.normal(0, 0.3, (n_bodies, 1, n_joints, 3)) + np.cumsum(rng.normal(0, 0.05, shape), axis=1)
    x[..., 2] += 3
    if on_grid:
        x = np.rint(2 * (x - [0, 0, 3])) / 2
    x[(x == 0).all(-1)] = 0.5
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
    n_bodies: tuple[int, int] = (1, 3),
    lengths: Sequence[int] = LENGTHS,
    ragged: bool = True,
    gaps: Sequence[str] = GAPS,
    dtypes: Sequence[str] = DTYPES,
) -> list[NDArray[Any]]:
    """Lists of samples (M, T, V, 3) that share M, V and dtype, with gaps and absent bodies.

    Parameters
    ----------
    skeleton : str or Skeleton, optional
        Joint layout; None draws one.
    n_samples, n_bodies : (int, int)
        Inclusive ranges.
    lengths : sequence of int
        Frames to choose from; with ``ragged`` each sample chooses.
    gaps, dtypes : sequence of str
        To choose from, as :func:`random_sample` takes them.
    """
    layout = draw(skeletons()) if skeleton is None else get_skeleton(skeleton)
    rng = np.random.Generator(np.random.PCG64(draw(st.integers(0, 2**32 - 1))))
    n, m = draw(st.integers(*n_samples)), draw(st.integers(*n_bodies))
    dtype, on_grid = draw(st.sampled_from(list(dtypes))), draw(st.booleans())
    sizes = st.sampled_from(list(lengths))
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
        )
        for _ in range(n)
    ]


@st.composite
def samples(draw: st.DrawFn, /, **settings: Any) -> NDArray[Any]:
    """One sample (M, T, V, 3); settings as for :func:`batches`."""
    return draw(batches(**{**settings, "n_samples": (1, 1)}))[0]
