"""The headline rows of docs/results.md, from the runs that examples/runs/results.sh leaves.

python -m examples.headline --runs runs/nucla-xview-ours
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from examples.ensemble import EnsembleConfig, ensemble
from examples.run import InputError, run_command

STREAMS = ("joint+bone", "motion", "upright-joint+bone", "upright-motion")
ENSEMBLES = {"both streams": STREAMS[:2], "four networks": STREAMS}


@dataclass(frozen=True)
class HeadlineConfig:
    """Settings.

    Parameters
    ----------
    runs : Path
        Folder that holds SPLIT/STREAM/seed-N.
    """

    runs: Path = tyro.MISSING


CONFIGS = {"default": ("All splits that are there.", HeadlineConfig())}


def headline(config: HeadlineConfig) -> list[str]:
    """Return (and print) one line for each tested half and way to read it out: mean and deviation over seeds."""
    if not config.runs.is_dir():
        raise InputError(f"{config.runs}: no such folder. Run sh examples/runs/results.sh nucla-xview-ours first.")
    lines = ["| tested on | read out by | top-1 % | seeds |", "|---|---|---:|---:|"]
    for half in sorted({path.name.removeprefix("linear-") for path in config.runs.glob("*/*/seed-*/linear-*")}):
        found = {stream: seeds(config.runs, stream, half, "linear") for stream in STREAMS}
        for stream in STREAMS:
            for kind, name in (("linear", "linear"), ("knn", "nearest neighbour")):
                values = [top1(folder) for folder in seeds(config.runs, stream, half, kind).values()]
                lines += line(half, f"{name}, {stream}", values)
        for name, streams in ENSEMBLES.items():
            shared = sorted(set.intersection(*(set(found[stream]) for stream in streams)))
            runs = [tuple(found[stream][seed] for stream in streams) for seed in shared]
            lines += line(half, f"linear, {name}", [ensemble(EnsembleConfig(every), told=False) for every in runs])
    print("\n".join(lines))
    return lines


def seeds(runs: Path, stream: str, half: str, kind: str) -> dict[str, Path]:
    """Folder of each seed's finished evaluation on a test half."""
    found = runs.glob(f"*/{stream}/seed-*/{kind}-{half}/result.json")
    return {path.parent.parent.name: path.parent for path in sorted(found)}


def top1(folder: Path) -> float:
    """Percent that an evaluation found."""
    return float(json.loads((folder / "result.json").read_text())["top1"])


def line(half: str, name: str, values: Sequence[float]) -> list[str]:
    """One row of the table, or none where nothing has run."""
    if not values:
        return []
    spread = f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
    return [f"| {half} | {name} | {np.mean(values):.1f}{spread} | {len(values)} |"]


if __name__ == "__main__":
    run_command(headline, CONFIGS, __doc__)
