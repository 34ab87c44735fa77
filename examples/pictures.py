"""Pictures of skeletons and of training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from skeleton_aug import Compose, Skeleton
from skeleton_data import Store

LEFT, RIGHT, MIDDLE = "tab:blue", "tab:red", "0.25"
STRIP = 7
"""Frames shown of a sequence."""


def bone_colours(skeleton: Skeleton) -> list[str]:
    """Colour of each bone by side, in the order of ``skeleton.edges``."""
    sides = dict.fromkeys(skeleton.left, LEFT) | dict.fromkeys(skeleton.right, RIGHT)
    return [sides.get(joint, MIDDLE) for joint, _ in skeleton.edges]


def draw_strip(axes: Axes, sample: NDArray[Any], skeleton: Skeleton, across: int, up: int) -> None:
    """Draw frames of a sample (M, T, V, 3) side by side; ``across`` and ``up`` are the axes of the paper."""
    present = np.abs(sample).sum(-1) > 0
    frames = np.linspace(0, sample.shape[1] - 1, STRIP).round().astype(int)
    seen = sample[present]
    middle = np.median(seen[:, across]) if len(seen) else 0.0
    step = max(2.0, 1.15 * float(np.ptp(seen[:, across]))) if len(seen) else 2.0
    for place, t in enumerate(frames):
        for m in range(len(sample)):
            for (joint, parent), colour in zip(skeleton.edges, bone_colours(skeleton), strict=True):
                if present[m, t, joint] and present[m, t, parent]:
                    ends = sample[m, t, [joint, parent]]
                    axes.plot(
                        ends[:, across] - middle + place * step, ends[:, up], colour, lw=1.4 if m == 0 else 0.8,
                        solid_capstyle="round",
                    )  # fmt: skip
    axes.set_aspect("equal", anchor="W")
    axes.set_xlim(-step * 0.6, step * (STRIP - 0.4))
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("top", "right", "bottom", "left"):
        axes.spines[side].set_visible(False)


def performance_picture(
    path: Path, store: Store, samples: Sequence[int], views: Mapping[str, tuple[Compose, int]], seed: int = 0
) -> None:
    """One performance by each of its cameras as recorded, and augmented views of some of them.

    Parameters
    ----------
    path : Path
        PNG file to write.
    store : Store
    samples : sequence of int
        The performance's samples.
    views : mapping
        Caption -> (pipeline for joints, sample).
    seed : int
        Of the augmentation.
    """
    rows = [
        # x grows to the sensor's left: negated, the picture is what the camera sees.
        (
            f"camera {store[i].camera}, as recorded ({store[i].positions.shape[1]} frames)",
            store[i].positions * np.array([-1, 1, 1], np.float32),
            0,
            1,
        )
        for i in samples
    ]
    for number, (caption, (pipeline, i)) in enumerate(views.items()):
        view = pipeline(store[i].positions, seed=seed, index=i, view=number)
        # Normalised views have z up and x to the body's left: seen from the front.
        rows.append((f"{caption} of camera {store[i].camera}, canonical orientation", np.asarray(view), 0, 2))
    figure, axes = plt.subplots(len(rows), 1, figsize=(10, 1.75 * len(rows)), layout="constrained")
    for ax, (caption, sample, across, up) in zip(np.atleast_1d(axes), rows, strict=True):
        draw_strip(ax, sample, store.skeleton, across, up)
        ax.set_title(caption, fontsize=9, loc="left")
    first = store[samples[0]]
    figure.suptitle(
        f"{store.performance_names[first.performance]}: {store.class_names[first.label]} "
        "(blue: left side, red: right side; time runs to the right)",
        fontsize=10,
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def training_picture(path: Path, runs: Mapping[str, Path]) -> None:
    """Loss and, where it is logged, effective rank of the projections, epoch by epoch.

    Parameters
    ----------
    path : Path
        PNG file to write.
    runs : mapping
        Caption -> run folder.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for caption, folder in runs.items():
        lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        epochs = [line["epoch"] for line in lines]
        axes[0].plot(epochs, [line["loss"] for line in lines], label=caption)
        if any("rank" in line for line in lines):
            axes[1].plot(epochs, [line["rank"] for line in lines], label=caption)
    axes[0].set(xlabel="epoch", title="loss (0: views predict each other, 4: unrelated)")
    axes[1].set(xlabel="epoch", title="effective rank of a batch of projections")
    for ax in axes:
        ax.set_ylim(bottom=0)
        ax.grid(alpha=0.3)
        ax.legend(fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def embedding_picture(
    path: Path, embeddings: Mapping[str, NDArray[Any]], labels: NDArray[np.int64], names: Sequence[str]
) -> None:
    """Plot points of the plane, coloured by class, one panel for each embedding.

    Parameters
    ----------
    path : Path
        PNG file to write.
    embeddings : mapping
        Caption -> (n, 2) array.
    labels : (n,) int array
    names : sequence of str
        Name of each label.
    """
    figure, axes = plt.subplots(
        1, len(embeddings), figsize=(4.6 * len(embeddings) + 1.6, 4.8), layout="constrained", squeeze=False
    )
    colours = plt.get_cmap("tab20")
    for ax, (caption, points) in zip(axes[0], embeddings.items(), strict=True):
        for place, label in enumerate(np.unique(labels)):
            here = labels == label
            ax.scatter(*points[here].T, s=9, color=colours(place % 20), label=names[label])
        ax.set(xticks=[], yticks=[], title=caption)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside right center", fontsize=7, markerscale=2)
    figure.savefig(path, dpi=110)
    plt.close(figure)
