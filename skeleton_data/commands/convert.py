"""``skeleton-data convert``: raw data sets to a store."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import types
import typing
from pathlib import Path

from skeleton_data.bodies import STRATEGIES, default_bodies
from skeleton_data.commands import DONE, DONE_WITH_REJECTIONS, Commands, positive
from skeleton_data.convert import convert
from skeleton_data.formats import FORMATS, format_class
from skeleton_data.report import summary_text, warnings


def add_to(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("convert", help="convert a raw data set to a store")
    formats = command.add_subparsers(title="formats", required=True, metavar="FORMAT")
    for name in FORMATS:
        made = format_class(name)
        text = (made.__doc__ or "").strip().splitlines()[0]
        parser = formats.add_parser(name, help=text, description=text)
        parser.add_argument("source", type=Path, metavar="SRC", help="folder or archive of the raw files")
        parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.h5", help="the store to write")
        _add_conversion_options(parser, default_bodies(made))
        _add_format_options(parser, made)
        parser.set_defaults(run=_convert, format=name)


def _add_conversion_options(parser: argparse.ArgumentParser, bodies: str) -> None:
    text = "body selection (default: %(default)s)"
    parser.add_argument("--bodies", choices=list(STRATEGIES), default=bodies, help=text)
    parser.add_argument("--max-bodies", type=positive, default=2, metavar="M", help="most bodies kept of a recording")
    parser.add_argument("--workers", type=positive, metavar="N", help="reading processes (default: by cores and files)")
    parser.add_argument("--force", action="store_true", help="replace an existing output")
    parser.add_argument("--strict", action="store_true", help="stop with an error at the first file that is rejected")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")


def _add_format_options(parser: argparse.ArgumentParser, made: type) -> None:
    """Offer every field of a format's dataclass as a flag; its ``metadata["help"]`` is the flag's help."""
    group = parser.add_argument_group("options of this format")
    hints = typing.get_type_hints(made)
    for option in dataclasses.fields(made):
        flag = "--" + option.name.replace("_", "-")
        text = f"{option.metadata.get('help', '')} (default: {option.default})"
        kind = _without_none(hints[option.name])
        if kind is bool:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=option.default, help=text)
        elif typing.get_origin(kind) is typing.Literal:
            group.add_argument(flag, choices=typing.get_args(kind), default=option.default, help=text)
        else:
            group.add_argument(flag, type=kind, default=option.default, metavar=kind.__name__.upper(), help=text)


def _without_none(hint: typing.Any) -> typing.Any:
    if isinstance(hint, types.UnionType):
        return next(kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    return hint


def _convert(arguments: argparse.Namespace) -> int:
    made = format_class(arguments.format)
    options = {option.name: getattr(arguments, option.name) for option in dataclasses.fields(made)}
    summary = convert(
        made(**options),
        arguments.source,
        arguments.output,
        bodies=arguments.bodies,
        max_bodies=arguments.max_bodies,
        workers=arguments.workers,
        force=arguments.force,
        strict=arguments.strict,
        progress=sys.stderr.isatty() and not arguments.no_progress,
    )
    print(summary_text(summary))
    for line in warnings(summary):
        print(f"skeleton-data: warning: {line}", file=sys.stderr)
    return DONE_WITH_REJECTIONS if summary.rejected else DONE
