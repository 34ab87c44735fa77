"""Colours of bodies, the same in pages and pictures.

A body has one hue. Its left, middle and right differ in lightness, which also those see who do not tell hues apart.
"""

from __future__ import annotations

from colorsys import hls_to_rgb
from typing import Literal

Theme = Literal["light", "dark"]

_HUES = (214, 30, 155, 325, 268, 48)
# Saturation and lightness of left, middle and right, in per cent.
_SHADES: dict[Theme, dict[str, tuple[int, int]]] = {
    "light": {"left": (95, 58), "middle": (28, 52), "right": (85, 28)},
    "dark": {"left": (100, 76), "middle": (30, 62), "right": (78, 46)},
}


def body_colours(theme: Theme) -> list[dict[str, str]]:
    """Colour of each side, ``#rrggbb``, body by body; further bodies begin again."""
    return [{side: _colour(hue, *shade) for side, shade in _SHADES[theme].items()} for hue in _HUES]


def _colour(hue: int, saturation: int, lightness: int) -> str:
    channels = hls_to_rgb(hue / 360, lightness / 100, saturation / 100)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)
