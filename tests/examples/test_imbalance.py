from dataclasses import replace

import numpy as np
import pytest

from examples.imbalance import CONFIGS, GROUPS, imbalance, read_run
from examples.linear_eval import LinearEvalConfig, LinearSettings, linear_eval
from examples.long_tail import commonest_first
from examples.pretrain import pretrain
from examples.results import read_results
from examples.run import InputError

DEFAULT = CONFIGS["default"][1]


@pytest.fixture(scope="module")
def runs(tiny_pretraining, tmp_path_factory):
    """Two seeds of a tail and one without, as the script leaves them."""
    root = tmp_path_factory.mktemp("imbalance")
    for factor, seed in ((1.0, 0), (1.5, 0), (1.5, 1)):
        out = root / f"imbalance-{factor:g}" / f"seed-{seed}"
        made = replace(
            tiny_pretraining, out=out / "pretrain", imbalance=factor, keep=0.6, epochs=1, batch_size=4, seed=seed
        )
        pretrain(made)
        linear_eval(
            LinearEvalConfig(
                store=made.store,
                split=made.split,
                checkpoint=out / "pretrain" / "encoder.pt",
                out=out / "linear",
                linear=LinearSettings(epochs=2, batch_size=8),
                feature_draws=1,
                device="cpu",
                precision="float32",
            )
        )
    return root


def test_table_and_picture(runs, tmp_path, capsys):
    table = imbalance(replace(DEFAULT, runs=runs, out=tmp_path / "made" / "picture.png"))
    assert {factor: found.shape for factor, found in table.items()} == {1.0: (1, 4), 1.5: (2, 4)}
    assert (tmp_path / "made" / "picture.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert all(group in printed for group in GROUPS) and "| 1.5 |" in printed and "±" in printed


def test_accuracies_are_those_of_the_classes(runs, store):
    """Against counting by hand."""
    folder = runs / "imbalance-1.5" / "seed-1" / "linear"
    factor, accuracies = read_run(folder)
    assert factor == 1.5
    with np.load(folder / "scores.npz") as read:
        told, actual = read["scores"].argmax(1), read["labels"]
        names = store.labels[read["samples"]]
    recall = {}
    for label in commonest_first(np.unique(store.labels), 1):
        if (names == label).any():
            recall[label] = 100 * np.mean(told[names == label] == actual[names == label])
    expected = list(recall.values())
    assert accuracies[0] == pytest.approx(np.mean(expected))
    assert accuracies[1:] == pytest.approx([np.mean(part) for part in np.array_split(expected, 3)])


def test_such_runs_stand_in_no_table_of_the_paper(runs):
    assert read_results(runs) == []


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="no finished runs"):
        imbalance(replace(DEFAULT, runs=tmp_path, out=tmp_path / "x.png"))
