"""The command ``skeleton-data``: convert raw data sets, look at stores, make synthetic recordings.

Exit codes: 0 done; 1 ``verify`` found damage; 2 an error, nothing was written; 3 done, but some files were rejected and
reported; 130 stopped by the user; 141 what reads the output has gone.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
import threading
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches

from skeleton_data.commands import (
    DONE,
    FAILED,
    STOPPED,
    UNREAD,
    convert,
    export,
    info,
    merge,
    repack,
    split,
    synth,
    verify,
    view,
)
from skeleton_data.conversion.summary import version
from skeleton_data.raw import SkeletonDataError


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
    parser = make_parser()
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.error(_unknown(unknown, parser))
    try:
        with _stoppable():
            code = int(arguments.run(arguments))
            sys.stdout.flush()
            return code
    except SkeletonDataError as error:
        print(f"skeleton-data: error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt as stop:
        notes = getattr(stop, "__notes__", [])
        print(" ".join(["skeleton-data: stopped; nothing was written.", *notes]), file=sys.stderr)
        return STOPPED
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _is_unread():
            return UNREAD
        place = f"{error.filename}: " if error.filename else ""
        print(f"skeleton-data: error: {place}{error.strerror or error}", file=sys.stderr)
        return FAILED


def _is_unread() -> bool:
    """Whether nobody reads standard output any more, as behind ``head``; what is left of it then goes nowhere."""
    if not hasattr(select, "poll"):
        return False
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    if not any(event & select.POLLERR for _, event in output.poll(0)):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _unknown(words: Sequence[str], parser: argparse.ArgumentParser) -> str:
    """Say which words mean nothing, with the option that the first of them was likely meant to be."""
    close = get_close_matches(words[0].partition("=")[0], sorted(_options(parser)), 1)
    hint = f". Did you mean {close[0]}?" if close else "; every command tells its own with --help"
    return f"unrecognized arguments: {' '.join(words)}{hint}"


def _options(parser: argparse.ArgumentParser) -> set[str]:
    """Options of all commands and formats."""
    found: set[str] = set()
    for action in parser._actions:
        found |= {option for option in action.option_strings if option.startswith("--")}
        if isinstance(action, argparse._SubParsersAction):
            found = found.union(*map(_options, action.choices.values()))
    return found


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


class _PrintCompletion(argparse.Action):
    """Prints the script and exits."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        try:
            import shtab
        except ImportError:
            parser.error("--print-completion needs the package shtab: pip install 'skeleton-aug[completion]'.")
        print(shtab.complete(parser, shell=str(values)))
        parser.exit(DONE)


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="skeleton-data",
        description="Convert raw skeleton data sets to a store, which is one HDF5 file; look at stores; simulate "
        "recordings. Begin with: skeleton-data synth recordings --performances 16, then "
        "skeleton-data convert ntu60 recordings -o sim.h5",
        epilog="Every command has --help. Exit codes: 0 done; 1 verify found damage; 2 error, nothing written; 3 done, "
        "but some files were rejected; 130 stopped; 141 what reads the output has gone.",
    )
    parser.add_argument("--version", action="version", version=f"skeleton-data {version()}")
    parser.add_argument(
        "--print-completion",
        action=_PrintCompletion,
        choices=("bash", "zsh", "tcsh"),
        help="print a script that lets the Tab key complete this command in your shell, and exit",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (convert, info, verify, view, split, merge, export, repack, synth):
        module.add_to(commands)
    return parser
