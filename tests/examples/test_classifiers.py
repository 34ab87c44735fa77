import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from examples.classifiers import (
    SavedClassifier,
    classifier_top1,
    compact_labels,
    load_classifier,
    read_origin,
    save_classifier,
)
from examples.encoders import make_encoder
from examples.run import InputError
from examples.stgcn import Classifier
from skeleton_aug import get_skeleton

CPU = torch.device("cpu")


@pytest.fixture
def saved(store, tiny, tmp_path):
    """A classifier of the store's classes, and its file."""
    torch.manual_seed(0)
    names = compact_labels(store)[1]
    made = SavedClassifier(Classifier(make_encoder(tiny, store.skeleton), len(names)), tiny, store.skeleton, names)
    save_classifier(tmp_path / "classifier.pt", made)
    return made, tmp_path / "classifier.pt"


def test_round_trip(saved, store):
    """What is loaded has the weights, settings, layout and class names that were saved."""
    made, path = saved
    loaded = load_classifier(path, store)
    assert (loaded.settings, loaded.skeleton, loaded.class_names) == (made.settings, made.skeleton, made.class_names)
    state = made.model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in loaded.model.state_dict().items())


def test_labels_are_compact(store):
    """Classes that do not occur take no number; names go with their numbers."""
    labels, names = compact_labels(store)
    assert sorted(set(labels.tolist())) == list(range(len(names)))
    assert [names[label] for label in labels] == [store.class_names[label] for label in store.labels]


def test_accuracy_counts_right_answers(saved, store, tiny):
    """A head that always says one class is right as often as that class occurs, in percent."""
    model = saved[0].model
    labels, test = compact_labels(store)[0], store.split("xview")[1]
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.arange(len(saved[0].class_names)) == labels[test][0])
    expected = 100 * np.mean(labels[test] == labels[test][0])
    assert classifier_top1(model, tiny, store, test, CPU) == pytest.approx(expected)


def test_other_classes_and_layouts(saved, store, tmp_path):
    """A classifier of other classes or joints does not fit a store, and the line says which."""
    made, _ = saved
    path = tmp_path / "other.pt"
    save_classifier(path, replace(made, class_names=("a", *made.class_names[1:])))
    with pytest.raises(InputError, match="other classes apart"):
        load_classifier(path, store)
    v1 = get_skeleton("kinect_v1")
    model = Classifier(make_encoder(made.settings, v1), len(made.class_names))
    save_classifier(path, replace(made, model=model, skeleton=v1))
    with pytest.raises(InputError, match=r"kinect_v1 \(20 joints\), but .* kinect_v2"):
        load_classifier(path, store)


def test_damaged_files(saved, tmp_path):
    """Weights that fit no network, and a run folder whose config is cut short, are named."""
    _, path = saved
    state = torch.load(path, weights_only=True)
    torch.save({**state, "class_names": state["class_names"][:-1]}, path)
    with pytest.raises(InputError, match=r"classifier.pt: does not fit this program's network"):
        load_classifier(path)
    (tmp_path / "config.json").write_text('{"task": ')
    with pytest.raises(InputError, match=r"config.json or origin.json is damaged"):
        read_origin(path)


def test_origin_is_the_whole_chain(tmp_path):
    """The last task first, then what it started from; nothing where there is no run."""
    assert read_origin(tmp_path / "encoder.pt") == []
    last = {"task": "B", "config": {"lr": 1}, "command": "b"}
    (tmp_path / "config.json").write_text(json.dumps({**last, "versions": {}}))
    before = [{"task": "A", "config": {}, "command": "a"}]
    (tmp_path / "origin.json").write_text(json.dumps(before))
    assert read_origin(tmp_path / "encoder.pt") == [last, *before]
