"""Still and moving pictures of what a page shows, drawn by matplotlib."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skeleton_data.raw import SkeletonDataError
from skeleton_data.storage.atomic import replacement
from skeleton_data.viewing.colours import body_colours
from skeleton_data.viewing.content import TO_STAGE, unpack

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection

STRIP = 7
"""Frames shown of a sequence in a still picture."""
MOST_FRAMES = 150
"""Of a moving picture; of longer ones every second, third, ... is shown, in the same time."""
_DPI = 80


def check_matplotlib() -> None:
    """Raise :class:`SkeletonDataError` where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise SkeletonDataError("Pictures are drawn by matplotlib, which is not here: pip install 'skeleton-aug[viz]'")


def draw_picture(data: Mapping[str, Any], output: Path, *, force: bool = False) -> None:
    """Write a PNG file: a row of frames at even distances for each recording, and for its first view.

    Parameters
    ----------
    data : mapping
        As :func:`skeleton_data.viewing.content.page_data` gives it.
    output : Path
    force : bool
        Replace an existing file.

    Raises
    ------
    SkeletonDataError
        When matplotlib is not installed, or the file exists or cannot be written.
    """
    check_matplotlib()
    from matplotlib.figure import Figure

    rows = _sequences(data)
    figure = Figure(figsize=(10, 0.4 + 1.9 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for ax, row in zip(axes, rows, strict=True):
        frames = np.linspace(0, row.n_frames - 1, min(STRIP, row.n_frames)).round().astype(int).tolist()
        step = max(1.6, 1.15 * 2 * row.half[0])
        for place, frame in enumerate(frames):
            _add_bodies(ax, row, frame, place * step)
        ax.set_xlim(-0.6 * step, (STRIP - 0.4) * step)
        ax.set_ylim(-1.1 * row.half[1], 1.1 * row.half[1])
        _bare(ax, f"{row.title}: frames {', '.join(map(str, frames))}")
    figure.suptitle(_heading(data), fontsize=10)
    with replacement(output, force=force) as made:
        figure.savefig(made, dpi=110, format="png")


def draw_animation(data: Mapping[str, Any], output: Path, *, force: bool = False) -> None:
    """Write a GIF file: all recordings side by side in time, and their first views below them.

    Parameters and errors are those of :func:`draw_picture`.
    """
    check_matplotlib()
    from matplotlib.animation import PillowWriter
    from matplotlib.figure import Figure

    rows = _sequences(data)
    across = len(data["recordings"])
    down = -(-len(rows) // across)
    figure = Figure(figsize=(max(3.4 * across, 4.2), 0.4 + 3.4 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    half = max(row.half.max() for row in rows) * 1.1
    for ax, row in zip(axes, rows, strict=True):
        ax.set(xlim=(-half, half), ylim=(-half, half))
        _bare(ax, _title(row, 0))
    figure.suptitle(_heading(data), fontsize=10)
    total = max(row.n_frames for row in rows)
    every = -(-total // MOST_FRAMES)
    # Laid out once, as titles change with the frames: else everything moves a little.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    writer = PillowWriter(fps=max(1, round((data["fps"] or 30) / every)))
    with replacement(output, force=force) as made:
        # Pillow goes by the ending of the name.
        moving = made.with_suffix(".gif")
        with writer.saving(figure, moving, _DPI):
            for frame in range(0, total, every):
                for ax, row in zip(axes, rows, strict=True):
                    ax.set_title(_title(row, frame), fontsize=9, loc="left")
                shown = [_add_bodies(ax, row, frame, 0.0) for ax, row in zip(axes, rows, strict=True)]
                writer.grab_frame()
                for lines in shown:
                    lines.remove()
        moving.replace(made)


@dataclass(frozen=True)
class _Sequence:
    """One recording or view as a viewer sees it: ``places`` (M, T, V, 3) are right, up and towards, NaN if missing."""

    title: str
    places: NDArray[np.float64]
    guessed: NDArray[np.bool_]
    half: NDArray[np.float64]
    layout: Mapping[str, Any]

    @property
    def n_frames(self) -> int:
        return int(self.places.shape[1])


def _sequences(data: Mapping[str, Any]) -> list[_Sequence]:
    recordings, augmentation = data["recordings"], data["augmentation"]
    titles = [one["name"] if one["camera"] is None else f"camera {one['camera']}" for one in recordings]
    layout = data["skeleton"]
    made = [
        _sequence(title, one["positions"], one["states"], layout) for title, one in zip(titles, recordings, strict=True)
    ]
    if augmentation is not None:
        made += [
            _sequence(f"{title}, {augmentation['name']}", view["positions"], None, layout)
            for title, view in zip(titles, augmentation["draws"][0], strict=True)
        ]
    return made


def _sequence(title: str, packed: Mapping[str, Any], states: str | None, layout: Mapping[str, Any]) -> _Sequence:
    turn = np.array(TO_STAGE[packed["axes"]], np.float64)
    positions = unpack(packed)
    box = np.asarray(packed["box"]) @ turn.T
    middle, half = box.mean(0), np.maximum(np.abs(np.diff(box, axis=0)[0]) / 2, 0.3)
    missing = (positions == 0).all(-1, keepdims=True)
    places = np.where(missing, np.nan, positions @ turn.T - middle)
    shape = tuple(packed["shape"])
    found = np.full(shape, 2, np.uint8) if states is None else np.frombuffer(b64decode(states), np.uint8)
    return _Sequence(title, places, found.reshape(shape) < 2, half, layout)


def _add_bodies(ax: Axes, row: _Sequence, frame: int, shift: float) -> LineCollection:
    """Draw all bodies of a frame, from far to near; nothing where the sequence is over."""
    from matplotlib.collections import LineCollection

    palette, lines = body_colours("light"), []
    for body, places in enumerate(row.places[:, frame] if frame < row.n_frames else ()):
        for joint, parent in row.layout["bones"]:
            ends = places[[joint, parent]]
            if np.isnan(ends).any():
                continue
            colour = palette[body % len(palette)][row.layout["sides"][joint]]
            dashed = bool(row.guessed[body, frame, [joint, parent]].any())
            lines.append((float(ends[:, 2].mean()), ends[:, :2] + [shift, 0.0], colour, dashed))
    lines.sort(key=lambda line: line[0])
    segments: Sequence[NDArray[np.float64]] = [line[1] for line in lines]
    styles: Any = [(0, (1, 1)) if line[3] else "solid" for line in lines] or "solid"
    made = LineCollection(segments, colors=[line[2] for line in lines], linestyles=styles, linewidths=1.7)
    ax.add_collection(made)
    return made


def _title(row: _Sequence, frame: int) -> str:
    last = row.n_frames - 1
    return f"{row.title}: {frame} / {last}" if frame <= last else f"{row.title}: ended at {last}"


def _bare(ax: Axes, title: str) -> None:
    ax.set_aspect("equal", anchor="W")
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=9, loc="left")
    for side in ("top", "right", "bottom", "left"):
        ax.spines[side].set_visible(False)


def _heading(data: Mapping[str, Any]) -> str:
    guessed = ", dotted: inferred by the sensor" if any(one["states"] for one in data["recordings"]) else ""
    return f"{data['name']}: {data['class']} (light: left, dark: right{guessed})"
