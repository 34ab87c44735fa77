"""NTU RGB+D 60 and 120: ``SsssCcccPpppRrrrAaaa.skeleton`` files, loose or in zip archives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import KINECT_V2, Skeleton
from skeleton_data.channels import CHANNELS, check_channels
from skeleton_data.formats import ntu_lists
from skeleton_data.formats.ntu_channels import read_channels
from skeleton_data.formats.ntu_lists import MISSING_LIST
from skeleton_data.formats.sources import digest, drop_second_copies, find_files, read_bytes, renamed
from skeleton_data.packed import Packed
from skeleton_data.raw import Listing, RawBody, RawFileError, RawItem, RawSequence, SkeletonDataError
from skeleton_data.splits import by_values

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})", re.IGNORECASE)
_SUFFIX = ".skeleton"


@dataclass(frozen=True)
class RecordingName:
    """What the name of an NTU recording says; all numbers 1-based as in the name."""

    setup: int
    camera: int
    subject: int
    replication: int
    action: int

    @classmethod
    def parse(cls, name: str) -> RecordingName | None:
        """Read ``S001C002P003R002A013``; None if ``name`` is no such name."""
        match = _NAME.fullmatch(name)
        return None if match is None else cls(*(int(number) for number in match.groups()))

    def __str__(self) -> str:
        return f"S{self.setup:03}C{self.camera:03}{self._rest}"

    @property
    def performance(self) -> str:
        """Equal for the recordings of one performance by several cameras."""
        return f"S{self.setup:03}{self._rest}"

    @property
    def _rest(self) -> str:
        return f"P{self.subject:03}R{self.replication:03}A{self.action:03}"


@cache
def missing_names() -> frozenset[str]:
    """Names on the official lists of missing skeletons: 302 with setups up to 17 (NTU-60), 535 in all (NTU-120)."""
    text = files("skeleton_data").joinpath("missing", "ntu.txt").read_text("ascii")
    return frozenset(text.split())


@dataclass(frozen=True)
class _NTU:
    """What both NTU data sets share."""

    keep_missing: bool = field(
        default=False, metadata={"help": "also read recordings that stand on the official list of missing skeletons"}
    )
    channels: tuple[str, ...] = field(
        default=(), metadata={"help": f"what to keep besides positions, by commas: {', '.join(CHANNELS)}"}
    )

    name: ClassVar[str]
    skeleton: ClassVar[Skeleton] = KINECT_V2
    class_names: ClassVar[Sequence[str]]
    _max_setup: ClassVar[int]

    def __post_init__(self) -> None:
        check_channels(self.channels)

    def find(self, source: Path) -> Listing:
        """List the recordings in a folder tree, a zip archive, or zips in a folder."""
        found = find_files(source, lambda name: name.lower().endswith(_SUFFIX))
        listing = Listing([], rejected=found.rejected)
        misnamed: list[RawFileError] = []
        unique, copies, conflicts = drop_second_copies(_named(found.items, misnamed))
        listing.rejected += sorted(misnamed, key=lambda error: error.file) + conflicts
        if copies:
            listing.left_out["found a second time, same name and size"] = copies
        listing.items = Packed(self._kept(unique, listing))
        if not (listing.items or listing.left_out or listing.rejected):
            raise SkeletonDataError(
                f"{source}: no .skeleton files here. Give the folder (or zip) that holds files named like "
                "S001C002P003R002A013.skeleton; subfolders are searched."
            )
        return listing

    def _kept(self, items: Iterable[RawItem], listing: Listing) -> Iterator[RawItem]:
        """Give what is to be read; the names of all others go to ``listing.left_out``."""
        missing = frozenset[str]() if self.keep_missing else missing_names()
        for item in items:
            parsed = _parsed(item.name)
            if parsed.setup > self._max_setup or not 1 <= parsed.action <= len(self.class_names):
                limits = f"setups 1-{self._max_setup}, actions 1-{len(self.class_names)}"
                listing.left_out.setdefault(f"not part of {self.name} ({limits})", []).append(item.name)
            elif item.name in missing:
                listing.left_out.setdefault(MISSING_LIST, []).append(item.name)
            else:
                yield item

    def read(self, item: RawItem) -> list[RawSequence]:
        """Read one recording, frames without bodies included."""
        # The parser compiles on first use, and numba loads slowly: only who reads pays for it.
        from skeleton_data.formats.ntu_text import parse

        data = read_bytes(item)
        text = parse(data, item.place, all_fields=bool(self.channels))
        rows = RawBody(
            0, text.frames, text.positions, _slots(text.frames), read_channels(text, self.channels, item.place)
        )
        name = _parsed(item.name)
        return [
            RawSequence(
                name=item.name,
                n_frames=text.n_frames,
                bodies=_bodies(text.body_ids, rows),
                label=name.action - 1,
                performance=name.performance,
                subject=name.subject,
                camera=name.camera,
                setup=name.setup,
                replication=name.replication,
                source_digest=digest(data),
            )
        ]


def _named(items: Iterable[RawItem], misnamed: list[RawFileError]) -> Iterator[RawItem]:
    """Give items under the names of their recordings; those that have no such name go to ``misnamed``."""
    for item in items:
        parsed = RecordingName.parse(item.name[: -len(_SUFFIX)])
        if parsed is None:
            reason = "is not named like S001C002P003R002A013.skeleton."
            misnamed.append(RawFileError(item.place, reason, mend="Restore its original name."))
        else:
            yield renamed(item, str(parsed))


def _parsed(name: str) -> RecordingName:
    parsed = RecordingName.parse(name)
    if parsed is None:
        raise SkeletonDataError(f"{name!r} is not named like S001C002P003R002A013.")
    return parsed


def _slots(frames: NDArray[np.int32]) -> NDArray[np.int32]:
    """Place of each row among those of its frame."""
    return (np.arange(len(frames)) - np.searchsorted(frames, frames)).astype(np.int32)


def _bodies(ids: NDArray[np.int64], rows: RawBody) -> list[RawBody]:
    """Gather the rows of each body id, in order of first appearance.

    An id that stands twice in one frame cannot be one person: its second rows become a body of their own.
    """
    bodies = []
    for body_id in dict.fromkeys(ids.tolist()):
        left = np.flatnonzero(ids == body_id)
        while left.size:
            first = np.concatenate(([True], np.diff(rows.frames[left]) > 0))
            body = rows.take(left[first])
            body.body_id = body_id
            bodies.append(body)
            left = left[~first]
    return bodies


@dataclass(frozen=True)
class NTU60(_NTU):
    """NTU RGB+D: setups 1 to 17, actions 1 to 60."""

    name: ClassVar[str] = "ntu60"
    class_names: ClassVar[Sequence[str]] = ntu_lists.CLASSES[:60]
    _max_setup: ClassVar[int] = 17

    def splits(self, samples: NDArray[np.void]) -> Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Cross-subject and cross-view."""
        return {
            "xsub": by_values(samples["subject"], ntu_lists.XSUB60_TRAIN_SUBJECTS),
            "xview": by_values(samples["camera"], ntu_lists.XVIEW_TRAIN_CAMERAS),
        }


@dataclass(frozen=True)
class NTU120(_NTU):
    """NTU RGB+D 120: all 32 setups and 120 actions."""

    name: ClassVar[str] = "ntu120"
    class_names: ClassVar[Sequence[str]] = ntu_lists.CLASSES
    _max_setup: ClassVar[int] = 32

    def splits(self, samples: NDArray[np.void]) -> Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Cross-subject, cross-setup, and the one-shot protocol.

        ``oneshot`` trains on the 100 auxiliary classes; ``oneshot_exemplars`` has the one example of each of the 20
        novel classes as its training part. Both test on all other recordings of novel classes.
        """
        novel = np.isin(samples["label"] + 1, ntu_lists.NOVEL_ACTIONS)
        exemplar = novel & _is_exemplar(samples)
        evaluation = np.flatnonzero(novel & ~exemplar).astype(np.int64)
        return {
            "xsub": by_values(samples["subject"], ntu_lists.XSUB120_TRAIN_SUBJECTS),
            "xset": by_values(samples["setup"], ntu_lists.XSET_TRAIN_SETUPS),
            "oneshot": (np.flatnonzero(~novel).astype(np.int64), evaluation),
            "oneshot_exemplars": (np.flatnonzero(exemplar).astype(np.int64), evaluation),
        }


def _is_exemplar(samples: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which recordings are S001C003P008R001Aaaa, or S018C003P008R001Aaaa for actions 61 and up."""
    setup = np.where(samples["label"] < 60, 1, 18)
    camera, subject, replication = (samples[field] for field in ("camera", "subject", "replication"))
    found: NDArray[np.bool_] = (samples["setup"] == setup) & (camera == 3) & (subject == 8) & (replication == 1)
    return found
