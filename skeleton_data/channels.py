"""What a sensor tells besides positions, kept on request: one dataset a channel, row for row beside the positions.

A conversion asked for channels (``--channels tracking_state,color_xy``) writes ``/channels/<name>`` with as many rows
as ``/positions``; ``Store.channel`` and ``Store.sample_channel`` read them. Rows in which a body is not seen are
zeros, as are those that ``--fill-gaps`` made; what the file gives as no number is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from skeleton_data.raw import SkeletonDataError

GROUP = "channels"


@dataclass(frozen=True)
class Channel:
    """One kind of reading.

    Attributes
    ----------
    dtype : str
        Type at rest, little-endian.
    per_joint : bool
        One value a joint, or one a body.
    values : tuple of str
        What the last axis holds; empty for a single number without an axis.
    meaning : str
    """

    dtype: str
    per_joint: bool
    values: tuple[str, ...]
    meaning: str

    def shape(self, n_joints: int) -> tuple[int, ...]:
        """Shape of one row."""
        return (*((n_joints,) if self.per_joint else ()), *((len(self.values),) if self.values else ()))

    def row_bytes(self, n_joints: int) -> int:
        """Size of one row."""
        return int(np.prod(self.shape(n_joints), dtype=np.int64)) * np.dtype(self.dtype).itemsize


CHANNELS: Mapping[str, Channel] = MappingProxyType(
    {
        "tracking_state": Channel("u1", True, (), "how a joint was found: 0 not, 1 inferred, 2 tracked"),
        "depth_xy": Channel("<f4", True, ("x", "y"), "pixel of the 512 x 424 depth image"),
        "color_xy": Channel("<f4", True, ("x", "y"), "pixel of the 1920 x 1080 colour image"),
        "orientation": Channel("<f4", True, ("w", "x", "y", "z"), "quaternion of the joint; zeros for leaf joints"),
        "hands": Channel(
            "u1",
            False,
            ("left confidence", "left state", "right confidence", "right state"),
            "confidence 0 low, 1 high; state 0 unknown, 1 not tracked, 2 open, 3 closed, 4 lasso",
        ),
        "lean": Channel("<f4", False, ("x", "y"), "lean of the body, -1 to 1"),
        "clipped_edges": Channel("u1", False, (), "edges of the image that cut the body, a bit each"),
        "body_state": Channel("u1", False, (), "how the body was found: 0 not, 1 inferred, 2 tracked"),
    }
)
"""Name -> channel. Which of them a raw format has is for it to say; the NTU text has all."""


def check_channels(names: Iterable[str]) -> None:
    """Raise :class:`SkeletonDataError` when a name is no channel, or stands twice."""
    listed = list(names)
    unknown = [name for name in listed if name not in CHANNELS]
    if unknown:
        raise SkeletonDataError(f"Unknown channel {unknown[0]!r}; choose from {', '.join(CHANNELS)}.")
    if len(set(listed)) < len(listed):
        raise SkeletonDataError(f"A channel stands twice in {', '.join(listed)}; name each once.")


def write_channel(file: h5py.File, name: str, n_joints: int, parts: Iterable[NDArray[Any]], n_rows: int) -> None:
    """Write a channel from parts of rows, contiguous, with the BLAKE2b-128 of its bytes as attribute ``digest``."""
    channel = CHANNELS[name]
    shape = (n_rows, *channel.shape(n_joints))
    dataset = file.create_dataset(f"{GROUP}/{name}", shape, channel.dtype, fill_time="never")
    state, start = blake2b(digest_size=16), 0
    for part in parts:
        dataset[start : start + len(part)] = part
        state.update(np.ascontiguousarray(part, channel.dtype).data)
        start += len(part)
    dataset.attrs["digest"] = np.bytes_(state.hexdigest())
    dataset.attrs["values"] = np.bytes_(", ".join(channel.values))
    dataset.attrs["meaning"] = np.bytes_(channel.meaning)


def channel_names(file: h5py.File) -> tuple[str, ...]:
    """Names of the channels of an open store, sorted."""
    return tuple(sorted(file[GROUP])) if GROUP in file else ()


def map_channel(file: h5py.File, path: Path, name: str, n_rows: int) -> NDArray[Any]:
    """Map a channel of an open store, (rows, ...), read-only.

    Raises
    ------
    SkeletonDataError
        When the store has no such channel, or it is damaged.
    """
    names = channel_names(file)
    if name not in names:
        has = f"it has {', '.join(names)}" if names else "it has none; ask for them with convert --channels"
        raise SkeletonDataError(f"{path}: no channel {name!r}; {has}.")
    dataset = file[f"{GROUP}/{name}"]
    offset, shape, kind = dataset.id.get_offset(), dataset.shape, dataset.dtype
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    if offset is None or shape[0] != n_rows or offset + size > path.stat().st_size:
        raise SkeletonDataError(f"{path}: channel {name!r} is damaged. Convert the raw data again.")
    return np.memmap(path, kind, mode="r", offset=int(offset), shape=shape)
