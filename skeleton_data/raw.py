"""What every raw format is read into, and how a format describes itself to the converter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import Skeleton

UNKNOWN = -1


class SkeletonDataError(Exception):
    """Base of every error that bad input can cause; the message is fit to be shown to a user as it is."""


class RawFileError(SkeletonDataError):
    """A raw file cannot be read.

    Parameters
    ----------
    file : str
        The file, or ``archive.zip!member``.
    reason : str
        What was expected and what was found.
    line : int, optional
        1-based line at fault.
    mend : str, optional
        What the user can do about it.
    """

    def __init__(self, file: str, reason: str, *, line: int | None = None, mend: str = "") -> None:
        self.file, self.reason, self.line, self.mend = file, reason, line, mend
        place = file if line is None else f"{file}, line {line}"
        super().__init__(f"{place}: {reason}" + (f" {mend}" if mend else ""))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_raw_file_error, (self.file, self.reason, self.line, self.mend)


def _rebuild_raw_file_error(file: str, reason: str, line: int | None, mend: str) -> RawFileError:
    return RawFileError(file, reason, line=line, mend=mend)


@dataclass
class RawBody:
    """One tracked person of a recording.

    Attributes
    ----------
    body_id : int
        The sensor's id, exact (Kinect v2 ids are near 2**56).
    frames : (n,) int32 array
        Frame index of each row within the recording, strictly increasing.
    positions : (n, V, 3) float32 array
        Metres, sensor camera space (y up, z away from the sensor). A missing joint is all zeros.
    slots : (n,) int32 array, optional
        Place of each row in the file's list of bodies of that frame, from 0; None where the format has no such list.
    channels : mapping of str to (n, ...) array
        What was asked for besides positions, by names of :data:`skeleton_data.channels.CHANNELS`.
    """

    body_id: int
    frames: NDArray[np.int32]
    positions: NDArray[np.float32]
    slots: NDArray[np.int32] | None = None
    channels: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def take(self, rows: NDArray[Any] | slice) -> RawBody:
        """Return the body with these rows (a mask, indices or a slice) alone, in that order."""
        channels = {name: values[rows] for name, values in self.channels.items()}
        slots = None if self.slots is None else self.slots[rows]
        return RawBody(self.body_id, self.frames[rows], self.positions[rows], slots, channels)

    def joined(self, other: RawBody) -> RawBody:
        """Return one body with the rows of both by frame, under this one's id; of a shared frame this one's stays."""
        new = other.take(~np.isin(other.frames, self.frames))
        slots = None
        if self.slots is not None and new.slots is not None:
            slots = np.concatenate([self.slots, new.slots])
        channels = {name: np.concatenate([values, new.channels[name]]) for name, values in self.channels.items()}
        frames = np.concatenate([self.frames, new.frames])
        both = RawBody(self.body_id, frames, np.concatenate([self.positions, new.positions]), slots, channels)
        return both.take(np.argsort(frames, kind="stable"))


@dataclass
class RawSequence:
    """One sample as recorded: one recording, or one annotated instance of it, by one camera.

    Attributes
    ----------
    name : str
        Unique within a store.
    n_frames : int
        Length of the recording, frames without bodies included.
    bodies : list of RawBody
        Every tracked person, in order of first appearance.
    label : int
        0-based class.
    subject, camera, setup, replication : int
        As the data set numbers them; -1 where it does not say.
    performance : str
        Equal for the samples of one performance seen by several cameras.
    source_digest : str
        Digest of the raw file in hexadecimal; when empty the converter takes it.
    """

    name: str
    n_frames: int
    bodies: list[RawBody]
    label: int
    performance: str
    subject: int = UNKNOWN
    camera: int = UNKNOWN
    setup: int = UNKNOWN
    replication: int = UNKNOWN
    source_digest: str = ""


@dataclass(frozen=True)
class RawItem:
    """A unit of conversion work: a file that holds one sample (NTU, N-UCLA) or several (PKU-MMD).

    Items are small and picklable; the recording itself is read by :meth:`RawFormat.read`, in any process.
    """

    name: str
    path: Path
    member: str | None = None
    size: int = 0
    details: object = field(default=None, hash=False)

    @property
    def place(self) -> str:
        """The file as errors name it."""
        return str(self.path) if self.member is None else f"{self.path}!{self.member}"


@dataclass
class Listing:
    """What :meth:`RawFormat.find` saw in a source.

    Attributes
    ----------
    items : sequence of RawItem
        What is to be read, sorted by name, or in the order of a source that has one; of a large source
        :class:`skeleton_data.packed.Packed`.
    left_out : dict
        Reason -> names of recordings left out on purpose (a missing list, an instance with no frames ...).
    rejected : list of RawFileError
        Files that are there but cannot be used.
    """

    items: Sequence[RawItem]
    left_out: dict[str, list[str]] = field(default_factory=dict)
    rejected: list[RawFileError] = field(default_factory=list)


class RawFormat(Protocol):
    """A raw data set format. Instances are picklable and hold options only."""

    @property
    def name(self) -> str:
        """What the command line calls it, such as ``ntu60``."""

    @property
    def skeleton(self) -> Skeleton:
        """Its joint layout."""

    @property
    def class_names(self) -> Sequence[str]:
        """Name of each 0-based label."""

    def find(self, source: Path) -> Listing:
        """List what ``source`` (a folder or an archive) holds; :class:`SkeletonDataError` if it is no such source."""

    def read(self, item: RawItem) -> list[RawSequence]:
        """Read one item; :class:`RawFileError` names the file and line of anything wrong."""

    def splits(self, samples: NDArray[np.void]) -> Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Official splits: name -> (train, test) indices into the store's sample table."""


@runtime_checkable
class SourceFormat(Protocol):
    """Options of a format whose joint layout, classes or splits come with each source."""

    def bind(self, source: Path) -> RawFormat:
        """Return the format as this very source has it; :class:`SkeletonDataError` if it is no such source."""


def bound(raw_format: RawFormat | SourceFormat, source: Path) -> RawFormat:
    """Return the format as ``source`` has it: most are the same for every source and come back as they are."""
    return raw_format.bind(source) if isinstance(raw_format, SourceFormat) else raw_format
