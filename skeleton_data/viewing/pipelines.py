"""Pipelines named on a command line."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path

from skeleton_aug import Pipeline, Skeleton, presets
from skeleton_data.raw import SkeletonDataError

PRESETS = (
    "aggressive",
    "conservative",
    "evaluation",
    "crossclr",
    "aimclr_normal",
    "aimclr_extreme",
    "pyskl_train",
)
"""Functions of :mod:`skeleton_aug.presets` that make a pipeline for a joint layout."""


def named_pipeline(name: str, skeleton: Skeleton) -> Pipeline:
    """Return the pipeline of a name.

    Parameters
    ----------
    name : str
        One of :data:`PRESETS`, or a JSON file of what ``pipeline.to_dict()`` gives.
    skeleton : Skeleton
        Joint layout of the data, for presets.

    Raises
    ------
    SkeletonDataError
        When there is no such preset or file, the file holds no pipeline, or the layout does not do for the preset.
    """
    if name in PRESETS:
        try:
            made: Pipeline = getattr(presets, name)(skeleton)
        except ValueError as error:
            raise SkeletonDataError(f"--augment {name}: {error}") from error
        return made
    path = Path(name)
    if path.suffix != ".json" and not path.exists():
        close = get_close_matches(name, PRESETS, 1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise SkeletonDataError(
            f"--augment {name}: no such preset.{hint} Presets are {', '.join(PRESETS)}; a pipeline of your own is a "
            "file, such as mine.json, written by json.dump(pipeline.to_dict(), file)."
        )
    return _read(path)


def _read(path: Path) -> Pipeline:
    try:
        return Pipeline.from_dict(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise SkeletonDataError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SkeletonDataError(f"{path}: is no JSON file ({error}).") from error
    except json.JSONDecodeError as error:
        raise SkeletonDataError(f"{path}, line {error.lineno}: is no JSON ({error.msg}).") from error
    except (ValueError, TypeError) as error:
        raise SkeletonDataError(f"{path}: holds no pipeline as to_dict() gives it. {error}") from error
