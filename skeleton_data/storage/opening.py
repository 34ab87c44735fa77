"""Opening a store: its tables are read and checked; positions are left in the file."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import Skeleton
from skeleton_data.raw import SkeletonDataError
from skeleton_data.splits import Split
from skeleton_data.storage.schema import (
    FORMAT,
    FORMAT_VERSION,
    MAX_SAMPLE_BYTES,
    TRACK_DTYPE,
    filter_names,
    sample_bytes,
    sample_dtype,
    store_digest,
    tables_digest,
)

AGAIN = "Convert the raw data again, or fetch the file again."
READING_FAILURES = (
    *(OSError, LookupError, ValueError, TypeError),
    *(AttributeError, RuntimeError, MemoryError, ArithmeticError),
)
"""What h5py raises on a damaged file."""
_LARGEST_CHUNK = 16 << 20


class DamagedStoreError(SkeletonDataError):
    """A file is a store, but not a whole one."""


@dataclass(frozen=True)
class Tables:
    """All of a store but its positions.

    Attributes
    ----------
    offset : int or None
        Byte at which the positions begin; None where they are compressed.
    shape : (rows, V, C)
        Of the positions.
    filters : tuple of str
        Names of the filters that the positions go through, none where they lie in one piece.
    rules : dict
        Name of a split -> how its user defined it; official splits have none.
    """

    samples: NDArray[np.void]
    tracks: NDArray[np.void]
    performance_names: tuple[str, ...]
    class_names: tuple[str, ...]
    splits: dict[str, Split]
    rules: dict[str, str]
    skeleton: Skeleton
    provenance: dict[str, Any]
    digest: str
    offset: int | None
    shape: tuple[int, int, int]
    filters: tuple[str, ...]


def open_file(path: Path) -> h5py.File:
    """Open a store for reading.

    Raises
    ------
    SkeletonDataError
        When the file is gone.
    OSError
        When it is damaged.
    """
    try:
        return h5py.File(path, "r")
    except OSError as error:
        _refuse_gone(path, error)
        raise


def _refuse_gone(path: Path, error: OSError) -> None:
    """Raise a clear error where a file was removed while this process was about to read it."""
    if error.errno in (errno.ENOENT, errno.ESTALE) or not path.exists():
        raise SkeletonDataError(f"{path}: was removed or replaced while it was being opened. Try again.") from error


@contextmanager
def reading_store(path: Path) -> Iterator[None]:
    """Turn what h5py raises on a file that cannot be read into one line that names it."""
    try:
        yield
    except READING_FAILURES as error:
        raise SkeletonDataError(f"{path}: cannot be read any more ({error}). {AGAIN}") from error


@contextmanager
def open_same(path: Path, tables: Tables) -> Iterator[h5py.File]:
    """Open the store that these tables were read from.

    Raises
    ------
    SkeletonDataError
        When the file was replaced by another one, or cannot be read any more.
    """
    with reading_store(path), open_file(path) as file:
        check_same(file, path, tables)
        yield file


def check_same(file: h5py.File, path: Path, tables: Tables) -> None:
    """Refuse a file that has taken the place of the one whose tables these are.

    Where all that is read is the same, as after a split was added, that does no harm.
    """
    positions = file["positions"]
    same = bytes(file.attrs["digest"]).decode() == tables.digest and positions.shape == tables.shape
    if not same or (positions.id.get_offset() is None) != (tables.offset is None):
        raise SkeletonDataError(f"{path}: was replaced since it was opened. Open it again.")


def read_tables(path: Path) -> Tables:
    """Read the tables and hold them to their digest and to each other.

    Raises
    ------
    DamagedStoreError
        When something is missing, or differs from its digest.
    SkeletonDataError
        When there is no such file, or it is no store, or one of a newer version.
    """
    check_readable(path)
    try:
        with open_file(path) as file:
            check_kind(file, path)
            _check_sizes(file, path.stat().st_size)
            if bytes(file.attrs["tables_digest"]).decode() != tables_digest(file):
                raise ValueError("its tables differ from their digest")
            tables = _read(file)
            _check(tables, path)
            _check_indices(tables, len(file["sources"]))
            return tables
    except READING_FAILURES as error:
        raise DamagedStoreError(f"{path}: is damaged or cut short ({error}). {AGAIN}") from error


def check_readable(path: Path) -> None:
    """Refuse what is no HDF5 file that may be read."""
    if not path.exists():
        raise SkeletonDataError(f"{path}: no such file. Make it with 'skeleton-data convert'.")
    if path.is_file() and not os.access(path, os.R_OK):
        raise SkeletonDataError(f"{path}: may not be read by you. Ask its owner.")
    if not path.is_file() or not _is_hdf5(path):
        raise SkeletonDataError(f"{path}: is no store (no HDF5 file). Give the .h5 file that convert wrote.")


def _is_hdf5(path: Path) -> bool:
    try:
        return bool(h5py.is_hdf5(path))
    except OSError as error:
        # Network file systems may list a file that is gone, or find no way to it any more.
        _refuse_gone(path, error)
        raise SkeletonDataError(f"{path}: cannot be read ({error}). {AGAIN}") from error


def check_kind(file: h5py.File, path: Path) -> None:
    """Refuse an HDF5 file that is no store, or one of a version that is not known here."""
    kind = file.attrs.get("format")
    if not isinstance(kind, bytes | np.bytes_) or kind.decode() != FORMAT:
        raise SkeletonDataError(f"{path}: is an HDF5 file of another program. Give the .h5 file that convert wrote.")
    version = int(file.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise SkeletonDataError(
            f"{path}: has format version {version}, this program reads up to {FORMAT_VERSION}. Update skeleton-aug."
        )
    if version < 1:
        raise ValueError(f"there is no format version {version}")


def format_version(path: Path) -> int:
    """Version of the layout that a store has."""
    with reading_store(path), open_file(path) as file:
        return int(file.attrs["format_version"])


def _read(file: h5py.File) -> Tables:
    positions = file["positions"]
    if positions.dtype != np.dtype("<f4") or positions.ndim != 3:
        raise ValueError(f"positions are {positions.dtype} with {positions.ndim} axes, not float32 with 3")
    offset = positions.id.get_offset()
    if positions.chunks is None and offset is None:
        raise ValueError("positions are neither stored in one piece nor in chunks")
    return Tables(
        samples=_read_samples(file["samples"][()]),
        tracks=file["tracks"][()].astype(TRACK_DTYPE),
        performance_names=tuple(_texts(file["performances"][()]).tolist()),
        class_names=tuple(_texts(file["classes"][()]).tolist()),
        splits={name: _read_split(group) for name, group in file["splits"].items()},
        rules={name: _text(group["rule"]) for name, group in file["splits"].items() if "rule" in group},
        skeleton=Skeleton.from_dict(json.loads(_text(file["skeleton"]))),
        provenance=_read_provenance(file["provenance"]),
        digest=bytes(file.attrs["digest"]).decode(),
        offset=None if offset is None else int(offset),
        shape=positions.shape,
        filters=filter_names(positions),
    )


def _read_samples(stored: NDArray[np.void]) -> NDArray[np.void]:
    names = _texts(stored["name"])
    samples = np.empty(len(stored), sample_dtype(names.dtype.str))
    samples["name"] = names
    for field in samples.dtype.names[1:]:  # type: ignore[index]
        samples[field] = stored[field]
    return samples


def _read_split(group: h5py.Group) -> Split:
    return group["train"][()].astype(np.int64), group["test"][()].astype(np.int64)


def _read_provenance(dataset: h5py.Dataset) -> dict[str, Any]:
    provenance: dict[str, Any] = json.loads(_text(dataset))
    kinds = {"format": str, "converter": str, "source": str, "options": dict, "counts": dict}
    wrong = [name for name, kind in kinds.items() if not isinstance(provenance.get(name, kind()), kind)]
    if wrong:
        raise ValueError(f"its provenance says nothing sound of {wrong[0]}")
    rate = provenance.get("frame_rate")
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < math.inf):
        raise ValueError(f"its provenance says that it has {rate} frames a second")
    return provenance


def _texts(values: NDArray[np.bytes_]) -> NDArray[np.str_]:
    """Decode UTF-8; NumPy does so at once for ASCII, and refuses anything else."""
    longest = max(1, values.dtype.itemsize)
    try:
        return values.astype(f"U{longest}")
    except UnicodeDecodeError:
        return np.array([bytes(value).decode() for value in values], f"U{longest}")


def _text(dataset: h5py.Dataset) -> str:
    return bytes(dataset[()]).decode()


def _check_sizes(file: h5py.File, n_bytes: int) -> None:
    """Refuse tables that announce more than the file can hold, before memory is asked for."""
    nodes: dict[str, h5py.Dataset] = {}
    file.visititems(lambda name, node: nodes.update({name: node} if isinstance(node, h5py.Dataset) else {}))
    for name, node in nodes.items():
        if node.dtype.hasobject:
            raise ValueError(f"{name} holds {node.dtype}, not numbers or texts of one length")
        chunk = math.prod(node.chunks or ()) * node.dtype.itemsize
        size = chunk if name == "positions" else math.prod(node.shape or ()) * node.dtype.itemsize
        if chunk > _LARGEST_CHUNK or (name != "positions" and size > n_bytes):
            raise ValueError(f"{name} announces {size:,} bytes in a file of {n_bytes:,}")


def _check(tables: Tables, path: Path) -> None:
    """Refuse tables that would lead a reader outside the file or a sample; a flipped bit must not."""
    tracks, samples, (n_rows, n_joints, _) = tables.tracks, tables.samples, tables.shape
    size = path.stat().st_size
    if tables.offset is not None and tables.offset + 4 * int(np.prod(tables.shape, dtype=np.int64)) > size:
        raise ValueError(f"the file ends at byte {size}, inside the positions")
    if n_joints != tables.skeleton.n_joints:
        raise ValueError(f"{n_joints} joints are stored, the layout has {tables.skeleton.n_joints}")
    first, last = tracks["sample"][[0, -1]] if len(tracks) else (0, 0)
    if not 0 <= first <= last < len(samples) or (np.diff(tracks["sample"]) < 0).any():
        raise ValueError("the tables of samples and tracks do not fit together")
    counts = np.bincount(tracks["sample"], minlength=len(samples))
    ends = tracks["first_frame"].astype(np.int64) + tracks["n_frames"]
    fits = (
        len(counts) == len(samples)
        and (counts == samples["n_bodies"]).all()
        and (tracks["n_frames"] > 0).all()
        and (tracks["row"] >= 0).all()
        and (tracks["row"] <= n_rows - tracks["n_frames"].astype(np.int64)).all()
        and (tracks["first_frame"] >= 0).all()
        and (ends <= samples["n_frames"][tracks["sample"]]).all()
        and (samples["n_frames"] >= 0).all()
    )
    if not fits or tables.digest != store_digest(samples["name"].tolist(), samples["checksum"]):
        raise ValueError("the tables of samples and tracks do not fit together")
    largest = int(sample_bytes(samples["n_bodies"], samples["n_frames"], n_joints).max())
    if largest > MAX_SAMPLE_BYTES:
        raise ValueError(f"a recording announces {largest:,} bytes, more than {MAX_SAMPLE_BYTES:,}")


def _check_indices(tables: Tables, n_sources: int) -> None:
    """Refuse indices that lead outside the table that they index."""
    samples = tables.samples
    limits = {
        "label": len(tables.class_names),
        "performance": len(tables.performance_names),
        "source": n_sources,
        "duplicate_of": len(samples),
    }
    for field, limit in limits.items():
        least = -1 if field == "duplicate_of" else 0
        wrong = np.flatnonzero((samples[field] < least) | (samples[field] >= limit))
        if wrong.size:
            name, value = samples["name"][wrong[0]], samples[field][wrong[0]]
            raise ValueError(f"{wrong.size} have a {field} outside {least}..{limit - 1}, {name} has {value}")
    for name, split in tables.splits.items():
        if any(part.ndim != 1 or (part < 0).any() or (part >= len(samples)).any() for part in split):
            raise ValueError(f"the split {name} has indices outside 0..{len(samples) - 1}")
