"""Pictures of the report's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@dataclass(frozen=True)
class Panel:
    """A column of a table.

    Attributes
    ----------
    title : str
    paper : mapping
        Row -> the paper's number, or None.
    ours : mapping
        Row -> (mean, standard deviation) of our runs.
    """

    title: str
    paper: Mapping[str, float | None]
    ours: Mapping[str, tuple[float, float]]


def table_picture(path: Path, title: str, rows: Sequence[str], panels: Sequence[Panel]) -> None:
    """Draw a table as dots: rows down, one panel a column, hollow for the paper's numbers and filled for ours.

    Parameters
    ----------
    path : Path
        PNG file to write.
    title : str
    rows : sequence of str
        All rows, from top to bottom.
    panels : sequence of Panel
        Left to right, at least one.
    """
    size = 3.4 + 2.3 * len(panels), 1.4 + 0.32 * len(rows)
    figure, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False, layout="constrained")
    places = {row: place for place, row in enumerate(rows)}
    for ax, panel in zip(axes[0], panels, strict=True):
        theirs = {row: value for row, value in panel.paper.items() if value is not None}
        ax.plot(list(theirs.values()), [places[row] for row in theirs], "o", mfc="none", mec="0.4")
        if panel.ours:
            means, deviations = zip(*panel.ours.values(), strict=True)
            heights = [places[row] for row in panel.ours]
            ax.errorbar(means, heights, xerr=deviations, fmt="o", color="tab:blue", ms=5, capsize=2)
            for mean, height in zip(means, heights, strict=True):
                ax.annotate(f"{mean:.1f}", (mean, height), (0, 5), textcoords="offset points", fontsize=7, ha="center")
        ax.set_title(panel.title, fontsize=9)
        ax.grid(alpha=0.3)
        ax.set_xlim(0, 100)
        ax.tick_params(labelsize=8)
    axes[0][0].set_yticks(range(len(rows)), rows)
    axes[0][0].set_ylim(len(rows) - 0.5, -0.7)
    figure.suptitle(f"{title}\ntop-1, % (hollow: paper, filled: ours)", fontsize=10)
    figure.savefig(path, dpi=110)
    plt.close(figure)
