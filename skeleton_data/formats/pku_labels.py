"""Temporal annotations of PKU-MMD: class names, label files, and which instances of three views are one performance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from skeleton_data.formats.sources import read_at_most
from skeleton_data.raw import RawFileError

CLASS_NAMES: tuple[str, ...] = (
    "bow",
    "brushing hair",
    "brushing teeth",
    "check time (from watch)",
    "cheer up",
    "clapping",
    "cross hands in front (say stop)",
    "drink water",
    "drop",
    "eat meal/snack",
    "falling",
    "giving something to other person",
    "hand waving",
    "handshaking",
    "hopping (one foot jumping)",
    "hugging other person",
    "jump up",
    "kicking other person",
    "kicking something",
    "make a phone call/answer phone",
    "pat on back of other person",
    "pickup",
    "playing with phone/tablet",
    "point finger at the other person",
    "pointing to something with finger",
    "punching/slapping other person",
    "pushing other person",
    "put on a hat/cap",
    "put something inside pocket",
    "reading",
    "rub two hands together",
    "salute",
    "sitting down",
    "standing up",
    "take off a hat/cap",
    "take off glasses",
    "take off jacket",
    "take out something from pocket",
    "taking a selfie",
    "tear up paper",
    "throw",
    "touch back (backache)",
    "touch chest (stomachache/heart pain)",
    "touch head (headache)",
    "touch neck (neckache)",
    "typing on a keyboard",
    "use a fan (with hand or paper)/feeling warm",
    "wear jacket",
    "wear on glasses",
    "wipe face",
    "writing",
)

# Views of one performance are annotated independently, so their ends differ; a neighbouring repetition
# of the same class that merely touches must still not count as the same performance.
MIN_OVERLAP = 0.1
_MAX_BYTES = 1 << 16
# A recording has twenty; matching views takes time and memory by the square of their number.
MAX_ANNOTATIONS = 400


class Annotation(NamedTuple):
    """One line of a label file; ``start <= end``, frame numbers as written there."""

    label: int
    start: int
    end: int
    line: int
    swapped: bool


class Instance(NamedTuple):
    """One annotated action of one view; ``performance`` is equal for the views that show the same one."""

    name: str
    label: int
    start: int
    end: int
    performance: str


def read_labels(path: Path) -> list[Annotation]:
    """Read a label file: ``class,start,end,confidence`` per line, class 1 to 51.

    The confidence is ignored, as every published reader does. A start after its end is swapped and flagged.

    Raises
    ------
    RawFileError
        When the file cannot be read, or a line is no such annotation.
    """
    try:
        data = read_at_most(path, _MAX_BYTES)
    except OSError as error:
        raise RawFileError(str(path), f"cannot be read ({error.strerror}).") from error
    if len(data) > _MAX_BYTES:
        raise RawFileError(str(path), f"refused: more than {_MAX_BYTES:,} bytes, which no label file has.")
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    annotations = [_annotation(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if len(annotations) > MAX_ANNOTATIONS:
        reason = f"refused: {len(annotations):,} annotations, where one recording has at most {MAX_ANNOTATIONS}."
        raise RawFileError(str(path), reason)
    return annotations


def _annotation(path: Path, number: int, line: bytes) -> Annotation:
    text = line.decode("ascii", "backslashreplace").strip()
    values = text.rstrip(", \t").split(",")
    try:
        label, start, end = (int(value) for value in values[:3])
    except ValueError:
        raise _bad_label(
            path, number, f"expected 'class,start,end,confidence' in whole numbers, got {text[:60]!r}."
        ) from None
    if not 1 <= label <= len(CLASS_NAMES):
        raise _bad_label(path, number, f"expected a class from 1 to {len(CLASS_NAMES)}, got {label}.")
    if min(start, end) < 0:
        raise _bad_label(path, number, f"frame numbers cannot be negative, got {start} to {end}.")
    return Annotation(label - 1, min(start, end), max(start, end), number, start > end)


def _bad_label(path: Path, line: int, reason: str) -> RawFileError:
    return RawFileError(str(path), reason, line=line, mend="Mend or remove the line.")


def name_instances(video: str, views: Mapping[str, Sequence[Annotation]]) -> dict[str, tuple[Instance, ...]]:
    """Name the annotations of a video's views, and say which of them are one performance.

    Annotations of equal class are matched by temporal overlap, never by their position in the file: lines are
    missing or stand elsewhere in some views. Two views without any overlap at all run on different clocks; their
    k-th occurrences of a class are matched where both have equally many. What is left stands alone.

    Parameters
    ----------
    video : str
        What the names of the views share, such as ``0002`` or ``A01N01``.
    views : mapping of str to sequence of Annotation
        Annotations of each view (``L``, ``M``, ``R``).

    Returns
    -------
    dict of str to tuple of Instance
        Instances of each view by start. A sample is named ``video-view_Acc_kkk``, the k-th of class c (both from 1)
        in its view; a performance ``video_Acc_kkk``, the k-th of that class seen by any view.
    """
    # In order of time everything below is free of the order of lines, equal annotations included.
    ordered = {view: sorted(views[view], key=lambda a: (a.start, a.end, a.label)) for view in sorted(views)}
    performances = _name_performances(video, ordered)
    return {view: tuple(_instances(f"{video}-{view}", view, ordered[view], performances)) for view in ordered}


def _name_performances(video: str, views: Mapping[str, Sequence[Annotation]]) -> dict[tuple[str, int], str]:
    def first_seen(group: Mapping[str, int]) -> tuple[int, int, str, int]:
        return min((views[view][i].start, views[view][i].end, view, i) for view, i in group.items())

    names: dict[tuple[str, int], str] = {}
    occurrence = Counter[int]()
    for group in sorted(_match(views), key=first_seen):
        label = next(views[view][i].label for view, i in group.items())
        occurrence[label] += 1
        names.update(dict.fromkeys(group.items(), f"{video}_A{label + 1:02d}_{occurrence[label]:03d}"))
    return names


def _instances(
    recording: str, view: str, annotations: Sequence[Annotation], performances: Mapping[tuple[str, int], str]
) -> Iterator[Instance]:
    occurrence = Counter[int]()
    for index, (label, start, end, *_) in enumerate(annotations):
        occurrence[label] += 1
        name = f"{recording}_A{label + 1:02d}_{occurrence[label]:03d}"
        yield Instance(name, label, start, end, performances[view, index])


def _match(views: Mapping[str, Sequence[Annotation]]) -> list[dict[str, int]]:
    """Partition all annotations into groups (view -> index) with at most one per view, best overlap first."""
    group_of = {(view, index): {view: index} for view in views for index in range(len(views[view]))}
    for _, one, other in sorted(_candidates(views)):
        kept, merged = group_of[one], group_of[other]
        if kept.keys().isdisjoint(merged):
            kept.update(merged)
            group_of.update(dict.fromkeys(merged.items(), kept))
    return list({id(group): group for group in group_of.values()}.values())


def _candidates(
    views: Mapping[str, Sequence[Annotation]],
) -> Iterator[tuple[float, tuple[str, int], tuple[str, int]]]:
    """Pairs of annotations that may be one performance, with minus their overlap."""
    for u, v in combinations(views, 2):
        pairs = [
            (-_overlap(one, other), (u, i), (v, j))
            for i, one in enumerate(views[u])
            for j, other in enumerate(views[v])
            if one.label == other.label
        ]
        overlapping = [pair for pair in pairs if -pair[0] >= MIN_OVERLAP]
        yield from overlapping or [(0.0, (u, i), (v, j)) for i, j in _by_occurrence(views[u], views[v])]


def _by_occurrence(one: Sequence[Annotation], other: Sequence[Annotation]) -> Iterator[tuple[int, int]]:
    for label in sorted({a.label for a in one}):
        left, right = _of_class(one, label), _of_class(other, label)
        if len(left) == len(right):
            yield from zip(left, right, strict=True)


def _of_class(annotations: Sequence[Annotation], label: int) -> list[int]:
    return [i for i, annotation in enumerate(annotations) if annotation.label == label]


def _overlap(one: Annotation, other: Annotation) -> float:
    """Intersection over union of two annotations, both ends counted in."""
    shared = min(one.end, other.end) - max(one.start, other.start) + 1
    union = max(one.end, other.end) - min(one.start, other.start) + 1
    return max(0, shared) / union
