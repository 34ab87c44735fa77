"""Writing a store: rows are spilled to a temporary folder beside the target, the finished file is renamed into place.

Memory does not grow with the positions; whatever ends the process, the final path holds a whole store or nothing new.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import Skeleton
from skeleton_data.encode import EncodedSample
from skeleton_data.raw import SkeletonDataError
from skeleton_data.schema import (
    CHECKSUM_BYTES,
    FORMAT,
    FORMAT_VERSION,
    LIBVER,
    TRACK_DTYPE,
    sample_dtype,
    source_dtype,
    store_digest,
    tables_digest,
    text_dtype,
)
from skeleton_data.splits import Split

try:
    import fcntl
except ImportError:  # Windows; left-over folders are then for the user to remove.
    fcntl = None  # type: ignore[assignment]

_COPY_BYTES = 8 << 20
# Rows that start on a page are aligned for every kind of access once they are mapped.
_ALIGNMENT = 4096


class StoreWriter:
    """Collects recordings and writes them as one store; use as a context manager.

    Leaving the context without :meth:`commit` throws everything away.

    Parameters
    ----------
    path : Path
        The store to make.
    skeleton : Skeleton
        Joint layout of every recording.
    force : bool
        Replace an existing file.

    Raises
    ------
    SkeletonDataError
        When the file exists and ``force`` is false, or its folder does not exist or cannot be written.
    """

    def __init__(self, path: Path, skeleton: Skeleton, *, force: bool = False) -> None:
        self.path, self.skeleton, self.force = path, skeleton, force
        self._samples: list[tuple[Any, ...]] = []
        self._tracks: list[tuple[int, int, int, int, int, bool]] = []
        self._sources: list[tuple[str, int, str]] = []
        self._performances: dict[str, int] = {}
        self._first_with: dict[bytes, int] = {}
        self._names: set[str] = set()
        self._rows = 0
        self._refuse_existing()
        if not path.parent.is_dir():
            raise SkeletonDataError(f"{path}: its folder does not exist. Make it first.")
        _sweep(path)
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
            self._lock = (self.folder / "lock").open("ab")
            _lock(self._lock)
            self._spill = (self.folder / "rows").open("wb")
        except OSError as error:
            raise SkeletonDataError(f"{path}: cannot write to its folder ({error.strerror}).") from error

    def _refuse_existing(self) -> None:
        if self.path.is_dir():
            raise SkeletonDataError(f"{self.path}: is a folder. Give the name of the file to write.")
        if self.path.exists() and not self.force:
            raise SkeletonDataError(f"{self.path}: exists already. Remove it, or say --force to replace it.")

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spill.close()
        self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __len__(self) -> int:
        return len(self._samples)

    def add_source(self, path: str, size: int, digest: str) -> int:
        """Note a raw file; returns its index, for the samples read from it."""
        self._sources.append((path, size, digest))
        return len(self._sources) - 1

    def add(self, sample: EncodedSample, source: int) -> int:
        """Append one recording and return its index.

        Raises
        ------
        SkeletonDataError
            When a recording of that name is there already.
        """
        sequence, index = sample.sequence, len(self._samples)
        if sequence.name in self._names:
            raise SkeletonDataError(f"{sequence.name}: a recording of this name was read before.")
        self._names.add(sequence.name)
        for track in sample.tracks:
            n_frames = len(track.positions)
            self._tracks.append((index, track.body_id, track.first_frame, n_frames, self._rows, track.gapless))
            self._spill.write(np.ascontiguousarray(track.positions, "<f4").data)
            self._rows += n_frames
        first = self._first_with.setdefault(sample.checksum, index)
        self._samples.append(
            (
                sequence.name,
                sequence.label,
                sequence.subject,
                sequence.camera,
                sequence.setup,
                sequence.replication,
                sequence.n_frames,
                len(sample.tracks),
                self._performances.setdefault(sequence.performance, len(self._performances)),
                -1 if first == index else first,
                source,
                np.frombuffer(sample.checksum, np.uint8),
            )
        )
        return index

    def samples(self) -> NDArray[np.void]:
        """Return the table of the samples so far, names as text."""
        longest = max((len(row[0]) for row in self._samples), default=1)
        return np.array(self._samples, sample_dtype(f"U{max(1, longest)}"))

    def commit(self, class_names: Sequence[str], splits: Mapping[str, Split], provenance: Mapping[str, Any]) -> None:
        """Write the store, flush it to the disk and put it in place.

        Parameters
        ----------
        class_names : sequence of str
            Name of each label.
        splits : mapping
            Name -> (train, test) sample indices.
        provenance : mapping
            JSON values.
        """
        self._spill.close()
        made = self.folder / "store.h5"
        with h5py.File(made, "w", libver=LIBVER, alignment_threshold=_ALIGNMENT, alignment_interval=_ALIGNMENT) as file:
            self._write_tables(file, class_names, splits)
            _write_text(file, "skeleton", self.skeleton.to_dict())
            _write_text(file, "provenance", provenance)
            file.attrs["tables_digest"] = np.bytes_(tables_digest(file))
            self._write_positions(file)
        _sync(made)
        self._refuse_existing()
        made.replace(self.path)
        if os.name == "posix":
            _sync(self.path.parent)

    def _write_tables(self, file: h5py.File, class_names: Sequence[str], splits: Mapping[str, Split]) -> None:
        names = [row[0] for row in self._samples]
        file.attrs["format"] = np.bytes_(FORMAT)
        file.attrs["format_version"] = np.int32(FORMAT_VERSION)
        checksums = np.stack([row[-1] for row in self._samples]) if names else np.empty((0, CHECKSUM_BYTES), np.uint8)
        file.attrs["digest"] = np.bytes_(store_digest(names, checksums))
        encoded = [(row[0].encode(), *row[1:]) for row in self._samples]
        file["samples"] = np.array(encoded, sample_dtype(_text_type(names)))
        file["tracks"] = np.array(self._tracks, TRACK_DTYPE)
        sources = [(path.encode(), size, digest.encode()) for path, size, digest in self._sources]
        file["sources"] = np.array(sources, source_dtype(_text_type([row[0] for row in self._sources])))
        _write_names(file, "performances", list(self._performances))
        _write_names(file, "classes", class_names)
        group = file.create_group("splits")
        for name, (train, test) in splits.items():
            group[f"{name}/train"], group[f"{name}/test"] = train.astype("<i4"), test.astype("<i4")

    def _write_positions(self, file: h5py.File) -> None:
        shape = (self._rows, self.skeleton.n_joints, 3)
        positions = file.create_dataset("positions", shape, "<f4", fill_time="never")
        step = max(1, _COPY_BYTES // (4 * shape[1] * shape[2]))
        with (self.folder / "rows").open("rb") as spill:
            for start in range(0, self._rows, step):
                n_rows = min(step, self._rows - start)
                part = np.fromfile(spill, "<f4", n_rows * shape[1] * shape[2])
                positions[start : start + n_rows] = part.reshape(n_rows, *shape[1:])


def _lock(file: IO[bytes]) -> bool:
    """Lock a file until it is closed or this process ends, however it ends; tell whether that worked."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sweep(path: Path) -> None:
    """Remove what killed conversions to the same path have left: folders whose lock nobody holds any more."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        with suppress(OSError), (left / "lock").open("ab") as file:
            if _lock(file):
                shutil.rmtree(left, ignore_errors=True)


def _text_type(texts: Sequence[str]) -> np.dtype[np.void]:
    return text_dtype(max((len(text.encode()) for text in texts), default=1))


def _write_names(file: h5py.File, name: str, texts: Sequence[str]) -> None:
    file[name] = np.array([text.encode() for text in texts], _text_type(texts))


def _write_text(file: h5py.File, name: str, values: Mapping[str, Any]) -> None:
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, indent=1)
    file[name] = np.array(text.encode(), _text_type([text]))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
