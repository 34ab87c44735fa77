"""NTU RGB+D text: a ``.skeleton`` file per recording.

Positions (nine significant digits, which give back the same float32), body ids and frames are exact: ``convert ntu60``
or ``ntu120`` with ``--bodies first`` gives the same samples and tracks. Lost are the class names and splits that are
not NTU's. What a store does not hold is written as constants: clipped edges, hands, restriction, lean, depth and colour
pixels and orientations 0; tracking states 2 (tracked), or 0 for a missing joint.

A body's place in the list of a frame is its place in the store: one that is missing while a later one is there is
listed with all-zero joints, which readers here drop. So readers that go by place and those that go by id (in order of
first appearance) find the same bodies. Only tracks of one id with another between them cannot be told by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skeleton_data.export.selection import Selection
from skeleton_data.formats.ntu import RecordingName
from skeleton_data.formats.ntu_text import MAX_FRAMES, N_JOINTS
from skeleton_data.raw import SkeletonDataError
from skeleton_data.store import Sample

_SUFFIX = ".skeleton"
_BODY = f"%d 0 0 0 0 0 0 0 0 %d\n{N_JOINTS}\n" + "%.9g %.9g %.9g 0 0 0 0 0 0 0 0 %d\n" * N_JOINTS
_TRACKED = 2


@dataclass(frozen=True)
class NTUExport:
    """Folder of .skeleton text files; for recordings with NTU names and 25 joints."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Text files."""
        return (_SUFFIX,)

    def check(self, selection: Selection) -> None:
        """Refuse other joints, names that say another class, and recordings that readers refuse for their length."""
        store = selection.store
        if store.skeleton.n_joints != N_JOINTS:
            found = f"{store.skeleton.name}, {store.skeleton.n_joints} joints"
            raise SkeletonDataError(f"{store.path}: NTU text has {N_JOINTS} joints, the store has {found}.")
        labels = store.labels[selection.indices].tolist()
        agree = [_agrees(name, label) for name, label in zip(selection.names, labels, strict=True)]
        why = "are not named like S001C002P003R002A013 with their label as action; 'folder' takes any names"
        selection.refuse(~np.array(agree, bool), why)
        selection.refuse(store.samples["n_frames"][selection.indices] > MAX_FRAMES, f"exceed {MAX_FRAMES:,} frames")

    def write(self, selection: Selection, place: Path) -> None:
        """Write a file per recording."""
        place.mkdir()
        for sample in selection.samples():
            (place / f"{sample.name}{_SUFFIX}").write_text(skeleton_text(sample), encoding="ascii", newline="\n")


def _agrees(name: str, label: int) -> bool:
    parsed = RecordingName.parse(name)
    return parsed is not None and str(parsed) == name and parsed.action == label + 1


def skeleton_text(sample: Sample) -> str:
    """The text of one recording."""
    there: NDArray[np.bool_] = np.any(sample.positions != 0, axis=(2, 3))
    shown = np.maximum.accumulate(there[::-1])[::-1]
    states = np.where(np.any(sample.positions != 0, axis=3), _TRACKED, 0)
    values = np.concatenate([sample.positions.astype(np.float64), states[..., None]], axis=3)
    rows = values.reshape(*there.shape, -1).tolist()
    ids = sample.body_ids.tolist()
    parts = [f"{there.shape[1]}\n"]
    for frame in range(there.shape[1]):
        bodies = np.flatnonzero(shown[:, frame]).tolist()
        parts.append(f"{len(bodies)}\n")
        parts += [_BODY % (ids[m], _TRACKED * int(there[m, frame]), *rows[m][frame]) for m in bodies]
    return "".join(parts)
