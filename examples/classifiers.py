"""Trained classifiers as tasks test, save and load them, and where a run's weights came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from examples.encoders import EncoderSettings, make_encoder
from examples.evaluation import accuracy, extract_features
from examples.run import InputError, Precision, RunFolder, command_line, load_checkpoint, plain, save_checkpoint
from examples.stgcn import Classifier
from examples.views import make_pipelines
from skeleton_aug import Skeleton
from skeleton_data import Store

KIND = "skeleton classifier"


@dataclass(frozen=True)
class SavedClassifier:
    """A classifier with what it takes and what it tells apart."""

    model: Classifier
    settings: EncoderSettings
    skeleton: Skeleton
    class_names: tuple[str, ...]


def compact_labels(store: Store) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels of all samples as numbers 0, 1, ... of the classes that occur, and the names of these."""
    classes, labels = np.unique(store.labels, return_inverse=True)
    return labels, tuple(store.class_names[c] for c in classes)


def save_classifier(path: Path, classifier: SavedClassifier) -> None:
    """Save the weights with all that is needed to build the network again."""
    state = {
        "settings": vars(classifier.settings),
        "skeleton": classifier.skeleton.to_dict(),
        "class_names": list(classifier.class_names),
        "model": classifier.model.state_dict(),
    }
    save_checkpoint(path, KIND, state)


def load_classifier(path: Path, store: Store | None = None) -> SavedClassifier:
    """Load a classifier; with a store, make sure that it has the store's skeleton and classes.

    Raises
    ------
    InputError
        When the file is no classifier, or one for another joint layout or other classes.
    """
    state: dict[str, Any] = load_checkpoint(path, KIND)
    try:
        settings, skeleton = EncoderSettings(**state["settings"]), Skeleton.from_dict(state["skeleton"])
        names = tuple(state["class_names"])
        model = Classifier(make_encoder(settings, skeleton), len(names))
        model.load_state_dict(state["model"])
    except (InputError, KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise InputError(f"{path}: does not fit this program's network ({str(error).splitlines()[0]}).") from None
    if store is not None and store.skeleton != skeleton:
        raise InputError(
            f"{path}: was trained on {skeleton.name} ({skeleton.n_joints} joints), but {store.path} holds "
            f"{store.skeleton.name} ({store.skeleton.n_joints} joints). Use a store with the classifier's layout."
        )
    if store is not None and compact_labels(store)[1] != names:
        raise InputError(f"{path}: tells {len(names)} other classes apart than {store.path} has. Use its own data set.")
    return SavedClassifier(model, settings, skeleton, names)


def classifier_top1(
    model: Classifier,
    settings: EncoderSettings,
    store: Store,
    test: np.ndarray,
    device: torch.device,
    precision: Precision = "auto",
) -> float:
    """Top-1 accuracy in percent on evaluation views of the test samples."""
    pipeline = make_pipelines(settings, store.skeleton).evaluation
    features = extract_features(model.encoder, store, test, pipeline, device, precision=precision, label="test")
    with torch.no_grad():
        predicted = model.head(features.to(device)).argmax(1).cpu()
    return accuracy(predicted, torch.from_numpy(compact_labels(store)[0][test]))


def read_origin(checkpoint: Path) -> list[dict[str, Any]]:
    """Tasks and settings that led to a checkpoint, the last first; empty where no run folder is around it."""
    config, origin = checkpoint.parent / "config.json", checkpoint.parent / "origin.json"
    if not config.exists():
        return []
    try:
        read = json.loads(config.read_text())
        before = json.loads(origin.read_text()) if origin.exists() else []
        return [{key: read.get(key, "") for key in ("task", "config", "command")}, *before]
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{config.parent}: its config.json or origin.json is damaged ({error!r}).") from None


def write_origin(run: RunFolder, checkpoint: Path) -> list[dict[str, Any]]:
    """Keep in a run's folder what led to the checkpoint that it starts from, and return it."""
    origin = read_origin(checkpoint)
    run.write_json("origin.json", origin)
    return origin


def write_result(
    run: RunFolder, config: Any, store: Store, values: Mapping[str, Any], origin: list[dict[str, Any]] | None = None
) -> None:
    """Write ``result.json``: numbers, and all that a report must know to place them."""
    run.write_json(
        "result.json",
        {
            "data": store.path.stem,
            "split": config.split,
            "seed": getattr(config, "seed", 0),
            **values,
            "task": type(config).__name__,
            "config": plain(config),
            "origin": origin or [],
            "command": command_line(),
        },
    )


def finished_top1(out: Path | None, config: Any, resume: bool) -> float | None:
    """Top-1 accuracy of a run that is complete already, when it is to be resumed; None where there is work to do.

    Raises
    ------
    InputError
        When the finished run had other settings.
    """
    result = None if out is None else out / "result.json"
    if not resume or result is None or not result.exists():
        return None
    read = json.loads(result.read_text())
    ours = plain(config)
    differing = [k for k, v in ours.items() if k not in PLACES and read.get("config", {}).get(k) != v]
    if differing:
        raise InputError(
            f"{out}: holds a finished run with other settings ({', '.join(differing)}). Give another --out."
        )
    print(f"{out}: finished already, top-1 {read['top1']:.1f} %")
    return float(read["top1"])


PLACES = ("store", "out", "device", "precision", "resume")
"""Settings that say where things are, not what is done."""
