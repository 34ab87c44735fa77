"""Stores as an earlier version of the package wrote them, and what is in them.

``python -m tests.skeleton_data.frozen`` writes those of today's format version that are not yet there. They are never
written anew: a store that was written must stay readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from skeleton_data import convert, repack, save_split
from skeleton_data.formats.ntu import NTU60, RecordingName
from skeleton_data.formats.sources import digest
from skeleton_data.raw import Listing, RawBody, RawItem, RawSequence
from skeleton_data.storage.schema import FORMAT_VERSION

FOLDER = Path(__file__).parent / "fixtures"
NAMES = ["S001C001P001R001A001", "S001C002P001R001A001", "S001C002P003R002A002"]
SPLITS = {"xsub": ([0, 1], [2]), "mine": ([0], [2])}
BODY_ID = 2**56 + 1


def bodies(number: int) -> list[RawBody]:
    """Bodies of a recording of 8 frames, the same on every machine; the first two recordings are alike."""
    values = (np.arange(6 * 25 * 3, dtype=np.int64) * (7 + number // 2) % 1001).astype(np.float32) / 256 + 1
    x = values.reshape(6, 25, 3)
    if number < 2:
        return [RawBody(BODY_ID, np.arange(1, 7, dtype=np.int32), x)]
    gap = np.array([2, 3, 5, 6, 7], np.int32)
    return [RawBody(BODY_ID, np.arange(6, dtype=np.int32), x), RawBody(BODY_ID + 1, gap, x[::-1][gap - 2].copy())]


def positions(number: int) -> np.ndarray:
    """Positions of a recording, (M, 8, 25, 3)."""
    x = np.zeros((len(bodies(number)), 8, 25, 3), np.float32)
    for body, of_body in enumerate(bodies(number)):
        x[body, of_body.frames] = of_body.positions
    return x


class Given:
    """A format whose recordings are given: what :func:`skeleton_data.convert` makes a store of without any files."""

    name, skeleton = "ntu60", NTU60.skeleton

    def __init__(
        self,
        sequences: Sequence[RawSequence],
        split: tuple[list[int], list[int]],
        class_names: Sequence[str] = NTU60.class_names,
    ) -> None:
        self.sequences, self.split, self.class_names = sequences, split, class_names

    def find(self, source: Path) -> Listing:
        """One item for each recording."""
        return Listing([RawItem(sequence.name, source / f"{sequence.name}.skeleton") for sequence in self.sequences])

    def read(self, item: RawItem) -> list[RawSequence]:
        """The recording of this name, its own digest."""
        (found,) = (sequence for sequence in self.sequences if sequence.name == item.name)
        return [replace(found, source_digest=digest(found.name.encode()))]

    def splits(self, samples: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The one that was given."""
        return {"xsub": tuple(np.array(part, np.int64) for part in self.split)}


def sequence(number: int, name: str) -> RawSequence:
    """A recording with the numbers that its name tells."""
    read = RecordingName.parse(name)
    numbers = read.subject, read.camera, read.setup, read.replication
    return RawSequence(name, 8, bodies(number), read.action - 1, read.performance, *numbers)


def write(path: Path) -> Path:
    """Write a small store with a copy, a gap, a second body and a split of one's own."""
    given = Given([sequence(number, name) for number, name in enumerate(NAMES)], SPLITS["xsub"])
    convert(given, path.parent, path, bodies="first")
    save_split(path, "mine", *SPLITS["mine"], rule="a café's choice")
    return path


def main() -> None:
    """Write what is not yet there."""
    path = FOLDER / f"store_v{FORMAT_VERSION}.h5"
    packed = FOLDER / f"store_v{FORMAT_VERSION}_lzf.h5"
    if not path.exists():
        write(path)
    if not packed.exists():
        repack(path, packed)


if __name__ == "__main__":
    main()
