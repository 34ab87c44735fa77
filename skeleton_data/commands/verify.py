"""``skeleton-data verify``: look for damage in a store."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from skeleton_data.commands import DAMAGED, DONE, STORE_HELP, Commands
from skeleton_data.storage.portrait import count
from skeleton_data.storage.verification import verify
from skeleton_data.store import Store


def add_to(commands: Commands) -> None:
    """Add the command."""
    text = (
        "Look for damage in a store: structure, tables, splits, and every sample against its checksum. "
        "Exit codes: 0 whole; 1 damaged, one line for each finding; 2 could not be looked at."
    )
    parser = commands.add_parser("verify", help="look for damage in a store", description=text)
    parser.add_argument("store", type=Path, metavar="STORE.h5", help=STORE_HELP)
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
    parser.set_defaults(run=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    path = arguments.store
    findings = verify(path, progress=sys.stderr.isatty() and not arguments.no_progress)
    for finding in findings:
        print(f"{path}: {finding}")
    if findings:
        print(f"skeleton-data: {path}: damaged, {count(len(findings), 'finding')}.", file=sys.stderr)
        return DAMAGED
    print(f"{path}: whole. {count(len(Store.open(path)), 'sample')}, structure, tables and splits are as written.")
    return DONE
