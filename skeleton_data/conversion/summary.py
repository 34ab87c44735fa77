"""What a conversion did: counts, the table that is printed and stored, the report of what could not be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from skeleton_data.conversion.encode import Counts
from skeleton_data.formats.ntu_lists import MISSING_LIST
from skeleton_data.raw import Listing, RawFileError

REPORT_SUFFIX = ".rejected.txt"
_SHOWN_KINDS = 3


class Complete(NamedTuple):
    """Counts of a complete data set: raw files, those on its missing list, recordings of the rest."""

    files: int
    missing: int | None
    samples: int | None


COMPLETE: Mapping[str, Complete] = MappingProxyType(
    {
        "ntu60": Complete(56_880, 302, 56_578),
        "ntu120": Complete(114_480, 535, 113_945),
        "pku1": Complete(1_076, None, 21_545),
        "pku2": Complete(1_009, None, None),
        "nucla": Complete(1_484, None, 1_484),
    }
)
"""Format -> counts, as published or counted from the published lists of names; None where there is no such number."""


class Row(NamedTuple):
    """A line of the summary table; ``complete`` is the number of the complete data set, None where there is none."""

    what: str
    number: int
    complete: int | None = None
    why: str = ""


@dataclass
class Summary:
    """What a conversion did.

    Attributes
    ----------
    format, source, output : str
    bodies : str
        The body selection.
    n_found : int
        Raw files that the source holds, whatever became of them.
    n_samples, n_files : int
        Recordings in the store, raw files they came from.
    left_out : dict
        Reason -> number of recordings left out on purpose.
    empty : list of str
        Recordings left out because they hold no body in any frame.
    rejected : list of RawFileError
        Files that could not be read.
    n_duplicates : int
        Recordings that are copies of an earlier one.
    n_seen_bodies, n_tracks : int
        Bodies in the raw recordings, and those kept.
    cleaning : Counts
        Joints made missing or filled, frames dropped.
    n_resumed : int
        Raw files taken over from a conversion that did not end.
    splits : dict
        Name -> (train samples, test samples, test samples that are copies of training samples).
    report : Path or None
        The report of what was rejected or empty, if there was anything to report.
    frame_rate : float or None
        Frames a second, where they are known.
    """

    format: str
    source: str
    output: Path
    bodies: str
    n_found: int = 0
    n_samples: int = 0
    n_files: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    rejected: list[RawFileError] = field(default_factory=list)
    n_duplicates: int = 0
    n_seen_bodies: int = 0
    n_tracks: int = 0
    cleaning: Counts = field(default_factory=Counts)
    n_resumed: int = 0
    splits: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    report: Path | None = None
    frame_rate: float | None = None

    @property
    def n_missing_joints(self) -> int:
        """Joints made missing because their coordinates were no finite numbers."""
        return self.cleaning.missing_joints

    def note_listing(self, listing: Listing) -> None:
        """Take over what the source holds and what of it is not to be read."""
        self.left_out = {reason: len(names) for reason, names in listing.left_out.items()}
        self.rejected = list(listing.rejected)
        self.n_found = len(listing.items) + sum(self.left_out.values()) + len(self.rejected)

    def note_cleaning(self, counts: Counts) -> None:
        """Add what cleaning one file changed."""
        for name, value in vars(counts).items():
            setattr(self.cleaning, name, getattr(self.cleaning, name) + value)

    def rows(self) -> list[Row]:
        """Return the table: what was found, left out, rejected and stored, beside a complete data set."""
        complete = COMPLETE.get(self.format, Complete(0, None, None))
        rows = [Row("raw files found", self.n_found, complete.files or None)]
        reasons = {MISSING_LIST: 0, **self.left_out} if complete.missing is not None else self.left_out
        for reason, count in reasons.items():
            rows.append(Row("left out", count, complete.missing if reason == MISSING_LIST else None, reason))
        rows.append(Row("rejected", len(self.rejected), None, self._why_rejected()))
        rows.append(Row("raw files read", self.n_files))
        rows.append(Row("without any body", len(self.empty), None, "no body in any frame" if self.empty else ""))
        rows.append(Row("recordings stored", self.n_samples, complete.samples))
        return rows

    def _why_rejected(self) -> str:
        kinds = Counter(self._kind(error.reason) for error in self.rejected).most_common()
        shown = [f"{count:,}: {kind}" for kind, count in kinds[:_SHOWN_KINDS]]
        return "; ".join([*shown, *(["and others"] if len(kinds) > _SHOWN_KINDS else [])])

    def _kind(self, reason: str) -> str:
        """A reason without what differs from file to file, nor where the source lies."""
        text = reason.replace(self.source, "...")
        return re.sub(r"\d[\d,]*(\.\d+)?", "N", re.sub(r"'[^']*'", "'...'", text)).strip(" .")


def provenance(summary: Summary, options: Mapping[str, object]) -> dict[str, Any]:
    """Return what a store keeps of its making, as JSON values."""
    cleaning = summary.cleaning
    return {
        "format": summary.format,
        "converter": f"skeleton-aug {version()}",
        "source": Path(summary.source).resolve().name,
        "options": dict(options),
        "frame_rate": summary.frame_rate,
        "counts": {
            "samples": summary.n_samples,
            "files": summary.n_files,
            "left out": summary.left_out,
            "no body": len(summary.empty),
            "rejected": len(summary.rejected),
            "duplicates": summary.n_duplicates,
            "bodies seen": summary.n_seen_bodies,
            "tracks": summary.n_tracks,
            "joints not finite": cleaning.missing_joints,
            "frames filled": cleaning.filled_frames,
            "joints filled": cleaning.filled_joints,
            "frames dropped": cleaning.dropped_frames,
        },
        "summary": [row._asdict() for row in summary.rows()],
    }


def report_lines(summary: Summary) -> list[str]:
    """Lines of the report of what was rejected or empty; none where there is nothing to report."""
    lines = [_report_line(e.file, e.line, f"{e.reason} {e.mend}".strip()) for e in summary.rejected]
    lines += [_report_line(name, None, "left out: no body in any frame.") for name in summary.empty]
    return ["file\tline\treason", *lines] if lines else []


def _report_line(file: str, line: int | None, reason: str) -> str:
    fields = (file, "" if line is None else str(line), reason)
    return "\t".join(" ".join(text.split()) for text in fields)


def nothing_read(summary: Summary) -> str:
    """Say why there is nothing to write."""
    text = f"{summary.source}: no recording could be read, nothing was written."
    if summary.rejected:
        text += f" Rejected: {len(summary.rejected)}, the first: {summary.rejected[0]}"
    if summary.empty:
        text += f" {len(summary.empty)} recordings have no body in any frame, the first: {summary.empty[0]}."
    for reason, count in summary.left_out.items():
        text += f" {count} left out: {reason}."
    return text


def version() -> str:
    """Version of the installed distribution."""
    try:
        return metadata.version("skeleton-aug")
    except metadata.PackageNotFoundError:
        return "0+uninstalled"
