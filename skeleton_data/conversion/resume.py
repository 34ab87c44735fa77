"""Whether an unfinished conversion may go on: the same options, and the raw files it has read are still the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skeleton_data.conversion.encode import modified_time
from skeleton_data.conversion.journal import JOURNAL_VERSION, Entry, details_digest
from skeleton_data.formats.sources import digest, read_bytes
from skeleton_data.raw import RawFileError, RawItem, SkeletonDataError

_AFRESH = "Convert again without --resume."


def within(source: Path, item: RawItem) -> str:
    """Path of a raw file without the place where the source lies, so that equal sources give equal stores."""
    inside = item.path != source and item.path.is_relative_to(source)
    path = item.path.relative_to(source).as_posix() if inside else item.path.name
    return path if item.member is None else f"{path}!{item.member}"


def check_header(found: Mapping[str, Any], expected: Mapping[str, Any], target: Path) -> None:
    """Raise :class:`SkeletonDataError` when the journal is that of a conversion by other rules."""
    if found.get("journal") != JOURNAL_VERSION or found.get("converter") != expected["converter"]:
        raise SkeletonDataError(f"{target}: was begun by another version of skeleton-aug. {_AFRESH}")
    was = {"format": found["format"], **found["options"]}
    now = {"format": expected["format"], **expected["options"]}
    differing = [
        f"{name}: then {was.get(name)}, now {now.get(name)}"
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    ]
    if differing:
        raise SkeletonDataError(
            f"{target}: was begun with other options ({'; '.join(differing)}). "
            "Give the same ones, or leave --resume out."
        )


def check_unchanged(entry: Entry, items: Sequence[RawItem], number: int, source: Path) -> None:
    """Raise :class:`SkeletonDataError` when the ``number``-th raw file is not the one that ``entry`` tells of.

    Path, size and time of change are compared, and the content where the time alone differs.
    """
    item = items[number] if number < len(items) else None
    if item is None or (item.name, within(source, item)) != (entry.name, entry.path):
        there = any(within(source, other) == entry.path for other in items)
        what = f"{within(source, item)} has come" if item is not None and there else f"{entry.path} is gone"
        raise SkeletonDataError(f"{source}: has changed since the conversion was stopped: {what}. {_AFRESH}")
    if item.size != entry.size:
        how = f"has {item.size:,} bytes, had {entry.size:,}"
    elif details_digest(item.details) != entry.details:
        how = "is annotated otherwise than before"
    elif modified_time(item) != entry.modified and _digest(item) != entry.digest:
        how = "has other content than before"
    else:
        return
    raise SkeletonDataError(f"{item.place}: {how}; it was read before the conversion was stopped. {_AFRESH}")


def _digest(item: RawItem) -> str | None:
    try:
        return digest(read_bytes(item))
    except RawFileError:
        return None
