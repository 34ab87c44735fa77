"""Stores as an earlier version of the package wrote them, and what is in them.

``python -m tests.skeleton_data.frozen`` writes those of today's format version that are not yet there. They are never
written anew: a store that was written must stay readable.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skeleton_data import get_format, repack, save_split
from skeleton_data.encode import EncodedSample, Track
from skeleton_data.formats.ntu import RecordingName
from skeleton_data.raw import RawSequence
from skeleton_data.schema import FORMAT_VERSION, checksum
from skeleton_data.writer import StoreWriter

FOLDER = Path(__file__).parent / "fixtures"
NAMES = ["S001C001P001R001A001", "S001C002P001R001A001", "S001C002P003R002A002"]
SPLITS = {"xsub": ([0, 1], [2]), "mine": ([0], [2])}
BODY_ID = 2**56 + 1


def tracks(number: int) -> list[Track]:
    """Tracks of a recording of 8 frames, the same on every machine; the first two recordings are alike."""
    values = (np.arange(6 * 25 * 3, dtype=np.int64) * (7 + number // 2) % 1001).astype(np.float32) / 256 + 1
    first = values.reshape(6, 25, 3)
    if number < 2:
        return [Track(BODY_ID, 1, first)]
    with_gap = first[::-1].copy()
    with_gap[2] = 0
    return [Track(BODY_ID, 0, first), Track(BODY_ID + 1, 2, with_gap)]


def positions(number: int) -> np.ndarray:
    """Positions of a recording, (M, 8, 25, 3)."""
    made = tracks(number)
    x = np.zeros((len(made), 8, 25, 3), np.float32)
    for body, track in enumerate(made):
        x[body, track.first_frame : track.first_frame + 6] = track.positions
    return x


def write(path: Path) -> Path:
    """Write a small store with a copy, a gap, a second body and a split of one's own."""
    ntu = get_format("ntu60")
    with StoreWriter(path, ntu.skeleton) as writer:
        for number, name in enumerate(NAMES):
            read = RecordingName.parse(name)
            numbers = read.subject, read.camera, read.setup, read.replication
            sequence = RawSequence(name, 8, [], read.action - 1, read.performance, *numbers)
            made = tracks(number)
            mark = checksum(8, [t.first_frame for t in made], [t.positions for t in made])
            source = writer.add_source(f"{name}.skeleton", 1000 + number, f"{number:032x}")
            writer.add(EncodedSample(sequence, made, mark, len(made)), source)
        splits = {"xsub": tuple(np.array(part, np.int64) for part in SPLITS["xsub"])}
        writer.commit(ntu.class_names, splits, {"format": "ntu60", "converter": "frozen", "source": "", "options": {}})
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
