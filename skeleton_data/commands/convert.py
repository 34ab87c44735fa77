"""``skeleton-data convert``: raw data sets to a store."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from skeleton_data.bodies import STRATEGIES
from skeleton_data.commands import DONE, DONE_WITH_REJECTIONS, Commands, positive, rate
from skeleton_data.commands.options import add_format_options, format_options
from skeleton_data.conversion.convert import convert
from skeleton_data.conversion.preview import preview, preview_text
from skeleton_data.conversion.report import summary_text, warnings
from skeleton_data.formats import FORMATS, default_bodies, format_class


def add_to(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser(
        "convert",
        help="convert a raw data set to a store",
        description="Convert raw recordings to a store, which is one HDF5 file. The word behind convert says what is "
        "read; each has options of its own: skeleton-data convert ntu60 --help",
    )
    formats = command.add_subparsers(title="formats", required=True, metavar="FORMAT")
    for name in FORMATS:
        made = format_class(name)
        text = (made.__doc__ or "").strip().splitlines()[0].replace("``", "")
        parser = formats.add_parser(name, help=text, description=text)
        parser.add_argument("source", type=Path, metavar="SRC", help="what is read: a folder, an archive or a file")
        parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.h5", help="the store to write")
        _add_conversion_options(parser, default_bodies(made))
        add_format_options(parser, made)
        parser.set_defaults(run=_convert, format=name)


def _add_conversion_options(parser: argparse.ArgumentParser, bodies: str) -> None:
    text = (
        "which of the bodies that the sensor reports are kept. motion: those that move like people, by id; energy: the "
        "places that move most, as 2s-AGCN; first: the first places, as st-gcn (default: %(default)s)"
    )
    parser.add_argument("--bodies", choices=list(STRATEGIES), default=bodies, help=text)
    parser.add_argument(
        "--max-bodies",
        type=positive,
        default=2,
        metavar="M",
        help="most bodies kept of a recording (default: 2)",
    )
    parser.add_argument(
        "--fill-gaps",
        type=int,
        default=0,
        metavar="N",
        help="interpolate gaps of up to N frames (default: 0)",
    )
    parser.add_argument(
        "--drop-empty-frames", action="store_true", help="leave out frames in which nobody is; later frames move up"
    )
    text = "frames a second (default: 30 for NTU and PKU-MMD, unknown for all else)"
    parser.add_argument("--frame-rate", type=rate, metavar="N", help=text)
    parser.add_argument("--workers", type=positive, metavar="N", help="reading processes (default: by cores and files)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="read on a Dask cluster, such as tcp://10.0.0.1:8786")
    parser.add_argument("--resume", action="store_true", help="go on where a stopped or killed conversion ended")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done; write nothing")
    parser.add_argument("--force", action="store_true", help="replace an existing output")
    parser.add_argument("--strict", action="store_true", help="stop with an error at the first file that is rejected")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")


def _convert(arguments: argparse.Namespace) -> int:
    made = format_class(arguments.format)
    given = made(**format_options(arguments, made))
    treatment = {name: getattr(arguments, name) for name in ("bodies", "max_bodies", "fill_gaps", "drop_empty_frames")}
    if arguments.dry_run:
        seen = preview(
            made(**format_options(arguments, made)), arguments.source, workers=arguments.workers, **treatment
        )
        print(preview_text(seen, arguments.output))
        return DONE_WITH_REJECTIONS if seen.rejected else DONE
    summary = convert(
        given,
        arguments.source,
        arguments.output,
        **treatment,
        frame_rate=arguments.frame_rate,
        cluster=arguments.cluster,
        resume=arguments.resume,
        workers=arguments.workers,
        force=arguments.force,
        strict=arguments.strict,
        progress=sys.stderr.isatty() and not arguments.no_progress,
    )
    print(summary_text(summary))
    for line in warnings(summary):
        print(f"skeleton-data: warning: {line}", file=sys.stderr)
    return DONE_WITH_REJECTIONS if summary.rejected else DONE
