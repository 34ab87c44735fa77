"""A dry run: what a conversion would read and leave out, how large the store would be and how long it would take."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skeleton_data.conversion.encode import Encoded, Treatment, encode_item
from skeleton_data.conversion.reading import worthwhile_workers
from skeleton_data.conversion.summary import Summary
from skeleton_data.formats import default_bodies, get_format
from skeleton_data.formats.ntu_lists import MISSING_LIST
from skeleton_data.formats.sources import close_archives
from skeleton_data.raw import RawFileError, RawFormat, RawItem, SourceFormat, bound

_PROBED = 24


@dataclass
class Preview:
    """What a conversion would do.

    Attributes
    ----------
    format, source : str
    n_found, n_selected : int
        Raw files in the source, and those that would be read.
    n_bytes : int
        Bytes of those, unpacked.
    left_out : dict
        Reason -> number of recordings that would be left out.
    rejected : list of RawFileError
        Files that cannot be used, as far as names and the probe tell.
    n_probed : int
        Files read to estimate the rest.
    store_bytes : int
        Estimated size of the store.
    seconds : float
        Estimated time to convert.
    workers : int
        Reading processes that the time is for.
    """

    format: str
    source: str
    n_found: int = 0
    n_selected: int = 0
    n_bytes: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    rejected: list[RawFileError] = field(default_factory=list)
    n_probed: int = 0
    store_bytes: int = 0
    seconds: float = 0.0
    workers: int = 1


def preview(
    raw_format: RawFormat | SourceFormat | str,
    source: str | os.PathLike[str],
    *,
    workers: int | None = None,
    bodies: str | None = None,
    max_bodies: int = 2,
    fill_gaps: int = 0,
    drop_empty_frames: bool = False,
) -> Preview:
    """Tell what :func:`skeleton_data.convert` with these arguments would do, and write nothing.

    The source is listed, and a few files evenly spread over it are read to estimate size and time.

    Raises
    ------
    SkeletonDataError
        When there is nothing to read.
    """
    given = get_format(raw_format) if isinstance(raw_format, str) else raw_format
    bodies, made = bodies or default_bodies(given), bound(given, Path(source))
    treatment = Treatment(
        bodies=bodies, max_bodies=max_bodies, fill_gaps=fill_gaps, drop_empty_frames=drop_empty_frames
    )
    listing = made.find(Path(source))
    counted = Summary(made.name, str(source), Path(), bodies)
    counted.note_listing(listing)
    seen = Preview(
        format=made.name,
        source=str(source),
        n_found=counted.n_found,
        n_selected=len(listing.items),
        n_bytes=sum(item.size for item in listing.items),
        left_out=counted.left_out,
        rejected=counted.rejected,
        workers=workers or worthwhile_workers(len(listing.items)),
    )
    try:
        _probe(made, listing.items, treatment, seen)
    finally:
        close_archives()
    return seen


def _probe(raw_format: RawFormat, items: Sequence[RawItem], treatment: Treatment, seen: Preview) -> None:
    probed = items[:: max(1, len(items) // _PROBED)][:_PROBED]
    if not probed:
        return
    # The first call compiles the parser, which is no part of the time per file.
    encode_item(raw_format, probed[0], treatment)
    began = time.perf_counter()
    results = [encode_item(raw_format, item, treatment) for item in probed]
    seconds = time.perf_counter() - began
    seen.n_probed = len(probed)
    seen.rejected += [result.rejected for result in results if result.rejected is not None]
    share = seen.n_bytes / max(1, sum(item.size for item in probed))
    seen.seconds = seconds * share / seen.workers
    seen.store_bytes = round(share * sum(_stored(result) for result in results))


def _stored(result: Encoded) -> int:
    tracks = [track for sample in result.samples for track in sample.tracks]
    of_channels = sum(values.nbytes for track in tracks for values in track.channels.values())
    # A line in the table of samples, sources and tracks each.
    tables = 200 * len(result.samples) + 30 * len(tracks)
    return sum(track.positions.nbytes for track in tracks) + of_channels + tables


def preview_text(seen: Preview, output: Path) -> str:
    """Lines that tell a person what a conversion would do."""
    rows = [
        ("found", f"{seen.n_found:,} raw files in {seen.source}"),
        *(("leave out", f"{count:,}: {reason}") for reason, count in sorted(seen.left_out.items(), key=_missing_first)),
        ("reject", f"{len(seen.rejected):,}" + (f", the first: {seen.rejected[0]}" if seen.rejected else "")),
        ("read", f"{seen.n_selected:,} raw files, {_size(seen.n_bytes)}"),
        ("store", f"about {_size(seen.store_bytes)}, and as much again while it is made"),
        ("time", f"about {_duration(seen.seconds)}, reading processes: {seen.workers}"),
        ("estimated", f"from {seen.n_probed:,} files spread over the source"),
    ]
    return "\n".join([f"{output}: nothing was written (dry run)", *(f"  {name:<12}{text}" for name, text in rows)])


def _missing_first(row: tuple[str, int]) -> tuple[bool, str]:
    return row[0] != MISSING_LIST, row[0]


def _size(n_bytes: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes:.0f} bytes"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
