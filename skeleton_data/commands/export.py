"""``skeleton-data export``: a store in the formats of other people."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from skeleton_data.commands import DONE, STORE_HELP, Commands
from skeleton_data.commands.options import add_format_options, format_options
from skeleton_data.export import EXPORTS, WITH_CHANNELS, export, export_class
from skeleton_data.store import Store


def add_to(commands: Commands) -> None:
    """Add the command."""
    text = "write a store in another format"
    command = commands.add_parser("export", help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument("store", type=Path, metavar="STORE.h5", help=STORE_HELP)
    formats = command.add_subparsers(title="formats", required=True, metavar="FORMAT")
    for name in EXPORTS:
        made = export_class(name)
        text = (made.__doc__ or "").strip().splitlines()[0].replace("``", "")
        parser = formats.add_parser(name, help=text, description=text)
        parser.add_argument(
            "-o", "--output", type=Path, required=True, metavar="TARGET", help="file or folder to write"
        )
        parser.add_argument("--split", metavar="NAME", help="only the recordings of this split")
        parser.add_argument("--force", action="store_true", help="replace an existing output")
        parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
        add_format_options(parser, made)
        parser.set_defaults(run=_export, format=name)


def _export(arguments: argparse.Namespace) -> int:
    made = export_class(arguments.format)
    store = Store.open(arguments.store)
    written = export(
        store,
        made(**format_options(arguments, made)),
        arguments.output,
        split=arguments.split,
        force=arguments.force,
        progress=sys.stderr.isatty() and not arguments.no_progress,
    )
    if store.channels and arguments.format not in WITH_CHANNELS:
        text = f"{arguments.format} holds positions only; left out: {', '.join(store.channels)}."
        print(f"skeleton-data: warning: {text}", file=sys.stderr)
    print(f"{written:,} recordings in {arguments.output}")
    return DONE
