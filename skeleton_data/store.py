"""Reading a store: tables in memory, positions mapped from the file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_aug.skeletons import Skeleton
from skeleton_data.channels import channel_names, map_channel
from skeleton_data.raw import SkeletonDataError
from skeleton_data.schema import (
    FORMAT,
    FORMAT_VERSION,
    TRACK_DTYPE,
    checksum,
    sample_dtype,
    store_digest,
    tables_digest,
)
from skeleton_data.splits import Split
from skeleton_data.viewpoints import group_performances

_AGAIN = "Convert the raw data again, or fetch the file again."


@dataclass(frozen=True)
class Sample:
    """One recording of a store.

    Attributes
    ----------
    index : int
        Its place in the store.
    name : str
    label : int
        0-based class.
    positions : (M, T, V, C) float32 array
        M bodies, T frames, V joints, C = 3 coordinates in metres (x, y up, z away from the sensor); what is missing
        is zero. The array is the caller's own.
    body_ids : (M,) int64 array
        The sensor's ids.
    subject, camera, setup, replication : int
        As the data set numbers them; -1 where it does not say.
    performance : int
        Equal for the recordings of one performance by several cameras.
    duplicate_of : int
        Index of the first identical recording; -1 where there is none before this one.
    """

    index: int
    name: str
    label: int
    positions: NDArray[np.float32]
    body_ids: NDArray[np.int64]
    subject: int
    camera: int
    setup: int
    replication: int
    performance: int
    duplicate_of: int


@dataclass(frozen=True)
class _Tables:
    samples: NDArray[np.void]
    tracks: NDArray[np.void]
    performance_names: tuple[str, ...]
    class_names: tuple[str, ...]
    splits: dict[str, Split]
    skeleton: Skeleton
    provenance: dict[str, Any]
    digest: str
    offset: int
    shape: tuple[int, int, int]
    file: tuple[int, ...]


class Store:
    """A data set in one file; open it with :meth:`Store.open`.

    Tables are read at once, positions are mapped from the file when first touched, in each process anew: a store may
    be pickled, sent to workers, or inherited by a fork. It is read-only and safe to share between threads.
    """

    def __init__(self, path: Path, tables: _Tables) -> None:
        self._path, self._tables = path, tables
        self._offsets = np.searchsorted(tables.tracks["sample"], np.arange(len(tables.samples) + 1)).astype(np.int64)
        for array in (tables.samples, tables.tracks, self._offsets):
            array.flags.writeable = False
        self._mapped: tuple[int, NDArray[np.float32]] | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Store:
        """Open a store.

        Parameters
        ----------
        path : path
            The file that ``skeleton-data convert`` wrote.

        Raises
        ------
        SkeletonDataError
            When there is no such file, or it is no store, a damaged one, or one of a newer version.
        """
        where = Path(path).absolute()
        return cls(where, _read(where))

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self._path, "digest": self.digest}

    def __setstate__(self, state: dict[str, Any]) -> None:
        tables = _read(state["path"])
        if tables.digest != state["digest"]:
            raise SkeletonDataError(f"{state['path']}: has changed since it was opened. Open it again.")
        self.__init__(state["path"], tables)  # type: ignore[misc]

    def __len__(self) -> int:
        return len(self._tables.samples)

    def __repr__(self) -> str:
        return f"Store({self._path.name!r}, {len(self)} samples, {self.skeleton.name})"

    @property
    def path(self) -> Path:
        """The file, as an absolute path."""
        return self._path

    @property
    def samples(self) -> NDArray[np.void]:
        """Table of the samples, (n,): see :func:`skeleton_data.schema.sample_dtype`; read-only."""
        return self._tables.samples

    @property
    def labels(self) -> NDArray[np.int64]:
        """0-based label of every sample, (n,)."""
        return self.samples["label"].astype(np.int64)

    @property
    def tracks(self) -> NDArray[np.void]:
        """Table of the tracks, ordered by sample: see :data:`skeleton_data.schema.TRACK_DTYPE`; read-only."""
        return self._tables.tracks

    @property
    def track_offsets(self) -> NDArray[np.int64]:
        """Where each sample's tracks begin, (n + 1,): those of sample i are ``tracks[o[i]:o[i + 1]]``."""
        return self._offsets

    @property
    def rows(self) -> NDArray[np.float32]:
        """All tracks end to end, (rows, V, C) float32, mapped from the file and read-only."""
        mapped = self._mapped
        if mapped is None or mapped[0] != os.getpid():
            # A mapping costs microseconds; each process makes its own and shares no handle with its parent.
            tables = self._tables
            try:
                with self._path.open("rb") as file:
                    self._refuse_other(file.fileno())
                    array = np.memmap(file, "<f4", mode="r", offset=tables.offset, shape=tables.shape)
            except (OSError, ValueError) as error:
                raise SkeletonDataError(f"{self._path}: cannot be read any more ({error}). {_AGAIN}") from error
            mapped = self._mapped = (os.getpid(), array)
        return mapped[1]

    def _refuse_other(self, handle: int) -> None:
        """A file put in the place of the one that was opened must not be read by the tables of that one."""
        if _identity(handle) != self._tables.file:
            raise SkeletonDataError(f"{self._path}: was replaced since it was opened. Open it again.")

    def sources(self) -> list[tuple[str, int, str]]:
        """Read path within the source, bytes and digest of every raw file; ``samples["source"]`` indexes them."""
        with self._path.open("rb") as opened, h5py.File(opened, "r") as file:
            self._refuse_other(opened.fileno())
            table = file["sources"][()].tolist()
        return [(path.decode(), size, digest.decode()) for path, size, digest in table]

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of what is kept besides positions, see :data:`skeleton_data.channels.CHANNELS`."""
        return channel_names(self._path)

    def channel(self, name: str) -> NDArray[Any]:
        """Map a channel from the file, read-only: (rows, ...), row for row beside :attr:`rows`.

        Raises
        ------
        SkeletonDataError
            When the store has no such channel.
        """
        rows = len(self.rows)
        with self._path.open("rb") as file:
            self._refuse_other(file.fileno())
            return map_channel(self._path, name, rows)

    def sample_channel(self, index: int, name: str) -> NDArray[Any]:
        """Return a channel of one sample, (M, T, ...) beside its positions, zeros where a body is not seen."""
        at = range(len(self))[index]
        tracks, rows = self.tracks[self._offsets[at] : self._offsets[at + 1]], self.channel(name)
        values = np.zeros((len(tracks), self.samples["n_frames"][at], *rows.shape[1:]), rows.dtype)
        for body, track in enumerate(tracks):
            first, start, n = track["first_frame"], track["row"], track["n_frames"]
            values[body, first : first + n] = rows[start : start + n]
        return values

    @property
    def skeleton(self) -> Skeleton:
        """The joint layout."""
        return self._tables.skeleton

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each 0-based label."""
        return self._tables.class_names

    @property
    def performance_names(self) -> tuple[str, ...]:
        """Name of each performance number."""
        return self._tables.performance_names

    @property
    def provenance(self) -> dict[str, Any]:
        """What made the store, from what, with which options and counts."""
        return self._tables.provenance

    @property
    def digest(self) -> str:
        """Identity of the content: equal for stores with the same samples, in hexadecimal."""
        return self._tables.digest

    @property
    def max_bodies(self) -> int:
        """Most bodies that any sample has."""
        return int(self.samples["n_bodies"].max())

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits."""
        return tuple(self._tables.splits)

    def split(self, name: str) -> Split:
        """Return the (train, test) sample indices of a split, int64 and increasing.

        Raises
        ------
        SkeletonDataError
            When the store has no such split.
        """
        if name not in self._tables.splits:
            raise SkeletonDataError(f"{self._path}: no split {name!r}; it has {', '.join(self.splits)}.")
        train, test = self._tables.splits[name]
        return train.copy(), test.copy()

    def performances(self, indices: ArrayLike | None = None) -> list[NDArray[np.int64]]:
        """Group samples by performance; a recording never stands together with its own copy, the first one stays.

        See :func:`skeleton_data.viewpoints.group_performances`.
        """
        return group_performances(self.samples["performance"], self.samples["duplicate_of"], indices)

    def __getitem__(self, index: int) -> Sample:
        at = range(len(self))[index]
        row = self.samples[at]
        tracks = self.tracks[self._offsets[at] : self._offsets[at + 1]]
        positions = np.zeros((len(tracks), row["n_frames"], *self.rows.shape[1:]), np.float32)
        for body, track in enumerate(tracks):
            first, start, n = track["first_frame"], track["row"], track["n_frames"]
            positions[body, first : first + n] = self.rows[start : start + n]
        numbers = ("label", "subject", "camera", "setup", "replication", "performance", "duplicate_of")
        return Sample(
            index=at,
            name=str(row["name"]),
            positions=positions,
            body_ids=tracks["body_id"].copy(),
            **{field: int(row[field]) for field in numbers},
        )

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def verify(self) -> list[str]:
        """Compare every sample with its checksum; returns the names of those that differ."""
        return [str(self.samples["name"][i]) for i in range(len(self)) if not self._intact(i)]

    def _intact(self, index: int) -> bool:
        tracks = self.tracks[self._offsets[index] : self._offsets[index + 1]]
        positions = [self.rows[track["row"] : track["row"] + track["n_frames"]] for track in tracks]
        row = self.samples[index]
        found = checksum(int(row["n_frames"]), tracks["first_frame"].tolist(), positions)
        return bool(found == row["checksum"].tobytes())


def _read(path: Path) -> _Tables:
    if not path.exists():
        raise SkeletonDataError(f"{path}: no such file. Make it with 'skeleton-data convert'.")
    if path.is_file() and not os.access(path, os.R_OK):
        raise SkeletonDataError(f"{path}: may not be read by you. Ask its owner.")
    if not path.is_file() or not h5py.is_hdf5(path):
        raise SkeletonDataError(f"{path}: is no store (no HDF5 file). Give the .h5 file that convert wrote.")
    try:
        with path.open("rb") as opened, h5py.File(path, "r") as file:
            _check_kind(file, path)
            if bytes(file.attrs["tables_digest"]).decode() != tables_digest(file):
                raise ValueError("its tables differ from their digest")
            tables = _read_tables(file, _identity(opened.fileno()))
            _check_tables(tables, path)
            return tables
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError) as error:
        raise SkeletonDataError(f"{path}: is damaged or cut short ({error}). {_AGAIN}") from error


def _check_kind(file: h5py.File, path: Path) -> None:
    kind = file.attrs.get("format")
    if not isinstance(kind, bytes | np.bytes_) or kind.decode() != FORMAT:
        raise SkeletonDataError(f"{path}: is an HDF5 file of another program. Give the .h5 file that convert wrote.")
    version = int(file.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise SkeletonDataError(
            f"{path}: has format version {version}, this program reads up to {FORMAT_VERSION}. Update skeleton-aug."
        )


def _identity(handle: int) -> tuple[int, ...]:
    status = os.fstat(handle)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _read_tables(file: h5py.File, identity: tuple[int, ...]) -> _Tables:
    positions = file["positions"]
    if positions.dtype != np.dtype("<f4") or positions.ndim != 3:
        raise ValueError(f"positions are {positions.dtype} with {positions.ndim} axes, not float32 with 3")
    offset = positions.id.get_offset()
    if positions.id.get_create_plist().get_layout() != h5py.h5d.CONTIGUOUS or offset is None:
        raise ValueError("positions are not stored in one piece")
    stored = file["samples"][()]
    names = _texts(stored["name"])
    samples = np.empty(len(stored), sample_dtype(f"U{max(map(len, names), default=1) or 1}"))
    samples["name"] = names
    for field in stored.dtype.names[1:]:
        samples[field] = stored[field]
    return _Tables(
        samples=samples,
        tracks=file["tracks"][()].astype(TRACK_DTYPE),
        performance_names=tuple(_texts(file["performances"][()])),
        class_names=tuple(_texts(file["classes"][()])),
        splits={name: _read_split(group) for name, group in file["splits"].items()},
        skeleton=Skeleton.from_dict(json.loads(_text(file["skeleton"]))),
        provenance=json.loads(_text(file["provenance"])),
        digest=bytes(file.attrs["digest"]).decode(),
        offset=int(offset),
        shape=positions.shape,
        file=identity,
    )


def _read_split(group: h5py.Group) -> Split:
    return group["train"][()].astype(np.int64), group["test"][()].astype(np.int64)


def _texts(values: NDArray[np.bytes_]) -> list[str]:
    return [bytes(value).decode() for value in values]


def _text(dataset: h5py.Dataset) -> str:
    return bytes(dataset[()]).decode()


def _check_tables(tables: _Tables, path: Path) -> None:
    """Refuse tables that would lead a reader outside the file or a sample; a flipped bit must not."""
    tracks, samples, (n_rows, n_joints, _) = tables.tracks, tables.samples, tables.shape
    size = path.stat().st_size
    if tables.offset + 4 * int(np.prod(tables.shape, dtype=np.int64)) > size:
        raise ValueError(f"the file ends at byte {size}, inside the positions")
    if n_joints != tables.skeleton.n_joints:
        raise ValueError(f"{n_joints} joints are stored, the layout has {tables.skeleton.n_joints}")
    if not len(samples) or (np.diff(tracks["sample"]) < 0).any():
        raise ValueError("the tables of samples and tracks do not fit together")
    counts = np.bincount(tracks["sample"], minlength=len(samples))
    ends = tracks["first_frame"].astype(np.int64) + tracks["n_frames"]
    fits = (
        len(counts) == len(samples)
        and (counts == samples["n_bodies"]).all()
        and (tracks["n_frames"] > 0).all()
        and (tracks["row"] >= 0).all()
        and (tracks["row"] + tracks["n_frames"] <= n_rows).all()
        and (tracks["first_frame"] >= 0).all()
        and (ends <= samples["n_frames"][tracks["sample"]]).all()
        and all((part >= 0).all() and (part < len(samples)).all() for split in tables.splits.values() for part in split)
    )
    if not fits or tables.digest != store_digest(samples["name"].tolist(), samples["checksum"]):
        raise ValueError("the tables of samples and tracks do not fit together")
