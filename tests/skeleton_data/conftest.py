"""Raw NTU RGB+D recordings made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from skeleton_data import convert

Frames = Sequence[Sequence[tuple[int, NDArray[np.float32]]]]


def write_text(frames: Frames, end: str = "\n") -> bytes:
    """The ``.skeleton`` text of frames, each a list of (body id, (25, 3) positions), floats to full precision."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for body_id, positions in bodies:
            lines += [f"{body_id} 0 1 1 0 1 0 0.0149 -0.0238 2", "25"]
            lines += [
                f"{x:.9g} {y:.9g} {z:.9g} 277.4 191.8 1036.2 519.16 -0.2130 0.0233 0.9760 -0.0373 2"
                for x, y, z in positions.tolist()
            ]
    return (end.join(lines) + end).encode()


def random_frames(seed: int, n_frames: int = 4, body_ids: Sequence[int] = (72057594037930243,)) -> Frames:
    """Frames of upright bodies near three metres, all there in all frames."""
    rng = np.random.default_rng(seed)
    upright = np.linspace([-0.2, -0.8, 2.9], [0.2, 0.8, 3.1], 25)
    return [
        [(body_id, (upright + rng.normal(0, 0.05, (25, 3))).astype(np.float32)) for body_id in body_ids]
        for _ in range(n_frames)
    ]


@pytest.fixture(scope="session")
def ntu_text() -> Callable[..., bytes]:
    return write_text


@pytest.fixture(scope="session")
def ntu_frames() -> Callable[..., Frames]:
    return random_frames


@pytest.fixture(scope="session")
def ntu_folder() -> Callable[..., Path]:
    """Give a function that fills a folder with recordings of the given names, each with its own content."""

    def fill(folder: Path, names: Sequence[str], n_frames: int = 4) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for seed, name in enumerate(names):
            (folder / f"{name}.skeleton").write_bytes(write_text(random_frames(seed, n_frames)))
        return folder

    return fill


def shared_data(inside: str, what: str) -> Path:
    """What a checkout may have in a folder beside it."""
    for parent in Path(__file__).resolve().parents:
        path = parent / "shared" / "data" / inside
        if path.exists():
            return path
    pytest.skip(f"{what} not here")


@pytest.fixture(scope="session")
def nucla_zip() -> Path:
    """The real Northwestern-UCLA recordings."""
    return shared_data("nucla/all_sqe.zip", "the N-UCLA recordings (all_sqe.zip) are")


@pytest.fixture(scope="session")
def official_lists() -> Path:
    """The lists that the makers of the data sets published."""
    return shared_data("spec", "the folder of official lists (spec) is")


VARIED = [f"S001C00{c}P00{p}R001A00{a}" for c in (1, 2, 3) for p in (1, 3) for a in (1, 2)]


@pytest.fixture(scope="session")
def varied_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of twelve recordings of 14 to 25 frames: bodies that come late, frames without any, a copy."""
    raw = tmp_path_factory.mktemp("varied")
    for number, name in enumerate(VARIED):
        frames = list(random_frames(number, 14 + number))
        if number % 3 == 0:
            frames = [[], *frames[:3], *random_frames(100 + number, 12, (5, 6)), [], *frames[3:]]
        (raw / f"{name}.skeleton").write_bytes(write_text(frames))
    # The same positions under another body id, before another camera.
    text = (raw / f"{VARIED[1]}.skeleton").read_bytes()
    (raw / f"{VARIED[5]}.skeleton").write_bytes(text.replace(b"72057594037930243 ", b"72057594037930299 "))
    output = tmp_path_factory.mktemp("store") / "varied.h5"
    convert("ntu60", raw, output)
    return output
