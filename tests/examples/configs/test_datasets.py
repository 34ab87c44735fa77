from dataclasses import replace
from pathlib import Path

import pytest

from examples import ablation, distill, finetune, linear_eval, pretrain, supervised, transfer
from examples.configs.datasets import DATASETS, OURS, with_datasets
from skeleton_data.splits import OFFICIAL_COUNTS

TASKS = (pretrain, supervised, linear_eval, finetune, distill, transfer, ablation)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__.split(".")[-1])
def test_every_task_takes_the_same_names(task):
    """Each data set stands at both scales in each task, with its own store and split, else as the scale says."""
    special = {pretrain: pretrain.BY_DATASET, ablation: None}.get(task, {})
    for name, data in DATASETS.items():
        for suffix, scale in (("", "paper"), ("-small", "small")):
            config = task.CONFIGS[name + suffix][1]
            assert (config.store, config.split) == (data.store, data.split)
            if special is not None:
                expected = replace(task.CONFIGS[scale][1], store=data.store, split=data.split)
                assert config == replace(expected, **special.get(name + suffix, {}))
            else:
                assert config.config == name + suffix in pretrain.CONFIGS


@pytest.mark.parametrize("task", [pretrain, linear_eval, supervised], ids=["pretrain", "linear_eval", "supervised"])
def test_ours_belongs_to_one_data_set(task):
    """What was chosen for Northwestern-UCLA goes by a name of its own there, and for any other store."""
    data, (_, ours), (_, named) = DATASETS[OURS], task.CONFIGS["ours"], task.CONFIGS[f"{OURS}-ours"]
    assert named == replace(ours, store=data.store, split=data.split)
    assert [name for name in task.CONFIGS if name.endswith("ours")] == ["ours", f"{OURS}-ours"]


def test_ours_is_one_network():
    """The supervised baseline has the encoder of our pre-training, which reads the whole of short sequences."""
    encoder = pretrain.OURS.encoder
    assert supervised.OURS.encoder == encoder and encoder.views == "varied"


def test_splits_are_official():
    """Where the official counts know a data set, they know the split."""
    known = {kind for kind, _ in OFFICIAL_COUNTS}
    named = {(data.store.stem, data.split) for data in DATASETS.values()}
    assert {pair for pair in named if pair[0] in known} <= set(OFFICIAL_COUNTS) and known & {n for n, _ in named}


def test_the_papers_exceptions():
    """PKU-MMD II is pre-trained three times as long; small sets get batches that they can fill."""
    assert pretrain.CONFIGS["pku2-xsub"][1].epochs == 4800 == 3 * pretrain.CONFIGS["ntu60-xsub"][1].epochs
    nucla = pretrain.CONFIGS["nucla-xview"][1]
    assert nucla.lr / nucla.batch_size == pretrain.PAPER.lr / pretrain.PAPER.batch_size


def test_changes_reach_one_config():
    """What is changed for one name stays there."""
    start = linear_eval.LinearEvalConfig(Path(), Path())
    made = with_datasets(start, start, {"pku2-xsub": {"seed": 7}})
    assert {name for name, (_, config) in made.items() if config.seed == 7} == {"pku2-xsub"}
