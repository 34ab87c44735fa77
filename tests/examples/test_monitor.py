import numpy as np
import pytest
import torch

from examples.encoders import make_encoder
from examples.evaluation import accuracy, extract_features, nearest_neighbours, standardize
from examples.monitor import NeighbourMonitor, monitor_halves
from examples.run import InputError
from examples.views import make_pipelines

CPU = torch.device("cpu")


def test_halves_share_no_subject(store):
    """Queries come from other subjects than the memory, both from the training half, and all of it is used."""
    train, _ = store.split("xsub")
    memory, queries = monitor_halves(store, train, most=5000)
    subjects = store.samples["subject"]
    assert len(queries) and not set(subjects[memory]) & set(subjects[queries])
    assert sorted([*memory, *queries]) == train.tolist()


def test_store_that_knows_no_subjects(store, monkeypatch):
    """Without subjects, performances are kept apart; with a single performance there is nothing to ask."""
    samples = store.samples.copy()
    samples["subject"] = -1
    monkeypatch.setattr(type(store), "samples", samples)
    train, _ = store.split("xview")
    memory, queries = monitor_halves(store, train, most=5000)
    performances = samples["performance"]
    assert len(queries) and not set(performances[memory]) & set(performances[queries])
    with pytest.raises(InputError, match="one performance is too few"):
        monitor_halves(store, train[performances[train] == performances[train[0]]], most=5000)


def test_at_most_so_many(store):
    """A large training half is thinned evenly."""
    train, _ = store.split("xview")
    memory, queries = monitor_halves(store, train, most=20)
    kept = np.sort(np.concatenate([memory, queries]))
    assert len(kept) == 20 and np.ptp(np.diff(np.searchsorted(train, kept))) <= 1


def test_equals_evaluation_by_hand(store, tiny):
    """The figure is that of the k-NN evaluation with these halves."""
    torch.manual_seed(0)
    encoder, pipeline = make_encoder(tiny, store.skeleton), make_pipelines(tiny, store.skeleton).evaluation
    train, _ = store.split("xsub")
    monitor = NeighbourMonitor(store, train, pipeline, CPU, "float32", k=3)
    found = monitor(encoder)
    features = [extract_features(encoder, store, half, pipeline, CPU) for half in monitor_halves(store, train, 5000)]
    memory, queries = standardize(*features)
    labels = torch.from_numpy(store.labels)
    predicted = nearest_neighbours(memory, labels[monitor.memory], queries, 3)
    assert found == accuracy(predicted, labels[monitor.queries]) and not encoder.training
