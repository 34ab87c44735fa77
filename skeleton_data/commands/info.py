"""``skeleton-data info``: tell what a store holds."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from skeleton_data.commands import DONE, STORE_HELP, Commands
from skeleton_data.storage.portrait import portrait, store_text
from skeleton_data.store import Store


def add_to(commands: Commands) -> None:
    """Add the command."""
    text = "Tell what a store holds, how it is split and where it comes from; 'verify' looks for damage."
    parser = commands.add_parser("info", help="tell what a store holds", description=text)
    parser.add_argument("store", type=Path, metavar="STORE.h5", help=STORE_HELP)
    parser.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    parser.set_defaults(run=_info)


def _info(arguments: argparse.Namespace) -> int:
    store = Store.open(arguments.store)
    print(json.dumps(portrait(store), ensure_ascii=False, indent=1) if arguments.json else store_text(store))
    return DONE
