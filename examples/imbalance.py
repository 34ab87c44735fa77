"""What long-tailed pre-training costs: a table and a picture of the runs that examples/runs/imbalance.sh leaves.

python -m examples.imbalance --runs runs/nucla-xview-ours --out imbalance.png
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import tyro
from numpy.typing import NDArray

from examples.ensemble import read_scores
from examples.linear_eval import SCORES
from examples.long_tail import commonest_first
from examples.run import InputError, open_store, run_command

matplotlib.use("Agg")
import matplotlib.pyplot as plt

GROUPS = ("all classes", "most common third", "middle third", "rarest third")


@dataclass(frozen=True)
class ImbalanceConfig:
    """Settings.

    Parameters
    ----------
    runs : Path
        Folder that holds imbalance-FACTOR/seed-N/linear.
    out : Path
        The picture, PNG or SVG.
    """

    runs: Path = tyro.MISSING
    out: Path = Path("imbalance.png")


CONFIGS = {"default": ("All factors and seeds that are there.", ImbalanceConfig())}


def imbalance(config: ImbalanceConfig) -> dict[float, NDArray[np.float64]]:
    """Print the table, draw the picture, and return accuracies (seeds, groups) in percent for every factor.

    Groups are classes by how common they were in pre-training, a third each: the same classes for all factors of a
    seed, so that those with a factor of 1 say what the classes are worth when they are balanced. The accuracy of a
    group is the mean over its classes of the share of test samples that are told right.
    """
    found: dict[float, list[list[float]]] = defaultdict(list)
    for folder in sorted(config.runs.glob("imbalance-*/seed-*/linear")):
        if (folder / "result.json").exists():
            factor, accuracies = read_run(folder)
            found[factor].append(accuracies)
    if not found:
        raise InputError(f"{config.runs}: holds no finished runs. Start sh examples/runs/imbalance.sh NAME first.")
    table = {factor: np.array(found[factor]) for factor in sorted(found)}
    print("| largest class / smallest | " + " | ".join(GROUPS) + " | seeds |")
    print("|---:|" + "---:|" * (len(GROUPS) + 1))
    for factor, runs in table.items():
        spread = runs.std(0, ddof=1) if len(runs) > 1 else None
        cells = [f"{m:.1f}" + ("" if spread is None else f" ± {spread[i]:.1f}") for i, m in enumerate(runs.mean(0))]
        print(f"| {factor:g} | " + " | ".join(cells) + f" | {len(runs)} |")
    draw(config.out, table)
    print(f"Picture: {config.out}")
    return table


def read_run(folder: Path) -> tuple[float, list[float]]:
    """Factor of a run's pre-training, and the accuracy of each group of classes."""
    read = json.loads((folder / "result.json").read_text())
    trained: dict[str, Any] = next(o["config"] for o in read["origin"] if o["task"] == "PretrainConfig")
    store, train, _ = open_store(Path(trained["store"]), trained["split"])
    order = commonest_first(np.unique(store.labels[train]), trained["seed"])
    scores = read_scores(folder / SCORES)
    right, actual = scores["scores"].argmax(1) == scores["labels"], store.labels[scores["samples"]]
    recalls = np.array([right[actual == label].mean() for label in order if (actual == label).any()])
    return trained["imbalance"], [100 * float(part.mean()) for part in (recalls, *np.array_split(recalls, 3))]


def draw(path: Path, table: dict[float, NDArray[np.float64]]) -> None:
    """A line for each group over factors, with the deviation over seeds."""
    figure, ax = plt.subplots(figsize=(5.2, 3.4), layout="constrained")
    factors = list(table)
    for i, (group, color) in enumerate(zip(GROUPS, ("black", "tab:blue", "tab:green", "tab:red"), strict=True)):
        means = [runs[:, i].mean() for runs in table.values()]
        deviations = [runs[:, i].std(ddof=1) if len(runs) > 1 else 0.0 for runs in table.values()]
        places = np.arange(len(factors)) + 0.04 * (i - 1.5)
        ax.errorbar(
            places, means, yerr=deviations, marker="o", ms=4, capsize=3, color=color, lw=1.5 + (i == 0), label=group
        )
    ax.set_xticks(range(len(factors)), [f"{factor:g}" for factor in factors])
    ax.set_xlabel("largest class / smallest in pre-training, total the same")
    ax.set_ylabel("linear evaluation, mean over classes (%)")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    run_command(imbalance, CONFIGS, __doc__)
