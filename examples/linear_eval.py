"""Linear evaluation: a linear classifier on the features of a frozen encoder (paper, section 4.3).

python -m examples.linear_eval ntu60-xsub --checkpoint runs/ntu60-xsub/full/encoder.pt --out runs/ntu60-xsub/linear
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import tyro

from examples.classifiers import compact_labels, finished_top1, read_origin, write_result
from examples.configs.datasets import with_datasets
from examples.encoders import load_encoder
from examples.evaluation import FeatureDraws, LinearSettings, accuracy, extract_features, standardize, train_linear
from examples.run import Precision, RunFolder, open_store, pick_device, run_command
from examples.training import check_single_process
from examples.views import make_pipelines
from skeleton_aug import Compose

SCORES = "scores.npz"
"""Class probabilities of the test samples, for ``examples.ensemble``."""


@dataclass(frozen=True)
class LinearEvalConfig:
    """Settings; the defaults are the paper's.

    Parameters
    ----------
    store : Path
        HDF5 file that `skeleton-data convert` wrote.
    checkpoint : Path
        encoder.pt of a run.
    out : Path, optional
        Run folder for config and result.json; nothing is written without it.
    split : str
        Trains the classifier on its training half, tests on the other.
    linear : LinearSettings
        The classifier's training.
    feature_draws : int
        How often the training features are drawn anew, with conservative augmentation; 0 takes the evaluation view.
    standardized : bool
        Give every feature dimension mean 0 and deviation 1 over the training set.
    by_joint : bool
        Classify the encoder's last map averaged over frames only, joints side by side, instead of the mean over joints
        too (not in the paper).
    test_draws : int
        Conservative views of each test sample whose class probabilities are averaged with those of the evaluation view
        (not in the paper).
    seed : int
        Of order and augmentation.
    device : str
        "auto", "cpu", "cuda", "cuda:1" ...
    precision : str
        "auto" is bfloat16 on a GPU and float32 on a CPU.
    resume : bool
        Leave a finished run in the folder as it is; an unfinished one begins anew.
    """

    store: Path
    checkpoint: Path
    out: Path | None = None
    split: str = "xsub"
    linear: LinearSettings = field(default_factory=LinearSettings)
    feature_draws: int = 100
    standardized: bool = False
    by_joint: bool = False
    test_draws: int = 0
    seed: int = 0
    device: str = "auto"
    precision: Precision = "auto"
    resume: bool = False


PAPER = LinearEvalConfig(store=tyro.MISSING, checkpoint=tyro.MISSING)
SMALL = LinearEvalConfig(
    store=tyro.MISSING,
    checkpoint=tyro.MISSING,
    linear=LinearSettings(lr=0.1, batch_size=64, weight_decay=1e-3),
    feature_draws=4,
    standardized=True,
)
OURS = replace(SMALL, linear=LinearSettings(lr=0.01, batch_size=64, weight_decay=5e-2), by_joint=True, test_draws=4)
CONFIGS = {
    "paper": ("The paper's settings.", PAPER),
    "small": ("Four draws of standardised features and a gentler classifier, for small training sets.", SMALL),
    "ours": ("As small, on features joint by joint, and averaged over five views of each test sample.", OURS),
    **with_datasets(PAPER, SMALL, ours=OURS),
}


def linear_eval(config: LinearEvalConfig) -> float:
    """Return (and print, and save) the top-1 accuracy on the test half, in percent."""
    check_single_process()
    if (done := finished_top1(config.out, config, config.resume)) is not None:
        return done
    store, train, test = open_store(config.store, config.split)
    device = pick_device(config.device)
    encoder, settings = load_encoder(config.checkpoint, store)
    pipelines = make_pipelines(settings, store.skeleton)
    labels = torch.from_numpy(compact_labels(store)[0])
    run = None if config.out is None else RunFolder(config.out, config, config.resume)

    def features(indices: np.ndarray, pipeline: Compose, label: str, draw: int = 0) -> torch.Tensor:
        return extract_features(
            encoder, store, indices, pipeline, device,
            epoch=draw, seed=config.seed, precision=config.precision, label=label, by_joint=config.by_joint,
        )  # fmt: skip

    n_draws = max(config.feature_draws, 1)
    training_pipeline = pipelines.conservative if config.feature_draws else pipelines.evaluation
    raw = FeatureDraws(
        lambda draw: features(train, training_pipeline, f"train {draw + 1}/{n_draws}", draw),
        n_draws,
        keep=n_draws < config.linear.epochs,
    )
    draws: Sequence[torch.Tensor] = raw
    tested = [
        features(test, pipelines.evaluation, "test"),
        *(features(test, pipelines.conservative, f"test {draw + 1}", draw) for draw in range(config.test_draws)),
    ]
    if config.standardized:
        reference = raw[0]
        draws = FeatureDraws(lambda draw: standardize(reference, raw[draw])[1], n_draws, keep=raw.keep)
        tested = standardize(reference, *tested)[1:]
    head = train_linear(draws, labels[train], config.linear, config.seed)
    with torch.no_grad():
        scores = torch.stack([head(view).softmax(1) for view in tested]).mean(0)
    top1 = accuracy(scores.argmax(1), labels[test])
    print(f"Linear evaluation, {config.split}: top-1 {top1:.1f} % ({len(train)} training, {len(test)} test samples)")
    if run is not None:
        np.savez(run.path / SCORES, scores=scores.numpy(), samples=test, labels=labels[test].numpy())
        values = {"top1": top1, "n_train": len(train), "n_test": len(test)}
        write_result(run, config, store, values, read_origin(config.checkpoint))
    return top1


if __name__ == "__main__":
    run_command(linear_eval, CONFIGS, __doc__)
