"""Several linear evaluations as one: the mean of their class probabilities, as "3s" methods do with their streams.

python -m examples.ensemble --runs runs/joint/linear runs/bone/linear runs/motion/linear
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from numpy.typing import NDArray

from examples.evaluation import accuracy
from examples.linear_eval import SCORES
from examples.run import InputError, run_command


@dataclass(frozen=True)
class EnsembleConfig:
    """Settings.

    Parameters
    ----------
    runs : tuple of Path
        Run folders of examples.linear_eval on one split, or on several with the same test samples.
    """

    runs: tuple[Path, ...]


CONFIGS = {"default": ("Equal weights.", EnsembleConfig(runs=tyro.MISSING))}


def ensemble(config: EnsembleConfig, told: bool = True) -> float:
    """Return (and print, if ``told``) the top-1 accuracy of the mean probabilities, in percent."""
    every = [read_scores(run / SCORES) for run in config.runs]
    samples, labels = every[0]["samples"], every[0]["labels"]
    for run, read in zip(config.runs, every, strict=True):
        if not (np.array_equal(read["samples"], samples) and np.array_equal(read["labels"], labels)):
            raise InputError(f"{run}: tests other samples than {config.runs[0]}. Give runs on one split of one store.")
    mean = np.mean([read["scores"] for read in every], axis=0)
    top1 = accuracy(torch.from_numpy(mean.argmax(1)), torch.from_numpy(labels))
    if told:
        print(f"Mean of {len(every)} linear evaluations: top-1 {top1:.1f} % ({len(labels)} test samples)")
    return top1


def read_scores(path: Path) -> dict[str, NDArray[np.float32] | NDArray[np.int64]]:
    """What a linear evaluation left: scores (n, classes), samples (n,) and labels (n,)."""
    try:
        with np.load(path, allow_pickle=False) as read:
            return {name: read[name] for name in ("scores", "samples", "labels")}
    except FileNotFoundError:
        raise InputError(f"{path}: is not there. Run examples.linear_eval with --out {path.parent} first.") from None
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: is damaged ({error}). Run examples.linear_eval again.") from None


if __name__ == "__main__":
    run_command(ensemble, CONFIGS, __doc__)
