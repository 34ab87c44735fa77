"""Northwestern-UCLA Multiview Action 3D in its per-recording JSON form, ``aAA_sSS_eEE_vVV.json``.

The widely used release carries a flaw: every camera-3 recording of actions 2 and 3 is the camera-2 recording of
the same performance. Conversion marks such copies, and the ``_clean`` splits leave them out of the test part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import KINECT_V1, Skeleton
from skeleton_data.formats.sources import digest, drop_second_copies, find_files, read_bytes, renamed
from skeleton_data.raw import Listing, RawBody, RawFileError, RawItem, RawSequence, SkeletonDataError
from skeleton_data.splits import by_values, without_copies

_NAME = re.compile(r"a(\d{2})_s(\d{2})_e(\d{2})_v(\d{2})", re.IGNORECASE)
_ACTIONS = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)
_TRAIN_SUBJECTS = (1, 2, 3, 4, 5)
_MAX_BYTES = 8 << 20
_DAMAGED = "The file is damaged; extract or download it again."


@dataclass(frozen=True)
class NUCLA:
    """N-UCLA: 10 actions, 10 subjects, three Kinect v1 cameras, 20 joints, one body."""

    name: ClassVar[str] = "nucla"
    skeleton: ClassVar[Skeleton] = KINECT_V1
    class_names: ClassVar[Sequence[str]] = (
        "pick up with one hand",
        "pick up with two hands",
        "drop trash",
        "walk around",
        "sit down",
        "stand up",
        "donning",
        "doffing",
        "throw",
        "carry",
    )

    def find(self, source: Path) -> Listing:
        """List the recordings in a folder tree, a zip archive, or zips in a folder."""
        found = find_files(source, lambda name: name.lower().endswith(".json") and _numbers(name[:-5]) is not None)
        named = (renamed(item, item.name[:-5].lower()) for item in found.items)
        items, copies, conflicts = drop_second_copies(named)
        listing = Listing(items, rejected=found.rejected + conflicts)
        if copies:
            listing.left_out["found a second time, same name and size"] = copies
        if not (items or listing.rejected):
            raise SkeletonDataError(
                f"{source}: no N-UCLA recordings here. Give the folder (or zip) that holds files named like "
                "a01_s01_e00_v01.json; subfolders are searched."
            )
        return listing

    def read(self, item: RawItem) -> list[RawSequence]:
        """Read one recording; its label must agree with the action in its name."""
        data = read_bytes(item)
        numbers = _numbers(item.name)
        if numbers is None or numbers[0] not in _ACTIONS:
            reason = f"its name has none of the data set's actions ({', '.join(map(str, _ACTIONS))})."
            raise RawFileError(item.place, reason, mend="Restore its original name, like a01_s01_e00_v01.json.")
        action, subject, repetition, camera = numbers
        content = _load(data, item.place)
        label, expected = content.get("label"), _ACTIONS.index(action) + 1
        if label != expected:
            reason = f"its label is {label!r}, but action {action} in its name has label {expected}."
            raise RawFileError(item.place, reason, mend="Restore its original name or content.")
        positions = _positions(content.get("skeletons"), item.place)
        n_frames = len(positions)
        return [
            RawSequence(
                name=item.name,
                n_frames=n_frames,
                bodies=[RawBody(0, np.arange(n_frames, dtype=np.int32), positions)],
                label=expected - 1,
                performance=f"a{action:02}_s{subject:02}_e{repetition:02}",
                subject=subject,
                camera=camera,
                replication=repetition,
                source_digest=digest(data),
            )
        ]

    def splits(self, samples: NDArray[np.void]) -> Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Cross-view by test camera (``xview`` tests camera 3, as papers do) and cross-subject."""
        camera, subject = samples["camera"], samples["subject"]
        usual = by_values(camera, (1, 2))
        return {
            "xview": usual,
            "xview_clean": without_copies(samples["duplicate_of"], *usual),
            "xview_test1": by_values(camera, (2, 3)),
            "xview_test2": by_values(camera, (1, 3)),
            "xsub": by_values(subject, _TRAIN_SUBJECTS),
        }


def label_of(name: str) -> int | None:
    """0-based label that a name such as ``a01_s01_e00_v01`` tells of; None for any other name."""
    numbers = _numbers(name)
    if numbers is None or name != name.lower() or numbers[0] not in _ACTIONS:
        return None
    return _ACTIONS.index(numbers[0])


def _numbers(name: str) -> tuple[int, int, int, int] | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    action, subject, repetition, camera = map(int, match.groups())
    return action, subject, repetition, camera


def _load(data: bytes, place: str) -> dict[str, object]:
    if len(data) > _MAX_BYTES:
        # Parsed JSON takes up to fifty times its text.
        raise RawFileError(place, f"refused: {len(data):,} bytes where one recording has at most {_MAX_BYTES:,}.")
    try:
        content = json.loads(data)
    except json.JSONDecodeError as error:
        reason = f"is no valid JSON: {error.msg} at column {error.colno}."
        raise RawFileError(place, reason, line=error.lineno, mend=_DAMAGED) from error
    except (ValueError, RecursionError) as error:
        raise RawFileError(place, f"is no valid JSON text ({error}).", mend=_DAMAGED) from error
    if not isinstance(content, dict):
        raise RawFileError(place, "expected a JSON object with 'skeletons' and 'label'.", mend=_DAMAGED)
    return content


def _positions(value: object, place: str) -> NDArray[np.float32]:
    try:
        positions = np.array(value)
    except (ValueError, RecursionError):
        positions = np.array(None)
    if positions.dtype.kind not in "iuf" or positions.ndim != 3 or positions.shape[1:] != (KINECT_V1.n_joints, 3):
        found = f"shape {positions.shape}" if positions.dtype.kind in "iuf" else "something else"
        reason = f"expected 'skeletons' as numbers in frames x 20 joints x 3 coordinates, found {found}."
        raise RawFileError(place, reason, mend=_DAMAGED)
    if len(positions) == 0:
        raise RawFileError(place, "'skeletons' has no frames.", mend=_DAMAGED)
    with np.errstate(over="ignore"):
        return positions.astype(np.float32)
