"""The ``.npz`` of CTR-GCN: ``x_train``, ``x_test`` (N, T, M * V * 3) float32 and ``y_train``, ``y_test`` one-hot.

Recordings with NTU names stand in CTR-GCN's own order (by subject, camera or setup, then by name) where the split is
xsub, xview or xset, and in the store's order else. Exact: labels, positions, one split. Lost: names (``convert ctrgcn
--names`` takes a list of them), the store's order, body ids, class names and joint layout, empty frames at the end,
second bodies that equal the first, and recordings outside of the split. Nothing is centred: positions are those of the
store.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skeleton_data.export.padded import Padding, npy_header
from skeleton_data.export.selection import Selection
from skeleton_data.formats.ctrgcn import PARTS, documented_order


@dataclass(frozen=True)
class CTRGCNExport(Padding):
    """The .npz of CTR-GCN: x_train, y_train, x_test, y_test; one split."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """One file."""
        return ()

    def write(self, selection: Selection, place: Path) -> None:
        """Write the arrays, uncompressed, so that they can be read in pieces."""
        split, parts = selection.only_split("this format")
        with zipfile.ZipFile(place, "w", zipfile.ZIP_STORED) as archive:
            for part, indices in zip(PARTS, parts, strict=True):
                ordered = _ordered(selection, indices, split, part)
                self._write_positions(archive, selection, ordered, part)
                _write_labels(archive, selection, ordered, part)

    def _write_positions(
        self, archive: zipfile.ZipFile, selection: Selection, indices: NDArray[np.int64], part: str
    ) -> None:
        n_frames, n_joints = self.n_frames(selection), selection.store.skeleton.n_joints
        with archive.open(f"x_{part}.npy", "w", force_zip64=True) as file:
            file.write(npy_header((len(indices), n_frames, self.bodies * n_joints * 3), "<f4"))
            for sample in selection.samples(indices):
                file.write(self.padded(sample, n_frames).transpose(1, 0, 2, 3).tobytes())


def _write_labels(archive: zipfile.ZipFile, selection: Selection, indices: NDArray[np.int64], part: str) -> None:
    labels, n_classes = selection.store.labels[indices], len(selection.store.class_names)
    with archive.open(f"y_{part}.npy", "w", force_zip64=True) as file:
        file.write(npy_header((len(indices), n_classes), "<f8"))
        for label in labels:
            file.write((np.arange(n_classes) == label).astype("<f8").tobytes())


def _ordered(selection: Selection, indices: NDArray[np.int64], split: str, part: str) -> NDArray[np.int64]:
    """The recordings of a part as CTR-GCN orders them, if the split is one of its own and has its own parts."""
    names = [str(name) for name in selection.store.samples["name"][indices]]
    order = documented_order(sorted(names), split)
    if order is None or len(order[part]) != len(names):
        return indices
    place = dict(zip(names, indices.tolist(), strict=True))
    return np.array([place[name] for name in order[part]], np.int64)
