"""``skeleton-data merge``: several stores into one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from skeleton_data.commands import DONE, Commands
from skeleton_data.conversion.merge import merge, merge_text


def add_to(commands: Commands) -> None:
    """Add the command."""
    text = "merge stores of one data set, such as NTU-60 and the NTU-120 extension"
    parser = commands.add_parser("merge", help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("stores", type=Path, nargs="+", metavar="STORE.h5", help="two or more stores")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.h5", help="the store to write")
    parser.add_argument("--force", action="store_true", help="replace an existing output")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
    parser.set_defaults(run=_merge)


def _merge(arguments: argparse.Namespace) -> int:
    done = merge(
        arguments.stores,
        arguments.output,
        force=arguments.force,
        progress=sys.stderr.isatty() and not arguments.no_progress,
    )
    print(merge_text(done))
    return DONE
