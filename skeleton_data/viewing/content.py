"""What a page holds, as plain JSON values: recordings, views with what was drawn for them, and the joint layout.

Positions are three 16-bit whole numbers a joint, little-endian and in base64: a coordinate is
``center + step * number``, and -32768 stands for a missing joint. The step is a 65,534th of the largest extent, so a
coordinate is off by half of that at most: by less than 0.1 mm where everything lies within ten metres.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skeleton_aug import Pipeline, Skeleton
from skeleton_data.raw import SkeletonDataError
from skeleton_data.store import Store
from skeleton_data.viewing.colours import body_colours
from skeleton_data.viewing.draws import Axes, Draw, draw

MOST_BYTES = 48_000_000
"""Of a page."""
TO_STAGE: Mapping[Axes, tuple[tuple[int, int, int], ...]] = {
    "sensor": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "canonical": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
    "legacy": ((-1, 0, 0), (0, 0, 1), (0, 1, 0)),
}
"""Rows right, up and towards the viewer, in each kind of axes.

The sensor's x points to its left and its z away from it, so the stage shows what the camera sees; bodies that were
turned to a canonical orientation are seen from the front. All of these are rotations: none of them mirrors.
"""
_MISSING, _LARGEST = -32768, 32767


@dataclass(frozen=True)
class Augmentation:
    """How views are made.

    Attributes
    ----------
    name : str
        How people call the pipeline.
    pipeline : Pipeline
    n_draws : int
        Views of each recording: those of epochs 0 to ``n_draws - 1``.
    seed : int
    """

    name: str
    pipeline: Pipeline
    n_draws: int = 8
    seed: int = 0


def page_data(
    store: Store,
    name: str,
    samples: Sequence[int],
    augmentation: Augmentation | None = None,
    fps: float | None = None,
) -> dict[str, Any]:
    """Gather what a page shows.

    Parameters
    ----------
    store : Store
    name : str
        Heading.
    samples : sequence of int
        Sample indices.
    augmentation : Augmentation, optional
    fps : float, optional
        Frames a second; None where they are not known.

    Raises
    ------
    SkeletonDataError
        When the page would be larger than :data:`MOST_BYTES`, or the pipeline does not fit.
    """
    recordings = [_recording(store, index) for index in samples]
    data = {
        "name": name,
        "class": store.class_names[int(store.samples["label"][samples[0]])],
        "store": store.path.name,
        "fps": fps,
        "skeleton": _layout(store.skeleton),
        "colours": {"light": body_colours("light"), "dark": body_colours("dark")},
        "recordings": recordings,
        "augmentation": None,
    }
    spent = sum(_size(recording) for recording in recordings)
    if spent > MOST_BYTES:
        raise SkeletonDataError(
            f"{store.path}: a page of {name} would take {spent / 1e6:,.0f} MB, and {MOST_BYTES / 1e6:.0f} MB are the "
            "most. Show a shorter recording, or one with --sample."
        )
    if augmentation is not None:
        data["augmentation"] = _augmentation(store, samples, augmentation, MOST_BYTES - spent)
    return data


def pack(positions: NDArray[np.floating[Any]], axes: Axes) -> dict[str, Any]:
    """Write positions (M, T, V, 3) in 16-bit numbers, see the head of this module; all zeros are missing."""
    present = (positions != 0).any(-1)
    seen = positions[present].astype(np.float64)
    low, high = (seen.min(0), seen.max(0)) if len(seen) else (np.zeros(3), np.zeros(3))
    # Most places, without what a sensor throws far off: what a picture has to have room for.
    box = np.quantile(seen, [0.01, 0.99], axis=0) if len(seen) else np.zeros((2, 3))
    center = (low + high) / 2
    step = max(float((high - low).max()) / 2 / _LARGEST, 1e-9)
    numbers = np.full(positions.shape, _MISSING, "<i2")
    numbers[present] = np.clip(np.rint((seen - center) / step), -_LARGEST, _LARGEST)
    return {
        "shape": list(positions.shape[:3]),
        "axes": axes,
        "to_stage": [list(row) for row in TO_STAGE[axes]],
        "center": center.tolist(),
        "step": step,
        "box": box.tolist(),
        "numbers": b64encode(numbers.tobytes()).decode(),
    }


def unpack(packed: Mapping[str, Any]) -> NDArray[np.float64]:
    """Read positions that :func:`pack` wrote, (M, T, V, 3), as the page does."""
    numbers = np.frombuffer(b64decode(packed["numbers"]), "<i2").reshape(*packed["shape"], 3)
    positions: NDArray[np.float64] = np.asarray(packed["center"]) + packed["step"] * numbers
    return np.where(numbers == _MISSING, 0.0, positions)


def _layout(skeleton: Skeleton) -> dict[str, Any]:
    sides = dict.fromkeys(skeleton.left, "left") | dict.fromkeys(skeleton.right, "right")
    return {
        "name": skeleton.name,
        "joints": list(skeleton.joints),
        "bones": [list(edge) for edge in skeleton.edges],
        "sides": [sides.get(joint, "middle") for joint in range(skeleton.n_joints)],
    }


def _recording(store: Store, index: int) -> dict[str, Any]:
    sample = store[index]
    told = {name: value for name in _NUMBERS if (value := getattr(sample, name)) >= 0}
    states = store.sample_channel(index, "tracking_state") if "tracking_state" in store.channels else None
    return {
        "name": sample.name,
        "index": index,
        "camera": told.get("camera"),
        "facts": ", ".join(f"{name} {value}" for name, value in told.items() if name != "camera"),
        "body_ids": [str(body_id) for body_id in sample.body_ids.tolist()],
        "positions": pack(sample.positions, "sensor"),
        "states": None if states is None else b64encode(states.astype(np.uint8).tobytes()).decode(),
    }


_NUMBERS = ("subject", "camera", "setup", "replication")


def _augmentation(store: Store, samples: Sequence[int], made: Augmentation, room: int) -> dict[str, Any]:
    recordings = [(index, store[index].positions) for index in samples]
    draws: list[list[dict[str, Any]]] = []
    size = 0
    for epoch in range(made.n_draws):
        views = [
            _view(draw(made.pipeline, x, store.skeleton, seed=made.seed, epoch=epoch, index=index))
            for index, x in recordings
        ]
        size += sum(map(_size, views))
        if size > room:
            few = f"Say --draws {epoch}, or fewer" if epoch else "Show one recording, with --sample"
            raise SkeletonDataError(
                f"{store.path}: {made.n_draws} draws make a page of more than {MOST_BYTES / 1e6:.0f} MB. {few}."
            )
        draws.append(views)
    return {"name": made.name, "seed": made.seed, "draws": draws}


def _view(made: Draw) -> dict[str, Any]:
    # Tenths of a frame are enough to say where a frame comes from, and -1 where it comes from nowhere.
    source = None if made.source is None else np.nan_to_num(np.round(made.source, 1), nan=-1.0).tolist()
    return {
        "epoch": made.epoch,
        "positions": pack(made.positions, made.axes),
        "steps": [{"transform": step.transform, "words": list(step.words)} for step in made.steps],
        "source": source,
    }


def _size(part: Mapping[str, Any]) -> int:
    """Bytes of the greatest part of a recording or view in the page."""
    return len(part["positions"]["numbers"]) + len(part.get("states") or "") + 5 * len(part.get("source") or ())
