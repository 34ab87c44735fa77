"""The complete grid of NTU RGB+D 60 and 120: every performance by its official name, to load-test without the licence.

The simulator knows 16 actions, 40 performers and the cameras of 17 setups. What it does not know is acted by what it
does: classes repeat its actions (those of two persons by two persons), setups beyond 17 have the cameras of an earlier
one. So files have the names, number and size of the real ones, and classes that nothing can be learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from skeleton_data.formats.ntu_lists import SETUP_SUBJECTS
from skeleton_data.raw import SkeletonDataError
from skeleton_data.synthetic.performances import ACTIONS, TWO_PERSON, Performance

LAST_SETUP = {"ntu60": 17, "ntu120": 32}
"""Shape -> last setup of the data set."""

_PAIR_LABELS = frozenset((*range(49, 60), *range(105, 120)))
_SOLO_ACTED = tuple(sorted(set(ACTIONS) - TWO_PERSON))
_PAIR_ACTED = tuple(sorted(TWO_PERSON))
# Prime to the size of both grids: steps of it visit every performance once, and any number of them all over the grid.
_STEP = 23_579


@dataclass(frozen=True)
class GridPerformance(Performance):
    """A performance of the official grid, whatever the simulator can act."""

    def __post_init__(self) -> None:
        first, last = (0, 59) if self.setup <= 17 else (60, 119)
        known = self.subject in SETUP_SUBJECTS.get(self.setup, ()) and first <= self.label <= last
        if not known or self.replication not in (1, 2):
            raise SkeletonDataError(f"{self.name} is no performance of NTU RGB+D 120.")

    @property
    def acted(self) -> int:
        """The simulated action that stands for this class; a simulated one stands for itself."""
        if self.label in ACTIONS:
            return self.label
        acted = _PAIR_ACTED if self.label in _PAIR_LABELS else _SOLO_ACTED
        return acted[self.label % len(acted)]


def grid(shape: str, count: int | None = None) -> list[GridPerformance]:
    """First ``count`` performances of a grid in an order that spreads over it; a longer list starts with the shorter.

    Parameters
    ----------
    shape : {"ntu60", "ntu120"}
        18,960 or 38,160 performances, three files each.
    count : int, optional
        All by default.

    Raises
    ------
    SkeletonDataError
        When there is no such shape, or it has not so many performances.
    """
    if shape not in LAST_SETUP:
        raise SkeletonDataError(f"Unknown shape {shape!r}; choose from {', '.join(LAST_SETUP)}.")
    keys = [
        (setup, *key)
        for setup, subjects in SETUP_SUBJECTS.items()
        if setup <= LAST_SETUP[shape]
        for key in product(subjects, (1, 2), range(60) if setup <= 17 else range(60, 120))
    ]
    wanted = len(keys) if count is None else count
    if not 1 <= wanted <= len(keys):
        raise SkeletonDataError(f"{shape} has 1 to {len(keys)} performances (3 files each), asked for {count}.")
    return [GridPerformance(*keys[i * _STEP % len(keys)]) for i in range(wanted)]
