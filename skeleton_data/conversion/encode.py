"""One raw file made ready for the writer: read, cleaned, bodies chosen, tracks laid out. Runs in any process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skeleton_data.bodies import get_strategy
from skeleton_data.channels import CHANNELS
from skeleton_data.conversion.gaps import fill_gaps
from skeleton_data.formats.sources import digest, read_bytes
from skeleton_data.raw import RawBody, RawFileError, RawFormat, RawItem, RawSequence, SkeletonDataError
from skeleton_data.storage.schema import MAX_SAMPLE_BYTES, checksum, sample_bytes


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """What is done to every recording, whatever its format.

    Attributes
    ----------
    bodies : str
        Body selection, a key of :data:`skeleton_data.bodies.STRATEGIES`.
    max_bodies : int
        Most bodies kept of one recording.
    fill_gaps : int
        Longest gap within a track that is filled by interpolation, in frames; 0 fills none.
    drop_empty_frames : bool
        Take frames without any kept body out of the recording, which moves later frames forward.
    """

    bodies: str = "motion"
    max_bodies: int = 2
    fill_gaps: int = 0
    drop_empty_frames: bool = False

    def __post_init__(self) -> None:
        get_strategy(self.bodies)
        if self.max_bodies < 1:
            raise SkeletonDataError(f"max_bodies must be at least 1, got {self.max_bodies}.")
        if self.fill_gaps < 0:
            raise SkeletonDataError(f"fill_gaps is a number of frames from 0 up, got {self.fill_gaps}.")


@dataclass(frozen=True)
class Track:
    """One body from its first to its last frame; ``positions`` (n, V, C) float32 with zeros where it is missing."""

    body_id: int
    first_frame: int
    positions: NDArray[np.float32]
    channels: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def gapless(self) -> bool:
        """Whether every joint is there in every frame."""
        return bool((self.positions != 0).any(axis=2).all())


@dataclass
class EncodedSample:
    """A recording as the writer takes it; ``sequence`` carries the names and numbers, without its bodies."""

    sequence: RawSequence
    tracks: list[Track]
    checksum: bytes
    n_seen: int


@dataclass
class Counts:
    """What cleaning a file changed.

    Attributes
    ----------
    missing_joints : int
        Joints made missing because their coordinates were no finite numbers.
    filled_frames, filled_joints : int
        Frames of tracks in which joints were interpolated, and those joints.
    dropped_frames : int
        Frames taken out because no kept body is in them.
    """

    missing_joints: int = 0
    filled_frames: int = 0
    filled_joints: int = 0
    dropped_frames: int = 0


@dataclass
class Encoded:
    """What became of one raw item; ``modified`` is the file's time of change when it was read, nanoseconds."""

    item: RawItem
    digest: str = ""
    samples: list[EncodedSample] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    rejected: RawFileError | None = None
    counts: Counts = field(default_factory=Counts)
    modified: int = 0


def encode_item(raw_format: RawFormat, item: RawItem, treatment: Treatment) -> Encoded:
    """Read one item and lay its recordings out; a file that cannot be read comes back as rejected, never raised."""
    result = Encoded(item)
    try:
        result.modified = modified_time(item)
        sequences = raw_format.read(item)
        given = next((sequence.source_digest for sequence in sequences if sequence.source_digest), "")
        result.digest = given or digest(read_bytes(item))
        for sequence in sequences:
            _encode_sequence(sequence, raw_format, item, treatment, result)
    except RawFileError as error:
        # Its traceback would hold the whole text of the file until the report is made.
        error.__cause__ = error.__context__ = None
        return Encoded(item, rejected=error.with_traceback(None), modified=result.modified)
    except Exception as error:
        # One strange file among a hundred thousand must not end a conversion of hours; it is reported instead.
        reason = f"the reader failed on it ({type(error).__name__}: {error})."
        return Encoded(item, rejected=RawFileError(item.place, reason), modified=result.modified)
    return result


def modified_time(item: RawItem) -> int:
    """When the file of an item was changed last, nanoseconds; 0 if that cannot be told."""
    try:
        return item.path.stat().st_mtime_ns
    except OSError:
        return 0


def _encode_sequence(
    sequence: RawSequence, raw_format: RawFormat, item: RawItem, treatment: Treatment, result: Encoded
) -> None:
    _check(sequence, raw_format, item)
    cleaned = [_cleaned(body) for body in sequence.bodies]
    result.counts.missing_joints += sum(missing for _, missing in cleaned)
    sequence.bodies = [body for body, _ in cleaned if len(body.frames)]
    n_seen = len(sequence.bodies)
    bodies = get_strategy(treatment.bodies)(sequence, treatment.max_bodies)
    sequence.bodies = []
    if not bodies:
        result.empty.append(sequence.name)
        return
    if treatment.drop_empty_frames:
        bodies = _without_empty_frames(sequence, bodies, result.counts)
    _check_size(sequence, len(bodies), raw_format, item)
    tracks = [_filled(_track(body), treatment.fill_gaps, result.counts) for body in bodies]
    mark = checksum(sequence.n_frames, [t.first_frame for t in tracks], [t.positions for t in tracks])
    result.samples.append(EncodedSample(sequence, tracks, mark, n_seen))


def _check(sequence: RawSequence, raw_format: RawFormat, item: RawItem) -> None:
    n_classes, n_joints = len(raw_format.class_names), raw_format.skeleton.n_joints
    if not 0 <= sequence.label < n_classes:
        raise RawFileError(item.place, f"{sequence.name} has label {sequence.label}, outside 0..{n_classes - 1}.")
    for body in sequence.bodies:
        shape, frames = body.positions.shape, body.frames
        if shape != (len(frames), n_joints, 3):
            expected = f"({len(frames)}, {n_joints}, 3)"
            raise RawFileError(item.place, f"{sequence.name}: expected positions of shape {expected}, got {shape}.")
        if len(frames) and (frames[0] < 0 or frames[-1] >= sequence.n_frames or (np.diff(frames) <= 0).any()):
            reason = (
                f"{sequence.name}: frames of body {body.body_id} do not increase within 0..{sequence.n_frames - 1}."
            )
            raise RawFileError(item.place, reason)
        for name, values in body.channels.items():
            expected_shape = (len(frames), *CHANNELS[name].shape(n_joints))
            if values.shape != expected_shape:
                reason = f"{sequence.name}: expected channel {name} of shape {expected_shape}, got {values.shape}."
                raise RawFileError(item.place, reason)


def _check_size(sequence: RawSequence, n_bodies: int, raw_format: RawFormat, item: RawItem) -> None:
    size = int(sample_bytes(n_bodies, sequence.n_frames, raw_format.skeleton.n_joints))
    if size > MAX_SAMPLE_BYTES:
        reason = f"{sequence.name}: takes {size:,} bytes with its {sequence.n_frames:,} frames, more than"
        raise RawFileError(item.place, f"{reason} {MAX_SAMPLE_BYTES:,}.", mend="Cut it into shorter recordings.")


def _cleaned(body: RawBody) -> tuple[RawBody, int]:
    """Make joints without finite coordinates missing, and leave rows without any joint out; count the former."""
    positions = body.positions
    broken = np.logical_not(np.isfinite(positions).all(axis=2))
    n_broken = int(broken.sum())
    if n_broken:
        positions = np.where(broken[..., None], np.float32(0), positions)
        body = RawBody(body.body_id, body.frames, positions, body.slots, body.channels)
    present: NDArray[np.bool_] = np.any(positions, axis=(1, 2))
    return (body if present.all() else body.take(present)), n_broken


def _without_empty_frames(sequence: RawSequence, bodies: list[RawBody], counts: Counts) -> list[RawBody]:
    kept = np.unique(np.concatenate([body.frames for body in bodies]))
    counts.dropped_frames += sequence.n_frames - len(kept)
    sequence.n_frames = len(kept)
    return [
        RawBody(
            body.body_id,
            np.searchsorted(kept, body.frames).astype(np.int32),
            body.positions,
            body.slots,
            body.channels,
        )
        for body in bodies
    ]


def _track(body: RawBody) -> Track:
    first = int(body.frames[0])
    rows = body.frames - first
    channels = {
        name: _laid_out(np.asarray(values, CHANNELS[name].dtype), rows) for name, values in body.channels.items()
    }
    return Track(body.body_id, first, _laid_out(np.asarray(body.positions, np.float32), rows), channels)


def _laid_out(values: NDArray[Any], rows: NDArray[np.int32]) -> NDArray[Any]:
    """Put values at their rows, zeros between."""
    if len(rows) == rows[-1] + 1:
        return np.ascontiguousarray(values)
    made = np.zeros((rows[-1] + 1, *values.shape[1:]), values.dtype)
    made[rows] = values
    return made


def _filled(track: Track, longest: int, counts: Counts) -> Track:
    if not longest:
        return track
    positions, n_frames, n_joints = fill_gaps(track.positions, longest)
    counts.filled_frames += n_frames
    counts.filled_joints += n_joints
    return Track(track.body_id, track.first_frame, positions, track.channels)
