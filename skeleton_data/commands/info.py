"""``skeleton-data info``: tell what a store holds."""

from __future__ import annotations

import argparse
from pathlib import Path

from skeleton_data.commands import DONE, Commands
from skeleton_data.raw import SkeletonDataError
from skeleton_data.report import store_text
from skeleton_data.store import Store


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("info", help="tell what a store holds", description="Tell what a store holds.")
    parser.add_argument("store", type=Path, metavar="STORE.h5")
    parser.add_argument("--verify", action="store_true", help="compare every sample with its checksum")
    parser.set_defaults(run=_info)


def _info(arguments: argparse.Namespace) -> int:
    store = Store.open(arguments.store)
    print(store_text(store))
    if arguments.verify:
        damaged = store.verify()
        if damaged:
            names = ", ".join(damaged[:3])
            raise SkeletonDataError(f"{store.path}: {len(damaged)} samples differ from their checksums: {names}, ...")
        print("  every sample agrees with its checksum")
    return DONE
