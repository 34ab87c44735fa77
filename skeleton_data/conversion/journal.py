"""The journal of a conversion: one line for every raw file that is done, each with a checksum of its own.

A conversion that was killed goes on from the last line that is whole. The line is written after the rows that it
speaks of, and holds their checksum, so that rows which never reached the disk are noticed as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from skeleton_data.conversion.encode import Counts, Encoded, EncodedSample
from skeleton_data.raw import RawFileError

JOURNAL_VERSION = 1
_MARK_BYTES = 8


class TrackEntry(NamedTuple):
    """A track as the table of tracks has it, but for its sample and its place."""

    body_id: int
    first_frame: int
    n_frames: int
    gapless: bool


class SampleEntry(NamedTuple):
    """A recording as the table of samples has it; the checksum in hexadecimal."""

    name: str
    label: int
    performance: str
    subject: int
    camera: int
    setup: int
    replication: int
    n_frames: int
    n_seen: int
    checksum: str
    tracks: list[TrackEntry]


class Entry(NamedTuple):
    """What became of one raw file.

    ``path`` is its place within the source; ``details`` a digest of what the listing said of it; ``rows`` that of the
    rows written for it.
    """

    name: str
    path: str
    size: int
    modified: int
    details: str
    digest: str
    samples: list[SampleEntry]
    empty: list[str]
    rejected: RawFileError | None
    counts: Counts
    rows: str = ""

    @property
    def n_rows(self) -> int:
        """Rows written for it."""
        return sum(track.n_frames for sample in self.samples for track in sample.tracks)


def entry_of(result: Encoded, path: str) -> Entry:
    """Describe an encoded file, whose place within the source is ``path``."""
    item = result.item
    return Entry(
        name=item.name,
        path=path,
        size=item.size,
        modified=result.modified,
        details=details_digest(item.details),
        digest=result.digest,
        samples=[sample_entry(sample) for sample in result.samples],
        empty=result.empty,
        rejected=result.rejected,
        counts=result.counts,
    )


def sample_entry(sample: EncodedSample) -> SampleEntry:
    """Describe an encoded recording."""
    sequence = sample.sequence
    return SampleEntry(
        name=sequence.name,
        label=int(sequence.label),
        performance=sequence.performance,
        subject=int(sequence.subject),
        camera=int(sequence.camera),
        setup=int(sequence.setup),
        replication=int(sequence.replication),
        n_frames=int(sequence.n_frames),
        n_seen=sample.n_seen,
        checksum=sample.checksum.hex(),
        tracks=[TrackEntry(int(t.body_id), t.first_frame, len(t.positions), t.gapless) for t in sample.tracks],
    )


def details_digest(details: object) -> str:
    """Tell whether what a listing knows of a file has changed, such as the labels of its actions."""
    return "" if details is None else mark(repr(details).encode())


def mark(*parts: bytes | memoryview) -> str:
    """BLAKE2b-64 of bytes in turn, in hexadecimal."""
    state = blake2b(digest_size=_MARK_BYTES)
    for part in parts:
        state.update(part)
    return state.hexdigest()


class Journal:
    """Appends entries to a file; the first line is the header, which says what is being converted and how."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab", buffering=0)

    def start(self, header: Mapping[str, Any]) -> None:
        """Write the header."""
        self._append({"journal": JOURNAL_VERSION, **header})

    def append(self, entry: Entry) -> None:
        """Write an entry; it counts once its line is whole."""
        rejected = entry.rejected
        reason = None if rejected is None else [rejected.file, rejected.line, rejected.reason, rejected.mend]
        self._append(entry._replace(rejected=reason, counts=vars(entry.counts)))  # type: ignore[arg-type]

    def cut(self, size: int) -> None:
        """Forget what stands behind the first ``size`` bytes."""
        os.truncate(self.path, size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, value: object) -> None:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        write_all(self._file, mark(text).encode() + b" " + text + b"\n")


def write_all(file: Any, data: bytes | memoryview) -> None:
    """Write bytes to an unbuffered file to the last one."""
    left = memoryview(data).cast("B")
    while left:
        left = left[file.write(left) :]


def read_journal(path: Path) -> Iterator[tuple[Any, int]]:
    """Give the header (a dict) and the entries, each with the byte where it ends; stop where the journal is torn."""
    end = 0
    with path.open("rb") as file:
        for line in file:
            text = line[2 * _MARK_BYTES + 1 : -1]
            if line[-1:] != b"\n" or line[: 2 * _MARK_BYTES] != mark(text).encode():
                return
            value = json.loads(text.decode("utf-8", "surrogatepass"))
            yield (value if end == 0 else _entry(value)), end + len(line)
            end += len(line)


def _entry(values: list[Any]) -> Entry:
    entry = Entry(*values)
    rejected = entry.rejected
    samples = [SampleEntry(*row)._replace(tracks=[TrackEntry(*track) for track in row[-1]]) for row in values[6]]
    return entry._replace(
        samples=samples,
        rejected=None if rejected is None else _rejection(*values[8]),
        counts=Counts(**values[9]),
    )


def _rejection(file: str, line: int | None, reason: str, mend: str) -> RawFileError:
    return RawFileError(file, reason, line=line, mend=mend)
