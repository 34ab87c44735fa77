"""The data sets of the paper's tables, Northwestern-UCLA and the simulator, as names on the command line.

Every task takes ``paper`` and ``small`` (any store, any split), and for each data set below its name (the paper's
settings) and its name with ``-small`` (settings for a laptop): ``ntu60-xsub``, ``ntu60-xsub-small``, ... Some tasks
also have ``ours`` and ``nucla-xview-ours``, settings that were chosen for Northwestern-UCLA.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

Config = TypeVar("Config")


@dataclass(frozen=True)
class DataSet:
    """One protocol of one data set.

    Attributes
    ----------
    title : str
    store : Path
        Where the commands expect its store, from the folder that they run in.
    split : str
    """

    title: str
    store: Path
    split: str


DATASETS: Mapping[str, DataSet] = {
    "ntu60-xsub": DataSet("NTU RGB+D 60, cross-subject", Path("data/ntu60.h5"), "xsub"),
    "ntu60-xview": DataSet("NTU RGB+D 60, cross-view", Path("data/ntu60.h5"), "xview"),
    "ntu120-xsub": DataSet("NTU RGB+D 120, cross-subject", Path("data/ntu120.h5"), "xsub"),
    "ntu120-xset": DataSet("NTU RGB+D 120, cross-setup", Path("data/ntu120.h5"), "xset"),
    "pku2-xsub": DataSet("PKU-MMD II, cross-subject", Path("data/pku2.h5"), "xsub"),
    "nucla-xview": DataSet("Northwestern-UCLA, cross-view", Path("data/nucla.h5"), "xview"),
    "sim-xsub": DataSet("simulated recordings, cross-subject", Path("data/sim.h5"), "xsub"),
    "sim-xview": DataSet("simulated recordings, cross-view", Path("data/sim.h5"), "xview"),
    "sim120-xset": DataSet("simulated recordings, cross-setup", Path("data/sim120.h5"), "xset"),
}

OURS = "nucla-xview"
"""The data set that ``ours`` was chosen for, on parts of its training half."""


def with_datasets(
    paper: Config, small: Config, changes: Mapping[str, Mapping[str, Any]] | None = None, ours: Config | None = None
) -> dict[str, tuple[str, Config]]:
    """Give both scales a config for each data set.

    Parameters
    ----------
    paper, small : dataclass with fields ``store`` and ``split``
    ours : the same, optional
        What was chosen for Northwestern-UCLA: its data set gets a third config, ``nucla-xview-ours``.
    changes : mapping, optional
        Name of a config -> fields that differ from those of its scale.
    """
    named = {}
    for name, data in DATASETS.items():
        for suffix, scale, about in (("", paper, "the paper's settings"), ("-small", small, "for a laptop")):
            fields = {"store": data.store, "split": data.split, **(changes or {}).get(name + suffix, {})}
            named[name + suffix] = f"{data.title}: {about}.", replace(scale, **fields)  # type: ignore[type-var]
    if ours is not None:
        data = DATASETS[OURS]
        fields = {"store": data.store, "split": data.split}
        named[f"{OURS}-ours"] = f"{data.title}: chosen for it.", replace(ours, **fields)  # type: ignore[type-var]
    return named
