"""PKU-MMD, phases I and II: long recordings by three Kinects, cut into their annotated actions.

A skeleton file has one line of 150 numbers per frame (two bodies of 25 joints, metres); a label file of the same name
has one line ``class,start,end,confidence`` per action. Actions of one recording may overlap, and then share frames.
Unpack the official archives (``Skeleton*.7z``, ``Label_PKUMMD*.7z``) below one folder and give that folder.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.skeletons import KINECT_V2, Skeleton
from skeleton_data.formats.pku_files import PKUFiles
from skeleton_data.formats.pku_labels import CLASS_NAMES, Annotation, Instance, name_instances, read_labels
from skeleton_data.formats.pku_splits import read_split_file
from skeleton_data.formats.sources import read_at_most
from skeleton_data.raw import UNKNOWN, Listing, RawBody, RawFileError, RawItem, RawSequence, SkeletonDataError

Cut = Literal["exclusive", "inclusive_1", "inclusive"]
Indices = NDArray[np.int64]
Splits = Mapping[str, tuple[Indices, Indices]]

_BODIES, _JOINTS = 2, 25
_VALUES = _BODIES * _JOINTS * 3
_LARGEST = float(np.finfo(np.float32).max)
_CAMERAS = {"L": 1, "M": 2, "R": 3}
# What a convention adds to the annotated start and end to make a Python slice.
_CUTS: Mapping[str, tuple[int, int]] = {"exclusive": (0, 0), "inclusive_1": (-1, 0), "inclusive": (0, 1)}
_PHASE_1_VALIDATION = range(291, 335)
_PHASE_2_TEST_SUBJECTS = (2, 3, 7)

_MAX_BYTES = 64 << 20
_MEND = "Unpack its archive again, or remove the file."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _PKU:
    """What both phases share."""

    cut: Cut = field(
        default="exclusive",
        metadata={
            "help": "how label frame numbers are read: exclusive = [start:end] from 0 (most published readers), "
            "inclusive_1 = [start-1:end] from 1, inclusive = [start:end+1] from 0"
        },
    )

    cross_subject: Path | None = field(
        default=None, metadata={"help": "official split file to take the split xsub from, instead of the built-in list"}
    )
    cross_view: Path | None = field(default=None, metadata={"help": "official split file to take the split xview from"})

    phase: ClassVar[int]

    def __post_init__(self) -> None:
        if self.cut not in _CUTS:
            raise ValueError(f"{type(self).__name__}: cut must be one of {', '.join(_CUTS)}, got {self.cut!r}.")

    @property
    def name(self) -> str:
        """``pku1`` or ``pku2``."""
        return f"pku{self.phase}"

    @property
    def skeleton(self) -> Skeleton:
        """Kinect v2, 25 joints."""
        return KINECT_V2

    @property
    def class_names(self) -> Sequence[str]:
        """The 51 classes of phase I in official order; phase II uses a part of them and keeps their numbers."""
        return CLASS_NAMES

    def find(self, source: Path) -> Listing:
        """List the recordings below ``source``, a folder that holds skeleton and label files in any nesting.

        All label files are read here: the ``details`` of an item are its instances, matched between the views of a
        video. Labels that start after their end are swapped and logged.

        Raises
        ------
        SkeletonDataError
            When ``source`` is no folder, or holds no skeleton files or no label files of this phase.
        """
        self._splits_of_files()
        files = PKUFiles(Path(source), self.phase)
        items: list[RawItem] = []
        listing = Listing(items, rejected=list(files.rejected))
        instances = _read_instances(files.labels, listing)
        for recording, path in sorted(files.skeletons.items()):
            if recording not in files.labels:
                reason = f"recording {recording} has no label file."
                listing.rejected.append(RawFileError(str(path), reason, mend="Add its label file, or remove it."))
            elif instances.get(recording):
                items.append(RawItem(recording, path, size=path.stat().st_size, details=instances[recording]))
            elif recording in instances:
                listing.left_out.setdefault("label file without instances", []).append(recording)
        if unseen := sorted(instances.keys() - files.skeletons.keys()):
            listing.left_out["label file without a skeleton file"] = unseen
        return listing

    def read(self, item: RawItem) -> list[RawSequence]:
        """Cut one recording into its instances; one without any visible body comes back without bodies.

        Slices are clamped to the recording. All-zero frames of a body are missing, not rows.

        Raises
        ------
        RawFileError
            When the file cannot be read, or a line has not 150 finite numbers.
        """
        positions = read_frames(item.path)
        instances = cast("Sequence[Instance]", item.details)
        return [self._sequence(item.name, instance, positions) for instance in instances]

    def _splits_of_files(self) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
        """Training and test recordings of each split that a file was given for."""
        files = {"xsub": self.cross_subject, "xview": self.cross_view}
        return {name: read_split_file(Path(path), self.phase) for name, path in files.items() if path is not None}

    def _with_files(self, splits: Mapping[str, tuple[Indices, Indices]], samples: NDArray[np.void]) -> Splits:
        """Replace splits by those of files; recordings that a file does not name are in neither part."""
        recordings = [_text(name).split("_")[0] for name in samples["name"]]
        of_files = {
            name: (_indices(recordings, train), _indices(recordings, test))
            for name, (train, test) in self._splits_of_files().items()
        }
        return {**splits, **of_files}

    def _sequence(self, recording: str, instance: Instance, positions: NDArray[np.float32]) -> RawSequence:
        before, after = _CUTS[self.cut]
        first = min(max(instance.start + before, 0), len(positions))
        last = min(instance.end + after, len(positions))
        return RawSequence(
            name=instance.name,
            n_frames=last - first,
            bodies=_bodies(positions[first:last]),
            label=instance.label,
            performance=instance.performance,
            subject=int(recording[4:6]) if self.phase == 2 else UNKNOWN,
            camera=_CAMERAS[recording[-1]],
        )


@dataclass(frozen=True, kw_only=True)
class PKU1(_PKU):
    """PKU-MMD phase I: 1,076 recordings ``NNNN-V`` of 66 subjects; who is seen in which is not published.

    Parameters
    ----------
    cut : {"exclusive", "inclusive_1", "inclusive"}
        How label frame numbers are read: ``[start:end]`` from 0, ``[start-1:end]`` from 1, ``[start:end+1]`` from 0.
    cross_subject, cross_view : path, optional
        Official split files to go by, instead of the built-in lists.
    """

    phase: ClassVar[int] = 1

    def splits(self, samples: NDArray[np.void]) -> Mapping[str, tuple[Indices, Indices]]:
        """Cross-subject and cross-view split.

        ``xsub`` is the official list: videos 0291 to 0334 are its validation part, all others train. ``xview`` trains
        on views L and R and tests on M; its official text was not seen, and this reading is derived from published
        test lists and video counts (717 / 359).

        Raises
        ------
        SkeletonDataError
            When the name of a sample does not start with a phase I recording.
        """
        videos = np.array([_video_number(name) for name in samples["name"]], np.int64)
        splits = {
            "xsub": _split(np.isin(videos, _PHASE_1_VALIDATION)),
            "xview": _split(samples["camera"] == _CAMERAS["M"]),
        }
        return self._with_files(splits, samples)


@dataclass(frozen=True, kw_only=True)
class PKU2(_PKU):
    """PKU-MMD phase II: 1,009 recordings ``AaaNnn-V``, where nn is one of 13 subjects.

    Parameters
    ----------
    cut : {"exclusive", "inclusive_1", "inclusive"}
        How label frame numbers are read: ``[start:end]`` from 0, ``[start-1:end]`` from 1, ``[start:end+1]`` from 0.
        Some labels of this phase start at 0, which speaks against ``inclusive_1``; they are clamped.
    cross_subject, cross_view : path, optional
        Official split files to go by; without one there is no cross-view split.
    """

    phase: ClassVar[int] = 2

    def splits(self, samples: NDArray[np.void]) -> Mapping[str, tuple[Indices, Indices]]:
        """Cross-subject split: subjects 2, 3 and 7 test, all others train.

        An official cross-view split exists, but its list could not be verified: it is offered for those who give the
        official file (``cross_view``), and never guessed.
        """
        splits = {"xsub": _split(np.isin(samples["subject"], _PHASE_2_TEST_SUBJECTS))}
        return self._with_files(splits, samples)


def _split(test: NDArray[np.bool_]) -> tuple[Indices, Indices]:
    return np.flatnonzero(~test).astype(np.int64), np.flatnonzero(test).astype(np.int64)


def _indices(recordings: Sequence[str], wanted: frozenset[str]) -> Indices:
    return np.flatnonzero([recording in wanted for recording in recordings]).astype(np.int64)


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _video_number(name: str | bytes) -> int:
    text = _text(name)
    if not re.match(r"\d{4}-[LMR]_", text):
        raise SkeletonDataError(
            f"Sample {text!r} is not of PKU-MMD phase I; its splits go by names such as '0002-L_A05_001'."
        )
    return int(text[:4])


def _read_instances(labels: Mapping[str, Path], listing: Listing) -> dict[str, tuple[Instance, ...]]:
    """Instances of each recording; a label file that cannot be read goes to ``listing.rejected``."""
    videos: dict[str, dict[str, list[Annotation]]] = {}
    swapped: list[str] = []
    for recording, path in labels.items():
        video, view = recording.split("-")
        try:
            annotations = read_labels(path)
        except RawFileError as error:
            listing.rejected.append(error)
            continue
        videos.setdefault(video, {})[view] = annotations
        swapped += [f"{path}, line {annotation.line}" for annotation in annotations if annotation.swapped]
    if swapped:
        _log.warning("%d labels start after their end; swapped: %s", len(swapped), "; ".join(swapped))
    return {
        f"{video}-{view}": instances
        for video, views in videos.items()
        for view, instances in name_instances(video, views).items()
    }


def read_frames(path: Path) -> NDArray[np.float32]:
    """Read a skeleton file.

    Returns
    -------
    (T, 2, 25, 3) float32 array
        Positions of both bodies, metres; an absent body is all zeros.

    Raises
    ------
    RawFileError
        When the file cannot be read, or a line has not 150 finite numbers.
    """
    try:
        raw = read_at_most(path, _MAX_BYTES)
    except OSError as error:
        raise RawFileError(str(path), f"cannot be read ({error.strerror}).") from error
    if len(raw) > _MAX_BYTES:
        raise RawFileError(str(path), f"refused: more than {_MAX_BYTES:,} bytes, which no recording has.")
    text = raw.removeprefix(b"\xef\xbb\xbf").rstrip()
    if not text:
        raise RawFileError(str(path), "the file has no frames.", mend=_MEND)
    if len(text[: text.find(b"\n")].split()) != _VALUES and b"\n" in text:
        # Memory is bounded by the text only where its lines are as long as they should be.
        raise _explain(path, text, "")
    try:
        # Faster than split() with float(), and stricter: float() lets 1_000 pass.
        values = np.loadtxt(io.BytesIO(text), dtype=np.float64, comments=None, ndmin=2)
    except ValueError as error:
        raise _explain(path, text, str(error)) from None
    # loadtxt passes over blank lines; here such a line would shift all later frames against their labels.
    whole = values.shape == (text.count(b"\n") + 1, _VALUES)
    if not (whole and np.all(np.abs(values) <= _LARGEST)):
        raise _explain(path, text, f"expected {_VALUES} finite numbers on every line.")
    if not raw[-1:].isspace() and _is_cut_off(text[text.rfind(b"\n") + 1 :]):
        reason = "the last number has fewer decimals than the others of its line: the file is cut off."
        raise RawFileError(str(path), reason, line=len(values), mend=_MEND)
    return values.astype(np.float32).reshape(-1, _BODIES, _JOINTS, 3)


def _is_cut_off(line: bytes) -> bool:
    decimals = [len(word.partition(b".")[2]) for word in line.split()]
    return len(set(decimals[:-1])) == 1 and decimals[-1] < decimals[0]


def _explain(path: Path, text: bytes, otherwise: str) -> RawFileError:
    """Find the first line at fault; only broken files pay for this."""
    for number, line in enumerate(text.split(b"\n"), 1):
        words = line.split()
        if len(words) != _VALUES:
            reason = f"expected {_VALUES} numbers (2 bodies x 25 joints x 3), found {len(words)}."
            return RawFileError(str(path), reason, line=number, mend=_MEND)
        wrong = next((word for word in words if not _is_finite_number(word)), None)
        if wrong is not None:
            shown = wrong[:40].decode("ascii", "backslashreplace")
            return RawFileError(str(path), f"expected a finite number, found {shown!r}.", line=number, mend=_MEND)
    return RawFileError(str(path), otherwise, mend=_MEND)


def _is_finite_number(word: bytes) -> bool:
    try:
        return b"_" not in word and abs(float(word)) <= _LARGEST
    except ValueError:
        return False


def _bodies(positions: NDArray[np.float32]) -> list[RawBody]:
    """Visible bodies of (T, 2, 25, 3) positions by first appearance; ids 0 and 1 are their places in a line."""
    seen: NDArray[np.bool_] = np.any(positions != 0, axis=(2, 3))
    bodies = [
        RawBody(
            body,
            np.flatnonzero(seen[:, body]).astype(np.int32),
            positions[seen[:, body], body],
            np.full(seen[:, body].sum(), body, np.int32),
        )
        for body in range(_BODIES)
        if seen[:, body].any()
    ]
    return sorted(bodies, key=lambda body: int(body.frames[0]))
