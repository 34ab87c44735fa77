"""A store from recordings that a program makes or reads itself: any iterator of :class:`RawSequence`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import Skeleton, get_skeleton
from skeleton_data.conversion.convert import Summary, convert
from skeleton_data.formats.given import check_name
from skeleton_data.raw import Listing, RawFileError, RawItem, RawSequence, SkeletonDataError
from skeleton_data.splits import Split

_DIGEST_BYTES = 16


def convert_sequences(
    sequences: Iterable[RawSequence],
    output: str | os.PathLike[str],
    *,
    skeleton: Skeleton | str,
    class_names: Sequence[str],
    splits: Callable[[NDArray[np.void]], Mapping[str, Split]] | None = None,
    name: str = "sequences",
    n_sequences: int | None = None,
    bodies: str = "first",
    max_bodies: int = 2,
    frame_rate: float | None = None,
    force: bool = False,
    strict: bool = False,
    progress: bool = False,
) -> Summary:
    """Write a store from an iterator of recordings, one of which is in memory at a time.

    A recording that cannot be stored (a label without a class, another number of joints, a second one of its name) is
    left out and listed in ``<output>.rejected.txt``. However it ends, also by an exception of the iterator,
    ``output`` is a whole store or is not touched.

    Parameters
    ----------
    sequences : iterable of RawSequence
        Positions float32 (n, V, 3) in metres; see :class:`~skeleton_data.raw.RawSequence`.
    output : path
        The store to write.
    skeleton : Skeleton or str
        Joint layout of all recordings, or the name of a built-in one.
    class_names : sequence of str
        Name of each 0-based label.
    splits : callable, optional
        Given the table of samples (:func:`skeleton_data.storage.schema.sample_dtype`: name, label, subject, camera,
        ...), returns name -> (train, test) indices; :func:`skeleton_data.splits.by_values` helps. Default no splits.
    name : str
        What the store calls its source.
    n_sequences : int, optional
        How many there are, for the progress bar; default what ``len`` says.
    bodies : str
        Body selection, a key of :data:`skeleton_data.bodies.STRATEGIES`; default the first bodies as they
        are given.
    max_bodies, frame_rate, force, strict, progress
        As for :func:`skeleton_data.convert`.

    Returns
    -------
    Summary

    Raises
    ------
    SkeletonDataError
        When there is nothing to write, the iterator yields something else, or the output exists or cannot be written.

    Examples
    --------
    See ``docs/own-data.md``.
    """
    try:
        layout = get_skeleton(skeleton)
    except ValueError as error:
        raise SkeletonDataError(str(error)) from error
    made = _Given(name, layout, tuple(class_names), _OneByOne(sequences, n_sequences), splits)
    options = {
        "bodies": bodies,
        "max_bodies": max_bodies,
        "frame_rate": frame_rate,
        "force": force,
        "strict": strict,
        "progress": progress,
    }
    return convert(made, name, output, **options)  # type: ignore[arg-type]


class _Given:
    """A format whose recordings come from an iterator."""

    def __init__(
        self,
        name: str,
        skeleton: Skeleton,
        class_names: Sequence[str],
        items: _OneByOne,
        splits: Callable[[NDArray[np.void]], Mapping[str, Split]] | None,
    ) -> None:
        self.name, self.skeleton, self.class_names = name, skeleton, class_names
        self._items, self._splits = items, splits

    def find(self, source: Path) -> Listing:
        return Listing(self._items)  # type: ignore[arg-type]

    def read(self, item: RawItem) -> list[RawSequence]:
        sequence = cast("RawSequence", item.details)
        try:
            _check(sequence)
        except ValueError as error:
            raise RawFileError(item.place, str(error)) from None
        # A copy: conversion takes the bodies off a sequence, and the caller's own stays as it is.
        return [replace(sequence, source_digest=sequence.source_digest or _digest(sequence))]

    def splits(self, samples: NDArray[np.void]) -> Mapping[str, Split]:
        return {} if self._splits is None else self._splits(samples)


class _OneByOne:
    """Items that are made when they are asked for, in order, and not kept."""

    def __init__(self, sequences: Iterable[RawSequence], n_sequences: int | None) -> None:
        self._sequences = sequences
        self._n = n_sequences if n_sequences is not None else len(sequences) if isinstance(sequences, Sequence) else 0

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[RawItem]:
        for at, sequence in enumerate(self._sequences):
            if not isinstance(sequence, RawSequence):
                raise SkeletonDataError(f"Entry {at} of the sequences is no RawSequence but {type(sequence).__name__}.")
            if not all(isinstance(body.positions, np.ndarray) for body in sequence.bodies):
                raise SkeletonDataError(f"Entry {at} of the sequences: positions must be NumPy arrays, (n, V, 3).")
            size = sum(body.positions.nbytes for body in sequence.bodies)
            yield RawItem(sequence.name, Path(f"sequence {at}"), sequence.name, size, sequence)


def _check(sequence: RawSequence) -> None:
    check_name(sequence.name)
    check_name(sequence.performance)
    for what in ("label", "subject", "camera", "setup", "replication", "n_frames"):
        if not -(1 << 31) <= getattr(sequence, what) < 1 << 31:
            raise ValueError(f"its {what} does not fit into 32 bits.")
    for body in sequence.bodies:
        if not -(1 << 63) <= body.body_id < 1 << 63:
            raise ValueError(f"the body id {body.body_id} does not fit into 64 bits.")


def _digest(sequence: RawSequence) -> str:
    state = blake2b(repr((sequence.n_frames, len(sequence.bodies))).encode(), digest_size=_DIGEST_BYTES)
    for body in sequence.bodies:
        state.update(repr(body.body_id).encode())
        state.update(np.ascontiguousarray(body.frames, "<i4").data)
        state.update(np.ascontiguousarray(body.positions, "<f4").data)
    return state.hexdigest()
