"""Encoders as tasks make, save and load them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from examples.run import InputError, load_checkpoint, save_checkpoint
from examples.stgcn import BLOCKS, STGCN, Partition, Pooling
from skeleton_aug import Skeleton
from skeleton_data import Store

Encoder = STGCN
KIND = "skeleton encoder"
Channels = Literal["joint+bone", "joint", "bone", "motion", "joint+bone+motion"]
Views = Literal["paper", "short", "varied", "upright"]
N_CHANNELS = {"joint": 3, "bone": 3, "motion": 3, "joint+bone": 6, "joint+bone+motion": 12}

DEPTHS = {"ten": BLOCKS, "four": ((64, 1), (128, 2), (256, 2), (256, 1))}
"""The published ten blocks, and a shortened network with the same widths and strides for small machines."""


@dataclass(frozen=True)
class EncoderSettings:
    """The network and its input.

    Parameters
    ----------
    width : float
        Multiplies the channels of every layer: 0.25, 0.5, 1 or 2 in the paper.
    depth : {"ten", "four"}
        Published blocks, or a shortened network for small machines.
    channels : str
        Input channels: "joint", "bone" or "joint+bone", as in the paper; "motion", how joints change from frame to
        frame; or "joint+bone+motion", joints, bones and the motion of both.
    n_frames : int
        Frames of every view.
    views : {"paper", "short", "varied", "upright"}
        "paper": resampled, then cropped or repeated; "short": a random half to whole, stretched; "varied": stretched
        too, and turned, tilted, scaled and mirrored, as another camera or person might have it; "upright": as varied,
        from bodies that stand as the sensor saw them, and face where they do in the mean over frames.
    dropout : float
        In every block but the first.
    partition : {"spatial", "published"}
        Neighbour groups as the paper means them, or as the published code has them; needed for its weights.
    pooling : {"present", "all"}
        Bodies that features are the mean of: those present, or all places for one, as in the published code.
    """

    width: float = 1.0
    depth: Literal["ten", "four"] = "ten"
    channels: Channels = "joint+bone"
    n_frames: int = 150
    views: Views = "paper"
    dropout: float = 0.0
    partition: Partition = "spatial"
    pooling: Pooling = "present"

    def __post_init__(self) -> None:
        known = self.depth in DEPTHS and self.channels in N_CHANNELS and self.views in get_args(Views)
        known = known and self.partition in ("spatial", "published") and self.pooling in ("present", "all")
        if not (known and self.width >= 1 / 64 and 0 <= self.dropout < 1 and int(self.n_frames) == self.n_frames >= 1):
            raise InputError(
                f"Encoder settings {vars(self)} cannot be used: depth is one of {', '.join(DEPTHS)}, channels one of "
                f"{', '.join(N_CHANNELS)}, views one of {', '.join(get_args(Views))}, partition spatial or published, "
                "pooling present or all, width at least 1/64, dropout in [0, 1), n_frames at least 1."
            )


def make_encoder(settings: EncoderSettings, skeleton: Skeleton) -> Encoder:
    """Build an encoder with fresh weights from torch's generator."""
    channels = N_CHANNELS[settings.channels]
    return STGCN(
        skeleton, channels, settings.width, settings.dropout, settings.partition, settings.pooling,
        DEPTHS[settings.depth],
    )  # fmt: skip


def save_encoder(path: Path, encoder: Encoder, settings: EncoderSettings, skeleton: Skeleton) -> None:
    """Save the weights with all that is needed to build the network again."""
    state = {"settings": vars(settings), "skeleton": skeleton.to_dict(), "model": encoder.state_dict()}
    save_checkpoint(path, KIND, state)


def load_encoder(path: Path, store: Store | None = None) -> tuple[Encoder, EncoderSettings]:
    """Load an encoder; with a store, make sure that it fits the store's skeleton.

    Raises
    ------
    InputError
        When the file is no encoder, or one for another joint layout.
    """
    state: dict[str, Any] = load_checkpoint(path, KIND)
    try:
        settings, skeleton = EncoderSettings(**state["settings"]), Skeleton.from_dict(state["skeleton"])
        encoder = make_encoder(settings, skeleton)
        encoder.load_state_dict(state["model"])
    except (InputError, KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise InputError(f"{path}: does not fit this program's encoder ({str(error).splitlines()[0]}).") from None
    if store is not None and store.skeleton != skeleton:
        raise InputError(
            f"{path}: encodes {skeleton.name} ({skeleton.n_joints} joints), but {store.path} holds "
            f"{store.skeleton.name} ({store.skeleton.n_joints} joints). Use a store with the encoder's layout."
        )
    return encoder, settings
