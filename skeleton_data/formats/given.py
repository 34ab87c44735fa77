"""What files of other people leave unsaid: joint layout, class names, and what an NTU name in them tells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from skeleton_aug.skeletons import SKELETONS, Skeleton
from skeleton_data.formats import ntu_lists
from skeleton_data.formats.ntu import RecordingName
from skeleton_data.raw import UNKNOWN, SkeletonDataError

MAX_CLASSES = 10_000
"""A label beyond is damage: no published set has a tenth of that."""
_BUILT_IN_CLASSES = ("ntu60", "ntu120", "pku1", "pku2", "nucla")
_SUFFIX = ".skeleton"
_LONGEST_NAME = 250
_LARGEST_TEXT = 16 << 20


@dataclass(frozen=True)
class GivenLayout:
    """Options of formats that say nothing of their joints and classes."""

    skeleton: str = field(
        default="kinect_v2",
        metadata={"help": f"joint layout: {', '.join(SKELETONS)}, or a JSON file as Skeleton.to_dict makes it"},
    )
    classes: str | None = field(
        default=None,
        metadata={
            "help": f"class names: those of {', '.join(_BUILT_IN_CLASSES)}, or a text file with one a line; by default "
            "those of NTU RGB+D where all names and labels agree with it, or else plain numbers"
        },
    )


@dataclass(frozen=True)
class Facts:
    """What is known of a recording beside its positions and label; -1 where a number is not."""

    performance: str
    subject: int = UNKNOWN
    camera: int = UNKNOWN
    setup: int = UNKNOWN
    replication: int = UNKNOWN


def recording_name(text: str) -> str:
    """The name of a recording that a list calls ``text``: without ``.skeleton``, and an NTU name without its folder."""
    name = text.removesuffix(_SUFFIX)
    last = PurePosixPath(name.replace("\\", "/")).name
    return last if RecordingName.parse(last) else name


def facts(name: str) -> Facts:
    """What an NTU name tells; of any other name only that it is a performance of its own."""
    parsed = RecordingName.parse(name)
    if parsed is None:
        return Facts(name)
    return Facts(parsed.performance, parsed.subject, parsed.camera, parsed.setup, parsed.replication)


def check_name(text: str) -> None:
    """Raise :class:`ValueError` for what a store cannot hold as a name."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"the name {text[:40]!a} is no valid text.") from None
    if not text or len(text) > _LONGEST_NAME or not text.isprintable():
        raise ValueError(f"the name {text[:40]!r} is empty, longer than {_LONGEST_NAME} or has control characters.")


def read_lines(path: Path) -> list[str]:
    """Lines of a text file in UTF-8, without those at the end that are empty.

    Raises
    ------
    SkeletonDataError
        When it cannot be read or is no such text.
    """
    try:
        if path.stat().st_size > _LARGEST_TEXT:
            raise SkeletonDataError(f"{path}: {path.stat().st_size:,} bytes are no list of names.")
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise SkeletonDataError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SkeletonDataError(f"{path}: is no text in UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    lines = [line.removesuffix("\r") for line in lines]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def get_layout(text: str) -> Skeleton:
    """Return the built-in joint layout called ``text``, or the one in the JSON file of that path.

    Raises
    ------
    SkeletonDataError
        When there is neither, or the file holds no layout.
    """
    if text in SKELETONS:
        return SKELETONS[text]
    path = Path(text)
    if not path.is_file():
        raise SkeletonDataError(
            f"No joint layout {text!r}: choose from {', '.join(SKELETONS)}, or give a JSON file as Skeleton.to_dict "
            "makes it."
        )
    try:
        return Skeleton.from_dict(json.loads("\n".join(read_lines(path))))
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise SkeletonDataError(f"{path}: holds no joint layout ({what}). Write it with Skeleton.to_dict.") from error


def get_class_names(text: str) -> tuple[str, ...]:
    """Return the class names of the built-in data set called ``text``, or the lines of the file of that path.

    Raises
    ------
    SkeletonDataError
        When there is neither.
    """
    from skeleton_data.formats import format_class

    if text in _BUILT_IN_CLASSES:
        return tuple(format_class(text)().class_names)
    path = Path(text)
    if not path.is_file():
        known = ", ".join(_BUILT_IN_CLASSES)
        raise SkeletonDataError(f"No class names {text!r}: choose from {known}, or give a text file with one a line.")
    return tuple(read_lines(path))


def class_names(chosen: str | None, names: Sequence[str], labels: Sequence[int], least: int = 0) -> tuple[str, ...]:
    """Names of the classes of recordings.

    Parameters
    ----------
    chosen : str or None
        The option of that name.
    names, labels : sequence
        Of all recordings.
    least : int
        Number of classes that the source has at least.

    Returns
    -------
    tuple of str
        The chosen ones; else those of NTU RGB+D if every name is one of its names and says the same label; else the
        labels as text.
    """
    if chosen is not None:
        return get_class_names(chosen)
    parsed = [RecordingName.parse(name) for name in names]
    if all(p is not None and p.action == label + 1 for p, label in zip(parsed, labels, strict=True)):
        n_known = 60 if max(labels, default=0) < 60 and least <= 60 else len(ntu_lists.CLASSES)
        if max(labels, default=0) < n_known:
            return ntu_lists.CLASSES[:n_known]
    return tuple(str(label) for label in range(min(MAX_CLASSES, max(least, max(labels, default=0) + 1))))
