"""What a source in somebody else's format turned out to hold, ready to be converted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import Skeleton
from skeleton_data.channels import CHANNELS
from skeleton_data.formats.given import Facts, check_name, facts
from skeleton_data.packed import Packed
from skeleton_data.raw import Listing, RawBody, RawFileError, RawItem, RawSequence
from skeleton_data.splits import Split

MAX_SAMPLES = 500_000
"""Twice as many as the largest published set; a file that announces more is refused."""
MAX_FRAMES = 1_000_000
_DIGEST_BYTES = 16


class Recording(Protocol):
    """One recording of a source, as ``RawItem.details`` carries it: small, picklable, read when it is its turn."""

    @property
    def label(self) -> int:
        """0-based class."""

    @property
    def facts(self) -> Facts | None:
        """What is known of it; None for what its name tells."""

    @property
    def body_ids(self) -> Sequence[int] | None:
        """One id per body; None for 0, 1, ..."""

    def positions(self, item: RawItem) -> NDArray[Any]:
        """Positions, (M, T, V, 3); :class:`RawFileError` where they cannot be read."""


class RecordingWithChannels(Recording, Protocol):
    """One that has more than positions."""

    def channels(self, item: RawItem) -> dict[str, NDArray[Any]]:
        """What was asked for besides positions, by name, (M, T, ...); :class:`RawFileError` where it is not there."""


class Contents:
    """A source that was looked through: a :class:`~skeleton_data.raw.RawFormat` for this one source.

    Copies that go to other processes carry what reading needs, not the tables of names.

    Parameters
    ----------
    name : str
        Of the format.
    skeleton : Skeleton
    class_names : sequence of str
    listing : Listing
        Its items carry a :class:`Recording` each.
    parts : mapping
        Split -> (train names, test names).
    channels : sequence of str
        What is read besides positions; recordings then have a method ``channels``.
    """

    default_bodies: ClassVar[str] = "first"

    def __init__(
        self,
        name: str,
        skeleton: Skeleton,
        class_names: Sequence[str],
        listing: Listing,
        parts: Mapping[str, tuple[Iterable[str], Iterable[str]]],
        channels: Sequence[str] = (),
    ) -> None:
        self.name, self.skeleton, self.class_names = name, skeleton, tuple(class_names)
        self.channels = tuple(channels)
        self._listing = _named_well(listing)
        self._parts = {split: (frozenset(train), frozenset(test)) for split, (train, test) in parts.items()}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_listing": Listing([]), "_parts": {}}

    def find(self, source: Path) -> Listing:
        """The recordings of the source, in its own order."""
        return self._listing

    def splits(self, samples: NDArray[np.void]) -> Mapping[str, Split]:
        """The splits of the source, by name."""
        names = [str(name) for name in samples["name"]]
        return {split: (_places(names, train), _places(names, test)) for split, (train, test) in self._parts.items()}

    def read(self, item: RawItem) -> list[RawSequence]:
        """Read one recording. Its bodies stand in the order of the array; all-zero frames of a body are missing."""
        recording = cast("Recording", item.details)
        # Numbers beyond float32, and signalling ones, are for the converter to count as missing.
        with np.errstate(over="ignore", invalid="ignore"):
            values = recording.positions(item)
            self._check(values, item)
            positions = values.astype(np.float32)
            channels = self._read_channels(recording, item, positions)
            ids = recording.body_ids or range(len(positions))
            bodies = [_body(at, m, positions, channels) for m, at in zip(range(len(positions)), ids, strict=True)]
        known = recording.facts or facts(item.name)
        return [
            RawSequence(
                name=item.name,
                n_frames=positions.shape[1],
                bodies=bodies,
                label=recording.label,
                performance=known.performance,
                subject=known.subject,
                camera=known.camera,
                setup=known.setup,
                replication=known.replication,
                source_digest=_digest(positions, *channels.values()),
            )
        ]

    def _read_channels(
        self, recording: Recording, item: RawItem, positions: NDArray[np.float32]
    ) -> dict[str, NDArray[Any]]:
        if not self.channels:
            return {}
        made = {}
        for name, values in cast("RecordingWithChannels", recording).channels(item).items():
            channel = CHANNELS[name]
            expected = (*positions.shape[:2], *channel.shape(positions.shape[2]))
            if values.shape != expected or values.dtype.kind not in "biuf":
                reason = f"expected numbers of shape {expected} for the channel {name}, found {values.dtype} of shape"
                raise RawFileError(item.place, f"{reason} {values.shape}.")
            if channel.dtype == "u1" and not ((values >= 0) & (values <= 255) & (values == np.floor(values))).all():
                raise RawFileError(item.place, f"the channel {name} holds others than whole numbers from 0 to 255.")
            made[name] = values.astype(channel.dtype)
        return made

    def _check(self, values: NDArray[Any], item: RawItem) -> None:
        if values.ndim != 4 or values.shape[-1] != 3 or not 1 <= values.shape[1] <= MAX_FRAMES or not len(values):
            reason = f"expected positions (bodies, frames, joints, 3), found shape {values.shape}."
            raise RawFileError(item.place, reason)
        if values.dtype.kind not in "iuf":
            raise RawFileError(item.place, f"expected numbers, found {values.dtype}.")
        if values.shape[2] != self.skeleton.n_joints:
            reason = f"has {values.shape[2]} joints, joint layout {self.skeleton.name!r} has {self.skeleton.n_joints}."
            raise RawFileError(item.place, reason, mend="Name its layout with --skeleton.")


def _named_well(listing: Listing) -> Listing:
    """Reject recordings whose names a store cannot hold."""
    kept: Packed[RawItem] = Packed()
    for item in listing.items:
        try:
            check_name(item.name)
            known = cast("Recording", item.details).facts
            check_name(known.performance if known else item.name)
            kept.append(item)
        except ValueError as error:
            listing.rejected.append(RawFileError(ascii(item.place)[1:-1], str(error)))
    return Listing(kept, listing.left_out, listing.rejected)


def _body(body_id: int, m: int, positions: NDArray[np.float32], channels: Mapping[str, NDArray[Any]]) -> RawBody:
    """The body at place ``m`` of (M, T, V, 3) positions; what is no number counts as there."""
    there = positions[m].any(axis=(1, 2))
    seen = {name: values[m][there] for name, values in channels.items()}
    return RawBody(int(body_id), np.flatnonzero(there).astype(np.int32), positions[m][there], channels=seen)


def _places(names: Sequence[str], wanted: frozenset[str]) -> NDArray[np.int64]:
    return np.array([at for at, name in enumerate(names) if name in wanted], np.int64)


def _digest(positions: NDArray[np.float32], *channels: NDArray[Any]) -> str:
    state = blake2b(repr(positions.shape).encode(), digest_size=_DIGEST_BYTES)
    state.update(np.ascontiguousarray(positions, "<f4").data)
    for values in channels:
        state.update(np.ascontiguousarray(values).tobytes())
    return state.hexdigest()


def without_last_gap(positions: NDArray[Any]) -> NDArray[Any]:
    """Cut (M, T, V, 3) positions after the last frame that shows anybody; the first frame stays in any case."""
    seen = np.flatnonzero(positions.any(axis=(0, 2, 3)))
    return positions[:, : int(seen[-1]) + 1 if len(seen) else 1]
