"""Weights of the published ST-GCN (github.com/yysijie/st-gcn) as a classifier and an encoder of this program.

    python -m examples.published --weights st_gcn.ntu-xsub.pt --out st_gcn

Parameters and buffers keep their names and shapes, with two exceptions:

=============================================  =============================================  =======================
published                                      here                                           what it is
=============================================  =============================================  =======================
``A``                                          ``encoder.A``                                  neighbour groups
``data_bn.*``                                  ``encoder.data_bn.*``                          batch norm of the data
``st_gcn_networks.N.gcn.conv.*``               ``encoder.st_gcn_networks.N.gcn.conv.*``       graph convolution
``st_gcn_networks.N.tcn.{0,2,3}.*``            ``encoder.st_gcn_networks.N.tcn.{0,2,3}.*``    temporal convolution
``st_gcn_networks.N.residual.{0,1}.*``         ``encoder.st_gcn_networks.N.residual.{0,1}.*`` where channels change
``edge_importance.N``                          ``encoder.edge_importance.N``                  factors of A
``fcn.weight`` (classes, features, 1, 1)       ``head.weight`` (classes, features)            a 1x1 convolution there
``fcn.bias``                                   ``head.bias``
=============================================  =============================================  =======================

``module.`` before every name, as parallel training leaves it, is dropped. The same input gives the same outputs; the
published code feeds joints as recorded, padded with zeros to 300 frames, where the views here are normalised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from torch import Tensor

from examples.classifiers import SavedClassifier, save_classifier
from examples.encoders import EncoderSettings, make_encoder, save_encoder
from examples.run import InputError, run_command
from examples.stgcn import BLOCKS, Classifier, Partition, adjacency
from skeleton_aug import SKELETONS, Skeleton
from skeleton_aug.presets import Channels
from skeleton_data.formats.ntu import NTU60, NTU120


@dataclass(frozen=True)
class PublishedConfig:
    """Settings.

    Parameters
    ----------
    weights : Path
        The published file.
    out : Path
        Folder for classifier.pt and encoder.pt.
    n_frames : int
        Frames of the views that the network is to be used with; 300 in the published code.
    """

    weights: Path
    out: Path
    n_frames: int = 300


CONFIGS = {"default": ("", PublishedConfig(weights=tyro.MISSING, out=tyro.MISSING))}


def published(config: PublishedConfig) -> None:
    """Read the published weights and write them as this program's own."""
    saved = from_published(read_weights(config.weights), str(config.weights), config.n_frames)
    try:
        config.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{config.out}: cannot be a folder ({error.strerror}). Give another --out.") from None
    save_classifier(config.out / "classifier.pt", saved)
    save_encoder(config.out / "encoder.pt", saved.model.encoder, saved.settings, saved.skeleton)
    settings = saved.settings
    print(
        f"{saved.skeleton.name}, {settings.channels}, width {settings.width:g}, partition {settings.partition!r}, "
        f"{len(saved.class_names)} classes: {config.out / 'classifier.pt'}, {config.out / 'encoder.pt'}"
    )


def read_weights(path: Path) -> dict[str, Tensor]:
    """Names and tensors of the published file.

    Raises
    ------
    InputError
        When there is no such file, or it holds anything else than named tensors.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file. Give the .pt file that the authors published.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(f"{path}: is no file of weights, or a damaged one ({type(error).__name__}).") from None
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f"{path}: holds no names with tensors, as published weights do.")
    return {name.removeprefix("module."): value for name, value in state.items()}


def from_published(weights: Mapping[str, Tensor], place: str = "weights", n_frames: int = 300) -> SavedClassifier:
    """Build the classifier that published weights are of; layout, partition, channels and width show in them.

    Parameters
    ----------
    weights : mapping of str to Tensor
        As the table above names them.
    place : str
        How errors name them.
    n_frames : int

    Raises
    ------
    InputError
        When a tensor is missing, of another shape, or there is one too many; or for an unknown joint layout.
    """
    try:
        skeleton, partition = find_layout(weights["A"])
        n_inputs = weights["data_bn.weight"].numel()
        channels: Channels = "joint" if n_inputs == 3 * skeleton.n_joints else "joint+bone"
        width = weights["st_gcn_networks.0.gcn.conv.bias"].numel() / (3 * BLOCKS[0][0])
        n_classes = len(weights["fcn.bias"])
        settings = EncoderSettings(width, channels=channels, n_frames=n_frames, partition=partition, pooling="all")
        model = Classifier(make_encoder(settings, skeleton), n_classes)
        model.load_state_dict({renamed(name): reshaped(name, value) for name, value in weights.items()})
    except (KeyError, IndexError, RuntimeError, ValueError) as error:
        detail = " ".join(str(error).split())[:200]
        raise InputError(f"{place}: does not fit the published network ({detail}).") from None
    return SavedClassifier(model.eval(), settings, skeleton, class_names(n_classes, skeleton))


def renamed(name: str) -> str:
    """Return the name of a published tensor in this program."""
    return name.replace("fcn.", "head.", 1) if name.startswith("fcn.") else f"encoder.{name}"


def reshaped(name: str, value: Tensor) -> Tensor:
    """Drop the two axes of one that a 1x1 convolution has and a linear layer has not."""
    return value.flatten(1) if name == "fcn.weight" else value


def find_layout(graph: Tensor) -> tuple[Skeleton, Partition]:
    """Joint layout and partition whose neighbour groups are these, (3, V, V)."""
    partitions: tuple[Partition, ...] = ("published", "spatial")
    for skeleton in SKELETONS.values():
        for partition in partitions:
            known = adjacency(skeleton, partition)
            if known.shape == graph.shape and torch.allclose(known, graph.float(), atol=1e-6):
                return skeleton, partition
    raise ValueError(f"its neighbour groups A, {tuple(graph.shape)}, are those of no layout known here")


def class_names(n_classes: int, skeleton: Skeleton) -> tuple[str, ...]:
    """Names of NTU RGB+D's classes where there are as many, else numbers."""
    for data_set in (NTU60(), NTU120()):
        if data_set.skeleton == skeleton and len(data_set.class_names) == n_classes:
            return tuple(data_set.class_names)
    return tuple(f"class {number}" for number in range(n_classes))


if __name__ == "__main__":
    run_command(published, CONFIGS, __doc__)
