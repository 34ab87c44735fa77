"""The ``.npz`` of CTR-GCN, SGN, InfoGCN, MAMP and others: ``x_train``, ``y_train``, ``x_test``, ``y_test``.

``x`` is (N, T, M * V * 3) with body, joint and coordinate in this order, ``y`` one-hot (N, classes). An archive that is
stored as it is (``np.savez``) is read a recording at a time; a compressed one is unpacked once per reading process,
from front to back, and never as a whole.

There are no names inside. They are made up from split, part and place (``xsub_train_000123``), or taken from a list
with ``--names``: a text file with one name a line. For NTU RGB+D and the splits xsub, xview and xset that is the list
of all recordings by name, and the recordings of each part are ordered by subject, camera or setup and then by their
place in the list, as CTR-GCN orders them. For all else it names those of ``x_train`` and then those of ``x_test``.

Recordings are padded with zeros to T and cut as those of st-gcn. The makers of these files move the first person's
spine to the origin, where a joint counts as missing, and drop frames without bodies: neither can be seen or undone.
CTR-GCN's NTU-120 repeats a lone body in the second place; a second body that equals the first is left out.

Sources: CTR-GCN ``data/ntu*/seq_transformation.py`` and ``feeders/feeder_ntu.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skeleton_data.formats import ntu_lists
from skeleton_data.formats.arrays import StoredArray, npz_arrays
from skeleton_data.formats.contents import MAX_SAMPLES, Contents, without_last_gap
from skeleton_data.formats.given import (
    MAX_CLASSES,
    Facts,
    GivenLayout,
    class_names,
    get_layout,
    read_lines,
    recording_name,
)
from skeleton_data.formats.ntu import RecordingName
from skeleton_data.formats.parts import known_split, split_name
from skeleton_data.packed import Packed
from skeleton_data.raw import Listing, RawFileError, RawItem, SkeletonDataError

PARTS = ("train", "test")
_ORDERED_BY = {
    "xsub": ("subject", ntu_lists.XSUB120_TRAIN_SUBJECTS),
    "xview": ("camera", ntu_lists.XVIEW_TRAIN_CAMERAS),
    "xset": ("setup", ntu_lists.XSET_TRAIN_SETUPS),
}


@dataclass(frozen=True)
class CTRGCNRecording:
    """One entry of ``x``."""

    label: int
    array: StoredArray
    index: int
    n_joints: int
    keep_padding: bool
    facts: ClassVar[Facts | None] = None
    body_ids: ClassVar[Sequence[int] | None] = None

    def positions(self, item: RawItem) -> NDArray[Any]:
        """Positions, (M, T, V, 3)."""
        if self.label < 0:
            raise RawFileError(item.place, "its line of labels is not one-hot.")
        values = self.array.row(self.index)
        values = values.reshape(len(values), -1, self.n_joints, 3).transpose(1, 0, 2, 3)
        if len(values) == 2 and np.array_equal(values[0], values[1]):
            values = values[:1]
        return values if self.keep_padding else without_last_gap(values)


@dataclass(frozen=True)
class CTRGCN(GivenLayout):
    """The .npz of CTR-GCN: x_train, y_train, x_test, y_test."""

    names: Path | None = field(
        default=None,
        metadata={"help": "text file with the names of the recordings, one a line (see the documentation)"},
    )
    keep_padding: bool = field(default=False, metadata={"help": "keep the empty frames at the end of recordings"})
    split: str | None = field(
        default=None,
        metadata={"help": "what the split is called; by default as the file's name tells (CS, XView, ...)"},
    )

    name: ClassVar[str] = "ctrgcn"
    default_bodies: ClassVar[str] = Contents.default_bodies

    def bind(self, source: Path) -> Contents:
        """Read the headers of the arrays, and the labels.

        Raises
        ------
        SkeletonDataError
            When the file is no such archive, its arrays do not fit together, or the names do not fit them.
        """
        if not source.is_file():
            what = "is a folder" if source.is_dir() else "no such file"
            raise SkeletonDataError(f"{source}: {what}. Give the .npz file, such as NTU60_CS.npz.")
        arrays, layout = npz_arrays(source), get_layout(self.skeleton)
        x = {part: arrays[f"x_{part}"] for part in PARTS if f"x_{part}" in arrays}
        if not x or any(f"y_{part}" not in arrays for part in x):
            found = ", ".join(sorted(arrays)[:8]) or "nothing"
            raise RawFileError(str(source), f"expected x_train, y_train, x_test and y_test; it holds {found}.")
        split = split_name(self.split or known_split(source.stem))
        names = self._names(split, {part: len(array) for part, array in x.items()})
        items: Packed[RawItem] = Packed()
        listing, n_classes = Listing(items), 0
        for part, array in x.items():
            _check_shape(array, layout.n_joints)
            labels, width = _labels(arrays[f"y_{part}"], len(array))
            n_classes = max(n_classes, width)
            items.extend(self._items(array, names[part], labels, layout.n_joints))
        every = [label for item in listing.items if (label := item.details.label) >= 0]  # type: ignore[attr-defined]
        named = class_names(self.classes, *_agreeing(listing, every), least=n_classes)
        parts = (names.get("train", []), names.get("test", []))
        return Contents(self.name, layout, named, listing, {split: parts})

    def _items(self, array: StoredArray, names: list[str], labels: list[int], n_joints: int) -> Iterator[RawItem]:
        size = array.nbytes // max(1, len(array))
        for at, (name, label) in enumerate(zip(names, labels, strict=True)):
            yield RawItem(name, array.path, name, size, CTRGCNRecording(label, array, at, n_joints, self.keep_padding))

    def _names(self, split: str, counts: dict[str, int]) -> dict[str, list[str]]:
        if max(counts.values()) > MAX_SAMPLES:
            raise SkeletonDataError(f"refused: {max(counts.values()):,} samples.")
        if self.names is None:
            return {part: [f"{split}_{part}_{at:06}" for at in range(n)] for part, n in counts.items()}
        names = [recording_name(line.strip()) for line in read_lines(self.names)]
        ordered = documented_order(names, split)
        if ordered is None:
            n_train = counts.get("train", 0)
            ordered = {"train": names[:n_train], "test": names[n_train:]}
        for part, n in counts.items():
            if len(ordered[part]) != n:
                raise SkeletonDataError(
                    f"{self.names}: gives {len(ordered[part]):,} names for x_{part} by the split {split}, which has "
                    f"{n:,} recordings. Give the list that the array was made with, and the split with --split."
                )
        return ordered


def documented_order(names: Sequence[str], split: str) -> dict[str, list[str]] | None:
    """Names of each part in CTR-GCN's order; None for another split, or names that are not NTU's."""
    parsed = [RecordingName.parse(name) for name in names]
    if split not in _ORDERED_BY or not names:
        return None
    what, train = _ORDERED_BY[split]
    parts: dict[str, list[tuple[int, int, str]]] = {part: [] for part in PARTS}
    for at, (name, known) in enumerate(zip(names, parsed, strict=True)):
        if known is None:
            return None
        number = int(getattr(known, what))
        parts["train" if number in train else "test"].append((number, at, name))
    return {part: [name for _, _, name in sorted(rows)] for part, rows in parts.items()}


def _agreeing(listing: Listing, labels: list[int]) -> tuple[list[str], list[int]]:
    names = [item.name for item in listing.items if item.details.label >= 0]  # type: ignore[attr-defined]
    return names, labels


def _check_shape(array: StoredArray, n_joints: int) -> None:
    shape = array.shape
    if len(shape) != 3 or 0 in shape or array.dtype.kind != "f":
        reason = f"expected floats (samples, frames, bodies * joints * 3), found {array.dtype} of shape {shape}."
        raise RawFileError(array.place, reason)
    if shape[2] % (3 * n_joints):
        reason = f"{shape[2]} values per frame are no whole number of bodies of {n_joints} joints."
        raise RawFileError(array.place, reason, mend="Name its layout with --skeleton.")


def _labels(array: StoredArray, n: int) -> tuple[list[int], int]:
    """Label of every row, -1 where a row is not one-hot; and the number of classes."""
    shape = array.shape
    if shape[:1] != (n,) or len(shape) > 2 or (len(shape) == 2 and not 1 <= shape[1] <= MAX_CLASSES):
        raise RawFileError(array.place, f"expected one-hot labels of {n:,} samples, found shape {shape}.")
    labels: list[int] = []
    for block in array.blocks():
        if block.ndim == 1:
            labels += [
                int(value) if 0 <= value < MAX_CLASSES and value == int(value) else -1 for value in block.tolist()
            ]
        else:
            good = ((block == 0).sum(axis=1) == shape[1] - 1) & ((block == 1).sum(axis=1) == 1)
            labels += np.where(good, block.argmax(axis=1), -1).tolist()
    return labels, shape[1] if len(shape) == 2 else 0
