"""Which recordings to show."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from skeleton_data.raw import SkeletonDataError
from skeleton_data.store import Store

MOST_RECORDINGS = 12
"""That are shown side by side."""


@dataclass(frozen=True)
class Choice:
    """What is shown.

    Attributes
    ----------
    name : str
        Of the performance, or of the sample.
    samples : tuple of int
        Sample indices, by camera.
    note : str
        How it was chosen, where nothing was named; else empty.
    """

    name: str
    samples: tuple[int, ...]
    note: str = ""


def choose(store: Store, *, sample: str | None = None, performance: str | None = None) -> Choice:
    """Find a recording, or those of a performance.

    Parameters
    ----------
    store : Store
    sample : str, optional
        Name of one recording.
    performance : str, optional
        Name of a performance, or its number; by default, where no sample is named either, the first of those that most
        cameras took.

    Raises
    ------
    SkeletonDataError
        When there is no such recording or performance, or it has too many recordings to show.
    """
    if sample is not None:
        return Choice(sample, (_find(store, "sample", sample, store.samples["name"].tolist()),))
    if performance is not None:
        return _performance(store, _performance_number(store, performance))
    if len(store) == 0:
        raise SkeletonDataError(f"{store.path}: holds no recordings, so there is nothing to show.")
    fitting = [group for group in store.performances() if len(group) <= MOST_RECORDINGS]
    number = int(store.samples["performance"][max(fitting, key=len)[0]]) if fitting else 0
    made = _performance(store, number) if fitting else Choice(str(store.samples["name"][0]), (0,))
    views = "1 recording" if len(made.samples) == 1 else f"{len(made.samples)} recordings"
    note = (
        f"Nothing was named, so this shows {made.name} ({views}, performance {number} of 0 to "
        f"{len(store.performance_names) - 1}). Others: --performance NUMBER or NAME, or --sample NAME."
    )
    return Choice(made.name, made.samples, note)


def _performance(store: Store, number: int) -> Choice:
    name = store.performance_names[number]
    (group,) = store.performances(np.flatnonzero(store.samples["performance"] == number))
    if len(group) > MOST_RECORDINGS:
        some = store.samples["name"][group[0]]
        raise SkeletonDataError(
            f"{store.path}: performance {name!r} has {len(group):,} recordings, and {MOST_RECORDINGS} are shown side "
            f"by side at most. Show one with --sample, such as --sample {some}."
        )
    cameras = store.samples["camera"][group]
    return Choice(name, tuple(group[np.argsort(cameras, kind="stable")].tolist()))


def _performance_number(store: Store, text: str) -> int:
    names = list(store.performance_names)
    if text in names or not text.isdecimal():
        return _find(store, "performance", text, names)
    if int(text) >= len(names):
        raise SkeletonDataError(f"{store.path}: no performance {text}; it has numbers 0 to {len(names) - 1}.")
    return int(text)


def _find(store: Store, what: str, name: str, names: list[str]) -> int:
    if name in names:
        return names.index(name)
    # A hundred thousand names are too many for a search by likeness; those that go wrong mostly begin right.
    alike = max(names, key=lambda other: _begin_alike(name, other), default="")
    hint = f"; one of them is {alike!r}" if names else ""
    raise SkeletonDataError(f"{store.path}: no {what} {name!r} among its {len(names):,}{hint}.")


def _begin_alike(one: str, other: str) -> int:
    """Count the letters that are the same at the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
