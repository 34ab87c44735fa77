"""Finding raw files in folders and zip archives, and reading them with clear errors."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, TypeVar

from skeleton_data.packed import Packed, in_order
from skeleton_data.raw import RawFileError, RawItem, SkeletonDataError

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

Cached = TypeVar("Cached", bound="_lru_cache_wrapper[Any]")

MAX_RECORDING_BYTES = 256 << 20
"""No recording of any format comes near this size; a larger file or archive member is refused unread."""

# Of other methods Python unpacks a piece whole, however large it grows.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What the zip module raises on damage: names that are no UTF-8 and fields cut short come as the last three.
_READ_FAILURES = (
    *(OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError),
    *(ValueError, struct.error, OverflowError),
)


@dataclass
class Found:
    """Files of a source: one item per file, named as the file; and what could not be looked into."""

    items: Packed[RawItem] = field(default_factory=Packed)
    rejected: list[RawFileError] = field(default_factory=list)


def find_files(source: Path, accept: Callable[[str], bool]) -> Found:
    """List the files that ``accept`` wants, by file name, in a folder tree, a zip archive, or zips in a folder.

    Memory grows by some tens of bytes a file; an open archive takes more, its own table of contents.

    Parameters
    ----------
    source : Path
        A folder (searched recursively, links followed), a ``.zip`` archive, or a single file.
    accept : callable
        Given a file name without its folder, says whether it is wanted.

    Returns
    -------
    Found
        Items in no order; archives and members that cannot be used stand under ``rejected``, by place.

    Raises
    ------
    SkeletonDataError
        When ``source`` does not exist.
    """
    if not source.exists():
        raise SkeletonDataError(f"{source}: no such file or folder. Check the path of the raw data.")
    found = Found()
    for entry in [source] if source.is_file() else _walk(source):
        if PurePosixPath(entry.name).suffix.lower() == ".zip":
            _look_into_archive(Path(entry), accept, found)
        elif _wanted(entry.name, accept):
            _add(found, RawItem(entry.name, Path(entry), size=entry.stat().st_size))
    found.rejected.sort(key=lambda error: error.file)
    return found


def _wanted(name: str, accept: Callable[[str], bool]) -> bool:
    # Archives made on a Mac carry a hidden "._" twin of every file.
    return not name.startswith(".") and accept(name)


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Give the files below a folder as the system lists them; the names of a full folder are never held at once."""
    seen: set[tuple[int, int]] = set()
    waiting = [os.fspath(folder)]
    while waiting:
        here = waiting.pop()
        status = Path(here).stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        # A folder that may not be listed is passed over.
        with suppress(OSError), os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append(entry.path)
                elif entry.is_file():
                    yield entry


def _look_into_archive(path: Path, accept: Callable[[str], bool], found: Found) -> None:
    try:
        members = _open_archive(path).infolist()
    except _READ_FAILURES as error:
        mend = "Download it again, or give the folder it was extracted to."
        found.rejected.append(RawFileError(str(path), f"is no readable zip archive ({error}).", mend=mend))
        return
    for member in members:
        place = PurePosixPath(member.filename.replace("\\", "/"))
        if not member.filename or member.is_dir() or not _wanted(place.name, accept):
            continue
        item = RawItem(place.name, path, member.filename, member.file_size)
        if place.is_absolute() or PureWindowsPath(place).drive or ".." in place.parts:
            reason = "refused: the archive gives this member an absolute path or one that leaves the archive."
            found.rejected.append(RawFileError(item.place, reason))
        elif member.compress_type not in _METHODS:
            reason = f"refused: is packed by method {member.compress_type}, which bounds no memory when unpacked."
            found.rejected.append(RawFileError(item.place, reason, mend="Extract the archive first."))
        elif member.flag_bits & 1:
            found.rejected.append(RawFileError(item.place, "is encrypted.", mend="Extract the archive first."))
        else:
            _add(found, item)


def _add(found: Found, item: RawItem) -> None:
    if item.size > MAX_RECORDING_BYTES:
        reason = f"refused: {item.size:,} bytes where one recording has at most {MAX_RECORDING_BYTES:,}."
        found.rejected.append(RawFileError(item.place, reason))
    else:
        found.items.append(item)


def read_bytes(item: RawItem) -> bytes:
    """Read the file or archive member of ``item``; :class:`RawFileError` says what went wrong."""
    try:
        if item.member is None:
            data = read_at_most(item.path, MAX_RECORDING_BYTES)
        else:
            data = _read_member(item.path, item.member)
    except _READ_FAILURES as error:
        mend = "Extract or download it again."
        raise RawFileError(item.place, f"cannot be read ({error}).", mend=mend) from error
    if len(data) > MAX_RECORDING_BYTES:
        raise RawFileError(item.place, f"refused: has grown past {MAX_RECORDING_BYTES:,} bytes, as no recording does.")
    return data


def read_at_most(path: Path, n_bytes: int) -> bytes:
    """Read a file, and one byte more than ``n_bytes`` of a longer one."""
    with path.open("rb") as file:
        # Python claims what it is asked to read, so a small file is asked for its own size.
        return file.read(min(os.fstat(file.fileno()).st_size, n_bytes) + 1)


def _read_member(path: Path, member: str) -> bytes:
    """Unpack as many bytes as the archive announces and no more: a member that is longer fails its check sum."""
    archive = _open_archive(path)
    announced = archive.getinfo(member).file_size
    with archive.open(member) as file:
        return file.read(min(announced, MAX_RECORDING_BYTES) + 1)


@lru_cache(maxsize=4)
def _open_archive(path: Path) -> zipfile.ZipFile:
    # Listing an archive of 57,000 members takes a second; each process does it once.
    return zipfile.ZipFile(path)


def close_archives() -> None:
    """Let go of archives that this process has kept open for the next read."""
    _open_archive.cache_clear()
    for clear in _KEPT_OPEN:
        clear()


_KEPT_OPEN: list[Callable[[], None]] = []


def kept_open(function: Cached) -> Cached:
    """Mark an ``lru_cache`` of open files, for :func:`close_archives` to clear."""
    _KEPT_OPEN.append(function.cache_clear)
    return function


def digest(data: bytes) -> str:
    """BLAKE2b-128 of a raw file, in hexadecimal."""
    return blake2b(data, digest_size=16).hexdigest()


def drop_second_copies(items: Iterable[RawItem]) -> tuple[Packed[RawItem], list[str], list[RawFileError]]:
    """Keep one item per name, the first by place.

    Returns
    -------
    kept : Packed of RawItem
        Sorted by name.
    copies : list of str
        Places of further files with a kept name and the same size.
    conflicts : list of RawFileError
        Further files with a kept name and another size: one of the two is damaged, and which is not known here.
    """
    kept: Packed[RawItem] = Packed()
    copies: list[str] = []
    conflicts: list[RawFileError] = []
    first = None
    for item in in_order(items, key=lambda item: (item.name, item.place)):
        if first is None or item.name != first.name:
            first = item
            kept.append(item)
        elif first.size == item.size:
            copies.append(item.place)
        else:
            reason = f"second file of this name with another size ({item.size:,} bytes); read was {first.place}"
            mend = f"({first.size:,} bytes). Remove the wrong one."
            conflicts.append(RawFileError(item.place, reason, mend=mend))
    return kept, copies, conflicts


def renamed(item: RawItem, name: str) -> RawItem:
    """Return the item under the name its sample shall have in the store."""
    return replace(item, name=name)
