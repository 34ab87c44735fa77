"""Channels of the NTU text: which of its columns they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skeleton_data.channels import CHANNELS
from skeleton_data.raw import RawFileError

if TYPE_CHECKING:
    from skeleton_data.formats.ntu_text import Text

COLUMNS: Mapping[str, slice] = MappingProxyType(
    {
        "depth_xy": slice(3, 5),
        "color_xy": slice(5, 7),
        "orientation": slice(7, 11),
        "tracking_state": slice(11, 12),
        "clipped_edges": slice(1, 2),
        "hands": slice(2, 6),
        "lean": slice(7, 9),
        "body_state": slice(9, 10),
    }
)
"""Channel -> its columns among the twelve numbers of a joint, or the ten of a body."""


def read_channels(text: Text, names: Sequence[str], place: str) -> dict[str, NDArray[Any]]:
    """Take channels out of a text that was read with all its fields.

    Parameters
    ----------
    text : Text
    names : sequence of str
        Keys of :data:`skeleton_data.channels.CHANNELS`.
    place : str
        How errors name the file.

    Returns
    -------
    dict of str to (n, ...) array
        A row is one body in one frame, in file order.

    Raises
    ------
    RawFileError
        When a state or bit mask is no whole number from 0 to 255.
    """
    return {name: _channel(text, name, place) for name in names}


def _channel(text: Text, name: str, place: str) -> NDArray[Any]:
    channel = CHANNELS[name]
    fields = text.joint_fields if channel.per_joint else text.body_fields
    if fields is None:
        raise ValueError("read_channels: the text was read without all_fields=True.")
    values = fields[..., COLUMNS[name]]
    if np.dtype(channel.dtype).kind == "u":
        wrong = ~((values >= 0) & (values <= 255) & (values == np.floor(values)))
        if wrong.any():
            row = int(np.flatnonzero(wrong.reshape(len(values), -1).any(axis=1))[0])
            found = values[row][wrong[row]].flat[0]
            reason = f"{name} in frame {text.frames[row] + 1} is {found:g}; expected a whole number from 0 to 255."
            raise RawFileError(place, reason, mend="Convert without this channel, or extract the file again.")
    with np.errstate(over="ignore"):
        kept: NDArray[Any] = values.astype(channel.dtype)
    return kept if channel.values else kept[..., 0]
