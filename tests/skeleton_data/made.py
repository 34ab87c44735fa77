"""Recordings and stores made for tests, as odd as the converter admits, and what makes two stores the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import KINECT_V2, Skeleton
from skeleton_data import RawBody, RawSequence, Store, convert_sequences
from skeleton_data.formats.ntu import NTU60
from skeleton_data.formats.ntu_lists import CLASSES

BIG_IDS = (72057594037930243, 72057594037930244, 3, -1)
ODD = np.array([0.0, -0.0, 1e-45, 1.1754944e-38, 3.4028233e38, 0.1, 1 / 3, -2.5, 16777217.0, 9.999999e-5], np.float32)
NTU_NAMES = [f"S00{s + 1}C00{c + 1}P00{2 * p + 1}R00{r + 1}A00{a + 1}" for s, c, p, r, a in np.ndindex(2, 3, 2, 2, 2)]


def odd_positions(rng: np.random.Generator, n: int, n_joints: int = 25, tame: bool = False) -> NDArray[np.float32]:
    """Positions with missing joints and, unless tame, zeros of both signs, subnormal and huge numbers among them."""
    values = rng.normal(0, 1.5, (n, n_joints, 3)).astype(np.float32)
    if not tame:
        values = np.where(rng.random(values.shape) < 0.2, rng.choice(ODD, values.shape), values)
    return np.where(rng.random((n, n_joints, 1)) < 0.1, np.float32(0), values)


def odd_bodies(
    rng: np.random.Generator, n_frames: int, n_joints: int = 25, most: int = 3, tame: bool = False
) -> list[RawBody]:
    """One to ``most`` bodies with gaps, in any order of appearance, but those of one id side by side."""
    bodies = []
    for body_id in sorted(rng.choice(BIG_IDS, rng.integers(1, most + 1)).tolist(), key=BIG_IDS.index):
        frames = np.flatnonzero(rng.random(n_frames) < 0.7).astype(np.int32)
        frames = frames if len(frames) else np.array([rng.integers(n_frames)], np.int32)
        bodies.append(RawBody(body_id, frames, odd_positions(rng, len(frames), n_joints, tame)))
    return bodies


def odd_sequences(
    seed: int,
    names: Sequence[str],
    n_joints: int = 25,
    most: int = 3,
    *,
    label: Callable[[str], int] | None = None,
    tame: bool = False,
) -> Iterator[RawSequence]:
    """One recording per name; labels follow NTU names unless told otherwise."""
    rng = np.random.default_rng(seed)
    for name in names:
        n_frames = int(rng.integers(1, 9))
        bodies = odd_bodies(rng, n_frames, n_joints, most, tame)
        of = int(name[-3:]) - 1 if label is None else label(name)
        numbers = (int(name[9:12]), int(name[5:8]), int(name[1:4]), int(name[13:16])) if label is None else (-1,) * 4
        performance = name[:4] + name[8:] if label is None else name
        yield RawSequence(name, n_frames, bodies, of, performance, *numbers)


def odd_store(
    path: Path,
    seed: int,
    names: Sequence[str] = NTU_NAMES[:8],
    *,
    skeleton: Skeleton = KINECT_V2,
    most: int = 3,
    class_names: Sequence[str] = CLASSES[:60],
    **options: object,
) -> Store:
    """A store of such recordings, with the splits of NTU-60."""
    sequences = odd_sequences(seed, names, skeleton.n_joints, most, **options)  # type: ignore[arg-type]
    splits = NTU60().splits
    convert_sequences(
        sequences, path, skeleton=skeleton, class_names=class_names, splits=splits, max_bodies=most, force=True
    )
    return Store.open(path)


def assert_same(one: Store, two: Store, *, but: Sequence[str] = ()) -> None:
    """Hold two stores to the same samples, tracks, positions, classes and splits, but for the fields named."""
    assert one.samples["name"].tolist() == two.samples["name"].tolist()
    for table in ("samples", "tracks"):
        a, b = getattr(one, table), getattr(two, table)
        for field in a.dtype.names:
            if field not in ("source", *but):
                np.testing.assert_array_equal(a[field], b[field], err_msg=f"{table}.{field}")
    assert one.rows.tobytes() == two.rows.tobytes() and one.digest == two.digest
    if "class_names" not in but:
        assert one.class_names == two.class_names
    if "performance" not in but:
        assert one.performance_names == two.performance_names
    if "skeleton" not in but:
        assert one.skeleton == two.skeleton
    if "splits" not in but:
        assert {s: tuple(map(list, one.split(s))) for s in one.splits} == {
            s: tuple(map(list, two.split(s))) for s in two.splits
        }
