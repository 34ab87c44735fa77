"""Several stores into one, such as NTU-60 and the NTU-120 extension into NTU-120.

Recordings are put in the order of their names, so that stores converted from folders one by one give the tables,
positions and splits that one conversion of all folders gives, byte for byte; only the provenance tells the difference.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from skeleton_data.channels import GROUP
from skeleton_data.conversion.encode import Counts, Track
from skeleton_data.conversion.first_seen import FirstSeen, text_key
from skeleton_data.conversion.journal import Entry, SampleEntry, TrackEntry
from skeleton_data.conversion.summary import COMPLETE, version
from skeleton_data.conversion.writer import StoreWriter
from skeleton_data.formats import FORMATS, get_format
from skeleton_data.formats.ntu_lists import MISSING_LIST
from skeleton_data.raw import SkeletonDataError, SourceFormat
from skeleton_data.splits import OFFICIAL_COUNTS, Split, with_clean_variants
from skeleton_data.storage.opening import open_file, reading_store
from skeleton_data.storage.schema import checksum
from skeleton_data.store import Store

_SOURCES_AT_ONCE = 4096


@dataclass
class Merged:
    """What a merge did.

    Attributes
    ----------
    output : Path
    format : str
        That of the result.
    parts : list of (Path, str, int)
        Each store, its format and its recordings.
    n_samples, n_duplicates : int
        Recordings of the result, and those that are copies of an earlier one.
    n_repeated : int
        Recordings that stood in two stores and are kept once.
    splits : dict
        Name -> (train samples, test samples).
    lost_splits : list of str
        Splits that not every store has, and that are no official ones: they are not in the result.
    """

    output: Path
    format: str
    parts: list[tuple[Path, str, int]]
    n_samples: int = 0
    n_duplicates: int = 0
    n_repeated: int = 0
    splits: dict[str, tuple[int, int]] = field(default_factory=dict)
    lost_splits: list[str] = field(default_factory=list)


def merge(
    stores: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    force: bool = False,
    progress: bool = False,
) -> Merged:
    """Merge stores into a new one. Memory does not grow with the positions; the output is whole or not touched.

    Parameters
    ----------
    stores : sequence of path
        Two or more, converted with the same options.
    output : path
        The store to write.
    force : bool
        Replace an existing output.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    Merged

    Raises
    ------
    SkeletonDataError
        When the stores differ in skeleton, options or channels, their classes do not extend each other, one name
        stands for two different recordings, or a store is damaged.
    """
    opened = [Store.open(path) for path in stores]
    leading = _leading(opened)
    _check_alike(opened, leading)
    name = str(leading.provenance["format"])
    target = Path(output).absolute()
    done = Merged(target, name, [(s.path, str(s.provenance["format"]), len(s)) for s in opened])
    with StoreWriter(target, leading.skeleton, channels=leading.channels, force=force) as writer:
        writer.begin({"converter": version(), "format": "merge", "options": {}})
        parts = [_Part(store) for store in opened]
        try:
            _write_all(parts, writer, done, progress)
        finally:
            for part in parts:
                part.file.close()
        samples = writer.samples()
        splits = _splits(parts, name, samples, done)
        done.n_samples = len(writer)
        done.n_duplicates = int((samples["duplicate_of"] >= 0).sum())
        del samples
        done.splits = {split: (len(train), len(test)) for split, (train, test) in splits.items()}
        writer.commit(leading.class_names, splits, _provenance(opened, done, writer))
    return done


def _leading(stores: Sequence[Store]) -> Store:
    """Return the store with the most classes: the others must be part of its data set."""
    if len(stores) < 2:
        raise SkeletonDataError("A merge takes two stores or more.")
    return max(stores, key=lambda store: len(store.class_names))


def _check_alike(stores: Sequence[Store], leading: Store) -> None:
    for store in stores:
        both = f"{store.path} and {leading.path}"
        if store.skeleton != leading.skeleton:
            raise SkeletonDataError(
                f"{both}: have different skeletons ({store.skeleton.name}, {leading.skeleton.name})."
            )
        same_classes = store.class_names == leading.class_names[: len(store.class_names)]
        shorter = len(store.class_names) < len(leading.class_names)
        if not same_classes or not (shorter or store.provenance["format"] == leading.provenance["format"]):
            formats = f"{store.provenance['format']}, {leading.provenance['format']}"
            raise SkeletonDataError(
                f"{both}: are of different data sets ({formats}); their labels do not fit together."
            )
        if differing := _differing(store.provenance["options"], leading.provenance["options"]):
            raise SkeletonDataError(f"{both}: were converted with different options ({differing}). Convert one again.")
        if store.channels != leading.channels:
            raise SkeletonDataError(f"{both}: have different channels. Convert one again with those of the other.")


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    names = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return "; ".join(f"{name}: {one.get(name)} and {other.get(name)}" for name in names)


class _Part:
    """A store with what is read of it for every recording; ``moved`` tells where its samples went."""

    def __init__(self, store: Store) -> None:
        self.store = store
        # Read, not mapped: pages of a mapping would count as this process's memory.
        with reading_store(store.path):
            self.file = open_file(store.path)
        self.positions = self.file["positions"]
        self.channels = {name: self.file[f"{GROUP}/{name}"] for name in store.channels}
        self.moved = np.full(len(store), -1, np.int32)
        self._sources: tuple[int, Any] = (-1, None)

    def source(self, number: int) -> tuple[str, int, str]:
        """Path, bytes and digest of a raw file."""
        start = number - number % _SOURCES_AT_ONCE
        if self._sources[0] != start:
            self._sources = start, self.file["sources"][start : start + _SOURCES_AT_ONCE]
        path, size, digest = self._sources[1][number - start]
        return path.decode(), int(size), digest.decode()


def _write_all(parts: Sequence[_Part], writer: StoreWriter, done: Merged, progress: bool) -> None:
    # The first of each name, counted through all stores one after the other.
    first, borders = FirstSeen(), np.cumsum([0, *(len(part.store) for part in parts)])
    files = heapq.merge(*(_files(number, part.store) for number, part in enumerate(parts)))
    with tqdm(
        total=sum(n for *_, n in done.parts), unit=" recordings", disable=not progress, dynamic_ncols=True
    ) as bar:
        for _, number, indices in files:
            part, new = parts[number], []
            for index in indices:
                key, place = text_key(str(part.store.samples["name"][index])), int(borders[number]) + index
                part.moved[index] = len(first)
                before = first.setdefault(key, place)
                if before == place:
                    new.append(index)
                    continue
                twin = int(np.searchsorted(borders, before, "right")) - 1
                _check_repeated(part, index, parts[twin], before - int(borders[twin]))
                part.moved[index] = parts[twin].moved[before - int(borders[twin])]
                done.n_repeated += 1
            if new:
                with reading_store(part.store.path):
                    entry, tracks = _read(part, new)
                writer.write(entry, tracks)
            bar.update(len(indices))


def _files(number: int, store: Store) -> Iterator[tuple[str, int, list[int]]]:
    """Samples of one raw file after the other: the name of the first, the store's number, their indices."""
    for _, group in groupby(range(len(store)), key=lambda index: int(store.samples["source"][index])):
        indices = list(group)
        yield str(store.samples["name"][indices[0]]), number, indices


def _check_repeated(part: _Part, index: int, other: _Part, twin: int) -> None:
    one, two = part.store.samples[index], other.store.samples[twin]
    if (one["checksum"] != two["checksum"]).any():
        raise SkeletonDataError(
            f"{other.store.path} and {part.store.path}: hold different recordings named {one['name']}."
        )


def _read(part: _Part, indices: Sequence[int]) -> tuple[Entry, list[Track]]:
    store, channels = part.store, part.channels
    path, size, digest = part.source(int(store.samples["source"][indices[0]]))
    samples, tracks = [], []
    for index in indices:
        row = store.samples[index]
        table = store.tracks[store.track_offsets[index] : store.track_offsets[index + 1]]
        of_sample = []
        for track in table:
            rows = slice(int(track["row"]), int(track["row"] + track["n_frames"]))
            values = {name: dataset[rows] for name, dataset in channels.items()}
            of_sample.append(Track(int(track["body_id"]), int(track["first_frame"]), part.positions[rows], values))
        found = checksum(
            int(row["n_frames"]), [track.first_frame for track in of_sample], [track.positions for track in of_sample]
        )
        if found != row["checksum"].tobytes():
            raise SkeletonDataError(f"{store.path}: recording {row['name']} differs from its checksum; nothing merged.")
        samples.append(_sample_entry(store, row, table))
        tracks += of_sample
    entry = Entry(
        name=samples[0].name,
        path=_place(path, str(store.provenance["source"])),
        size=size,
        modified=0,
        details="",
        digest=digest,
        samples=samples,
        empty=[],
        rejected=None,
        counts=Counts(),
    )
    return entry, tracks


def _sample_entry(store: Store, row: np.void, tracks: Any) -> SampleEntry:
    numbers = ("label", "subject", "camera", "setup", "replication", "n_frames")
    return SampleEntry(
        name=str(row["name"]),
        performance=store.performance_names[row["performance"]],
        n_seen=0,
        checksum=row["checksum"].tobytes().hex(),
        tracks=[
            TrackEntry(int(t["body_id"]), int(t["first_frame"]), int(t["n_frames"]), bool(t["gapless"])) for t in tracks
        ],
        **{name: int(row[name]) for name in numbers},
    )


def _place(path: str, source: str) -> str:
    """Path of a raw file below the folder that holds all sources; an archive given as source names itself already."""
    return path if path == source or path.startswith(f"{source}!") else f"{source}/{path}"


def _splits(parts: Sequence[_Part], name: str, samples: Any, done: Merged) -> dict[str, Split]:
    """Official splits anew, and those that a user added to every store as the union of their parts."""
    known = get_format(name) if name in FORMATS else None
    # Formats that come with each source have no splits of their own.
    official = {} if known is None or isinstance(known, SourceFormat) else dict(known.splits(samples))
    made = with_clean_variants(official, samples["duplicate_of"])
    stores = [part.store for part in parts]
    for split in sorted({split for store in stores for split in store.splits} - made.keys()):
        if split.removesuffix("_clean") in official:
            continue
        if all(split in store.splits for store in stores):
            made[split] = _joined(parts, split)
        elif not any(_is_official(store, split) for store in stores):
            done.lost_splits.append(split)
    return made


def _is_official(store: Store, split: str) -> bool:
    """Tell whether a split belongs to the data set of its store, and so says nothing of a larger one."""
    return (str(store.provenance["format"]), split.removesuffix("_clean")) in OFFICIAL_COUNTS


def _joined(parts: Sequence[_Part], split: str) -> Split:
    of_parts = [(part.moved, part.store.split(split)) for part in parts]
    train, test = (np.unique(np.concatenate([moved[sides[side]] for moved, sides in of_parts])) for side in (0, 1))
    return train.astype(np.int64), test.astype(np.int64)


def _provenance(stores: Sequence[Store], done: Merged, writer: StoreWriter) -> dict[str, Any]:
    counts: dict[str, Any] = {}
    for store in stores:
        for name, value in store.provenance["counts"].items():
            counts[name] = _sum(counts.get(name), value)
    counts.update(samples=done.n_samples, duplicates=done.n_duplicates, files=writer.n_entries)
    counts["tracks"] = writer.n_tracks
    return {
        "format": done.format,
        "converter": f"skeleton-aug {version()}",
        "source": " + ".join(str(store.provenance["source"]) for store in stores),
        "options": stores[0].provenance["options"],
        "frame_rate": _common_rate(stores),
        "counts": counts,
        "summary": _summary(stores, done),
        "merged": [
            {
                "format": store.provenance["format"],
                "converter": store.provenance["converter"],
                "source": store.provenance["source"],
                "digest": store.digest,
                "samples": len(store),
            }
            for store in stores
        ],
    }


def _common_rate(stores: Sequence[Store]) -> float | None:
    """Frames a second where all stores agree on them."""
    rates = {store.frame_rate for store in stores}
    return rates.pop() if len(rates) == 1 else None


def _sum(one: Any, other: Any) -> Any:
    if isinstance(other, dict):
        one = one or {}
        return {name: one.get(name, 0) + other.get(name, 0) for name in [*one, *(other.keys() - one.keys())]}
    return (one or 0) + other


def _summary(stores: Sequence[Store], done: Merged) -> list[dict[str, Any]]:
    """Sum of the stores' tables, beside the complete data set of the result."""
    complete = COMPLETE.get(done.format)
    of_complete = (
        {}
        if complete is None
        else {
            ("raw files found", ""): complete.files,
            ("left out", MISSING_LIST): complete.missing,
            ("recordings stored", ""): complete.samples,
        }
    )
    summed: dict[tuple[str, str], int] = {}
    for store in stores:
        for row in store.provenance.get("summary", []):
            key = (row["what"], row["why"])
            summed[key] = summed.get(key, 0) + row["number"]
    summed[("recordings stored", "")] = done.n_samples
    return [
        {"what": what, "number": number, "complete": of_complete.get((what, why)), "why": why}
        for (what, why), number in summed.items()
    ]


def merge_text(done: Merged) -> str:
    """Lines that tell a person what a merge did."""
    rows = [("merged", f"{path}: {count:,} recordings ({name})") for path, name, count in done.parts]
    rows += [
        ("result", f"{done.n_samples:,} recordings ({done.format})"),
        ("repeated", f"{done.n_repeated:,} recordings stand in two stores and are kept once"),
        ("copies", f"{done.n_duplicates:,} recordings identical to an earlier one"),
        *(("split", f"{name}: {train:,} train, {test:,} test") for name, (train, test) in done.splits.items()),
        *(("lost", f"split {name}: not every store has it") for name in done.lost_splits),
    ]
    return "\n".join([str(done.output), *(f"  {name:<10}{text}" for name, text in rows)])
