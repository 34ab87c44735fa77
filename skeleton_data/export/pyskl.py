"""The pickle of pyskl and mmaction2, with positions in space.

Exact: names, labels, frames, splits, and positions unless ``--half`` asks for float16, in which these files are usual
(2 mm at a distance of 2 to 4 metres). Lost: body ids (bodies become 0, 1, ...), class names, subjects, cameras, setups
and performances but for what NTU names tell, and the joint layout.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from skeleton_data.export.pickle_writer import PickleWriter
from skeleton_data.export.selection import Selection
from skeleton_data.raw import SkeletonDataError
from skeleton_data.store import Sample

_HALF_MAX = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class PysklExport:
    """The .pkl of pyskl and mmaction2."""

    half: bool = field(default=False, metadata={"help": "positions in float16, at half the size, rounded"})

    @property
    def suffixes(self) -> tuple[str, ...]:
        """One file."""
        return ()

    def check(self, selection: Selection) -> None:
        """Anything can be held."""

    def write(self, selection: Selection, place: Path) -> None:
        """Write splits, then one annotation after the other."""
        names = selection.store.samples["name"]
        with place.open("wb") as file:
            out = PickleWriter(file)
            with out.dictionary():
                out.text("split")
                with out.dictionary():
                    for split, parts in selection.splits.items():
                        for part, members in zip(("train", "val"), parts, strict=True):
                            out.text(f"{split}_{part}")
                            with out.sequence():
                                for index in members:
                                    out.text(str(names[index]))
                out.text("annotations")
                with out.sequence():
                    for sample in selection.samples():
                        self._annotation(out, sample, selection)
            out.end()

    def _annotation(self, out: PickleWriter, sample: Sample, selection: Selection) -> None:
        positions = sample.positions
        if self.half:
            if np.abs(positions).max() > _HALF_MAX:
                raise SkeletonDataError(f"{selection.store.path}: {sample.name} goes beyond float16; leave out --half.")
            positions = positions.astype(np.float16)
        with out.dictionary():
            out.text("frame_dir")
            out.text(sample.name)
            out.text("label")
            out.integer(sample.label)
            out.text("keypoint")
            out.array(positions)
            out.text("total_frames")
            out.integer(positions.shape[1])
