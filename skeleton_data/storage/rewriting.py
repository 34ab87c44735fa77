"""New files of an existing store: compressed, in one piece again, or with other splits. The old file is not touched.

A store is never changed in its place. HDF5 writes its own bookkeeping in several steps, and a crash between two of
them can cost the whole file; a copy that is renamed into place when it is complete cannot. Copying the 3 GB of a large
store takes seconds, and readers that have the old file open keep reading it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from skeleton_data.raw import SkeletonDataError
from skeleton_data.splits import Split, split_of, with_clean_variants
from skeleton_data.storage.atomic import replacement
from skeleton_data.storage.hdf5_writing import writing
from skeleton_data.storage.opening import READING_FAILURES, Tables, open_file, open_same, read_tables, reading_store
from skeleton_data.storage.rows import RowReader, load_plugins
from skeleton_data.storage.schema import CHUNK_FRAMES, tables_digest, text_dtype
from skeleton_data.store import Store

FILTERS = ("lzf", "gzip", "blosc", "none")
"""Ways to store positions: three compressions, and in one piece."""

_BLOCK_CHUNKS = 512


def repack(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    filter: str = "lzf",
    force: bool = False,
    progress: bool = False,
) -> Path:
    """Write a store anew with its positions compressed, or in one piece again; the samples stay bit for bit the same.

    Compressed stores are for archives and for disks that are slower than a processor: they cannot be mapped, and
    reading samples in random order takes several times as long.

    Parameters
    ----------
    source, output : path
    filter : {"lzf", "gzip", "blosc", "none"}
        ``lzf`` comes with every h5py, ``gzip`` with every HDF5; ``blosc`` (with Zstandard inside) needs the package
        hdf5plugin for writing and for reading; ``none`` stores positions in one piece. Bytes are shuffled first.
    force : bool
        Replace an existing output.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    Path
        The new store.

    Raises
    ------
    SkeletonDataError
        When the source is no whole store, the filter is not known or not installed, or the output exists or cannot be
        written.
    """
    if filter not in FILTERS:
        raise SkeletonDataError(f"Unknown filter {filter!r}; choose from {', '.join(FILTERS)}.")
    where, target = Path(source).absolute(), Path(output).absolute()
    tables = read_tables(where)
    settings = _dataset_settings(filter, tables.shape)
    with replacement(target, force=force) as made, writing(made, target) as (new, check):
        with open_same(where, tables) as old:
            _copy_tables(old, new)
        positions = new.create_dataset("positions", tables.shape, "<f4", **settings)
        with tqdm(total=tables.shape[0], unit=" rows", unit_scale=True, disable=not progress) as bar:
            for start, rows in _blocks(where, tables):
                positions[start : start + len(rows)] = rows
                check()
                bar.update(len(rows))
    return target


def save_split(
    path: str | os.PathLike[str], name: str, train: ArrayLike, test: ArrayLike | None = None, *, rule: str = "",
    force: bool = False,
) -> dict[str, Split]:  # fmt: skip
    """Write a split of one's own into a store, for every later reader; the file is replaced as a whole.

    Where the test part has copies of training recordings, ``<name>_clean`` without them is written as well.

    Parameters
    ----------
    path : path
        The store. It needs as much free space again while it is written.
    name : str
        Letters, digits, ``_``, ``-`` and ``.``; official splits are never replaced.
    train, test
        As for :meth:`Store.with_split`.
    rule : str
        How the split was made, in words for people.
    force : bool
        Replace a split of one's own that has this name.

    Returns
    -------
    dict
        Name -> (train, test) of what was written.

    Raises
    ------
    SkeletonDataError
        When the name or the parts cannot be, the name is taken, or the file cannot be written.
    """
    store = Store.open(path)
    if not name or not all(letter.isascii() and (letter.isalnum() or letter in "_-.") for letter in name):
        raise SkeletonDataError(f"{name!r} is no name for a split; use letters, digits, '_', '-' and '.'.")
    made = {name: split_of(len(store), train, test)}
    made = with_clean_variants(made, store.samples["duplicate_of"])
    changes: dict[str, Split | None] = {**dict.fromkeys(_family(store, name)), **made}
    for changed in changes:
        _refuse_taken(store, changed, force)
    _replace_splits(store, changes, rule or "given as indices")
    return made


def remove_split(path: str | os.PathLike[str], name: str) -> None:
    """Take a split that :func:`save_split` wrote out of a store, with its ``_clean`` variant.

    Raises
    ------
    SkeletonDataError
        When there is no such split, it is an official one, or the file cannot be written.
    """
    store = Store.open(path)
    if store.split_rule(name) is None:
        raise SkeletonDataError(f"{store.path}: split {name!r} is the converter's; only splits of your own go.")
    _replace_splits(store, dict.fromkeys(_family(store, name)), "")


def _family(store: Store, name: str) -> list[str]:
    """Name the splits of a user's that go when ``name`` is written anew."""
    return [n for n in (name, f"{name}_clean") if n in store.splits and store.split_rule(n) is not None]


def _refuse_taken(store: Store, name: str, force: bool) -> None:
    if name not in store.splits:
        return
    if store.split_rule(name) is None:
        raise SkeletonDataError(f"{store.path}: split {name!r} is the converter's and stays. Choose another name.")
    if not force:
        raise SkeletonDataError(f"{store.path}: has a split {name!r}. Choose another name, or say --force.")


def _replace_splits(store: Store, changes: Mapping[str, Split | None], rule: str) -> None:
    """Write the store with some splits added (or removed, where there is None); links and rights stay as they are."""
    path = store.path.resolve()
    before = _identity(path)
    with replacement(path, force=True) as made:
        with writing(made, path) as (new, _), reading_store(path), open_file(path) as old:
            _copy_tables(old, new)
            _change_splits(new, changes, rule)
            new.attrs["tables_digest"] = np.bytes_(tables_digest(new))
            old.copy("positions", new)
        shutil.copymode(path, made)
        if _identity(path) != before:
            raise SkeletonDataError(f"{path}: was replaced by another program meanwhile. Try again.")


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _change_splits(file: h5py.File, changes: Mapping[str, Split | None], rule: str) -> None:
    for name, split in changes.items():
        if name in file["splits"]:
            del file["splits"][name]
        if split is not None:
            group = file["splits"].create_group(name)
            group["train"], group["test"] = (part.astype("<i4") for part in split)
            group["rule"] = np.array(rule.encode(), text_dtype(len(rule.encode())))


def _copy_tables(old: h5py.File, new: h5py.File) -> None:
    for name, value in old.attrs.items():
        new.attrs.create(name, value)
    for name in old:
        if name != "positions":
            old.copy(name, new)


def _dataset_settings(filter: str, shape: tuple[int, int, int]) -> dict[str, Any]:
    if filter == "none":
        return {"fill_time": "never"}
    settings: dict[str, Any] = {"compression": filter}
    if filter == "blosc":
        load_plugins("The filter blosc")
        import hdf5plugin

        settings = dict(hdf5plugin.Blosc(cname="zstd", clevel=5, shuffle=hdf5plugin.Blosc.SHUFFLE))
    else:
        settings["shuffle"] = True
    return {**settings, "fill_time": "never", "chunks": (min(CHUNK_FRAMES, shape[0]), *shape[1:])}


def _blocks(path: Path, tables: Tables) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """First row and rows of one part of the positions after the other, in whole chunks."""
    step = CHUNK_FRAMES * _BLOCK_CHUNKS
    with RowReader(path, tables) as reader:
        for start in range(0, tables.shape[0], step):
            stop = min(start + step, tables.shape[0])
            try:
                rows = reader.read(start, stop)
            except READING_FAILURES as error:
                raise SkeletonDataError(f"{path}: rows {start} to {stop - 1} cannot be read ({error}).") from error
            yield start, rows
