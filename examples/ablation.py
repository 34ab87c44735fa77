"""The rows of Table 2: pre-training as each row says, then linear and nearest-neighbour evaluation.

python -m examples.ablation ntu60-xsub --rows full no_shear --seeds 0 1 --out runs/ntu60-xsub/ablation
python -m examples.ablation ntu60-xsub --launch "torchrun --nproc-per-node 4" --out runs/ntu60-xsub/ablation

Started again, it goes on where it was: finished runs are skipped.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from examples import pretrain
from examples.configs.datasets import DATASETS, with_datasets
from examples.run import InputError, open_store, run_command
from skeleton_aug.presets import ABLATIONS, Ablation
from skeleton_data import Store

PAIRS = {
    ("aggressive", "conservative"): "asymmetric",
    ("aggressive", "aggressive"): "aggressive",
    ("conservative", "conservative"): "conservative",
}
"""Presets of the two views -> what examples.pretrain calls such pairs."""


@dataclass(frozen=True)
class AblationConfig:
    """Settings.

    Parameters
    ----------
    store : Path
        HDF5 file that `skeleton-data convert` wrote.
    out : Path
        Folder for ROW/seed-N/pretrain, linear and knn.
    split : str
        Pre-trains on its training half; the evaluations test on the other.
    config : str
        Config of examples.pretrain and examples.linear_eval that the rows change.
    rows : tuple of str
        byol_conservative, byol_aggressive, no_shear, no_low_pass, no_shift, no_resampling, no_side_drop,
        no_multi_view, multi_view_aggressive, full; all by default.
    seeds : tuple of int
        One run of each row for each.
    epochs : int, optional
        Of pre-training, in place of the config's. Rows without multi-viewpoint sampling go through recordings instead
        of performances, which are more; their epochs are reduced so that all rows take the same number of steps.
    knn : bool
        Also evaluate by the nearest neighbour.
    launch : str
        What starts pre-training in place of this Python, such as "torchrun --nproc-per-node 4".
    pretrain_options, linear_options : str
        More options for the commands, as in --pretrain-options="--batch-size 16 --device cpu".
    """

    store: Path
    out: Path
    split: str = "xsub"
    config: str = "paper"
    rows: tuple[str, ...] = tuple(ABLATIONS)
    seeds: tuple[int, ...] = (0,)
    epochs: int | None = None
    knn: bool = True
    launch: str = ""
    pretrain_options: str = ""
    linear_options: str = ""


PAPER = AblationConfig(store=tyro.MISSING, out=tyro.MISSING)
SMALL = AblationConfig(store=tyro.MISSING, out=tyro.MISSING, config="small")
CONFIGS = {
    "paper": ("The paper's settings.", PAPER),
    "small": (
        "Settings for a laptop: those of 'pretrain small', where the full row has the temporal shift too.",
        SMALL,
    ),
    **with_datasets(PAPER, SMALL, {name + s: {"config": name + s} for name in DATASETS for s in ("", "-small")}),
}


def ablation(config: AblationConfig) -> None:
    """Run what is not finished of every row and seed, and print the table."""
    unknown = [row for row in config.rows if row not in ABLATIONS]
    if unknown:
        raise InputError(f"--rows: there is no row {', '.join(unknown)}; the rows are {', '.join(ABLATIONS)}.")
    if config.config not in pretrain.CONFIGS:
        raise InputError(f"--config: there is no {config.config!r}; known are {', '.join(pretrain.CONFIGS)}.")
    store, train, _ = open_store(config.store, config.split)
    runs = [(row, seed) for row in config.rows for seed in config.seeds]
    for number, (row, seed) in enumerate(runs, 1):
        print(f"\n{number} of {len(runs)}: {row}, seed {seed}", flush=True)
        for folder, command in commands(config, row, seed, row_epochs(config, ABLATIONS[row], store, train)):
            if finished(folder):
                print(f"{folder}: finished already", flush=True)
            else:
                execute(command)
    print_table(config)


def row_epochs(config: AblationConfig, row: Ablation, store: Store, train: np.ndarray) -> int:
    """Epochs of a row, so that all take as many steps as one with multi-viewpoint sampling."""
    default: pretrain.PretrainConfig = pretrain.CONFIGS[config.config][1]
    epochs = default.epochs if config.epochs is None else config.epochs
    return epochs if row.multi_view else max(round(epochs * len(store.performances(train)) / len(train)), 1)


def commands(config: AblationConfig, row: str, seed: int, epochs: int) -> list[tuple[Path, list[str]]]:
    """Folder and command line of each run of a row, in the order in which they need each other."""
    folder, how = config.out / row / f"seed-{seed}", ABLATIONS[row]
    data = ["--store", str(config.store), "--split", config.split, "--resume"]
    checkpoint = ["--checkpoint", str(folder / "pretrain" / "encoder.pt")]
    start = shlex.split(config.launch) or [sys.executable]
    training = [
        *start, "-m", "examples.pretrain", config.config, *data, "--out", str(folder / "pretrain"),
        "--pairs", PAIRS[how.first, how.second], "--without", *how.without,
        "--multi-view" if how.multi_view else "--no-multi-view", "--epochs", str(epochs), "--seed", str(seed),
        *shlex.split(config.pretrain_options),
    ]  # fmt: skip
    linear = [
        sys.executable, "-m", "examples.linear_eval", config.config, *data, "--out", str(folder / "linear"),
        *checkpoint, "--seed", str(seed), *shlex.split(config.linear_options),
    ]  # fmt: skip
    knn = [sys.executable, "-m", "examples.knn_eval", *data, "--out", str(folder / "knn"), *checkpoint]
    runs = [(folder / "pretrain", training), (folder / "linear", linear)]
    return [*runs, (folder / "knn", knn)] if config.knn else runs


def finished(folder: Path) -> bool:
    """Whether a run has left what only its end writes."""
    return (folder / ("encoder.pt" if folder.name == "pretrain" else "result.json")).exists()


def execute(command: Sequence[str]) -> None:
    """Run a command before the user's eyes."""
    print(shlex.join(command), flush=True)
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise InputError(f"This command ended with exit code {done.returncode}, see above. Mended, start again.")


def print_table(config: AblationConfig) -> None:
    """Mean and deviation over seeds of every row."""
    kinds = ["linear", *(["knn"] if config.knn else [])]
    print(f"\n{'row':24}" + "".join(f"{kind:>14}" for kind in kinds))
    for row in config.rows:
        cells = []
        for kind in kinds:
            files = [config.out / row / f"seed-{seed}" / kind / "result.json" for seed in config.seeds]
            values = [json.loads(file.read_text())["top1"] for file in files]
            spread = f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
            cells.append(f"{np.mean(values):.1f}{spread}")
        print(f"{row:24}" + "".join(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    run_command(ablation, CONFIGS, __doc__)
