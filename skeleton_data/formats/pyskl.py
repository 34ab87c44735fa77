"""The pickle of pyskl and mmaction2: ``{"split": {name: [names]}, "annotations": [{...}]}``.

An annotation has ``frame_dir`` (or ``filename``), ``label`` from 0, ``keypoint`` (M, T, V, C) and ``total_frames``.
Three-dimensional ones are read, in float16, float32 or float64. Those in the plane (pixels, with a score beside them)
are refused: a store holds metres. Bodies have no ids there and get their places, 0 and 1; body selection was done when
the pickle was made, so all are kept unless ``--bodies`` says otherwise.

Splits named ``X_train`` with ``X_val`` or ``X_test`` become the split X; ``train`` and ``val`` alone become the split
``given``; with both a ``val`` and a ``test`` list, the former becomes ``X_val``. Any other list is the training part
of a split of its name.

Sources: pyskl and mmaction2, their ``tools/data`` and documentation of custom skeleton data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray

from skeleton_data.formats.contents import MAX_SAMPLES, Contents
from skeleton_data.formats.given import Facts, GivenLayout, class_names, get_layout, recording_name
from skeleton_data.formats.parts import paired
from skeleton_data.formats.pickled import PickledArray
from skeleton_data.formats.safe_pickle import load_pickle
from skeleton_data.packed import Packed
from skeleton_data.raw import Listing, RawFileError, RawItem, SkeletonDataError

_EXPECTED = "expected a dictionary with 'annotations' (a list) and 'split', as pyskl and mmaction2 read it"


@dataclass(frozen=True)
class PysklRecording:
    """One annotation."""

    label: int
    keypoint: PickledArray
    total_frames: int | None
    facts: ClassVar[Facts | None] = None
    body_ids: ClassVar[Sequence[int] | None] = None

    def positions(self, item: RawItem) -> NDArray[Any]:
        """Keypoints, (M, T, V, 3)."""
        try:
            values = self.keypoint.read(item.path)
        except (OSError, ValueError) as error:
            raise RawFileError(item.place, f"cannot be read ({error}).", mend="Download the pickle again.") from error
        if values.ndim == 4 and self.total_frames not in (None, values.shape[1]):
            reason = f"'total_frames' is {self.total_frames}, but 'keypoint' has {values.shape[1]} frames."
            raise RawFileError(item.place, reason)
        return values


@dataclass(frozen=True)
class Pyskl(GivenLayout):
    """The .pkl of pyskl and mmaction2, with positions in space."""

    name: ClassVar[str] = "pyskl"
    default_bodies: ClassVar[str] = Contents.default_bodies

    def bind(self, source: Path) -> Contents:
        """Read all of the pickle but its arrays, safely.

        Raises
        ------
        SkeletonDataError
            When it is refused (see :func:`skeleton_data.formats.safe_pickle.load_pickle`), has another structure, or
            holds keypoints in the plane.
        """
        if not source.is_file():
            what = "is a folder" if source.is_dir() else "no such file"
            raise SkeletonDataError(f"{source}: {what}. Give the .pkl file, such as ntu60_3danno.pkl.")
        annotations, lists = _structure(load_pickle(source), source)
        listing = _listing(annotations, source)
        names = [item.name for item in listing.items]
        labels = [item.details.label for item in listing.items]  # type: ignore[attr-defined]
        unknown = sorted({name for members in lists.values() for name in members}.difference(names))
        if unknown:
            listing.left_out["in a split, but without an annotation that can be read"] = unknown
        named = class_names(self.classes, names, labels)
        return Contents(self.name, get_layout(self.skeleton), named, listing, paired(lists))


def _structure(content: Any, source: Path) -> tuple[list[Any], dict[str, list[str]]]:
    """Annotations and lists of names; mmaction2's oldest files are a list of annotations alone."""
    annotations, splits = (
        (content.get("annotations"), content.get("split")) if isinstance(content, dict) else (content, {})
    )
    if not isinstance(annotations, list) or not isinstance(splits, dict | None):
        raise RawFileError(str(source), f"{_EXPECTED}.")
    if len(annotations) > MAX_SAMPLES:
        raise RawFileError(str(source), f"refused: {len(annotations):,} annotations.")
    lists = {}
    for name, members in (splits or {}).items():
        texts = isinstance(members, list | tuple) and all(isinstance(member, str) for member in members)
        if not isinstance(name, str) or not texts:
            raise RawFileError(str(source), f"expected the split {str(name)[:40]!r} to be a list of names.")
        lists[name] = [recording_name(member) for member in members]
    return annotations, lists


def _listing(annotations: list[Any], source: Path) -> Listing:
    items: Packed[RawItem] = Packed()
    listing = Listing(items)
    first = annotations[0] if annotations and isinstance(annotations[0], dict) else {}
    key = "filename" if "filename" in first else "frame_dir"
    for at, annotation in enumerate(annotations):
        place = f"{source}!annotations[{at}]"
        try:
            items.append(_item(annotation, key, source))
        except _Plane as error:
            raise RawFileError(place, str(error), mend="Convert its three-dimensional version.") from None
        except ValueError as error:
            listing.rejected.append(RawFileError(place, str(error)))
    if not annotations:
        raise RawFileError(str(source), "has no annotations.")
    return listing


class _Plane(ValueError):
    """Keypoints in the plane."""


def _item(annotation: object, key: str, source: Path) -> RawItem:
    if not isinstance(annotation, dict):
        raise ValueError("expected a dictionary.")
    name, label, keypoint = annotation.get(key), annotation.get("label"), annotation.get("keypoint")
    if not isinstance(name, str) or not name:
        raise ValueError(f"expected its name under {key!r}, found none.")
    if not isinstance(label, int) or isinstance(label, bool):
        raise ValueError(f"expected its label under 'label', found {type(label).__name__}.")
    if not isinstance(keypoint, PickledArray):
        raise ValueError(f"expected an array under 'keypoint', found {type(keypoint).__name__}.")
    if "keypoint_score" in annotation or (len(keypoint.shape) == 4 and keypoint.shape[-1] == 2):
        raise _Plane("holds keypoints in the plane, in pixels; a store holds positions in space, in metres.")
    total = annotation.get("total_frames")
    recording = PysklRecording(label, keypoint, total if isinstance(total, int) else None)
    return RawItem(name := recording_name(name), source, name, keypoint.nbytes, recording)
