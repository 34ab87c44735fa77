"""The raw formats that can be converted, by the name that the command line uses."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from skeleton_data.bodies import STRATEGIES
from skeleton_data.raw import RawFormat, SkeletonDataError, SourceFormat

FORMATS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ntu60": ("skeleton_data.formats.ntu", "NTU60"),
        "ntu120": ("skeleton_data.formats.ntu", "NTU120"),
        "pku1": ("skeleton_data.formats.pku", "PKU1"),
        "pku2": ("skeleton_data.formats.pku", "PKU2"),
        "nucla": ("skeleton_data.formats.nucla", "NUCLA"),
        "folder": ("skeleton_data.formats.folder", "Folder"),
        "pyskl": ("skeleton_data.formats.pyskl", "Pyskl"),
        "stgcn": ("skeleton_data.formats.stgcn", "STGCN"),
        "ctrgcn": ("skeleton_data.formats.ctrgcn", "CTRGCN"),
    }
)
"""Format name -> (module, class); a module is imported when its format is asked for."""


def format_class(name: str) -> type[Any]:
    """Return the dataclass of options that reads the format called ``name``.

    Raises
    ------
    SkeletonDataError
        When there is no such format.
    """
    if name not in FORMATS:
        raise SkeletonDataError(f"Unknown format {name!r}; choose from {', '.join(FORMATS)}.")
    module, attribute = FORMATS[name]
    found: type[Any] = getattr(import_module(module), attribute)
    return found


def get_format(name: str, **options: object) -> RawFormat | SourceFormat:
    """Make the reader of the format called ``name`` with the given options.

    Parameters
    ----------
    name : str
        A key of :data:`FORMATS`.
    **options
        Fields of the format's dataclass, such as ``keep_missing=True`` for ``ntu60``.

    Raises
    ------
    SkeletonDataError
        When there is no such format, or it has no such option.
    """
    try:
        made: RawFormat | SourceFormat = format_class(name)(**options)
    except TypeError as error:
        raise SkeletonDataError(f"Format {name!r}: {error}. Look at its options with help().") from None
    return made


def default_bodies(raw_format: object) -> str:
    """Name of the body selection that a format is converted with unless another is asked for."""
    return str(getattr(raw_format, "default_bodies", next(iter(STRATEGIES))))
