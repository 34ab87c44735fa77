"""Transfer: an encoder pre-trained on one data set, fine-tuned with a new head on another (paper, section 4.6).

python -m examples.transfer pku2-xsub --checkpoint runs/ntu60-xsub/full/encoder.pt --out runs/pku2-xsub/transfer
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import tyro
from torch import Tensor

from examples.classifiers import finished_top1
from examples.configs.datasets import with_datasets
from examples.encoders import KIND, Encoder, EncoderSettings, load_encoder, make_encoder
from examples.finetune import FinetuneConfig, tune
from examples.run import InputError, load_checkpoint, open_store, run_command
from skeleton_aug import Skeleton
from skeleton_data import label_fraction

SAME_JOINT = {"hip_center": "spine_base", "spine": "spine_mid", "shoulder_center": "spine_shoulder"}
"""Joints of ``kinect_v1`` and their names in ``kinect_v2``; all its others have the same name there."""


@dataclass(frozen=True, kw_only=True)
class TransferConfig(FinetuneConfig):
    """Settings: the paper gives none, so they are those of fine-tuning, with all labels and 20 epochs.

    The rate of the encoder, 10 x 1e-3, is then about that of the supervised baseline, 0.0125. The other settings are
    those of :class:`~examples.finetune.FinetuneConfig`.

    Parameters
    ----------
    fraction : float
        Share of the other data set's labels that is used.
    epochs : int, optional
        Passes over the labelled samples.
    """

    fraction: float = 1.0
    epochs: int | None = 20


PAPER = TransferConfig(store=tyro.MISSING, checkpoint=tyro.MISSING, out=tyro.MISSING)
SMALL = replace(PAPER, lr=0.1, encoder_factor=1e-2)
CONFIGS = {
    "paper": ("As in fine-tuning, with all labels.", PAPER),
    "small": ("The same with a gentler head, for small networks and training sets.", SMALL),
    **with_datasets(PAPER, SMALL),
}


def transfer(config: TransferConfig) -> float:
    """Fine-tune on the other store, test the last epoch; return top-1 in percent."""
    if (done := finished_top1(config.out, config, config.resume)) is not None:
        return done
    store, pool, test = open_store(config.store, config.split)
    if not 0 < config.fraction <= 1:
        raise InputError(f"--fraction must lie above 0 and at most at 1, got {config.fraction}.")
    encoder, settings = load_encoder(config.checkpoint)
    theirs = Skeleton.from_dict(load_checkpoint(config.checkpoint, KIND)["skeleton"])
    if theirs != store.skeleton:
        encoder = move_encoder(encoder, settings, theirs, store.skeleton)
        print(f"Encoder moved from {theirs.name} to {store.skeleton.name} by the names of joints.")
    labelled = label_fraction(store.labels, pool, config.fraction, config.seed)
    epochs = round(1 / config.fraction) if config.epochs is None else config.epochs
    return tune(config, store, encoder, settings, labelled, test, epochs)


def counterparts(source: Skeleton, target: Skeleton) -> list[int]:
    """Joint of ``source`` that each joint of ``target`` is: the one of its name, or of :data:`SAME_JOINT`.

    Raises
    ------
    InputError
        When the source lacks a joint.
    """
    places = {name: place for place, name in enumerate(source.joints)}
    other = SAME_JOINT | {newer: older for older, newer in SAME_JOINT.items()}
    found = [places.get(name, places.get(other.get(name, ""))) for name in target.joints]
    lacking = [name for name, place in zip(target.joints, found, strict=True) if place is None]
    if lacking:
        raise InputError(
            f"An encoder for {source.name} ({source.n_joints} joints) cannot read {target.name} ({target.n_joints} "
            f"joints): it has never seen {', '.join(lacking)}. Use a store with {source.name}, or pre-train on "
            f"{target.name}."
        )
    return [place for place in found if place is not None]


@torch.no_grad()
def move_encoder(encoder: Encoder, settings: EncoderSettings, source: Skeleton, target: Skeleton) -> Encoder:
    """Build the encoder for another layout with the same weights.

    Convolutions and batch norms do not know joints. Only the norm of the input (a mean and a deviation for each joint
    and channel) and the importance of edges do: of these, the joints that the target has are kept. The graph is the
    target's own, so an edge that only the target has keeps the importance that its pair of joints had, which is 1.
    """
    kept = counterparts(source, target)
    moved = make_encoder(settings, target)
    own, state = moved.state_dict(), {}
    for name, value in encoder.state_dict().items():
        if name == "A":
            value = own[name]
        elif name.startswith("data_bn.") and value.ndim:
            value = of_joints(value, kept, source.n_joints)
        elif name.startswith("edge_importance."):
            value = value[:, kept][:, :, kept]
        state[name] = value
    moved.load_state_dict(state)
    return moved


def of_joints(values: Tensor, kept: list[int], n_joints: int) -> Tensor:
    """Keep some joints of values that lie joint by joint, channels within: (V * C,) -> (V' * C,)."""
    return values.view(n_joints, -1)[kept].flatten()


if __name__ == "__main__":
    run_command(transfer, CONFIGS, __doc__)
