"""The arrays of st-gcn and 2s-AGCN: ``train_data.npy`` (N, 3, T, V, M) float32, ``train_label.pkl``, and so for val.

``train_num_frame.npy`` beside them says how long recordings are; readers of st-gcn pass over it, ``convert stgcn`` uses
it. Exact: names, labels, frames, positions, one split. Lost: body ids, class names, subjects, cameras, setups and
performances but for what NTU names tell, the joint layout, the order of the two parts, and recordings outside of the
split.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skeleton_data.export.padded import Padding, npy_header
from skeleton_data.export.selection import Selection

_PARTS = ("train", "val")


@dataclass(frozen=True)
class STGCNExport(Padding):
    """Folder of train_data.npy, train_label.pkl, ... as st-gcn and 2s-AGCN read it; one split."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Arrays and pickles of both parts."""
        return tuple(f"{part}_{kind}" for part in _PARTS for kind in ("data.npy", "label.pkl", "num_frame.npy"))

    def write(self, selection: Selection, place: Path) -> None:
        """Write both parts."""
        place.mkdir()
        _, parts = selection.only_split("this format")
        for part, indices in zip(_PARTS, parts, strict=True):
            self._write_part(selection, indices, place, part)

    def _write_part(self, selection: Selection, indices: NDArray[np.int64], place: Path, part: str) -> None:
        store, n_frames = selection.store, self.n_frames(selection)
        shape = (len(indices), 3, n_frames, store.skeleton.n_joints, self.bodies)
        with (place / f"{part}_data.npy").open("wb") as file:
            file.write(npy_header(shape, "<f4"))
            for sample in selection.samples(indices):
                file.write(self.padded(sample, n_frames).transpose(3, 1, 2, 0).tobytes())
        np.save(place / f"{part}_num_frame.npy", store.samples["n_frames"][indices].astype(np.int64))
        names = [f"{name}.skeleton" for name in store.samples["name"][indices]]
        with (place / f"{part}_label.pkl").open("wb") as file:
            pickle.dump((names, store.labels[indices].tolist()), file, protocol=2)
