"""NTU RGB+D text: a ``.skeleton`` file per recording.

Positions (nine significant digits, which give back the same float32), body ids and frames are exact: ``convert ntu60``
or ``ntu120`` with ``--bodies first`` gives the same samples and tracks. Lost are the class names and splits that are
not NTU's. Channels that the store holds are written to their columns and are exact as well (``--channels`` reads them).
What it does not hold is written as constants: tracking states 2 (tracked), or 0 where nothing is seen; all else 0.

A body's place in the list of a frame is its place in the store: one that is missing while a later one is there is
listed with all-zero joints, which readers here drop. So readers that go by place and those that go by id (in order of
first appearance) find the same bodies. Only tracks of one id with another between them cannot be told by id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skeleton_data.channels import CHANNELS
from skeleton_data.export.selection import Selection
from skeleton_data.formats.ntu import RecordingName
from skeleton_data.formats.ntu_channels import COLUMNS
from skeleton_data.formats.ntu_text import MAX_FRAMES, N_JOINTS
from skeleton_data.raw import SkeletonDataError
from skeleton_data.store import Sample

_SUFFIX = ".skeleton"
_BODY = ("%d",) * 7 + ("%.9g",) * 2 + ("%d",)
_JOINT = ("%.9g",) * 11 + ("%d",)
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
            text = skeleton_text(sample, selection.channels_of(sample))
            (place / f"{sample.name}{_SUFFIX}").write_text(text, encoding="ascii", newline="\n")


def _agrees(name: str, label: int) -> bool:
    parsed = RecordingName.parse(name)
    return parsed is not None and str(parsed) == name and parsed.action == label + 1


def skeleton_text(sample: Sample, channels: Mapping[str, NDArray[Any]]) -> str:
    """The text of one recording; of channels that are not given, constants."""
    template, of_body, of_joint = _layout(tuple(channels))
    present = np.any(sample.positions != 0, axis=3)
    there = present.any(axis=2)
    bodies, joints = np.zeros((*there.shape, len(_BODY))), np.zeros((*present.shape, len(_JOINT)))
    bodies[..., -1], joints[..., -1] = _TRACKED * there, _TRACKED * present
    joints[..., :3] = sample.positions
    for name, values in channels.items():
        fields = joints if CHANNELS[name].per_joint else bodies
        columns = fields[..., COLUMNS[name]]
        columns[...] = values.reshape(columns.shape)
    parts = bodies[..., of_body], joints[..., of_joint].reshape(*there.shape, -1)
    rows = np.concatenate(parts, axis=2).tolist()
    shown, ids = np.maximum.accumulate(there[::-1])[::-1], sample.body_ids.tolist()
    lines = [f"{there.shape[1]}\n"]
    for frame in range(there.shape[1]):
        listed = np.flatnonzero(shown[:, frame]).tolist()
        lines.append(f"{len(listed)}\n")
        lines += [template % (ids[m], *rows[m][frame]) for m in listed]
    return "".join(lines)


@cache
def _layout(channels: tuple[str, ...]) -> tuple[str, list[int], list[int]]:
    """How a body of one frame is written, and its own and its joints' columns that vary; the others are zeros."""
    varying = {False: {len(_BODY) - 1}, True: {0, 1, 2, len(_JOINT) - 1}}
    for name in channels:
        per_joint = CHANNELS[name].per_joint
        varying[per_joint] |= set(range(*COLUMNS[name].indices(len(_JOINT))))
    body = " ".join(form if at in varying[False] else "0" for at, form in enumerate(_BODY[1:], 1))
    joint = " ".join(form if at in varying[True] else "0" for at, form in enumerate(_JOINT))
    return f"%d {body}\n{N_JOINTS}\n" + f"{joint}\n" * N_JOINTS, sorted(varying[False]), sorted(varying[True])
