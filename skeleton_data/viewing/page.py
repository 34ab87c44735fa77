"""A page of recordings: one HTML file that needs nothing else, neither another file nor a network."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

_WEB = files("skeleton_data.viewing").joinpath("web")
_SCRIPTS = ("unpack.js", "scene.js", "panel.js", "player.js", "controls.js", "page.js")
"""In the order in which the browser reads them."""


def page_text(data: Mapping[str, Any]) -> str:
    """Write the page.

    Parameters
    ----------
    data : mapping
        As :func:`skeleton_data.viewing.content.page_data` gives it.
    """
    # Within a script element a "<" could end it, or begin a comment.
    content = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    scripts = "".join(f"<script>\n{_read(name)}</script>\n" for name in _SCRIPTS)
    pieces = {
        "<!-- title -->": html.escape(f"{data['name']}: {data['class']}"),
        "<!-- style -->": f"<style>\n{_read('page.css')}</style>",
        "<!-- data -->": f'<script type="application/json" id="data">{content}</script>',
        "<!-- scripts -->": scripts,
    }
    text = _read("page.html")
    for mark, piece in pieces.items():
        before, _, after = text.partition(mark)
        text = before + piece + after
    return text


def _read(name: str) -> str:
    return _WEB.joinpath(name).read_text("utf-8")
