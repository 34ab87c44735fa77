"""The arrays of st-gcn, 2s-AGCN, MS-G3D, CrosSCLR and AimCLR: ``train_data.npy`` (N, 3, T, V, M) and its labels.

A folder holds for each part (``train``, ``val``) ``PART_data.npy`` or ``PART_data_joint.npy`` and ``PART_label.pkl``, a
pickled pair (names, labels). The arrays are read a recording at a time, the pickle safely. Names lose ``.skeleton``,
and NTU names their folders.

Recordings are padded with zeros to T. Where ``PART_num_frame.npy`` says how long each one is, that is kept; else the
empty frames at the end are cut off, as padding and a recording that ends without anybody look the same
(``--keep-padding`` keeps all T). Bodies have no ids there and get their places. Arrays that were normalised (2s-AGCN's
are centred, turned and repeated to the end) come in as they are: that cannot be seen or undone.

Sources: st-gcn ``tools/ntu_gendata.py``, 2s-AGCN ``data_gen/``, skeleton-contrast.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skeleton_data.formats.arrays import StoredArray, npy_array
from skeleton_data.formats.contents import MAX_SAMPLES, Contents, without_last_gap
from skeleton_data.formats.given import Facts, GivenLayout, class_names, get_layout, recording_name
from skeleton_data.formats.parts import known_split, paired, split_name
from skeleton_data.formats.pickled import PickledArray
from skeleton_data.formats.safe_pickle import load_pickle
from skeleton_data.packed import Packed
from skeleton_data.raw import Listing, RawFileError, RawItem, SkeletonDataError

_DATA = re.compile(r"(?P<part>.+)_data(?P<kind>|_joint)\.npy")
_DERIVED = re.compile(r"(?P<part>.+)_data_(?P<kind>.+)\.npy")


@dataclass(frozen=True)
class STGCNRecording:
    """One entry of the array; ``n_frames`` None cuts the empty frames at its end, -1 keeps them."""

    label: int
    array: StoredArray
    index: int
    n_frames: int | None
    facts: ClassVar[Facts | None] = None
    body_ids: ClassVar[Sequence[int] | None] = None

    def positions(self, item: RawItem) -> NDArray[Any]:
        """Positions, (M, T, V, 3)."""
        values = self.array.row(self.index).transpose(3, 1, 2, 0)
        if self.n_frames is None:
            return without_last_gap(values)
        if not -1 <= self.n_frames <= values.shape[1] or self.n_frames == 0:
            raise RawFileError(
                item.place, f"has {values.shape[1]} frames at most, its number of frames is {self.n_frames}."
            )
        return values if self.n_frames < 0 else values[:, : self.n_frames]


@dataclass(frozen=True)
class STGCN(GivenLayout):
    """Folder of train_data.npy, train_label.pkl, ... as st-gcn and 2s-AGCN read it."""

    keep_padding: bool = field(
        default=False, metadata={"help": "keep the empty frames at the end where no file says how long recordings are"}
    )
    split: str | None = field(
        default=None, metadata={"help": "what the split is called; by default as the folder, if that is a known one"}
    )

    name: ClassVar[str] = "stgcn"
    default_bodies: ClassVar[str] = Contents.default_bodies

    def bind(self, source: Path) -> Contents:
        """Read names, labels and the headers of the arrays.

        Raises
        ------
        SkeletonDataError
            When the folder has no such files, or they do not fit together.
        """
        if not source.is_dir():
            raise SkeletonDataError(
                f"{source}: is no folder. Give the one that holds train_data.npy and train_label.pkl."
            )
        arrays, derived = _parts(source)
        split = split_name(self.split or known_split(source.resolve().name))
        items: Packed[RawItem] = Packed()
        layout, listing, lists = get_layout(self.skeleton), Listing(items), {}
        if derived:
            listing.left_out["bones or motion, which are made from joints"] = derived
        for part, array in arrays.items():
            _check_shape(array, layout.n_joints)
            of_part = self._items(source, part, array)
            items.extend(of_part)
            lists[f"{split}_{part}"] = [item.name for item in of_part]
        names = [item.name for item in listing.items]
        labels = [item.details.label for item in listing.items]  # type: ignore[attr-defined]
        return Contents(self.name, layout, class_names(self.classes, names, labels), listing, paired(lists))

    def _items(self, source: Path, part: str, array: StoredArray) -> list[RawItem]:
        names, labels = _labels(source / f"{part}_label.pkl", len(array))
        lengths = _lengths(source / f"{part}_num_frame.npy", len(array), -1 if self.keep_padding else None)
        size = array.nbytes // max(1, len(array))
        return [
            RawItem(name, array.path, name, size, STGCNRecording(label, array, at, n_frames))
            for at, (name, label, n_frames) in enumerate(zip(names, labels, lengths, strict=True))
        ]


def _parts(source: Path) -> tuple[dict[str, StoredArray], list[str]]:
    """Array of each part, training first, and names of files that hold something else than joints."""
    found: dict[str, Path] = {}
    derived = []
    for path in sorted(source.iterdir()):
        match = _DATA.fullmatch(path.name)
        if match is None:
            derived += [path.name] if _DERIVED.fullmatch(path.name) else []
        elif match["part"] in found:
            raise SkeletonDataError(f"{path}: a second array of the part {match['part']!r}. Keep one of the two.")
        else:
            found[match["part"]] = path
    if not found:
        below = sorted(str(path.parent) for path in source.glob("*/*_data*.npy"))
        hint = f" Perhaps you mean {below[0]}." if below else " It should hold train_data.npy and train_label.pkl."
        raise SkeletonDataError(f"{source}: no arrays named like train_data.npy or train_data_joint.npy here.{hint}")
    return {part: npy_array(found[part]) for part in sorted(found, key=lambda part: (part != "train", part))}, derived


def _check_shape(array: StoredArray, n_joints: int) -> None:
    shape = array.shape
    if len(shape) != 5 or shape[1] != 3 or 0 in shape or array.dtype.kind != "f":
        reason = f"expected floats (samples, 3, frames, joints, bodies), found {array.dtype} of shape {shape}."
        raise RawFileError(array.place, reason)
    if shape[3] != n_joints:
        reason = f"has {shape[3]} joints, the joint layout has {n_joints}."
        raise RawFileError(array.place, reason, mend="Name its layout with --skeleton.")
    if len(array) > MAX_SAMPLES:
        raise RawFileError(array.place, f"refused: {len(array):,} samples.")


def _labels(path: Path, n: int) -> tuple[list[str], list[int]]:
    if not path.is_file():
        raise SkeletonDataError(f"{path}: no such file. It holds the names and labels of the array beside it.")
    content = load_pickle(path)
    if not isinstance(content, list | tuple) or len(content) != 2:
        raise RawFileError(str(path), "expected a pair: names and labels.")
    names, labels = (_list(part, path) for part in content)
    if not all(isinstance(name, str) for name in names):
        raise RawFileError(str(path), "expected the names to be texts.")
    if not all(isinstance(label, int) for label in labels):
        raise RawFileError(str(path), "expected the labels to be whole numbers.")
    if not len(names) == len(labels) == n:
        reason = f"has {len(names):,} names and {len(labels):,} labels for {n:,} samples."
        raise RawFileError(str(path), reason, mend="Take files that were made together.")
    return [recording_name(name) for name in names], [int(label) for label in labels]


def _list(part: object, path: Path) -> list[Any]:
    if isinstance(part, PickledArray):
        try:
            return list(np.asarray(part.read(path)).ravel().tolist())
        except (OSError, ValueError) as error:
            raise RawFileError(str(path), f"cannot be read ({error}).", mend="Download it again.") from error
    if not isinstance(part, list | tuple):
        raise RawFileError(str(path), "expected a list of names and a list of labels.")
    return list(part)


def _lengths(path: Path, n: int, otherwise: int | None) -> list[int | None]:
    if not path.is_file():
        return [otherwise] * n
    array = npy_array(path)
    if array.shape != (n,) or array.dtype.kind not in "iuf":
        raise RawFileError(str(path), f"expected {n:,} numbers of frames, found {array.dtype} of shape {array.shape}.")
    # What is no length at all is told as 0, and rejected where it is read.
    return [int(length) if 0 < length < 1 << 31 else 0 for length in array.read().tolist()]
