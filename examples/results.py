"""Finished runs as rows and columns of the paper's tables: what a run is follows from its settings and its origin."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from examples.classifiers import PLACES
from examples.pretrain import SMALL
from examples.run import VALIDATION, InputError
from skeleton_aug.presets import ABLATIONS

Scale = Literal["paper", "laptop"]
BASE_WIDTH = {"paper": 1.0, "laptop": SMALL.encoder.width}
"""Width that stands for the paper's 1x."""
PAIRS = {"asymmetric": ("aggressive", "conservative"), "aggressive": ("aggressive",) * 2,
         "conservative": ("conservative",) * 2}  # fmt: skip


@dataclass(frozen=True)
class Result:
    """One finished run.

    Attributes
    ----------
    folder : Path
    task : str
        "linear", "knn", "supervised", "fine-tuned", "distilled" or "transfer".
    column : str
        Data set and split, such as "ntu60-xsub", with " 1 %" behind it where not all labels were used.
    scale : {"paper", "laptop"}
        The published network on 150 frames, or any other.
    row : str
        Row of the tables.
    seed : int
    top1 : float
        Percent.
    settings : mapping
        What tells runs of one cell apart, beside the seed; equal for runs that may be averaged.
    commands : tuple of str
        The run's own and those of the runs that it starts from, in the order of time.
    store, checkpoint : str
        What it read; no checkpoint where it began anew.
    seconds : float
        When it was written, since 1970.
    """

    folder: Path
    task: str
    column: str
    scale: Scale
    row: str
    seed: int
    top1: float
    settings: str
    commands: tuple[str, ...]
    store: str
    checkpoint: str
    seconds: float


@dataclass(frozen=True)
class Cell:
    """Mean over the seeds of runs with equal settings, and the runs that were left out because theirs differ."""

    mean: float
    deviation: float | None
    results: tuple[Result, ...]
    left_out: tuple[Result, ...]

    def __str__(self) -> str:
        spread = "" if self.deviation is None else f" ± {self.deviation:.1f} ({len(self.results)})"
        return f"{self.mean:.1f}{spread}"


TASKS = {
    "LinearEvalConfig": "linear",
    "KnnEvalConfig": "knn",
    "SupervisedConfig": "supervised",
    "FinetuneConfig": "fine-tuned",
    "DistillConfig": "distilled",
    "TransferConfig": "transfer",
}


def read_results(root: Path) -> list[Result]:
    """All finished runs below a folder; those that stand in no table are left out.

    Raises
    ------
    InputError
        When there is no such folder, or a result.json in it is damaged.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder. Give the one that holds the runs with --runs.")
    found = []
    for path in sorted(root.rglob("result.json")):
        try:
            result = read_result(path)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: is damaged or of another version ({error!r}). Run that task again.") from None
        if result is not None:
            found.append(result)
    return found


def read_result(path: Path) -> Result | None:
    """Read a run, or None where it belongs to no table."""
    read = json.loads(path.read_text())
    task, config, origin = TASKS.get(read.get("task")), read.get("config"), read.get("origin")
    # What was run to choose settings by is no result.
    if task is None or read["split"].endswith(VALIDATION):
        return None
    trained = config if task == "supervised" else first_of(origin, "PretrainConfig", "SupervisedConfig")
    if trained is None:
        return None
    encoder = trained["encoder"]
    if encoder["views"] in ("varied", "upright"):
        return None  # Settings of our own, which docs/results.md is about.
    if (trained.get("imbalance", 1), trained.get("keep", 1)) != (1, 1):
        return None  # Trained on a long-tailed part: examples.imbalance shows these.
    scale: Scale = "paper" if (encoder["depth"], encoder["n_frames"]) == ("ten", 150) else "laptop"
    row = name_row(task, config, origin, trained, scale)
    if row is None:
        return None
    share = labelled_share(task, config, origin)
    column = f"{read['data']}-{read['split']}" + ("" if share == 1 else f" {100 * share:g} %")
    settings = json.dumps([strip(config), [[o["task"], strip(o["config"])] for o in origin]], sort_keys=True)
    commands = tuple(step["command"] for step in (*reversed(origin), read) if step.get("command"))
    return Result(
        path.parent, task, column, scale, row, int(read["seed"]), float(read["top1"]), settings,
        commands, config["store"], config.get("checkpoint", ""), path.stat().st_mtime,
    )  # fmt: skip


def strip(config: Mapping[str, Any]) -> dict[str, Any]:
    """Take out of a config where things are, and the seed."""
    return {k: v for k, v in config.items() if k not in (*PLACES, "checkpoint", "teacher", "seed")}


def first_of(origin: Iterable[Mapping[str, Any]], *tasks: str) -> dict[str, Any] | None:
    """Config of the latest of these tasks in a run's origin."""
    return next((dict(step["config"]) for step in origin if step["task"] in tasks), None)


def labelled_share(task: str, config: Mapping[str, Any], origin: Iterable[Mapping[str, Any]]) -> float:
    """Share of the labels that a run used; a student's is its teacher's."""
    if task == "distilled":
        teacher = first_of(origin, "FinetuneConfig", "SupervisedConfig")
        return 1.0 if teacher is None else float(teacher["fraction"])
    return float(config.get("fraction", 1.0))


def name_row(
    task: str, config: Mapping[str, Any], origin: Sequence[Mapping[str, Any]], trained: Mapping[str, Any], scale: Scale
) -> str | None:
    """Row of a run in the tables, or None."""
    if task == "supervised":
        return "supervised" if trained["encoder"]["width"] == BASE_WIDTH[scale] else None
    if task in ("linear", "knn"):
        if "pairs" not in trained or trained["encoder"]["width"] != BASE_WIDTH[scale]:
            return None
        return f"{task} {pretraining_row(trained, scale)}"
    if "pairs" not in trained or not is_method(trained, scale):
        return None
    if task == "transfer":
        return f"transfer from {Path(trained['store']).stem}-{trained['split']}"
    width = config["width"] if task == "distilled" else trained["encoder"]["width"]
    if task == "distilled" and (len(origin) < 2 or trained["encoder"]["width"] != 2 * BASE_WIDTH[scale]):
        return None
    return f"{task} {width / BASE_WIDTH[scale]:g}x"


def pretraining_row(config: Mapping[str, Any], scale: Scale) -> str:
    """Row of Table 2, or what else a pre-training is."""
    if config["epochs"] == 0:
        return "random"
    if scale == "laptop" and not small_remedies(config):
        return "as the paper" if asymmetric_multi_view(config) and not config["without"] else "other"
    for name, row in ABLATIONS.items():
        made = (*PAIRS[config["pairs"]], config["multi_view"], tuple(config["without"]))
        if made == (row.first, row.second, row.multi_view, row.without):
            return name
    return "other"


def is_method(config: Mapping[str, Any], scale: Scale) -> bool:
    """Whether a pre-training is the method itself: the full row, at laptop scale "pretrain small"."""
    if config["epochs"] == 0 or not asymmetric_multi_view(config):
        return False
    return not config["without"] if scale == "paper" else small_remedies(config)


def asymmetric_multi_view(config: Mapping[str, Any]) -> bool:
    """Whether pairs are made as in the full method."""
    return bool(config["pairs"] == "asymmetric" and config["multi_view"])


def small_remedies(config: Mapping[str, Any]) -> bool:
    """Whether collapse is kept away as "pretrain small" does it."""
    return bool(config["projection_norm"] == SMALL.projection_norm and config["covariance"] == SMALL.covariance)


def make_cell(results: Sequence[Result]) -> Cell | None:
    """Average the runs of a cell: of those with equal settings, the most, then the latest; one run for a seed."""
    groups: dict[str, dict[int, Result]] = {}
    for result in sorted(results, key=lambda r: r.seconds):
        groups.setdefault(result.settings, {})[result.seed] = result
    if not groups:
        return None
    chosen = max(groups.values(), key=lambda group: (len(group), max(r.seconds for r in group.values())))
    values = [result.top1 for result in chosen.values()]
    kept = tuple(chosen[seed] for seed in sorted(chosen))
    return Cell(
        float(np.mean(values)),
        float(np.std(values, ddof=1)) if len(values) > 1 else None,
        kept,
        tuple(r for r in results if r not in kept),
    )
