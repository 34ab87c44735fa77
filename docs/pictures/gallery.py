"""Draws one picture for each transform, and writes the page that shows them.

    python -m docs.pictures.gallery docs/gallery

Seeds are fixed, recordings are simulated: the same pictures every time.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import skeleton_aug
from docs.pictures.bodies import RIGHT, RIGHT_HAND, SKELETON, Sample, draw_pose, flat, joint_colour, present_frames
from docs.pictures.exhibits import EXHIBITS, Exhibit

STRIP = 4
"""Frames that stand side by side where the effect is in time."""


def draw_gallery(folder: Path, names: Sequence[str] = tuple(EXHIBITS)) -> list[Path]:
    """Draw the pictures of these transforms into a folder, and the page ``index.md`` that shows them."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name in names:
        figure = draw(EXHIBITS[name])
        made.append(folder / f"{name}.png")
        figure.savefig(made[-1], dpi=90)
        plt.close(figure)
    (folder / "index.md").write_text(page(names), "utf-8")
    return made


def page(names: Sequence[str]) -> str:
    """Text of the page."""
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(EXHIBITS[name].family, []).append(name)
    lines = [
        "# Gallery", "",
        "One picture for each transform: what goes in, on the left, and four draws. Above as the sensor sees the body, "
        "below from the side, with the sensor on the left. Left limbs are blue, right limbs red, what went in is grey. "
        "Where the effect is in time, frames stand side by side, and the last row shows the height of the right hand "
        "frame by frame. The recordings are simulated ({py:mod}`skeleton_data.synthetic`); "
        "`python -m docs.pictures.gallery FOLDER` draws them.", "",
    ]  # fmt: skip
    for family, members in families.items():
        lines += [f"## {family}", ""]
        for name in members:
            what = (getattr(skeleton_aug, name).__doc__ or "").strip().splitlines()[0]
            settings = EXHIBITS[name].caption
            lines += [f"### {name}", "", f"{{py:class}}`~skeleton_aug.{name}`: {what} {settings}", ""]
            lines += [f"![Original and four draws of {name}]({name}.png)", ""]
    return "\n".join(lines)


def draw(exhibit: Exhibit) -> plt.Figure:
    """The figure of one transform."""
    original, results = exhibit.original, exhibit.results()
    for k, turn in enumerate(exhibit.upright):
        results[k] = results[k] if turn is None else results[k] @ turn.T
    shown = [original, *results]
    wide, high = (2.6, 1.25) if exhibit.in_time else (1.9, 1.9)
    heights = [high, high] + [1.2] * exhibit.curve
    total = sum(heights) + 0.55 + 0.35 * exhibit.curve
    figure, axes = plt.subplots(
        len(heights), len(shown), figsize=(wide * len(shown), total), squeeze=False, height_ratios=heights
    )
    figure.subplots_adjust(
        left=0.05, right=0.995, top=1 - 0.3 / total, bottom=(0.1 + 0.35 * exhibit.curve) / total,
        wspace=0.25 if exhibit.curve else 0.05, hspace=0.12,
    )  # fmt: skip
    for row, side in enumerate((False, True)):
        for column, sample in enumerate(shown):
            moment = exhibit.moments[column - 1] if exhibit.moments and column else exhibit.moment
            _poses(axes[row][column], exhibit, sample, side, moment, first=column == 0)
        _share_limits(axes[row])
    for column, (title, sample) in enumerate(zip(["original", *exhibit.titles], shown, strict=True)):
        axes[0][column].set_title(title, fontsize=9)
        if exhibit.curve:
            _curve(axes[2][column], exhibit, sample, first=column == 0)
    labels = ["front", "side", exhibit.curve_label][: len(heights)]
    for row, label in enumerate(labels):
        axes[row][0].set_ylabel(label, fontsize=8)
    if exhibit.curve:
        _share_limits(axes[2])
    return figure


def _poses(axes: Axes, exhibit: Exhibit, sample: Sample, side: bool, moment: float, first: bool) -> None:
    axes.set(xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(False)
    original = exhibit.original
    if exhibit.arrows and not first:
        _arrows(axes, exhibit, sample, side, moment)
        return
    for place in range(STRIP if exhibit.in_time else 1):
        share, shift = (place / (STRIP - 1), 1.1 * place) if exhibit.in_time else (moment, 0.0)
        if not first:
            draw_pose(axes, original, _frame(original, share), side, shift=shift, ghost=True)
        draw_pose(axes, sample, _frame(sample, share), side, shift=shift, by_body=exhibit.by_body)
    if exhibit.origin:
        axes.plot(0, 0, "k+", ms=9, zorder=0)


def _frame(sample: Sample, share: float) -> int:
    return round(share * (sample.shape[1] - 1))


def _arrows(axes: Axes, exhibit: Exhibit, sample: Sample, side: bool, moment: float) -> None:
    """Differences as arrows, beside the joints that they belong to or from the origin."""
    t = _frame(sample, moment)
    tails = np.zeros((SKELETON.n_joints, 2))
    if exhibit.arrows == "joints":
        draw_pose(axes, exhibit.original, t, side, ghost=True)
        tails = flat(sample[0, t, :, :3], side)
    tips = tails + flat(sample[0, t, :, -3:], side) * exhibit.enlarged
    for joint, (tail, tip) in enumerate(zip(tails, tips, strict=True)):
        style = {"arrowstyle": "->", "color": joint_colour(joint), "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", tip, tail, arrowprops=style)
    axes.plot(*tips.T, ".", ms=0.1)


def _curve(axes: Axes, exhibit: Exhibit, sample: Sample, first: bool) -> None:
    """The right hand's path over the frames, with what went in behind it."""
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    shown = [(exhibit.original, "0.75", 1.0)] + ([] if first else [(sample, RIGHT, 1.3)])
    for x, colour, width in shown:
        path = x[0, :, RIGHT_HAND, exhibit.curve_axis].astype(float)
        path[~(x[0, :, RIGHT_HAND] != 0).any(-1)] = np.nan
        axes.plot(path, ".-" if len(path) < 20 else "-", ms=4, color=colour, lw=width)
    missing = int((~present_frames(sample)).sum())
    axes.set_xlabel(f"{sample.shape[1]} frames" + (f", {missing} missing" if missing else ""), fontsize=7)


def _share_limits(row: Sequence[Axes]) -> None:
    for axes in row:
        axes.autoscale_view()
    across = [axes.get_xlim() for axes in row]
    up = [axes.get_ylim() for axes in row]
    for axes in row:
        axes.set_xlim(min(low for low, _ in across), max(high for _, high in across))
        axes.set_ylim(min(low for low, _ in up), max(high for _, high in up))


if __name__ == "__main__":
    for path in draw_gallery(Path(sys.argv[1]), sys.argv[2:] or tuple(EXHIBITS)):
        print(path)
