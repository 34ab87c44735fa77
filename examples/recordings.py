"""Recordings to predict: ``.skeleton`` files or a store, read as the converter reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.run import InputError
from skeleton_aug import Skeleton
from skeleton_data import RawFileError, Store
from skeleton_data.bodies import get_strategy
from skeleton_data.formats.ntu import NTU60
from skeleton_data.raw import RawBody, RawItem

SUFFIX = ".skeleton"
NTU = NTU60()


@dataclass(frozen=True)
class Recording:
    """One recording.

    Attributes
    ----------
    name : str
    positions : (M, T, V, 3) float32 array
        Metres, sensor space; what is missing is zero.
    """

    name: str
    positions: NDArray[np.float32]


@dataclass(frozen=True)
class Recordings:
    """What there is to read; iterating reads one after the other, and notes in ``rejected`` what cannot be read."""

    root: Path
    files: tuple[Path, ...]
    store: Store | None
    chosen: NDArray[np.int64]
    bodies: str
    rejected: list[RawFileError]

    def __len__(self) -> int:
        return len(self.files) if self.store is None else len(self.chosen)

    def __iter__(self) -> Iterator[Recording]:
        if self.store is not None:
            for index in self.chosen:
                sample = self.store[int(index)]
                yield Recording(sample.name, sample.positions)
        for path in self.files:
            try:
                name = path.relative_to(self.root).with_suffix("").as_posix()
                yield Recording(name, read_skeleton_file(path, self.bodies))
            except RawFileError as error:
                self.rejected.append(error)


def find_recordings(data: Path, skeleton: Skeleton, split: str | None, bodies: str) -> Recordings:
    """List the recordings of a ``.skeleton`` file, of a folder with such files anywhere in it, or of a store.

    Parameters
    ----------
    data : Path
    skeleton : Skeleton
        What the network takes; the recordings must have it.
    split : str, optional
        Of a store: only the test half of this split.
    bodies : str
        Body selection for ``.skeleton`` files, a key of :data:`skeleton_data.bodies.STRATEGIES`.

    Raises
    ------
    InputError
        When there is nothing to read, or it has another joint layout.
    """
    get_strategy(bodies)
    if not data.exists():
        raise InputError(f"{data}: no such file or folder. Give a .skeleton file, a folder of them, or a store.")
    if data.is_file() and data.suffix.lower() != SUFFIX:
        store = Store.open(data)
        if store.skeleton != skeleton:
            raise InputError(
                f"{data}: holds {store.skeleton.name} ({store.skeleton.n_joints} joints), but the network takes "
                f"{skeleton.name} ({skeleton.n_joints} joints). Use one trained on this layout."
            )
        return Recordings(
            data, (), store, np.arange(len(store)) if split is None else store.split(split)[1], bodies, []
        )
    if split is not None:
        raise InputError(f"{data}: has no splits; --split is for stores.")
    files = [data] if data.is_file() else sorted(p for p in data.rglob("*") if p.suffix.lower() == SUFFIX)
    if not files:
        raise InputError(f"{data}: no {SUFFIX} files here. Give a folder that holds some, or a store.")
    if skeleton != NTU.skeleton:
        raise InputError(
            f"{SUFFIX} files have the 25 joints of Kinect v2, but the network takes {skeleton.name} "
            f"({skeleton.n_joints} joints). Use one trained on this layout."
        )
    return Recordings(data.parent if data.is_file() else data, tuple(files), None, np.arange(0), bodies, [])


def read_skeleton_file(path: Path, bodies: str = "motion", most: int = 2) -> NDArray[np.float32]:
    """Positions (M, T, V, 3) of the bodies that the converter would keep; M is 0 where nobody was found.

    Raises
    ------
    RawFileError
        With the line and what was expected there.
    """
    # The reader takes the action from the name of a recording. One to predict has none, and may be called anything.
    (sequence,) = NTU.read(RawItem("S001C001P001R001A001", path))
    sequence.bodies = [body for body in map(without_missing, sequence.bodies) if len(body.frames)]
    chosen = get_strategy(bodies)(sequence, most)
    positions = np.zeros((len(chosen), sequence.n_frames, 25, 3), np.float32)
    for body, rows in zip(chosen, positions, strict=True):
        rows[body.frames] = body.positions
    return positions


def without_missing(body: RawBody) -> RawBody:
    """Make joints without finite coordinates zeros, and leave out frames without any joint."""
    broken = np.logical_not(np.isfinite(body.positions).all(-1, keepdims=True))
    positions = np.where(broken, np.float32(0), body.positions)
    present = positions.any((1, 2))
    if present.all():
        return replace(body, positions=positions)
    return RawBody(body.body_id, body.frames[present], positions[present])
