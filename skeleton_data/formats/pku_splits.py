"""The official split files of PKU-MMD: training names, then validation names, each below its own heading."""

from __future__ import annotations

import re
from pathlib import Path

from skeleton_data.formats.pku_files import recording_name
from skeleton_data.formats.sources import read_at_most
from skeleton_data.raw import RawFileError

_HEADER = re.compile(r"\s*(train|valid|test)\w*\s+videos?\s*:?(.*)", re.IGNORECASE | re.DOTALL)
_MAX_BYTES = 1 << 20


def read_split_file(path: Path, phase: int) -> tuple[frozenset[str], frozenset[str]]:
    """Read an official split file, such as ``cross-view.txt`` or ``cross_subject_v2.txt``.

    Parameters
    ----------
    path : Path
    phase : {1, 2}
        Whose recordings it names.

    Returns
    -------
    train, test : frozenset of str
        Recordings such as ``0002-L``; names may be spelled with a dash or an underscore, with a suffix or without.

    Raises
    ------
    RawFileError
        When the file cannot be read, has no training or no validation part, or a word is no recording of this phase
        or stands in both parts.
    """
    try:
        data = read_at_most(path, _MAX_BYTES)
    except OSError as error:
        raise RawFileError(str(path), f"cannot be read ({error.strerror}).") from error
    if len(data) > _MAX_BYTES:
        raise RawFileError(str(path), f"refused: more than {_MAX_BYTES:,} bytes, which no split file has.")
    parts: dict[bool, set[str]] = {}
    current: set[str] | None = None
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        text = line.decode("ascii", "backslashreplace")
        if header := _HEADER.fullmatch(text):
            current = parts.setdefault(header[1].lower() == "train", set())
            text = header[2]
        names = _names(text, path, number, phase)
        if names and current is None:
            raise RawFileError(str(path), "names stand before the line 'Training videos:'.", line=number)
        if current is not None:
            current |= names
    if set(parts) != {True, False} or not all(parts.values()):
        reason = "expected the lines 'Training videos:' and 'Validation videos:', each followed by names."
        raise RawFileError(str(path), reason, mend="Give the official split file.")
    if both := parts[True] & parts[False]:
        raise RawFileError(str(path), f"{min(both)} stands in the training and in the validation part.")
    return frozenset(parts[True]), frozenset(parts[False])


def _names(text: str, path: Path, number: int, phase: int) -> set[str]:
    names = set()
    for word in re.split(r"[,\s]+", text):
        if not word:
            continue
        name = recording_name(Path(word), phase)
        if name is None:
            reason = f"{word[:40]!r} is no recording of phase {'I' * phase}."
            raise RawFileError(str(path), reason, line=number, mend="Give the split file of this phase.")
        names.add(name)
    return names
