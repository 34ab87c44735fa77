"""One's own format: ``samples.csv``, a file per recording, ``skeleton.json``, ``classes.txt``.

A recording is an ``.npy``, or a ``.npz`` where the store holds channels as well. Nothing of the recordings is lost:
``convert folder`` with ``--bodies first``, a large enough ``--max-bodies`` and the same ``--channels`` gives the same
samples, tracks, body ids, splits, classes, channels and digest. What the first conversion noted about its raw files
(their digests, its options) is not carried along.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skeleton_data.export.selection import Selection
from skeleton_data.formats.folder import CLASSES, LAYOUT, TABLE, channel_array
from skeleton_data.formats.table import NUMBERS
from skeleton_data.raw import UNKNOWN
from skeleton_data.store import Sample

POSITIONS = "positions"
"""Name of the array of positions where channels lie beside it."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")


@dataclass(frozen=True)
class FolderExport:
    """Folder of .npy files (bodies, frames, joints, 3) with a CSV table; loses nothing."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Table, joint layout, classes and arrays."""
        return (".npy", ".npz", TABLE, LAYOUT, CLASSES)

    def check(self, selection: Selection) -> None:
        """Refuse names that a line of a table or list would not give back."""
        store = selection.store
        performances = [store.performance_names[at] for at in store.samples["performance"][selection.indices]]
        for texts in (selection.names, performances):
            selection.refuse([text != text.strip() or not text for text in texts], "have names with blanks around them")
        broken = [name for name in store.class_names if name.splitlines() != [name]]
        if broken:
            selection.refuse(np.ones(len(selection), bool), f"have a class name of no or several lines ({broken[0]!r})")

    def write(self, selection: Selection, place: Path) -> None:
        """Write the arrays, then the table."""
        place.mkdir()
        store, names = selection.store, _file_names(selection.names)
        ending = ".npz" if selection.channels else ".npy"
        (place / LAYOUT).write_text(json.dumps(store.skeleton.to_dict(), indent=1), encoding="utf-8")
        (place / CLASSES).write_text("".join(f"{name}\n" for name in store.class_names), encoding="utf-8")
        parts = {
            name: dict.fromkeys(train.tolist(), "train") | dict.fromkeys(test.tolist(), "test")
            for name, (train, test) in selection.splits.items()
        }
        with (place / TABLE).open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(
                [
                    "name",
                    "file",
                    "array",
                    "label",
                    *NUMBERS,
                    "performance",
                    "body_ids",
                    *(f"split:{name}" for name in parts),
                ]
            )
            for sample, name in zip(selection.samples(), names, strict=True):
                file_name, channels = f"{name}{ending}", selection.channels_of(sample)
                if channels:
                    arrays = {channel_array(POSITIONS, channel): values for channel, values in channels.items()}
                    np.savez(place / file_name, **{POSITIONS: sample.positions, **arrays})  # type: ignore[arg-type]
                else:
                    np.save(place / file_name, sample.positions)
                performance = store.performance_names[sample.performance]
                array = POSITIONS if channels else ""
                row = [sample.name, file_name, array, sample.label, *_numbers(sample), performance, _ids(sample)]
                lines.writerow(row + [part.get(sample.index, "") for part in parts.values()])


def _file_names(names: list[str]) -> Iterator[str]:
    """The names themselves where every one makes a file name, alike on all systems; else numbers."""
    plain = all(_PLAIN.fullmatch(name) for name in names) and len({name.casefold() for name in names}) == len(names)
    return (name if plain else f"{at:06}" for at, name in enumerate(names))


def _numbers(sample: Sample) -> list[int | str]:
    values = [getattr(sample, column) for column in NUMBERS]
    return ["" if value == UNKNOWN else value for value in values]


def _ids(sample: Sample) -> str:
    return " ".join(map(str, sample.body_ids.tolist()))
