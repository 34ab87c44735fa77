"""The command ``skeleton-data``: convert raw data sets, look at stores, make synthetic recordings.

Exit codes: 0 done; 1 ``verify`` found damage; 2 an error, nothing was written; 3 done, but some files were rejected and
reported; 130 stopped by the user.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from skeleton_data.commands import FAILED, STOPPED, convert, export, info, merge, repack, split, synth, verify, view
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
    arguments = _parser().parse_args(argv)
    try:
        with _stoppable():
            return int(arguments.run(arguments))
    except SkeletonDataError as error:
        print(f"skeleton-data: error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt as stop:
        notes = getattr(stop, "__notes__", [])
        print(" ".join(["skeleton-data: stopped; nothing was written.", *notes]), file=sys.stderr)
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
        epilog="Exit codes: 0 done; 1 verify found damage; 2 error, nothing written; 3 done, but some files were "
        "rejected; 130 stopped.",
    )
    parser.add_argument("--version", action="version", version=f"skeleton-data {version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (convert, info, verify, view, split, merge, export, repack, synth):
        module.add_to(commands)
    return parser
