"""Reading a store: tables in memory, positions mapped from the file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_aug.samples import Samples
from skeleton_aug.skeletons import Skeleton
from skeleton_data.channels import channel_names, map_channel
from skeleton_data.raw import SkeletonDataError
from skeleton_data.splits import Split, label_fraction, leave_out, split_of
from skeleton_data.storage.opening import Tables, open_same, read_tables
from skeleton_data.storage.rows import Positions
from skeleton_data.storage.schema import FRAME_RATES
from skeleton_data.viewpoints import group_performances


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


class Store:
    """A data set in one file; open it with :meth:`Store.open`.

    Tables are read at once; positions are mapped from the file when first touched, or, in a compressed store, read
    through HDF5, in each process anew: a store may be pickled, sent to workers, or inherited by a fork. It is
    read-only and safe to share between threads.
    """

    def __init__(self, path: Path, tables: Tables) -> None:
        self._path, self._tables = path, tables
        self._positions = Positions(path, tables)
        self._added: dict[str, Split] = {}

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
        return cls(where, read_tables(where))

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self._path, "digest": self.digest, "added": self._added}

    def __setstate__(self, state: dict[str, Any]) -> None:
        tables = read_tables(state["path"])
        if tables.digest != state["digest"]:
            raise SkeletonDataError(f"{state['path']}: has changed since it was opened. Open it again.")
        self.__init__(state["path"], tables)  # type: ignore[misc]
        self._add(state["added"])

    def _add(self, splits: dict[str, Split]) -> None:
        self._added = {**self._added, **splits}
        self._tables = replace(self._tables, splits={**self._tables.splits, **splits})

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
        """Table of the samples, (n,): see :func:`skeleton_data.storage.schema.sample_dtype`; read-only."""
        return self._tables.samples

    @property
    def labels(self) -> NDArray[np.int64]:
        """0-based label of every sample, (n,)."""
        return self.samples["label"].astype(np.int64)

    @property
    def tracks(self) -> NDArray[np.void]:
        """Table of the tracks, ordered by sample: see :data:`skeleton_data.storage.schema.TRACK_DTYPE`; read-only."""
        return self._tables.tracks

    @property
    def track_offsets(self) -> NDArray[np.int64]:
        """Where each sample's tracks begin, (n + 1,): those of sample i are ``tracks[o[i]:o[i + 1]]``."""
        return self._positions.offsets

    @property
    def rows(self) -> NDArray[np.float32]:
        """All tracks end to end, (rows, V, C) float32, mapped from the file and read-only.

        Raises
        ------
        SkeletonDataError
            When the store is compressed: then there is nothing to map.
        """
        return self._positions.mapped()

    @property
    def compression(self) -> tuple[str, ...]:
        """Filters that the positions are stored through, such as ``("shuffle", "lzf")``; none where they are mapped."""
        return self._tables.filters

    def sources(self) -> list[tuple[str, int, str]]:
        """Read path within the source, bytes and digest of every raw file; ``samples["source"]`` indexes them."""
        with open_same(self._path, self._tables) as file:
            table = file["sources"][()].tolist()
            return [(path.decode(), size, digest.decode()) for path, size, digest in table]

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of what is kept besides positions, see :data:`skeleton_data.channels.CHANNELS`."""
        with open_same(self._path, self._tables) as file:
            return channel_names(file)

    def channel(self, name: str) -> NDArray[Any]:
        """Map a channel from the file, read-only: (rows, ...), row for row beside :attr:`rows`.

        Raises
        ------
        SkeletonDataError
            When the store has no such channel, or is compressed.
        """
        with open_same(self._path, self._tables) as file:
            return map_channel(file, self._path, name, self._tables.shape[0])

    def sample_channel(self, index: int, name: str) -> NDArray[Any]:
        """Return a channel of one sample, (M, T, ...) beside its positions, zeros where a body is not seen."""
        return self.laid_out(index, self.channel(name))

    def laid_out(self, index: int, rows: NDArray[Any]) -> NDArray[Any]:
        """Return what some mapped :meth:`channel` has of one sample, (M, T, ...): for many samples, map it once."""
        at = range(len(self))[index]
        tracks = self.tracks[self.track_offsets[at] : self.track_offsets[at + 1]]
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
    def frame_rate(self) -> float | None:
        """Frames a second, nominally; None where neither the data set nor who converted it has told."""
        rate = self.provenance.get("frame_rate", FRAME_RATES.get(self.provenance.get("format", "")))
        return None if rate is None else float(rate)

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

    def split_rule(self, name: str) -> str | None:
        """How a user defined a split, in words; None for an official one, or one of :meth:`with_split`."""
        self.split(name)
        return None if name in self._added else self._tables.rules.get(name)

    def with_split(self, name: str, train: ArrayLike, test: ArrayLike | None = None) -> Store:
        """Return this store with one more split, which lives in memory; :func:`save_split` writes one into the file.

        Parameters
        ----------
        name : str
            An existing split of this name is hidden by the new one.
        train, test : (n,) bool array, or array of int
            A mask over all samples, or sample indices in any order; ``test`` is all others by default.

        Raises
        ------
        SkeletonDataError
            When a mask has another length, an index is not one of the store's, a sample stands in both parts, or
            nothing is left to train on.
        """
        made = Store(self._path, self._tables)
        made._add({**self._added, name: split_of(len(self), train, test)})
        return made

    def leave_subjects_out(self, subjects: Iterable[int]) -> Split:
        """Split by subject: those of ``subjects`` test, all others train.

        Raises
        ------
        SkeletonDataError
            When the store has no sample of one of the subjects, or of no other.
        """
        return leave_out("subject", self.samples["subject"], subjects)

    def label_fraction(self, part: str | ArrayLike, fraction: float, seed: int) -> NDArray[np.int64]:
        """Draw a class-balanced part of a training set; the parts of one seed are nested.

        Parameters
        ----------
        part : str or int array
            A split, whose training half is meant, or sample indices.
        fraction, seed
            As for :func:`skeleton_data.label_fraction`.
        """
        pool = self.split(part)[0] if isinstance(part, str) else np.asarray(part, np.int64)
        return label_fraction(self.labels, pool, fraction, seed)

    def performances(self, indices: ArrayLike | None = None) -> list[NDArray[np.int64]]:
        """Group samples by performance; a recording never stands together with its own copy, the first one stays.

        See :func:`skeleton_data.viewpoints.group_performances`.
        """
        return group_performances(self.samples["performance"], self.samples["duplicate_of"], indices)

    def __getitem__(self, index: int) -> Sample:
        at = range(len(self))[index]
        row = self.samples[at]
        numbers = ("label", "subject", "camera", "setup", "replication", "performance", "duplicate_of")
        return Sample(
            index=at,
            name=str(row["name"]),
            positions=self.read([at])[0],
            body_ids=self.tracks["body_id"][self._positions.offsets[at] : self._positions.offsets[at + 1]],
            **{field: int(row[field]) for field in numbers},
        )

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def read(self, indices: ArrayLike, out: NDArray[np.float32] | None = None) -> list[NDArray[np.float32]]:
        """Read the positions of many samples at once.

        Parameters
        ----------
        indices : (n,) int array
            In any order.
        out : (R, V, C) float32 array, optional
            Where to read them to, such as a buffer that is kept; by default fresh memory. The results point into it.

        Returns
        -------
        list of (M, T, V, C) float32 arrays
            As :attr:`Sample.positions`.

        Raises
        ------
        ValueError
            When ``out`` has fewer rows than the samples, or another shape or type.
        """
        return self._positions.read(self._checked(indices), out)

    def _checked(self, indices: ArrayLike) -> NDArray[np.int64]:
        wanted = np.asarray(indices, np.int64).reshape(-1)
        if wanted.size and (wanted.min() < 0 or wanted.max() >= len(self)):
            raise IndexError(f"Sample indices must lie in 0..{len(self) - 1}, got {wanted.min()} to {wanted.max()}.")
        return wanted

    def describe(self, indices: ArrayLike | None = None) -> Samples:
        """Some samples, or all, as the kernels of ``skeleton_aug`` take them: pipelines can be called on them.

        Of a mapped store no position is read. Of a compressed one the samples are read here.

        Parameters
        ----------
        indices : (n,) int array, optional
            In any order; by default all samples of the store.
        """
        return self._positions.describe(np.arange(len(self)) if indices is None else self._checked(indices))

    def read_ahead(self, indices: ArrayLike) -> None:
        """Ask the operating system to have some samples in memory soon, (n,) ints; returns at once.

        Does nothing for compressed stores, and on systems that do not take such advice.
        """
        self._positions.read_ahead(self._checked(indices))

    def verify(self) -> list[str]:
        """Compare every sample with its checksum; returns the names of those that differ.

        :func:`skeleton_data.verify` looks at the whole file.
        """
        from skeleton_data.storage.verification import damaged_samples

        damaged = damaged_samples(self._tables, lambda start, stop: self._positions.rows[start:stop])
        return [str(self.samples["name"][index]) for index, _ in damaged]
