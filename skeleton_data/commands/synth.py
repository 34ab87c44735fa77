"""``skeleton-data synth``: make synthetic recordings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from skeleton_data.commands import DONE, Commands, positive


def add_to(commands: Commands) -> None:
    """Add the command."""
    text = "simulate recordings, written as NTU RGB+D text files"
    parser = commands.add_parser("synth", help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("directory", type=Path, metavar="DIR", help="folder to write to; made if need be")
    parser.add_argument(
        "--performances",
        type=positive,
        metavar="N",
        help="how many, three files each (default: all of a shape)",
    )
    parser.add_argument(
        "--shape",
        choices=("simulated", "ntu60", "ntu120"),
        default="simulated",
        help="simulated: 16 actions that look like what they are called; ntu60, ntu120: the names of the complete data "
        "sets (56,880 and 114,480 files), for load tests",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the same number, the same files (default: 0)")
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="processes to use (default: 1)")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
    parser.set_defaults(run=_synth)


def _synth(arguments: argparse.Namespace) -> int:
    from skeleton_data.synthetic import synthesize

    written = synthesize(
        arguments.directory,
        performances=arguments.performances,
        shape=arguments.shape,
        seed=arguments.seed,
        workers=arguments.workers,
        progress=sys.stderr.isatty() and not arguments.no_progress,
    )
    print(f"{len(written):,} recordings of {len(written) // 3:,} performances in {arguments.directory}")
    return DONE
