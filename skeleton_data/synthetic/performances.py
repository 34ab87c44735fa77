"""Which performances there are: classes, subjects, setups, and the order that keeps every prefix balanced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from skeleton_data.raw import SkeletonDataError

CAMERAS = (1, 2, 3)
ACTIONS: Mapping[int, str] = {
    5: "pickup",
    7: "sitting down",
    8: "standing up (from sitting position)",
    9: "clapping",
    21: "cheer up",
    22: "hand waving",
    23: "kicking something",
    26: "jump up",
    30: "pointing to something with finger",
    39: "cross hands in front (say stop)",
    49: "punching/slapping other person",
    50: "kicking other person",
    51: "pushing other person",
    57: "handshaking",
    58: "walking towards each other",
    59: "walking apart from each other",
}
TWO_PERSON = frozenset((49, 50, 51, 57, 58, 59))

# Height and distance of the cameras in metres, setups 1 to 17 of NTU RGB+D.
SETUPS: Mapping[int, tuple[float, float]] = {
    1: (1.7, 3.5),
    2: (1.7, 2.5),
    3: (1.4, 2.5),
    4: (1.2, 3.0),
    5: (1.2, 3.0),
    6: (0.8, 3.5),
    7: (0.5, 4.5),
    8: (1.4, 3.5),
    9: (0.8, 2.0),
    10: (1.8, 3.0),
    11: (1.9, 3.0),
    12: (2.0, 3.0),
    13: (2.1, 3.0),
    14: (2.2, 3.0),
    15: (2.3, 3.5),
    16: (2.7, 3.5),
    17: (2.5, 3.0),
}

_TRAIN = (1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38)
_TEST = tuple(subject for subject in range(1, 41) if subject not in _TRAIN)
_LABELS = tuple(ACTIONS)
_ROUND = 2 * (len(_TRAIN) + len(_TEST))
MAX_PERFORMANCES = len(_LABELS) * _ROUND * len(SETUPS)


@dataclass(frozen=True)
class Performance:
    """One action done once, seen by three cameras.

    Attributes
    ----------
    setup, subject, replication : int
        As NTU RGB+D numbers them: 1..17, 1..40, 1..2.
    label : int
        0-based NTU class, a key of :data:`ACTIONS`.
    """

    setup: int
    subject: int
    replication: int
    label: int

    def __post_init__(self) -> None:
        if self.label not in ACTIONS:
            raise SkeletonDataError(
                f"Performance: label {self.label} is not simulated; choose one of {', '.join(map(str, ACTIONS))}."
            )
        if self.setup not in SETUPS or not 1 <= self.subject <= 40 or self.replication not in (1, 2):
            raise SkeletonDataError(
                "Performance: setup must lie in 1..17, subject in 1..40 and replication in 1..2, "
                f"got setup {self.setup}, subject {self.subject}, replication {self.replication}."
            )

    @property
    def key(self) -> tuple[int, int, int, int]:
        """(setup, subject, replication, label): what random streams are derived from."""
        return self.setup, self.subject, self.replication, self.label

    @property
    def acted(self) -> int:
        """Label of the action that is simulated."""
        return self.label

    @property
    def name(self) -> str:
        """Name shared by the samples of the performance, such as ``S001P001R001A006``."""
        return f"S{self.setup:03d}P{self.subject:03d}R{self.replication:03d}A{self.label + 1:03d}"

    def sample(self, camera: int) -> str:
        """Name of the sample that ``camera`` records, such as ``S001C001P001R001A006``."""
        return f"S{self.setup:03d}C{camera:03d}{self.name[4:]}"


def setup_geometry(setup: int) -> tuple[float, float]:
    """Height and distance of the cameras of a setup; beyond 17, where none are published, those of an earlier one."""
    return SETUPS[1 + (setup - 1) % len(SETUPS)]


def stream(seed: int, *key: int) -> np.random.Generator:
    """Random numbers that depend on the seed and the key alone."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))


def performance_list(count: int) -> list[Performance]:
    """First ``count`` performances; a longer list starts with the shorter one.

    Every run of 16 performances has each class once, and each class alternates between training and test
    subjects of the official cross-subject split. A subject has one or two setups until all 2,560 of those
    performances are used, and gains setups only after that.

    Raises
    ------
    SkeletonDataError
        When ``count`` is not in 1..21760.
    """
    if not 1 <= count <= MAX_PERFORMANCES:
        raise SkeletonDataError(
            f"The simulator has 1 to {MAX_PERFORMANCES} performances (3 files each), asked for {count}."
        )
    walk = _walk()
    return [next(walk) for _ in range(count)]


def _walk() -> Iterator[Performance]:
    people = [person for pair in zip(_TRAIN, _TEST, strict=True) for person in pair]
    for turn in range(_ROUND * len(SETUPS)):
        for place, label in enumerate(_LABELS):
            slot = (turn + 5 * place) % _ROUND
            who, second = slot % len(people), slot // len(people)
            replication = 1 + (who // 2 + second) % 2
            yield Performance(_setup(people[who], turn // _ROUND, place), people[who], replication, label)


def _setup(subject: int, lap: int, place: int) -> int:
    # Half of the subjects are recorded in a second setup, with every other class.
    moved = 8 * (subject % 2) * (place % 2)
    return 1 + (7 * subject + moved + 8 * lap) % len(SETUPS)
