"""BYOL pre-training without labels (paper, section 4.2).

    python -m examples.pretrain small --store demo.h5 --split xview --out runs/small
    torchrun --standalone --nproc-per-node 4 --max-restarts 3 -m examples.pretrain paper --store ntu60.h5 --out runs/a

SIGTERM saves a checkpoint after the step that is under way and ends the command with exit code 143.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import tyro

from examples.byol import TargetNorm
from examples.configs.datasets import with_datasets
from examples.distributed import join_ranks
from examples.encoders import EncoderSettings, save_encoder
from examples.pretraining import Pretraining
from examples.run import Precision, StopRequest, run_command


@dataclass(frozen=True)
class PretrainConfig:
    """Settings; the defaults are the paper's.

    Parameters
    ----------
    store : Path
        HDF5 file that `skeleton-data convert` wrote.
    out : Path
        Run folder: config, log, checkpoint, and encoder.pt at the end.
    split : str
        Its training half is used, without labels.
    encoder : EncoderSettings
        Network and input.
    pairs : str
        "asymmetric" makes an aggressive and a conservative view; "aggressive" and "conservative" make two alike.
    without : tuple of str
        Transforms to leave out of the aggressive pipeline, such as Shear (the rows of the paper's Table 2).
    multi_view : bool
        Draw two cameras of each performance; otherwise both views come from one recording.
    imbalance : float
        Trains on a long-tailed part: performances of the largest class over those of the smallest. 1 is balanced.
    keep : float
        Share of the performances in that part. With imbalance 1 and keep 1, the defaults, all of them train.
    epochs : int
        Passes over the performances (or recordings, without multi_view).
    batch_size : int
        Pairs per step, over all ranks and parts.
    accumulate : int
        Parts that each rank's share of a batch goes through the network in, one after the other, to need less memory.
        Gradients are those of the whole batch, but batch norm normalises each part by itself, and the penalties see
        one part at a time: N parts train as N ranks would. Statistics for a momentum target are of all parts together.
    optimizer : str
        "sgd" with momentum 0.9, or "adamw".
    lr : float
        Peak learning rate, after the warm-up; falls to 0 by a cosine.
    warmup_epochs : int
        Epochs of linear warm-up from 1e-6.
    weight_decay : float
        Pulls parameters towards 0.
    decay : str
        Which ones: "all", or "weights" without biases and batch norms. The paper does not say; its other settings are
        those of Momentum2 Teacher (Li et al., 2021), whose code decays all, so that is the default. BYOL's authors
        leave biases and norms out, as decay on them does not regularise: a norm's scale times the next layer's
        weights is what counts, and a bias has no scale. At 1e-4 with SGD little depends on it.
    momentum : float
        Of the target at the first step; rises to 1 by a cosine.
    target_norm : str
        Batch norm of the target: "momentum" (Eq. 4 of the paper); "batch", its own batch's statistics on each rank;
        "sync", its own batch's over all ranks, for the online network too.
    norm_momentum : float, optional
        The share of the old statistics that a momentum target keeps (alpha of Eq. 4). Tied to the momentum of the
        weights by default, as in EMAN (Cai et al., 2021).
    hidden : int
        Hidden units of projector and predictor.
    projection : int
        Outputs of projector and predictor.
    projection_norm : bool
        Batch norm on the projector's output (not in the paper).
    covariance : float
        Weight of the covariance penalty on the projections (not in the paper; it prevents collapse at small scale).
    variance : float
        Weight of the variance penalty on the projections (not in the paper).
    monitor_every : int
        Epochs between looks at how well nearest neighbours do among training subjects; 0 for never.
    monitor_k : int
        Neighbours that vote then.
    checkpoint_steps : int
        Steps between checkpoints inside an epoch; 0 for none. Each epoch ends with one in any case.
    checkpoint_minutes : float
        The same by the clock.
    log_steps : int
        Steps between lines in steps.jsonl; 0 for none.
    tensorboard : bool
        Write what is logged for TensorBoard too, into the run folder.
    seed : int
        Of weights, order, cameras and augmentation.
    device : str
        "auto", "cpu", "cuda", "cuda:1" ...; with several ranks "auto" and "cuda" give each its own GPU.
    precision : str
        "auto" is bfloat16 on a GPU and float32 on a CPU.
    resume : bool
        Go on from the checkpoint in the run folder, if there is one; the other settings must be those of the run. A
        run that torchrun starts again after a rank died resumes by itself.
    """

    store: Path
    out: Path
    split: str = "xsub"
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    pairs: Literal["asymmetric", "aggressive", "conservative"] = "asymmetric"
    without: tuple[str, ...] = ()
    multi_view: bool = True
    imbalance: float = 1.0
    keep: float = 1.0
    epochs: int = 1600
    batch_size: int = 512
    accumulate: int = 1
    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: float = 0.2
    warmup_epochs: int = 10
    weight_decay: float = 1e-4
    decay: Literal["all", "weights"] = "all"
    momentum: float = 0.99
    target_norm: TargetNorm = "momentum"
    norm_momentum: float | None = None
    hidden: int = 4096
    projection: int = 256
    projection_norm: bool = False
    covariance: float = 0.0
    variance: float = 0.0
    monitor_every: int = 0
    monitor_k: int = 1
    checkpoint_steps: int = 0
    checkpoint_minutes: float = 0.0
    log_steps: int = 0
    tensorboard: bool = False
    seed: int = 0
    device: str = "auto"
    precision: Precision = "auto"
    resume: bool = False


# tyro asks for the values that are left MISSING.
PAPER = PretrainConfig(store=tyro.MISSING, out=tyro.MISSING)
PAPER_SMALL = replace(
    PAPER,
    encoder=EncoderSettings(width=0.25, depth="four", n_frames=16, views="short"),
    epochs=70,
    batch_size=32,
    warmup_epochs=1,
    hidden=256,
    projection=64,
)
SMALL = replace(PAPER_SMALL, without=("TemporalShift",), momentum=0.9, projection_norm=True, covariance=0.02)
# Chosen on cameras 1 and 2 of Northwestern-UCLA: docs/experiments.md.
OURS = replace(
    SMALL,
    encoder=EncoderSettings(width=0.25, depth="four", n_frames=16, views="varied"),
    without=(),
    epochs=100,
    batch_size=64,
    optimizer="adamw",
    lr=3e-3,
    warmup_epochs=10,
    weight_decay=1e-2,
    hidden=512,
    projection=128,
)
# Data sets that need other lengths or batches; Northwestern-UCLA has too few performances for 512 pairs.
BY_DATASET: dict[str, dict[str, Any]] = {
    "pku2-xsub": {"epochs": 4800},
    "nucla-xview": {"epochs": 4800, "batch_size": 128, "lr": 0.05},
    "nucla-xview-small": {"epochs": 57},
}
CONFIGS = {
    "paper": ("The paper's settings.", PAPER),
    "paper-small": ("The paper's method, with a network, views and a schedule for minutes on a laptop.", PAPER_SMALL),
    "small": (
        "As paper-small, with a faster target, batch norm and a covariance penalty on the projections against "
        "collapse, and no temporal shift.",
        SMALL,
    ),
    "ours": ("As small, with views for little data from several cameras, AdamW and wider heads.", OURS),
    **with_datasets(PAPER, SMALL, BY_DATASET, OURS),
}


def pretrain(config: PretrainConfig) -> None:
    """Train, log and checkpoint every epoch, and save the online encoder of the last."""
    with join_ranks(config.device) as ranks, StopRequest() as stop:
        run = Pretraining(config, ranks, stop)
        run.train()
        if ranks.first:
            path = config.out / "encoder.pt"
            save_encoder(path, run.model.encoder, config.encoder, run.store.skeleton)
            print(f"Encoder: {path}")


if __name__ == "__main__":
    run_command(pretrain, CONFIGS, __doc__)
