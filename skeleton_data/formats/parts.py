"""How files of other people call their splits, and the parts of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_PART = re.compile(r"(?P<before>.*?)_?(?P<part>train|val|test)(?P<after>\d*)")
_SPLITS = {
    **dict.fromkeys(("xsub", "csub", "cs"), "xsub"),
    **dict.fromkeys(("xview", "cview", "cv"), "xview"),
    **dict.fromkeys(("xset", "cset", "xsetup", "csetup"), "xset"),
}


def known_split(text: str) -> str:
    """The split that the name of a file or folder tells of, such as xsub of ``NTU60_CS.npz``; else ``given``."""
    words = re.split(r"[^a-z0-9]+", text.lower())
    return next((_SPLITS[word] for word in reversed(words) if word in _SPLITS), "given")


def split_name(text: str) -> str:
    """The name of a split as a store can hold it: without slashes, which would nest it."""
    return text.replace("/", "_").strip(". ") or "given"


def paired(lists: Mapping[str, Iterable[str]]) -> dict[str, tuple[Iterable[str], Iterable[str]]]:
    """Make splits of lists of names: those of a training part and a test part by the names of the lists."""
    families: dict[str, dict[str, Iterable[str]]] = {}
    for name, members in lists.items():
        match = _PART.fullmatch(name)
        family = "_".join(filter(None, (match["before"], match["after"]))) if match else name
        families.setdefault(split_name(family), {})[match["part"] if match else "train"] = members
    splits = {}
    for family, parts in families.items():
        train, test = parts.get("train", ()), parts.get("test", parts.get("val", ()))
        splits[family] = (train, test)
        if "test" in parts and "val" in parts:
            splits[f"{family}_val"] = (train, parts["val"])
    return splits
