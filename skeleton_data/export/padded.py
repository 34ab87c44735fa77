"""What formats share that pad all recordings of a part to one length and one number of bodies."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skeleton_data.export.selection import Selection
from skeleton_data.raw import SkeletonDataError
from skeleton_data.storage.schema import MAX_SAMPLE_BYTES, sample_bytes
from skeleton_data.store import Sample


@dataclass(frozen=True)
class Padding:
    """Options of padded formats."""

    frames: int | None = field(
        default=None, metadata={"help": "frames that every recording is padded to; by default those of the longest"}
    )
    bodies: int = field(default=2, metadata={"help": "bodies that every recording is padded to"})

    def check(self, selection: Selection) -> None:
        """Refuse a store with several splits, a split with an empty part, and recordings that do not fit."""
        split, (train, test) = selection.only_split("this format")
        if not len(train) or not len(test):
            raise SkeletonDataError(f"{selection.store.path}: split {split!r} has a part without recordings.")
        samples = selection.store.samples[selection.indices]
        most = self.n_frames(selection)
        size = int(sample_bytes(self.bodies, most, selection.store.skeleton.n_joints))
        if not (most >= 1 and self.bodies >= 1 and size <= MAX_SAMPLE_BYTES):
            raise SkeletonDataError(
                f"--frames {most} and --bodies {self.bodies}: both must be 1 or more, and a recording of that size "
                f"{MAX_SAMPLE_BYTES:,} bytes at most."
            )
        selection.refuse(samples["n_frames"] > most, f"are longer than {most} frames; say more with --frames")
        why = f"have more than {self.bodies} bodies; say more with --bodies"
        selection.refuse(samples["n_bodies"] > self.bodies, why)

    def n_frames(self, selection: Selection) -> int:
        """Frames of every entry."""
        longest = int(selection.store.samples["n_frames"][selection.indices].max())
        return longest if self.frames is None else self.frames

    def padded(self, sample: Sample, n_frames: int) -> NDArray[np.float32]:
        """Positions (M, T, V, 3) of a recording with zeros behind its frames and bodies."""
        n_bodies, n_here, n_joints, _ = sample.positions.shape
        made = np.zeros((self.bodies, n_frames, n_joints, 3), np.float32)
        made[:n_bodies, :n_here] = sample.positions
        return made


def npy_header(shape: tuple[int, ...], dtype: str) -> bytes:
    """What a ``.npy`` file begins with whose numbers are written one entry after the other."""
    from io import BytesIO

    head = BytesIO()
    np.lib.format.write_array_header_1_0(head, {"shape": shape, "fortran_order": False, "descr": dtype})
    return head.getvalue()
