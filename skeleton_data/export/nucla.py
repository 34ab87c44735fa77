"""Northwestern-UCLA JSON: a file per recording, ``{"file_name", "skeletons", "label"}``.

Positions are written as float64 with all their digits and are exact. Lost are body ids (the format has one body and no
ids) and splits, which follow from the names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skeleton_data.export.selection import Selection
from skeleton_data.formats.nucla import NUCLA, label_of
from skeleton_data.raw import SkeletonDataError

_SUFFIX = ".json"


@dataclass(frozen=True)
class NUCLAExport:
    """Folder of .json files; for recordings with N-UCLA names, 20 joints and one body."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """JSON files."""
        return (_SUFFIX,)

    def check(self, selection: Selection) -> None:
        """Refuse other joints, several bodies, and names that say another class."""
        store, n_joints = selection.store, NUCLA.skeleton.n_joints
        if store.skeleton.n_joints != n_joints:
            found = f"{store.skeleton.name}, {store.skeleton.n_joints} joints"
            raise SkeletonDataError(f"{store.path}: N-UCLA has {n_joints} joints, the store has {found}.")
        labels = store.labels[selection.indices].tolist()
        agree = [label_of(name) == label for name, label in zip(selection.names, labels, strict=True)]
        why = "are not named like a01_s01_e00_v01 with an action of their label; 'folder' takes any names"
        selection.refuse(~np.array(agree, bool), why)
        selection.refuse(store.samples["n_bodies"][selection.indices] > 1, "have several bodies, the format holds one")

    def write(self, selection: Selection, place: Path) -> None:
        """Write a file per recording."""
        place.mkdir()
        for sample in selection.samples():
            content = {
                "file_name": sample.name,
                "skeletons": sample.positions[0].astype(np.float64).tolist(),
                "label": sample.label + 1,
            }
            (place / f"{sample.name}{_SUFFIX}").write_text(json.dumps(content), encoding="ascii")
