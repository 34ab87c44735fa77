"""Knowledge distillation: a fresh student learns a fine-tuned teacher's outputs, without labels (paper, section 3.4).

python -m examples.distill ntu60-xsub --teacher runs/f1/classifier.pt --width 1 --out runs/kd1
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
import tyro
from torch import Tensor

from examples.classifiers import (
    SavedClassifier,
    classifier_top1,
    finished_top1,
    load_classifier,
    save_classifier,
    write_origin,
    write_result,
)
from examples.configs.datasets import with_datasets
from examples.encoders import make_encoder, save_encoder
from examples.run import InputError, autocast, open_store, pick_device, run_command
from examples.schedules import warmup_cosine
from examples.stgcn import Classifier
from examples.training import Training, TrainingConfig, begin_run, make_loader, train
from examples.views import make_pipelines
from skeleton_data import ViewBatch


@dataclass(frozen=True, kw_only=True)
class DistillConfig(TrainingConfig):
    """Settings; the defaults are the paper's, which does not give the augmentation.

    Teacher and student see the same conservative view of each sample, the one that the teacher was fine-tuned on.

    Parameters
    ----------
    teacher : Path
        classifier.pt of a run of examples.finetune (or examples.supervised).
    width : float
        Of the student: 0.25, 0.5 or 1 in the paper. All else is as in the teacher.
    temperature : float
        Divides the outputs of both.
    epochs : int
        Passes over the training samples.
    batch_size : int
        Samples per step.
    lr : float
        Learning rate at the first step; falls to 0 by a cosine.
    weight_decay : float
        On all parameters.
    """

    teacher: Path
    width: float = 1.0
    temperature: float = 1.0
    epochs: int = 100
    batch_size: int = 256
    lr: float = 0.2
    weight_decay: float = 1e-4


PAPER = DistillConfig(store=tyro.MISSING, teacher=tyro.MISSING, out=tyro.MISSING)
SMALL = replace(PAPER, width=0.25, epochs=40, batch_size=32)
CONFIGS = {
    "paper": ("The paper's settings.", PAPER),
    "small": ("Small batches and a shorter schedule, for minutes on a laptop.", SMALL),
    **with_datasets(PAPER, SMALL),
}


def distillation_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """Cross entropy of the softened outputs, mean over the batch: H(softmax(z_t / tau), softmax(z_s / tau)).

    Both (N, classes). Its smallest value is the entropy of the teacher's outputs, not 0.
    """
    target = torch.softmax(teacher.float() / temperature, dim=1)
    return -(target * torch.log_softmax(student.float() / temperature, dim=1)).sum(1).mean()


def distill(config: DistillConfig) -> float:
    """Train the student, test its last epoch; return top-1 in percent."""
    if (done := finished_top1(config.out, config, config.resume)) is not None:
        return done
    if not config.temperature > 0:
        raise InputError(f"--temperature must be above 0, got {config.temperature}.")
    store, unlabelled, test = open_store(config.store, config.split)
    device = pick_device(config.device)
    saved = load_classifier(config.teacher, store)
    teacher = saved.model.to(device).eval().requires_grad_(False)
    settings = replace(saved.settings, width=config.width)
    pipelines = make_pipelines(settings, store.skeleton)
    loader = make_loader(store, unlabelled, pipelines.conservative, config.batch_size, config.seed)
    run, state = begin_run(config, store)
    origin = write_origin(run, config.teacher)

    torch.manual_seed(config.seed)
    student = Classifier(make_encoder(settings, store.skeleton), len(saved.class_names)).to(device)
    optimizer = torch.optim.SGD(student.parameters(), config.lr, momentum=0.9, weight_decay=config.weight_decay)
    total = config.epochs * len(loader)

    def loss(step: int, batch: ViewBatch) -> Tensor:
        student.train()
        view = torch.from_numpy(batch.views[0]).to(device)
        with autocast(device, config.precision):
            with torch.no_grad():
                wanted = teacher(view)
            given = student(view)
        return distillation_loss(given, wanted, config.temperature)

    def rates(step: int) -> list[float]:
        return [warmup_cosine(step, total, config.lr)]

    train(Training(student, optimizer, rates, loss, config.epochs), loader, run, config, state)
    save_encoder(run.path / "encoder.pt", student.encoder, settings, store.skeleton)
    save_classifier(run.path / "classifier.pt", SavedClassifier(student, settings, store.skeleton, saved.class_names))
    top1, of_teacher = (
        classifier_top1(model, s, store, test, device, config.precision)
        for model, s in ((student, settings), (teacher, saved.settings))
    )
    values = {"top1": top1, "teacher_top1": of_teacher, "n_train": len(unlabelled), "n_test": len(test)}
    write_result(run, config, store, values, origin)
    print(f"Distilled, {config.split} ({len(test)} test samples): top-1 {top1:.1f} %, its teacher {of_teacher:.1f} %")
    return top1


if __name__ == "__main__":
    run_command(distill, CONFIGS, __doc__)
