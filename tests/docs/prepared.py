"""What stands in a reader's folder before the blocks of a page run: simulated archives of the official shapes."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skeleton_data import convert
from skeleton_data.formats.pku_labels import CLASS_NAMES
from skeleton_data.synthetic import Performance, simulate, synthesize

_PKU_CLASSES = {9: "clapping", 21: "cheer up", 22: "hand waving", 57: "handshaking"}
"""Simulated NTU label -> class of PKU-MMD."""
_PAUSE = 20
"""Frames between two actions."""


def ntu_archives(folder: Path) -> None:
    """Both NTU archives with a small part of their files, of which one is cut short and one stands on no list."""
    for shape, archive, inside, performances in (
        ("ntu60", "nturgbd_skeletons_s001_to_s017.zip", "nturgb+d_skeletons", 24),
        ("ntu120", "nturgbd_skeletons_s018_to_s032.zip", "nturgb+d_skeletons120", 24),
    ):
        raw = folder / "raw"
        files = synthesize(raw, performances=performances, shape=shape)
        files = [path for path in files if shape == "ntu60" or int(path.name[1:4]) > 17]
        if shape == "ntu60":
            files[0].write_bytes(files[0].read_bytes()[:5000])
        with zipfile.ZipFile(folder / archive, "w") as out:
            for path in files:
                out.write(path, f"{inside}/{path.name}")
        shutil.rmtree(raw)


def pku_folders(folder: Path) -> None:
    """Folder ``pku1`` as the unpacked archives of phase I leave it: one recording that trains, and one that tests."""
    for number, subject in ((2, 1), (291, 3)):
        for view, camera in zip("LMR", (2, 1, 3), strict=True):
            _write_video(folder / "pku1", f"{number:04d}-{view}", subject, camera)


def _write_video(folder: Path, name: str, subject: int, camera: int) -> None:
    frames: list[np.ndarray] = [np.zeros((_PAUSE, 2, 25, 3))]
    labels = []
    for label, named in _PKU_CLASSES.items():
        sensed = simulate(Performance(setup=1, subject=subject, replication=1, label=label), camera, seed=0).sensed
        action = np.zeros((sensed.n_frames, 2, 25, 3))
        for slot, body in enumerate(sensed.bodies[:2]):
            action[body.frames, slot] = body.positions
        start = sum(map(len, frames))
        labels.append(f"{CLASS_NAMES.index(named) + 1},{start},{start + len(action)},2")
        frames += [action, np.zeros((_PAUSE, 2, 25, 3))]
    _write(folder / "PKU_Skeleton_Renew" / f"{name}.txt", _lines(np.concatenate(frames)))
    _write(folder / "Train_Label_PKU_final" / f"{name}.txt", labels)


def _lines(frames: np.ndarray) -> list[str]:
    return [" ".join(f"{value:.6f}" for value in frame.ravel()) for frame in frames]


def _write(path: Path, lines: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")


def ntu60_store(folder: Path) -> None:
    """``ntu60.h5`` of a few simulated recordings."""
    synthesize(folder / "raw", performances=16)
    convert("ntu60", folder / "raw", folder / "ntu60.h5")
