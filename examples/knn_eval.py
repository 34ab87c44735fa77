"""k-nearest-neighbour evaluation of a frozen encoder: cosine similarity of standardised features.

python -m examples.knn_eval --store ntu60.h5 --split xsub --checkpoint runs/ntu60-xsub/encoder.pt
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import tyro

from examples.classifiers import compact_labels, finished_top1, read_origin, write_result
from examples.collapse import effective_rank
from examples.encoders import load_encoder
from examples.evaluation import accuracy, extract_features, nearest_neighbours, standardize
from examples.run import InputError, Precision, RunFolder, open_store, pick_device, run_command
from examples.training import check_single_process
from examples.views import make_pipelines


@dataclass(frozen=True)
class KnnEvalConfig:
    """Settings.

    Parameters
    ----------
    store : Path
        HDF5 file that `skeleton-data convert` wrote.
    checkpoint : Path
        encoder.pt of a run.
    out : Path, optional
        Run folder for config and result.json; nothing is written without it.
    split : str
        Neighbours come from its training half, the other is tested.
    k : int
        Neighbours that vote.
    standardized : bool
        Give every feature dimension mean 0 and deviation 1 over the training set.
    by_joint : bool
        Compare the encoder's last map averaged over frames only, joints side by side (not in the paper).
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
    k: int = 1
    standardized: bool = True
    by_joint: bool = False
    device: str = "auto"
    precision: Precision = "auto"
    resume: bool = False


CONFIGS = {
    "default": ("One neighbour.", KnnEvalConfig(store=tyro.MISSING, checkpoint=tyro.MISSING)),
}


def knn_eval(config: KnnEvalConfig) -> float:
    """Return (and print, and save) the top-1 accuracy on the test half, in percent."""
    if config.k < 1:
        raise InputError(f"--k must be at least 1, got {config.k}.")
    check_single_process()
    if (done := finished_top1(config.out, config, config.resume)) is not None:
        return done
    store, train, test = open_store(config.store, config.split)
    device = pick_device(config.device)
    encoder, settings = load_encoder(config.checkpoint, store)
    pipeline = make_pipelines(settings, store.skeleton).evaluation
    labels = torch.from_numpy(compact_labels(store)[0])
    run = None if config.out is None else RunFolder(config.out, config, config.resume)
    memory, tested = (
        extract_features(
            encoder,
            store,
            indices,
            pipeline,
            device,
            precision=config.precision,
            label=label,
            by_joint=config.by_joint,
        )
        for indices, label in ((train, "train"), (test, "test"))
    )
    rank = effective_rank(memory)
    if config.standardized:
        memory, tested = standardize(memory, tested)
    top1 = accuracy(nearest_neighbours(memory, labels[train], tested, config.k), labels[test])
    print(f"k-NN (k = {config.k}), {config.split}: top-1 {top1:.1f} %, effective rank of the features {rank:.1f}")
    if run is not None:
        values = {"top1": top1, "rank": rank, "n_test": len(test)}
        write_result(run, config, store, values, read_origin(config.checkpoint))
    return top1


if __name__ == "__main__":
    run_command(knn_eval, CONFIGS, __doc__)
