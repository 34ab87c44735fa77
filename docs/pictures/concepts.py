"""Draws the pictures of the pages on concepts.

python -m docs.pictures.concepts docs/images
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from docs.pictures.bodies import BODIES, CANONICAL_UPRIGHT, SHAKING_HANDS, WAVING, draw_pose, recording
from skeleton_aug import Normalize, Shear, presets

BOX, EDGE, PALE = "#eef3fa", "#33557f", "0.88"


def draw_concepts(folder: Path) -> list[Path]:
    """Draw all of them into a folder, as SVG."""
    matplotlib.rcParams["svg.hashsalt"] = "concepts"
    made = []
    for name, draw in PICTURES.items():
        made.append(folder / f"{name}.svg")
        figure = draw()
        figure.savefig(made[-1], metadata={"Date": None})
        plt.close(figure)
    return made


def overview_picture() -> Figure:
    """One performance by three cameras, and four augmented views."""
    figure, axes = plt.subplots(1, 7, figsize=(11, 2.5), sharey=True)
    views = presets.aggressive(n_frames=64)
    for camera in (1, 2, 3):
        _bare(axes[camera - 1])
        sample = np.asarray(Normalize(rotation="none")(recording(WAVING, 29, camera)))
        draw_pose(axes[camera - 1], sample, 48, side=False)
        axes[camera - 1].set_title(f"camera {camera}", fontsize=9)
    for draw in range(4):
        _bare(axes[3 + draw])
        view = np.asarray(views(recording(WAVING, 29, 1 + draw % 3), seed=3, epoch=draw))
        draw_pose(axes[3 + draw], view @ CANONICAL_UPRIGHT.T, 40, side=False)
        axes[3 + draw].set_title(f"augmented, camera {1 + draw % 3}", fontsize=9)
    for ax in axes:
        ax.set(xlim=(-0.9, 0.9), ylim=(-1.15, 1.25), aspect="equal")
    return figure


def axes_picture() -> Figure:
    """Space as the sensor has it, and one sample as a table with gaps."""
    figure, (space, table) = plt.subplots(1, 2, figsize=(10, 3.6), width_ratios=[1, 1.5])
    _bare(space)
    sample = recording(SHAKING_HANDS)
    draw_pose(space, sample, 30, side=False, by_body=True)
    space.set(aspect="equal", title="space, as the sensor sees it")
    space.autoscale_view()
    space.set_xlim(space.get_xlim()[0], space.get_xlim()[1] + 1.5)
    corner = np.array([space.get_xlim()[1] - 0.4, -0.7])
    for step, name in (((-0.6, 0), "x: to the\nsensor's left"), ((0, 0.6), "y: up")):
        space.annotate("", corner + step, corner, arrowprops={"arrowstyle": "->", "lw": 1.5})
        space.annotate(name, corner + step, (0, 4), textcoords="offset points", fontsize=8, ha="center")
    space.plot(*corner, "ko", ms=6)
    space.annotate("z: away from it", corner, (0, -13), textcoords="offset points", fontsize=8, ha="center")

    _bare(table)
    table.set(xlim=(-16, 62), ylim=(-1.6, 4.6), title="one sample: (bodies, frames, joints, 3)")
    for m, there in enumerate((np.arange(0, 60), np.r_[6:30, 36:52])):
        for t in range(60):
            colour = BODIES[m] if t in there else "white"
            table.add_patch(Rectangle((t, 2.2 - 2 * m), 0.9, 1.5, facecolor=colour, edgecolor=PALE, lw=0.5))
        table.text(-1, 2.95 - 2 * m, f"body {m}", ha="right", va="center", fontsize=9)
    table.annotate(
        "one column: 25 joints of x, y, z", (20.5, 3.7), (24, 4.2), fontsize=8, arrowprops={"arrowstyle": "->"}
    )
    table.annotate(
        "white: missing, all zeros, and stays so through every transform", (32.5, 0.2), (4, -1.2), fontsize=8,
        arrowprops={"arrowstyle": "->"},
    )  # fmt: skip
    table.text(30, -0.25, "frames", fontsize=9, ha="center")
    return figure


def plans_picture() -> Figure:
    """From settings over drawn numbers to views."""
    figure, axes = plt.subplots(figsize=(10, 3.5))
    _bare(axes)
    axes.set(xlim=(0, 100), ylim=(0, 36))
    _box(axes, 1, 5, 22, 26, "pipeline", "SavitzkyGolay(p=0.5)\nResample()\nFitLength(150)\nShear()\nSideDrop(p=0.5)")
    _box(
        axes, 37, 5, 27, 26, "plan",
        "bodies:  who is in which slot\nframes:  filter on or off,\n    two frames and a weight\n    for each result\n"
        "channels:  3x3 matrix, offset\njoints:  order, weights",
    )  # fmt: skip
    _box(axes, 79, 5, 20, 26, "views", "(N, C, T, V, M)\nfor the network,\nor (N, M, T, V, C)")
    for start, stop, above, below in (
        (23, 37, "draw", "seed, epoch,\nindices, view"), (64, 79, "apply", "samples: one pass\nover the data"),
    ):  # fmt: skip
        axes.annotate("", (stop - 0.6, 18), (start + 0.6, 18), arrowprops={"arrowstyle": "-|>", "lw": 2, "color": EDGE})
        axes.text((start + stop) / 2, 20, above, ha="center", fontsize=10, weight="bold")
        axes.text((start + stop) / 2, 15.5, below, ha="center", va="top", fontsize=8)
    axes.text(12, 2, "settings: plain data", ha="center", fontsize=8, style="italic")
    axes.text(50.5, 2, "all that is random: small, saved, replayed", ha="center", fontsize=8, style="italic")
    axes.text(89, 2, "nothing random", ha="center", fontsize=8, style="italic")
    return figure


def randomness_picture() -> Figure:
    """Two batches that hold the same sample take the same number for it."""
    figure, axes = plt.subplots(figsize=(10, 3.4))
    _bare(axes)
    axes.set(xlim=(0, 100), ylim=(0, 34))
    _box(axes, 1, 12, 27, 20, "key and counter", "key: seed, transform's name\ncounter: index, epoch,\n    view, block")
    axes.annotate("", (37, 22), (28.5, 22), arrowprops={"arrowstyle": "-|>", "lw": 2, "color": EDGE})
    axes.text(33, 24, "Philox", ha="center", fontsize=9, weight="bold")
    up = np.zeros((10, 1, 1, 25, 3))
    up[..., 1] = 1
    factors = [np.asarray(Shear()(up, seed=0, epoch=epoch))[:, 0, 0, 0, 0] for epoch in range(3)]
    for epoch in range(3):
        for index in range(10):
            x, y = 46 + 5.2 * index, 25 - 5 * epoch
            marked = epoch == 1 and index == 6
            axes.add_patch(Rectangle((x, y), 4.9, 4.6, facecolor="gold" if marked else BOX, edgecolor=EDGE, lw=0.6))
            axes.text(x + 2.45, y + 2.2, f"{factors[epoch][index]:.2f}", ha="center", va="center", fontsize=7)
        axes.text(45, 27 - 5 * epoch, f"epoch {epoch}", ha="right", va="center", fontsize=8)
    for index in range(10):
        axes.text(48.4 + 5.2 * index, 30.6, str(index), ha="center", fontsize=8)
    axes.text(45, 30.6, "index", ha="right", fontsize=8)
    axes.text(72, 32.6, "the first factor that Shear() draws with seed 0 for view 0", ha="center", fontsize=9)
    for x, text in ((52, "a batch of 6, 2, 9 on one machine"), (84, "a batch of 1, 6 in worker 3")):
        axes.annotate(text, (79.6, 20), (x, 6), ha="center", fontsize=8, arrowprops={"arrowstyle": "->"})
    axes.text(
        72, 2, "the same number: neither batch, order, threads, workers nor ranks matter", ha="center", fontsize=9
    )
    return figure


def store_picture() -> Figure:
    """Tables that say which rows of one long array belong to whom."""
    figure, axes = plt.subplots(figsize=(10, 3.8))
    _bare(axes)
    axes.set(xlim=(0, 100), ylim=(0, 38))
    tracks = [(0, 14, 0, "sample 0, body 0"), (14, 9, 1, "sample 0, body 1"), (23, 17, 0, "sample 1, body 0")]
    axes.text(16, 36, "/samples", fontsize=10, weight="bold", ha="center")
    axes.text(50, 36, "/tracks", fontsize=10, weight="bold", ha="center")
    axes.text(85, 36, "/positions", fontsize=10, weight="bold", ha="center")
    for sample in range(2):
        text = f"sample {sample}: name, class, subject,\ncamera, performance, checksum"
        _box(axes, 1, 23 - 14 * sample, 31, 10, "", text)
    for place, (row, frames, m, name) in enumerate(tracks):
        y = 26 - 10 * place
        _box(axes, 39, y, 24, 7, "", f"{name}\nframes, first row, gapless")
        axes.annotate("", (39, y + 3.5), (32, 28 if place < 2 else 14), arrowprops={"arrowstyle": "-", "color": EDGE})
        top = 34 - row * 0.8
        axes.add_patch(Rectangle((78, top - frames * 0.8), 14, frames * 0.8, facecolor=BODIES[m], alpha=0.75))
        axes.annotate("", (78, top - frames * 0.4), (63, y + 3.5), arrowprops={"arrowstyle": "->", "color": EDGE})
    for row in range(41):
        axes.plot([78, 92], [34 - row * 0.8] * 2, color="white", lw=0.6)
    axes.text(93, 33, "a row is a frame:\n25 joints of\nx, y, z", fontsize=7, va="top")
    axes.text(16, 3.5, "also: splits, classes, joint layout,\nwhat made the file from what", fontsize=8, ha="center")
    return figure


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.figure.subplots_adjust(left=0.01, right=0.99, bottom=0.02, top=0.92, wspace=0.02)


def _box(axes: Axes, x: float, y: float, width: float, height: float, title: str, text: str) -> None:
    style = "round,pad=0,rounding_size=1"
    axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=BOX, edgecolor=EDGE))
    if title:
        axes.text(x + width / 2, y + height - 1, title, ha="center", va="top", fontsize=10, weight="bold")
    axes.text(x + 1.5, y + (height - 5 if title else height / 2), text, va="top" if title else "center", fontsize=8)


PICTURES: Mapping[str, Callable[[], Figure]] = {
    "overview": overview_picture,
    "axes": axes_picture,
    "plans": plans_picture,
    "randomness": randomness_picture,
    "store": store_picture,
}

if __name__ == "__main__":
    for path in draw_concepts(Path(sys.argv[1])):
        print(path)
