"""One's own recordings: a folder of ``.npy`` or ``.npz`` files and a CSV table that says what they are.

``docs/own-data.md`` describes the table. Beside it may lie ``skeleton.json`` (a joint layout as ``Skeleton.to_dict``
makes it) and ``classes.txt`` (one class name a line).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray

from skeleton_aug.skeletons import SKELETONS, Skeleton
from skeleton_data.channels import CHANNELS, check_channels
from skeleton_data.formats.arrays import StoredArray, npy_array, npz_arrays
from skeleton_data.formats.contents import Contents
from skeleton_data.formats.given import Facts, get_class_names, get_layout
from skeleton_data.formats.table import PARTS, Row, Table, label_reader, names_of_part, read_table
from skeleton_data.packed import Packed
from skeleton_data.raw import Listing, RawFileError, RawItem, SkeletonDataError

TABLE, LAYOUT, CLASSES = "samples.csv", "skeleton.json", "classes.txt"


@dataclass(frozen=True)
class FolderRecording:
    """One line of the table and the array that it names."""

    label: int
    facts: Facts
    body_ids: tuple[int, ...] | None
    array: StoredArray
    channel_names: tuple[str, ...] = ()

    def positions(self, item: RawItem) -> NDArray[Any]:
        """The array, (T, V, 3) as one body."""
        values = self.array.read()
        values = values[None] if values.ndim == 3 else values
        if self.body_ids is not None and values.ndim and len(self.body_ids) != len(values):
            reason = f"has {len(values)} bodies, its line in the table {len(self.body_ids)} body ids."
            raise RawFileError(item.place, reason, mend="Give one id per body, or none.")
        return values

    def channels(self, item: RawItem) -> dict[str, NDArray[Any]]:
        """The arrays beside it that hold what was asked for besides positions, (M, T, ...)."""
        beside = npz_arrays(self.array.path) if self.channel_names and self.array.member else {}
        made = {}
        for name in self.channel_names:
            wanted = channel_array((self.array.member or "").removesuffix(".npy"), name)
            if wanted not in beside:
                mend = "Add it with np.savez, or convert without this channel."
                raise RawFileError(item.place, f"has no array {wanted!r} beside it for the channel {name}.", mend=mend)
            values = beside[wanted].read()
            made[name] = values[None] if len(self.array.shape) == 3 else values
        return made


def channel_array(array: str, channel: str) -> str:
    """Name of the array that holds a channel, in the same ``.npz`` as the positions."""
    return f"{array}.{channel}"


@dataclass(frozen=True)
class Folder:
    """Your own: a folder of .npy or .npz files with a CSV table of names, labels and more."""

    skeleton: str | None = field(
        default=None,
        metadata={
            "help": f"joint layout: {', '.join(SKELETONS)}, or a JSON file as Skeleton.to_dict makes it; by default "
            f"{LAYOUT} in the folder"
        },
    )
    table: str | None = field(
        default=None, metadata={"help": f"name of the table; by default {TABLE}, or the only .csv in the folder"}
    )
    channels: tuple[str, ...] = field(
        default=(),
        metadata={"help": f"what to read besides positions, from arrays ARRAY.CHANNEL: {', '.join(CHANNELS)}"},
    )

    default_bodies: ClassVar[str] = Contents.default_bodies

    def __post_init__(self) -> None:
        check_channels(self.channels)

    def bind(self, source: Path) -> Contents:
        """Read the table and the headers of the arrays that it names.

        Raises
        ------
        SkeletonDataError
            When the folder, its table or its joint layout is not there or cannot be read.
        """
        if not source.is_dir():
            raise SkeletonDataError(f"{source}: is no folder. Give the one that holds the table and the arrays.")
        path = self._table_path(source)
        table = read_table(path)
        given = source / CLASSES
        names, label_of = label_reader(table.rows, get_class_names(str(given)) if given.is_file() else None)
        listing = _listing(source, path, table, label_of, self.channels)
        parts = {s: tuple(names_of_part(table.rows, s, part) for part in PARTS) for s in table.splits}
        return Contents("folder", self._layout(source), names, listing, parts, self.channels)  # type: ignore[arg-type]

    def _table_path(self, source: Path) -> Path:
        if self.table is not None:
            return source / self.table
        found = sorted(path for path in source.iterdir() if path.suffix.lower() == ".csv" and path.name[0] != ".")
        if source / TABLE in found or len(found) == 1:
            return source / TABLE if source / TABLE in found else found[0]
        if not found:
            raise SkeletonDataError(
                f"{source}: holds no table. Add {TABLE}: a line name,label and then one line per recording."
            )
        names = ", ".join(path.name for path in found[:5])
        raise SkeletonDataError(f"{source}: holds several .csv files ({names}). Say which with --table.")

    def _layout(self, source: Path) -> Skeleton:
        if self.skeleton is not None:
            return get_layout(self.skeleton)
        if not (source / LAYOUT).is_file():
            raise SkeletonDataError(
                f"{source}: which joints are these? Say --skeleton with one of {', '.join(SKELETONS)} or a JSON file, "
                f"or put {LAYOUT} beside the table."
            )
        return get_layout(str(source / LAYOUT))


def _listing(
    source: Path, table_path: Path, table: Table, label_of: Callable[[Row], int], channels: tuple[str, ...]
) -> Listing:
    items: Packed[RawItem] = Packed()
    listing = Listing(items, rejected=list(table.rejected))
    if table.unused:
        listing.left_out[f"columns of {table_path.name} that are not used"] = table.unused
    arrays_of = cache(npz_arrays)
    for row in table.rows:
        try:
            array = _find_array(source, row, arrays_of)
            recording = FolderRecording(label_of(row), row.facts, row.body_ids or None, array, channels)
        except ValueError as error:
            reason = str(error)
            listing.rejected.append(RawFileError(str(table_path), reason, line=row.line, mend="Correct the line."))
        except RawFileError as error:
            listing.rejected.append(error)
        else:
            items.append(RawItem(row.name, array.path, array.member, array.nbytes, recording))
    return listing


def _find_array(source: Path, row: Row, arrays_of: Callable[[Path], dict[str, StoredArray]]) -> StoredArray:
    candidates = [row.file] if row.file else [row.name, f"{row.name}.npy", f"{row.name}.npz"]
    path = next((source / file for file in candidates if _is_file(source / file)), None)
    if path is None:
        raise ValueError(f"names {candidates[-1] if row.file else candidates[1]!r}, which is not in the folder.")
    if path.suffix.lower() not in (".npy", ".npz"):
        raise ValueError(f"names {path.name!r}, which is neither .npy nor .npz.")
    if path.suffix.lower() == ".npy":
        return npy_array(path)
    arrays = arrays_of(path)
    if row.array in arrays:
        return arrays[row.array]
    if row.array or len(arrays) != 1:
        found = ", ".join(sorted(arrays)[:5]) or "none"
        wanted = f"no array {row.array!r} in" if row.array else "no column 'array' says which array of"
        raise ValueError(f"{wanted} {path.name} is meant; it holds {found}.")
    return next(iter(arrays.values()))


def _is_file(path: Path) -> bool:
    # A name that is too long for the system is an error to it.
    with suppress(OSError):
        return path.is_file()
    return False
