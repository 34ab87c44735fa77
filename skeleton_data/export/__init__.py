"""Stores written in the formats of other people, by the name that the command line uses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tqdm import tqdm

from skeleton_data.export.selection import Exporter, Selection
from skeleton_data.export.target import replacing
from skeleton_data.raw import SkeletonDataError
from skeleton_data.store import Store

EXPORTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "folder": ("skeleton_data.export.folder", "FolderExport"),
        "ntu": ("skeleton_data.export.ntu", "NTUExport"),
        "nucla": ("skeleton_data.export.nucla", "NUCLAExport"),
        "pyskl": ("skeleton_data.export.pyskl", "PysklExport"),
        "stgcn": ("skeleton_data.export.stgcn", "STGCNExport"),
        "ctrgcn": ("skeleton_data.export.ctrgcn", "CTRGCNExport"),
    }
)
"""Format name -> (module, class); a module is imported when its format is asked for."""

WITH_CHANNELS = ("folder", "ntu")
"""Formats that hold what a store has besides positions."""


def export_class(name: str) -> type[Any]:
    """Return the dataclass of options that writes the format called ``name``.

    Raises
    ------
    SkeletonDataError
        When there is no such format.
    """
    if name not in EXPORTS:
        raise SkeletonDataError(f"Unknown format {name!r}; a store can be exported as {', '.join(EXPORTS)}.")
    module, attribute = EXPORTS[name]
    found: type[Any] = getattr(import_module(module), attribute)
    return found


def export(
    store: Store,
    exporter: Exporter | str,
    target: str | os.PathLike[str],
    *,
    split: str | None = None,
    force: bool = False,
    progress: bool = False,
) -> int:
    """Write a store in another format.

    A recording at a time is in memory. However the export ends, ``target`` is whole or is not touched.

    Parameters
    ----------
    store : Store
    exporter : Exporter or str
        The format, or its name with default options: a key of :data:`EXPORTS`.
    target : path
        File or folder to write, as the format has it.
    split : str, optional
        Only the recordings of this split, and of the splits only this one. Formats that hold one split only (st-gcn,
        CTR-GCN) need it where the store has several.
    force : bool
        Replace an existing target: any file, but only a folder that holds nothing but files of this format.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    int
        Number of recordings written.

    Raises
    ------
    SkeletonDataError
        When the format cannot hold these recordings, the store has no such split, or the target exists or cannot be
        written.
    """
    made: Exporter = export_class(exporter)() if isinstance(exporter, str) else exporter
    selection = Selection.of(store, split)
    made.check(selection)
    with (
        replacing(Path(target).absolute(), made.suffixes, force) as place,
        tqdm(total=len(selection), unit=" samples", disable=not progress, dynamic_ncols=True) as bar,
    ):
        selection.advance = bar.update
        made.write(selection, place)
    return len(selection)
