"""The table of one's own recordings: a CSV with one line per recording, every wrong line told by its number."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from skeleton_data.formats.given import MAX_CLASSES, Facts
from skeleton_data.formats.parts import split_name
from skeleton_data.raw import UNKNOWN, RawFileError, SkeletonDataError

NUMBERS = ("subject", "camera", "setup", "replication")
COLUMNS = ("name", "file", "array", "label", *NUMBERS, "performance", "body_ids")
"""The columns that are read, beside ``split`` and ``split:NAME``."""
PARTS = ("train", "test")
_SPLIT = re.compile(r"split(?:[:_](?P<name>.+))?")
_SUFFIXES = (".npy", ".npz")
_LARGEST_TABLE = 512 << 20
_MEND = "Correct the line."


@dataclass(frozen=True)
class Row:
    """One recording as its line of the table says, checked.

    Attributes
    ----------
    line : int
    name : str
    file : str
        Relative to the folder; empty where the line names none.
    array : str
        Name of the array inside of a ``.npz``; empty where the line names none.
    label : str
        As written.
    facts : Facts
    body_ids : tuple of int
        Empty where the line names none.
    parts : dict
        Split -> ``train`` or ``test``.
    """

    line: int
    name: str
    file: str
    array: str
    label: str
    facts: Facts
    body_ids: tuple[int, ...]
    parts: dict[str, str]


@dataclass
class Table:
    """The lines of a table, those that are wrong, and the names of columns that are not read."""

    rows: list[Row]
    rejected: list[RawFileError]
    splits: list[str]
    unused: list[str]


def read_table(path: Path) -> Table:
    """Read a table.

    Raises
    ------
    SkeletonDataError
        When the file cannot be read, is no text in UTF-8, or has no columns ``label`` and ``name`` or ``file``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.stat().st_size > _LARGEST_TABLE:
                raise SkeletonDataError(f"{path}: {path.stat().st_size:,} bytes are no table of recordings.")
            head = file.readline(1 << 16)
            file.seek(0)
            return _read(csv.reader(file, delimiter=_delimiter(head)), path)
    except OSError as error:
        raise SkeletonDataError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SkeletonDataError(f"{path}: is no text in UTF-8 (byte {error.start}). Save it as CSV UTF-8.") from error


def _delimiter(head: str) -> str:
    # Spreadsheets write semicolons or tabs where the comma is a decimal sign.
    return next((sign for sign in (",", ";", "\t") if sign in head), ",")


def _read(lines: Any, path: Path) -> Table:
    made, names = Table([], [], [], []), set[str]()
    columns: list[str] = []
    try:
        columns = [column.strip() for column in next(lines, [])]
        made.splits, made.unused = _check_columns(columns, path)
        for values in lines:
            if any(value.strip() for value in values):
                _add(values, columns, lines.line_num, path, made, names)
    except csv.Error as error:
        raise SkeletonDataError(f"{path}, line {lines.line_num}: is no CSV ({error}). Save it as CSV UTF-8.") from error
    if not made.rows and not made.rejected:
        raise SkeletonDataError(f"{path}: has no recordings below its first line. Add a line for each.")
    return made


def _add(values: list[str], columns: list[str], line: int, path: Path, made: Table, names: set[str]) -> None:
    try:
        if len(values) != len(columns):
            raise ValueError(f"has {len(values)} values where the first line names {len(columns)} columns.")
        row = _row({c: v.strip() for c, v in zip(columns, values, strict=True)}, line)
        if row.name in names:
            raise ValueError(f"a second line for the name {row.name!r}.")
    except ValueError as error:
        made.rejected.append(RawFileError(str(path), str(error), line=line, mend=_MEND))
        return
    names.add(row.name)
    made.rows.append(row)


def _check_columns(columns: list[str], path: Path) -> tuple[list[str], list[str]]:
    splits = [_split_name(column) for column in columns if _SPLIT.fullmatch(column)]
    for names in (columns, splits):
        twice = [name for at, name in enumerate(names) if name and name in names[:at]]
        if twice:
            raise SkeletonDataError(f"{path}, line 1: the column {twice[0]!r} stands twice. Remove one.")
    unused = [column for column in columns if column and column not in COLUMNS and not _SPLIT.fullmatch(column)]
    for column in unused:
        close = get_close_matches(column.lower(), sorted({*COLUMNS, "split"} - {*columns}), 1, 0.75)
        if close:
            raise SkeletonDataError(f"{path}, line 1: unknown column {column!r}. Did you mean {close[0]!r}?")
    if "label" not in columns or not {"name", "file"} & {*columns}:
        found = (", ".join(columns) or "nothing")[:200]
        raise SkeletonDataError(
            f"{path}, line 1: expected names of columns, 'label' and 'name' or 'file' at least; found {found}."
        )
    return splits, unused


def _split_name(column: str) -> str:
    match = _SPLIT.fullmatch(column)
    return split_name((match and match["name"]) or "given")


def _row(cells: dict[str, str], line: int) -> Row:
    file, name = cells.get("file", ""), cells.get("name", "")
    array = cells.get("array", "")
    _check_path(file or name)
    if not name:
        name = "/".join(part for part in (_stem(file), array) if part)
    if not cells["label"]:
        raise ValueError("has no label.")
    performance = cells.get("performance", "") or name
    numbers = {column: _number(cells.get(column, ""), column) for column in NUMBERS}
    parts = {_split_name(c): _part(v, c) for c, v in cells.items() if v and _SPLIT.fullmatch(c)}
    ids = tuple(_integer(word, "body_ids", 63) for word in cells.get("body_ids", "").split())
    return Row(line, name, file, array, cells["label"], Facts(performance, **numbers), ids, parts)


def _check_path(file: str) -> None:
    path = PurePosixPath(file.replace("\\", "/"))
    if not file:
        raise ValueError("has neither a name nor a file.")
    if path.is_absolute() or PureWindowsPath(file).drive or ".." in path.parts or "\0" in file:
        raise ValueError(f"{file!r} leaves the folder; give a path within it.")


def _stem(file: str) -> str:
    return next((file.removesuffix(suffix) for suffix in _SUFFIXES if file.endswith(suffix)), file)


def _number(text: str, column: str) -> int:
    return _integer(text, column, 31) if text else UNKNOWN


def _integer(text: str, column: str, bits: int) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or not -(1 << bits) <= int(text) < 1 << bits:
        raise ValueError(f"expected a whole number in column {column!r}, found {text[:40]!r}.")
    return int(text)


def _part(text: str, column: str) -> str:
    if text not in PARTS:
        raise ValueError(f"expected 'train', 'test' or nothing in column {column!r}, found {text[:40]!r}.")
    return text


def label_reader(rows: list[Row], class_names: tuple[str, ...] | None) -> tuple[tuple[str, ...], Callable[[Row], int]]:
    """Work out the classes of a table: their names, and a function from a line to its 0-based label.

    With class names given, a label is a whole number or one of them. Without, labels are numbers if all of them are,
    and else class names, whose sorted order gives the numbers.

    Raises
    ------
    ValueError
        By the function, for a label that is none.
    """
    whole = [re.fullmatch(r"[0-9]{1,9}", row.label) is not None for row in rows]
    if class_names is None and all(whole):
        n_classes = min(MAX_CLASSES, max((int(row.label) for row in rows), default=0) + 1)
        return tuple(map(str, range(n_classes))), lambda row: _within(row.label, n_classes)
    if class_names is None:
        class_names = tuple(sorted({row.label for row in rows}))
        places = {name: at for at, name in enumerate(class_names)}
        return class_names, lambda row: places[row.label]
    return class_names, lambda row: _named_or_numbered(row.label, class_names)


def _named_or_numbered(label: str, class_names: tuple[str, ...]) -> int:
    if re.fullmatch(r"[0-9]{1,9}", label):
        return _within(label, len(class_names))
    if class_names.count(label) != 1:
        close = get_close_matches(label, class_names, 1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"{label[:80]!r} is not one of the {len(class_names)} class names.{hint}")
    return class_names.index(label)


def _within(label: str, n_classes: int) -> int:
    if int(label) >= n_classes:
        raise ValueError(f"label {label} is outside 0..{n_classes - 1}.")
    return int(label)


def names_of_part(rows: list[Row], split: str, part: str) -> Iterator[str]:
    """Names of the recordings that a split has in one part."""
    return (row.name for row in rows if row.parts.get(split) == part)
