"""Fields of a format's dataclass as flags of the command line."""

from __future__ import annotations

import argparse
import dataclasses
import types
import typing
from pathlib import Path

_METAVARS = {int: "N", str: "TEXT", Path: "FILE"}


def add_format_options(parser: argparse.ArgumentParser, made: type) -> None:
    """Offer every field of a format's dataclass as a flag; its ``metadata["help"]`` is the flag's help."""
    if not dataclasses.fields(made):
        return
    group = parser.add_argument_group("options of this format")
    hints = typing.get_type_hints(made)
    for option in dataclasses.fields(made):
        flag = "--" + option.name.replace("_", "-")
        text = option.metadata.get("help", "") + ("" if option.default is None else f" (default: {option.default})")
        kind = _without_none(hints[option.name])
        if kind is bool:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=option.default, help=text)
        elif typing.get_origin(kind) is tuple:
            text = f"{option.metadata.get('help', '')} (default: none)"
            group.add_argument(flag, type=_names, default=option.default, metavar="A,B,...", help=text)
        elif typing.get_origin(kind) is typing.Literal:
            group.add_argument(flag, choices=typing.get_args(kind), default=option.default, help=text)
        else:
            group.add_argument(flag, type=kind, default=option.default, metavar=_METAVARS[kind], help=text)


def format_options(arguments: argparse.Namespace, made: type) -> dict[str, object]:
    """Values of those flags, by field."""
    return {option.name: getattr(arguments, option.name) for option in dataclasses.fields(made)}


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _without_none(hint: typing.Any) -> typing.Any:
    if isinstance(hint, types.UnionType):
        return next(kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    return hint
