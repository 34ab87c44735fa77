"""``skeleton-data repack``: compress a store, or put it back in one piece."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from skeleton_data.commands import DONE, STORE_HELP, Commands
from skeleton_data.storage.rewriting import FILTERS, repack


def add_to(commands: Commands) -> None:
    """Add the command."""
    text = (
        "Write a store anew, its positions compressed or in one piece again; samples stay the same bit for bit. "
        "Compressed stores are smaller, and slower to read in random order: convert writes stores in one piece."
    )
    parser = commands.add_parser("repack", help="compress a store, or undo that", description=text)
    parser.add_argument("store", type=Path, metavar="STORE.h5", help=STORE_HELP)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.h5", help="the store to write")
    parser.add_argument(
        "--filter",
        choices=FILTERS,
        default=FILTERS[0],
        help="lzf: fast, read by any h5py; gzip: read by any HDF5; blosc: small and fast, needs hdf5plugin; "
        "none: in one piece (default: lzf)",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing output")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
    parser.set_defaults(run=_repack)


def _repack(arguments: argparse.Namespace) -> int:
    before = arguments.store.stat().st_size if arguments.store.exists() else 0
    progress = sys.stderr.isatty() and not arguments.no_progress
    made = repack(arguments.store, arguments.output, filter=arguments.filter, force=arguments.force, progress=progress)
    after = made.stat().st_size
    print(f"{arguments.output}: {after / 1e6:,.1f} MB, {after / before:.0%} of {arguments.store}.")
    return DONE
