"""The layout of a store file: names, table types, and the version that readers check.

A store is one HDF5 file, readable by HDF5 1.10 and later:

========================  ==========================================================================================
``/positions``            (rows, V, C) little-endian float32: all tracks end to end; metres; a missing joint or frame
                          is all zeros. In one piece, or in compressed chunks of :data:`CHUNK_FRAMES` frames
``/channels/<name>``      (rows, ...) contiguous, beside the positions: what was asked for besides them, see
                          :mod:`skeleton_data.channels`; attribute ``digest`` is the BLAKE2b-128 of its bytes
``/tracks``               one row per track: its sample, body id, first frame, frames, first row, gapless flag
``/samples``              one row per recording, see :func:`sample_dtype`
``/sources``              one row per raw file read: path within the source, bytes, BLAKE2b-128
``/performances``         name of each performance number
``/classes``              name of each label
``/splits/<name>/train``  and ``test``: sample indices, increasing; ``rule``, where a user defined the split: how
``/skeleton``             the joint layout as JSON text
``/provenance``           what made the file, from what, with which options, and the frames a second, as JSON text
========================  ==========================================================================================

Root attributes: ``format`` (:data:`FORMAT`), ``format_version``, ``digest`` (:func:`store_digest`: which recordings
these are) and ``tables_digest`` (:func:`tables_digest`: that no table was damaged). Text is fixed-length UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

FORMAT = "skeleton-data store"
FORMAT_VERSION = 1
LIBVER = ("earliest", "v110")
CHECKSUM_BYTES = 16
CHUNK_FRAMES = 64
ALIGNMENT = 4096
"""Large data sets start on a page: once they are mapped, that is aligned for every kind of access."""
FRAME_RATES = MappingProxyType({"ntu60": 30.0, "ntu120": 30.0, "pku1": 30.0, "pku2": 30.0})
"""Frames a second by data set, as it describes itself; nominal, as the sensor's frames come when they are ready."""

MAX_SAMPLE_BYTES = 512 << 20
"""Most that the positions of one recording take when they are laid out: one body of 25 joints for 16 hours."""

_BLOCK_BYTES = 4 << 20
_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 32000: "lzf", 32001: "blosc"}

TRACK_DTYPE = np.dtype(
    [
        ("sample", "<i4"),
        ("body_id", "<i8"),
        ("first_frame", "<i4"),
        ("n_frames", "<i4"),
        ("row", "<i8"),
        ("gapless", "?"),
    ]
)
"""A track covers the frames ``first_frame .. first_frame + n_frames - 1`` of its sample, in the rows from ``row`` on;
``gapless`` says that none of its joints is missing in any of them."""


def sample_dtype(name: np.dtype[np.void] | str) -> np.dtype[np.void]:
    """Type of the sample table, with names as ``name``: ``"U20"`` in memory, fixed-length UTF-8 in the file.

    Numbers that the data set does not give are -1. ``duplicate_of`` is the index of the first identical recording, -1
    where there is none before; ``performance`` and ``source`` index the tables of those names.
    """
    return np.dtype(
        [
            ("name", name),
            ("label", "<i4"),
            ("subject", "<i4"),
            ("camera", "<i4"),
            ("setup", "<i4"),
            ("replication", "<i4"),
            ("n_frames", "<i4"),
            ("n_bodies", "<i4"),
            ("performance", "<i4"),
            ("duplicate_of", "<i4"),
            ("source", "<i4"),
            ("checksum", "u1", (CHECKSUM_BYTES,)),
        ]
    )


def source_dtype(path: np.dtype[np.void] | str) -> np.dtype[np.void]:
    """Type of the table of raw files; the digest is hexadecimal text."""
    return np.dtype([("path", path), ("size", "<i8"), ("digest", text_dtype(2 * CHECKSUM_BYTES))])


def text_dtype(length: int) -> np.dtype[np.void]:
    """Fixed-length UTF-8 as h5py spells it."""
    made: np.dtype[np.void] = h5py.string_dtype("utf-8", max(1, length))
    return made


def checksum(n_frames: int, first_frames: list[int], tracks: list[NDArray[np.float32]]) -> bytes:
    """Identity of a recording: its length, and frames and positions of its tracks. Body ids do not count.

    Recordings with one checksum are taken for copies of each other.
    """
    state = blake2b(digest_size=CHECKSUM_BYTES)
    state.update(np.array([n_frames, len(tracks)], "<i8").tobytes())
    for first, positions in zip(first_frames, tracks, strict=True):
        state.update(np.array([first, *positions.shape], "<i8").tobytes())
        state.update(np.ascontiguousarray(positions, "<f4").data)
    return state.digest()


def sample_bytes(n_bodies: ArrayLike, n_frames: ArrayLike, n_joints: int) -> NDArray[np.int64]:
    """Bytes that the positions of recordings take when they are laid out, (bodies, frames, joints, 3)."""
    return np.asarray(n_bodies, np.int64) * np.asarray(n_frames, np.int64) * (12 * n_joints)


def tables_digest(file: h5py.File) -> str:
    """BLAKE2b-128 over all tables of an open store, in hexadecimal; positions have a checksum per sample instead."""
    state = blake2b(digest_size=CHECKSUM_BYTES)
    tables: dict[str, h5py.Dataset] = {}
    file.visititems(lambda name, node: tables.update({name: node} if isinstance(node, h5py.Dataset) else {}))
    for name in sorted(name for name in tables if name != "positions" and not name.startswith("channels/")):
        state.update(name.encode())
        for part in _parts(tables[name]):
            state.update(part.tobytes())
    return state.hexdigest()


def _parts(table: h5py.Dataset) -> Iterator[Any]:
    """Give a table in pieces that memory does not notice."""
    if not table.shape:
        yield table[()]
        return
    step = max(1, _BLOCK_BYTES // max(1, table.dtype.itemsize))
    for start in range(0, len(table), step):
        yield table[start : start + step]


def filter_names(positions: h5py.Dataset) -> tuple[str, ...]:
    """Name the filters that the positions were written through, in order; none where they lie in one piece."""
    pipeline = positions.id.get_create_plist()
    filters = [pipeline.get_filter(i) for i in range(pipeline.get_nfilters())]
    return tuple(_FILTERS.get(number, f"filter {number}") for number, *_ in filters)


class StoreDigest:
    """Identity of a store's content: BLAKE2b-128 over the names, joined by line feeds, and checksums of its samples.

    All names come first, in order, then all checksums, each in as many pieces as one likes.
    """

    def __init__(self) -> None:
        self._state = blake2b(digest_size=CHECKSUM_BYTES)
        self._border = b""

    def add_names(self, names: Sequence[bytes]) -> None:
        """Take names, one or more, as UTF-8."""
        self._state.update(self._border + b"\n".join(names))
        self._border = b"\n"

    def add_checksums(self, checksums: NDArray[np.uint8]) -> None:
        """Take checksums, (n, 16)."""
        self._state.update(np.ascontiguousarray(checksums).data)

    def hexdigest(self) -> str:
        """The digest so far, in hexadecimal."""
        return self._state.hexdigest()


def store_digest(names: Sequence[str], checksums: NDArray[np.uint8]) -> str:
    """Identity of a store's content, in hexadecimal, see :class:`StoreDigest`."""
    made = StoreDigest()
    made.add_names(["\n".join(names).encode()])
    made.add_checksums(checksums)
    return made.hexdigest()
