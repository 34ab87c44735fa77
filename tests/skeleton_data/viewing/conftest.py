"""Simulated recordings of two persons before three cameras, with what the sensor tells of each joint."""

from __future__ import annotations

from pathlib import Path

import pytest

from skeleton_data import Store, convert
from skeleton_data.formats.ntu import NTU60
from skeleton_data.synthetic import synthesize


@pytest.fixture(scope="session")
def seen_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirteen performances; the last is ``PUSHING``."""
    folder = tmp_path_factory.mktemp("viewing")
    synthesize(folder / "raw", performances=13, seed=1)
    convert(NTU60(channels=("tracking_state",)), folder / "raw", folder / "seen.h5", workers=1)
    return folder / "seen.h5"


@pytest.fixture(scope="session")
def seen(seen_path: Path) -> Store:
    return Store.open(seen_path)


@pytest.fixture(scope="session")
def pushing(seen: Store) -> list[int]:
    """Samples of the performance S001P017R002A052 by camera: one person pushes another."""
    number = seen.performance_names.index("S001P017R002A052")
    return [i for i in range(len(seen)) if seen.samples["performance"][i] == number]
