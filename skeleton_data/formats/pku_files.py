"""Which files below a folder are PKU-MMD recordings, and which are their annotations."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from skeleton_data.raw import RawFileError, SkeletonDataError

Kind = Literal["skeleton", "label"]

# Published material spells the view with a dash or an underscore, and names three suffixes; the archives have .txt.
_NAMES = {1: re.compile(r"(\d{4})[-_]([LMR])"), 2: re.compile(r"(A\d\dN\d\d)[-_]([LMR])")}
_SUFFIXES = (".txt", ".skeleton", ".label")
_EXAMPLES = {1: "0002-L.txt", 2: "A01N01-L.txt"}


class PKUFiles:
    """The skeleton and label files of one phase below a folder, by recording name such as ``0002-L``.

    Both kinds share their names. The folder that a file lies in tells them apart (``Skeleton`` or ``Label`` in its
    name), or else the content (only labels have commas).

    Parameters
    ----------
    source : Path
        A folder; links to folders are followed.
    phase : {1, 2}
        Recordings of the other phase are not taken.

    Attributes
    ----------
    skeletons, labels : dict of str to Path
        One file per recording. A recording with two candidates is in neither.
    rejected : list of RawFileError
        Files that cannot be told apart or stand twice.

    Raises
    ------
    SkeletonDataError
        When ``source`` is no folder, or holds no skeleton files or no label files of this phase.
    """

    def __init__(self, source: Path, phase: int) -> None:
        if not source.is_dir():
            what = "is no folder" if source.exists() else "does not exist"
            raise SkeletonDataError(f"{source}: {what}. Unpack the official archives and give the folder above them.")
        self.skeletons: dict[str, Path] = {}
        self.labels: dict[str, Path] = {}
        self.rejected: list[RawFileError] = []
        found: dict[tuple[str, Kind], list[Path]] = {}
        other_phase = 0
        for path in _walk(source):
            other_phase += _file_name(path, 3 - phase) is not None
            name = _file_name(path, phase)
            kind = _kind(path) if name else None
            if name and kind:
                found.setdefault((name, kind), []).append(path)
            elif name:
                self.rejected.append(RawFileError(str(path), "the file is empty.", mend="Unpack its archive again."))
        self._keep(found)
        self._check(source, phase, {kind for _, kind in found}, other_phase)

    def _keep(self, found: dict[tuple[str, Kind], list[Path]]) -> None:
        twice = {name for (name, _), paths in found.items() if len(paths) > 1}
        for (name, kind), paths in sorted(found.items()):
            if name not in twice:
                (self.skeletons if kind == "skeleton" else self.labels)[name] = paths[0]
            for path in sorted(paths)[1:]:
                # Which of two releases is the corrected one cannot be seen here, so neither is used.
                reason = f"a second {kind} file of recording {name}, besides {min(paths)}."
                self.rejected.append(RawFileError(str(path), reason, mend="Keep one of the two."))

    def _check(self, source: Path, phase: int, kinds: set[Kind], other_phase: int) -> None:
        absent = [kind for kind in ("skeleton", "label") if kind not in kinds]
        if not absent or self.rejected:
            return
        mend = f"Unpack the skeleton and the label archive below this folder (files like {_EXAMPLES[phase]})."
        if other_phase:
            mend = f"It holds files of the other phase ({_EXAMPLES[3 - phase]}): for those choose pku{3 - phase}."
        raise SkeletonDataError(f"{source}: no {' and no '.join(absent)} files of PKU-MMD phase {'I' * phase}. {mend}")


def _walk(source: Path) -> Iterator[Path]:
    seen = set()
    for folder, folders, files in os.walk(source, followlinks=True):
        place = Path(folder).resolve()
        if place in seen:
            folders.clear()
            continue
        seen.add(place)
        folders.sort()
        yield from (Path(folder, file) for file in sorted(files))


def _file_name(path: Path, phase: int) -> str | None:
    return recording_name(path, phase) if path.suffix in _SUFFIXES else None


def recording_name(path: Path, phase: int) -> str | None:
    """Return the recording, such as ``0002-L``, that a file or a bare name stands for; None if it is none."""
    match = _NAMES[phase].fullmatch(path.stem) if path.suffix in ("", *_SUFFIXES) else None
    return f"{match[1]}-{match[2]}" if match else None


def _kind(path: Path) -> Kind | None:
    kinds: tuple[Kind, Kind] = ("skeleton", "label")
    for place in (path.suffix, path.parent.name.lower()):
        named = [kind for kind in kinds if kind in place]
        if len(named) == 1:
            return named[0]
    try:
        with path.open("rb") as file:
            head = file.read(4096).split()
    except OSError as error:
        raise SkeletonDataError(f"{path}: cannot be read ({error.strerror}).") from error
    if not head:
        return None
    return "label" if any(b"," in word for word in head) else "skeleton"
