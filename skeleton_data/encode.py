"""One raw file made ready for the writer: read, cleaned, bodies chosen, tracks laid out. Runs in any process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skeleton_data.bodies import Selection, get_strategy
from skeleton_data.formats.sources import digest, read_bytes
from skeleton_data.raw import RawBody, RawFileError, RawFormat, RawItem, RawSequence
from skeleton_data.schema import checksum


@dataclass(frozen=True)
class Track:
    """One body from its first to its last frame; ``positions`` (n, V, C) float32 with zeros where it is missing."""

    body_id: int
    first_frame: int
    positions: NDArray[np.float32]

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
class Encoded:
    """What became of one raw item."""

    item: RawItem
    digest: str = ""
    samples: list[EncodedSample] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    rejected: RawFileError | None = None
    missing_joints: int = 0


def encode_item(raw_format: RawFormat, item: RawItem, bodies: str, max_bodies: int) -> Encoded:
    """Read one item and lay its recordings out; a file that cannot be read comes back as rejected, never raised."""
    result = Encoded(item)
    try:
        sequences = raw_format.read(item)
        given = next((sequence.source_digest for sequence in sequences if sequence.source_digest), "")
        result.digest = given or digest(read_bytes(item))
        for sequence in sequences:
            _encode_sequence(sequence, raw_format, item, _selection(bodies, max_bodies), result)
    except RawFileError as error:
        result.samples, result.empty, result.rejected = [], [], error
    except Exception as error:
        # One strange file among a hundred thousand must not end a conversion of hours; it is reported instead.
        reason = f"the reader failed on it ({type(error).__name__}: {error})."
        result.samples, result.empty, result.rejected = [], [], RawFileError(item.place, reason)
    return result


def _selection(bodies: str, max_bodies: int) -> Callable[[RawSequence], list[RawBody]]:
    strategy: Selection = get_strategy(bodies)
    return lambda sequence: strategy(sequence, max_bodies)


def _encode_sequence(
    sequence: RawSequence,
    raw_format: RawFormat,
    item: RawItem,
    select: Callable[[RawSequence], list[RawBody]],
    result: Encoded,
) -> None:
    _check(sequence, raw_format, item)
    cleaned = [_cleaned(body) for body in sequence.bodies]
    result.missing_joints += sum(missing for _, missing in cleaned)
    sequence.bodies = [body for body, _ in cleaned if len(body.frames)]
    tracks = [_track(body) for body in select(sequence)]
    n_seen = len(sequence.bodies)
    sequence.bodies = []
    if not tracks:
        result.empty.append(sequence.name)
        return
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


def _cleaned(body: RawBody) -> tuple[RawBody, int]:
    """Make joints without finite coordinates missing, and leave rows without any joint out; count the former."""
    positions = body.positions
    broken = np.logical_not(np.isfinite(positions).all(axis=2))
    n_broken = int(broken.sum())
    if n_broken:
        positions = np.where(broken[..., None], np.float32(0), positions)
    present = positions.any(axis=(1, 2))
    if not present.all():
        return RawBody(body.body_id, body.frames[present], positions[present]), n_broken
    return RawBody(body.body_id, body.frames, positions), n_broken


def _track(body: RawBody) -> Track:
    first, last = int(body.frames[0]), int(body.frames[-1])
    if len(body.frames) == last - first + 1:
        return Track(body.body_id, first, np.ascontiguousarray(body.positions, np.float32))
    rows = np.zeros((last - first + 1, *body.positions.shape[1:]), np.float32)
    rows[body.frames - first] = body.positions
    return Track(body.body_id, first, rows)
