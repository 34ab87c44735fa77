"""The command ``skeleton-data``: convert raw data sets, look at stores, make synthetic recordings.

Exit codes: 0 done; 2 an error, nothing was written; 3 done, but some files were rejected and reported; 130 stopped by
the user.
"""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
import threading
import types
import typing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from skeleton_data.bodies import STRATEGIES
from skeleton_data.convert import convert, version
from skeleton_data.formats import FORMATS, format_class
from skeleton_data.raw import SkeletonDataError
from skeleton_data.report import store_text, summary_text, warnings
from skeleton_data.store import Store

DONE, FAILED, DONE_WITH_REJECTIONS, STOPPED = 0, 2, 3, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; default those of the process.

    Returns
    -------
    int
        The exit code.
    """
    arguments = _parser().parse_args(argv)
    try:
        with _stoppable():
            return int(arguments.run(arguments))
    except SkeletonDataError as error:
        print(f"skeleton-data: error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("skeleton-data: stopped; nothing was written.", file=sys.stderr)
        return STOPPED
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"skeleton-data: error: {place}{error.strerror or error}", file=sys.stderr)
        return FAILED


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let a polite request to end (as batch systems send it) clean up like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: types.FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="skeleton-data",
        description="Convert raw skeleton data sets to one file, look at such files, make synthetic recordings.",
        epilog="Exit codes: 0 done; 2 error, nothing written; 3 done, but some files were rejected; 130 stopped.",
    )
    parser.add_argument("--version", action="version", version=f"skeleton-data {version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_convert(commands)
    _add_info(commands)
    _add_synth(commands)
    return parser


def _add_convert(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("convert", help="convert a raw data set to a store")
    formats = command.add_subparsers(title="formats", required=True, metavar="FORMAT")
    for name in FORMATS:
        made = format_class(name)
        text = (made.__doc__ or "").strip().splitlines()[0]
        parser = formats.add_parser(name, help=text, description=text)
        parser.add_argument("source", type=Path, metavar="SRC", help="folder or archive of the raw files")
        parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.h5", help="the store to write")
        _add_conversion_options(parser)
        _add_format_options(parser, made)
        parser.set_defaults(run=_convert, format=name)


def _add_conversion_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bodies", choices=list(STRATEGIES), default=next(iter(STRATEGIES)), help="body selection")
    parser.add_argument("--max-bodies", type=_positive, default=2, metavar="M", help="most bodies kept of a recording")
    parser.add_argument(
        "--workers", type=_positive, metavar="N", help="reading processes (default: by cores and files)"
    )
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


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


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


def _add_info(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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


def _add_synth(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "write synthetic recordings as NTU RGB+D text files"
    parser = commands.add_parser("synth", help=text, description=text)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--performances", type=_positive, required=True, metavar="N", help="each seen by three cameras")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=_positive, default=1, metavar="N")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
    parser.set_defaults(run=_synth)


def _synth(arguments: argparse.Namespace) -> int:
    from skeleton_data.synthetic import synthesize

    written = synthesize(
        arguments.directory,
        performances=arguments.performances,
        seed=arguments.seed,
        workers=arguments.workers,
        progress=sys.stderr.isatty() and not arguments.no_progress,
    )
    print(f"{len(written):,} recordings of {arguments.performances:,} performances in {arguments.directory}")
    return DONE
