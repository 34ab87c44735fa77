"""Checking that a store is whole: every byte that reading depends on is held to something."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

import h5py
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from skeleton_data.storage.opening import READING_FAILURES, DamagedStoreError, Tables, open_file, read_tables
from skeleton_data.storage.rows import RowReader
from skeleton_data.storage.schema import CHECKSUM_BYTES, TRACK_DTYPE, checksum, sample_dtype, source_dtype

_ATTRIBUTES = {"format": np.bytes_, "format_version": np.int32, "digest": np.bytes_, "tables_digest": np.bytes_}

_BLOCK_BYTES = 8 << 20

ReadRows: TypeAlias = Callable[[int, int], NDArray[np.float32]]
"""Gives the rows from the first number to before the second."""

Verdict = tuple[int, str]
"""Index of a sample, and what is wrong with it."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a store.

    Attributes
    ----------
    place : str
        The sample, table or split.
    problem : str
        What was expected, and what is there.
    """

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


def verify(path: str | os.PathLike[str], *, progress: bool = False) -> list[Finding]:
    """Look for damage in a store: its structure, its tables, and every sample.

    Memory does not grow with the positions.

    Parameters
    ----------
    path : path
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    list of Finding
        Empty for a whole store.

    Raises
    ------
    SkeletonDataError
        When there is no such file, it is no store, one of a newer version, or needs a filter that is not installed.
    """
    where = Path(path).absolute()
    try:
        tables = read_tables(where)
    except DamagedStoreError as error:
        return [Finding("store", str(error).removeprefix(f"{where}: "))]
    findings = [*_structure_findings(where), *_table_findings(tables), *_split_findings(tables)]
    names = tables.samples["name"]
    with (
        RowReader(where, tables) as reader,
        tqdm(total=len(names), unit=" samples", disable=not progress, dynamic_ncols=True) as bar,
    ):
        for index, problem in damaged_samples(tables, reader.read, bar):
            findings.append(Finding(f"sample {names[index]}", problem))
    return findings


def damaged_samples(tables: Tables, read: ReadRows, bar: tqdm | None = None) -> Iterator[Verdict]:
    """Compare every sample with its checksum and the flags of its tracks, in the order of the file."""
    samples, tracks = tables.samples, tables.tracks
    borders = np.searchsorted(tracks["sample"], np.arange(len(samples) + 1)).tolist()
    for index in range(len(samples)):
        problem = _sample_problem(samples[index], tracks[borders[index] : borders[index + 1]], read)
        if problem:
            yield index, problem
        if bar is not None:
            bar.update()


def _sample_problem(sample: np.void, tracks: NDArray[np.void], read: ReadRows) -> str:
    try:
        positions = [read(int(track["row"]), int(track["row"] + track["n_frames"])) for track in tracks]
    except READING_FAILURES as error:
        return f"its positions cannot be read ({error})."
    if checksum(int(sample["n_frames"]), tracks["first_frame"].tolist(), positions) != sample["checksum"].tobytes():
        return "its positions differ from their checksum."
    gapless = [bool((rows != 0).any(axis=2).all()) for rows in positions]
    if gapless != tracks["gapless"].tolist():
        return "its tracks are flagged gapless, or not, against what they hold."
    return ""


def _structure_findings(path: Path) -> list[Finding]:
    try:
        with open_file(path) as file:
            return [*_type_findings(file), *_text_findings(file), *_channel_findings(file)]
    except READING_FAILURES as error:
        return [Finding("store", f"its structure cannot be read ({error}).")]


def _type_findings(file: h5py.File) -> Iterator[Finding]:
    """Hold types, shapes and attributes to the schema: a program that goes by them must read what we read."""
    for name, kind in _ATTRIBUTES.items():
        if type(file.attrs[name]) is not kind:
            yield Finding("store", f"its attribute {name} is {file.attrs[name]!r}, a {kind.__name__} is expected.")
    lengths = {name: file[name].dtype[0].itemsize for name in ("samples", "sources")}
    expected: dict[str, tuple[np.dtype[Any], int]] = {
        "positions": (np.dtype("<f4"), 3),
        "tracks": (TRACK_DTYPE, 1),
        "samples": (sample_dtype(f"S{lengths['samples']}"), 1),
        "sources": (source_dtype(f"S{lengths['sources']}"), 1),
    }
    for name, (dtype, n_axes) in expected.items():
        if file[name].dtype != dtype or file[name].ndim != n_axes:
            yield Finding(f"table {name}", f"has the type {file[name].dtype}, {dtype} is expected.")


def _text_findings(file: h5py.File) -> Iterator[Finding]:
    """Texts are UTF-8 of a fixed length; indices of splits are 32-bit integers."""
    texts = [(name, _read_texts(file[name])) for name in ("performances", "classes", "skeleton", "provenance")]
    texts += [("samples", _read_texts(file["samples"], "name"))]
    texts += [("sources", _read_texts(file["sources"], field)) for field in ("path", "digest")]
    parts = [(f"splits/{name}/{part}", data) for name, group in file["splits"].items() for part, data in group.items()]
    texts += [(name, _read_texts(part)) for name, part in parts if name.endswith("/rule")]
    for name, values in texts:
        kind, longest = h5py.check_string_dtype(values.dtype), max(map(len, values.ravel().tolist()), default=0)
        if kind is None or kind.encoding != "utf-8" or kind.length != max(1, longest):
            yield Finding(
                f"table {name}", f"has texts of the type {values.dtype}, UTF-8 of {longest} bytes is expected."
            )
    for name, part in parts:
        if not name.endswith("/rule") and part.dtype != np.dtype("<i4"):
            yield Finding(f"table {name}", f"has the type {part.dtype}, int32 is expected.")


def _channel_findings(file: h5py.File) -> Iterator[Finding]:
    """Channels lie beside the positions, row for row, each with a digest of its bytes."""
    for name, channel in file.get("channels", {}).items():
        state = blake2b(digest_size=CHECKSUM_BYTES)
        step = max(1, _BLOCK_BYTES // max(1, channel.dtype.itemsize * int(np.prod(channel.shape[1:], dtype=np.int64))))
        for start in range(0, len(channel), step):
            state.update(channel[start : start + step].tobytes())
        if bytes(channel.attrs["digest"]).decode() != state.hexdigest():
            yield Finding(f"channel {name}", "its values differ from their digest.")
        if len(channel) != len(file["positions"]):
            yield Finding(f"channel {name}", f"has {len(channel)} rows beside {len(file['positions'])} of positions.")


def _read_texts(dataset: h5py.Dataset, field: str | None = None) -> NDArray[np.bytes_]:
    """Read texts as bytes, with the type that the file gives them."""
    values = dataset[()] if field is None else dataset[()][field]
    return np.asarray(values, dataset.dtype if field is None else dataset.dtype[field])


def _table_findings(tables: Tables) -> Iterator[Finding]:
    samples, tracks = tables.samples, tables.tracks
    ends = np.cumsum(tracks["n_frames"])
    if len(tracks) and (ends[-1] != tables.shape[0] or (tracks["row"] != ends - tracks["n_frames"]).any()):
        yield Finding("table tracks", "the tracks do not cover the rows of the positions one after the other.")
    if len(np.unique(samples["name"])) != len(samples):
        yield Finding("table samples", "two samples have one name.")
    _, first, same = np.unique(samples["checksum"], axis=0, return_index=True, return_inverse=True)
    originals = first[same.reshape(-1)]
    expected = np.where(originals == np.arange(len(samples)), -1, originals)
    wrong = np.flatnonzero(samples["duplicate_of"] != expected)
    if wrong.size:
        yield Finding(
            "table samples",
            f"{wrong.size} are marked as copies, or not, against their checksums: {samples['name'][wrong[0]]}.",
        )


def _split_findings(tables: Tables) -> Iterator[Finding]:
    for name, (train, test) in tables.splits.items():
        if any((np.diff(part) <= 0).any() for part in (train, test)):
            yield Finding(f"split {name}", "its indices do not increase.")
        shared = np.intersect1d(train, test)
        if shared.size:
            yield Finding(f"split {name}", f"{shared.size} samples both train and test, the first: {shared[0]}.")
