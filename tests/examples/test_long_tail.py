from dataclasses import replace

import numpy as np
import pytest
import torch

from examples.long_tail import commonest_first, long_tail
from examples.pretrain import pretrain
from examples.run import InputError


@pytest.fixture(scope="module")
def train(store):
    """Two performances or three of each of 16 classes."""
    return np.arange(len(store))


def class_sizes(store, samples):
    """Performances of each class, from the most common down."""
    kept = store.performances(samples)
    return np.sort(np.unique([store.labels[p[0]] for p in kept], return_counts=True)[1])[::-1]


def test_classes_shrink_by_equal_ratios(store, train):
    sizes = class_sizes(store, long_tail(store, train, 2.0, 0.6, seed=3))
    expected = 2 ** -np.linspace(0, 1, 16)
    assert len(sizes) == 16
    assert sizes.tolist() == np.rint(expected * 0.6 * 36 / expected.sum()).tolist()


@pytest.mark.parametrize("factor", [1.0, 2.0, 3.0])
def test_the_order_of_classes_is_the_same_for_every_factor(store, train, factor):
    order = commonest_first(np.unique(store.labels), 3)
    kept = store.performances(long_tail(store, train, factor, 0.5, seed=3))
    sizes = [sum(store.labels[p[0]] == label for p in kept) for label in order]
    assert sizes == sorted(sizes, reverse=True) and sorted(order) == np.unique(store.labels).tolist()


def test_factor_one_is_balanced_and_keeps_the_share(store, train):
    assert class_sizes(store, long_tail(store, train, 1.0, 0.45, seed=0)).tolist() == [1] * 16
    assert class_sizes(store, long_tail(store, train, 1.0, 0.9, seed=0)).tolist() == [2] * 16


def test_performances_come_whole_and_only_from_the_training_part(store):
    train = store.split("xsub")[0]
    whole = {tuple(p.tolist()) for p in store.performances(train)}
    kept = long_tail(store, train, 1.5, 0.5, seed=1)
    assert np.isin(kept, train).all() and (np.diff(kept) > 0).all()
    assert {tuple(p.tolist()) for p in store.performances(kept)} <= whole


def test_drawn_by_the_seed(store, train):
    first, again, other = (long_tail(store, train, 1.5, 0.5, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_smaller_share_of_one_balance_is_part_of_a_larger_one(store, train):
    assert np.isin(long_tail(store, train, 1.0, 0.45, 0), long_tail(store, train, 1.0, 0.9, 0)).all()


@pytest.mark.parametrize(("factor", "share"), [(0.5, 1.0), (float("nan"), 0.5), (2.0, 0.0), (2.0, 1.1)])
def test_numbers_out_of_range(store, train, factor, share):
    with pytest.raises(InputError, match="at least 1"):
        long_tail(store, train, factor, share, 0)


def test_says_what_can_be_met(store, train):
    """The share that the message names is one that works."""
    with pytest.raises(InputError, match="would need") as error:
        long_tail(store, train, 10.0, 0.9, 0)
    named = float(str(error.value).rsplit("--keep ", 1)[1].rstrip("."))
    assert 0 < named < 0.9
    assert len(long_tail(store, train, 10.0, named, 0))


def test_pretraining_takes_the_part(tiny_pretraining, store, tmp_path):
    """An epoch goes through the kept performances alone."""
    config = replace(tiny_pretraining, out=tmp_path / "run", keep=0.6, imbalance=1.5, epochs=1, batch_size=2)
    pretrain(config)
    train = store.split("xsub")[0]
    kept = store.performances(long_tail(store, train, 1.5, 0.6, config.seed))
    assert len(kept) // 2 < len(store.performances(train)) // 2
    assert torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["step"] == len(kept) // 2
